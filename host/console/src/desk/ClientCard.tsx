// Who the client is, and what can be done for him.
import { Drawer } from "@mantine/core";
import { Fragment, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "../api/client.ts";
import { keys, queries } from "../api/queries.ts";
import { brief } from "../i18n/format.ts";
import { Button, IconButton } from "../ui/Button.tsx";
import { Failed, reasonOf } from "../ui/Failed.tsx";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { Loading } from "../ui/Loading.tsx";
import { Avatar, Banner } from "../ui/pieces.tsx";
import { useShortcuts } from "../ui/shortcuts.ts";
import { toast } from "../ui/toasts.tsx";
import styles from "./ClientCard.module.css";
import { useChannel } from "./channel.ts";
import desk from "./Desk.module.css";
import { run, useActions, useChat, useDesk, useMessages, useObject, useRecord } from "./data.ts";

interface Props {
  id: string;
  inDrawer: boolean | undefined;
  opened: boolean;
  onClose: () => void;
}

export function ClientCard({ id, inDrawer, opened, onClose }: Props) {
  const { t } = useTranslation();
  if (!inDrawer) {
    return (
      <aside className={desk.pane} aria-label={t("client.title")} data-pane tabIndex={-1}>
        <div className={styles.scroll}>
          <Card id={id} />
        </div>
      </aside>
    );
  }
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      position="right"
      size={340}
      title={t("client.title")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <Card id={id} />
    </Drawer>
  );
}

interface Reachable {
  value: string;
}

type Fields = Record<string, unknown>;

const listOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value])
    .map((each: unknown) =>
      typeof each === "object" && each !== null ? String((each as Reachable).value ?? "") : String(each),
    )
    .filter(Boolean);

function wordsIn(title: unknown, language: string): string {
  if (typeof title === "string") return title;
  const all = (title ?? {}) as Record<string, string>;
  return all[language] ?? all["en"] ?? "";
}

// Fields that stand in the head of the card, or say nothing to an operator.
const ELSEWHERE = new Set(["name", "phones", "emails", "account", "language"]);
const SIMPLE = new Set(["text", "long_text", "number", "date", "datetime", "email", "phone"]);

function Card({ id }: { id: string }) {
  const { t } = useTranslation();
  const { data: chat, error, refetch } = useChat(id);
  const { data: messages } = useMessages(id);
  const { data: channel } = useChannel(id);
  const contact = useRecord("contact", chat?.contact_id);
  const fields = (contact.data?.fields ?? {}) as Fields;
  const account = useRecord("account", typeof fields["account"] === "string" ? fields["account"] : null);
  if (error && !chat) return <Failed title={t("client.failed")} error={error} again={() => void refetch()} />;
  if (!chat) return <Loading rows={2} />;
  const author = messages?.find(({ direction, author: who }) => direction === "in" && who)?.author;
  const name = String(fields["name"] ?? "") || chat.title || t("desk.nameless");
  const company = String(((account.data?.fields ?? {}) as Fields)["name"] ?? "");
  return (
    <div className={styles.card}>
      <div className={styles.head}>
        <Avatar name={name} of={chat.client ?? id} size="large" />
        <div>
          <h2 title={name}>{name}</h2>
          {company && <p className="cut">{company}</p>}
        </div>
      </div>
      <div className={styles.facts}>
        {listOf(fields["phones"]).map((phone) => (
          <Fact key={phone} icon="phone" value={phone} what={t("client.phone")} />
        ))}
        {listOf(fields["emails"]).map((email) => (
          <Fact key={email} icon="mail" value={email} what={t("client.email")} />
        ))}
        {author?.username && <Fact icon="send" value={`@${author.username}`} what={t("client.username")} />}
        {channel && <Fact icon="plug" value={channel.name} what={t("client.channel")} plain />}
        {(author?.language || typeof fields["language"] === "string") && (
          <Fact
            icon="globe"
            value={languageName(author?.language || String(fields["language"]))}
            what={t("client.language")}
            plain
          />
        )}
      </div>
      {chat.contact_id && contact.error && (
        <Failed title={t("client.contactFailed")} error={contact.error} again={() => void contact.refetch()} />
      )}
      {contact.data && <MoreFields fields={fields} />}
      <Actions id={id} contact={chat.contact_id ?? null} />
    </div>
  );
}

function languageName(code: string): string {
  try {
    return new Intl.DisplayNames([document.documentElement.lang], { type: "language" }).of(code) ?? code;
  } catch {
    return code;
  }
}

function Fact({ icon, value, what, plain }: { icon: IconName; value: string; what: string; plain?: boolean }) {
  const { t } = useTranslation();
  const copy = () => void navigator.clipboard?.writeText(value).then(() => toast(t("common.copied")));
  return (
    <>
      <Icon name={icon} size={16} />
      <span className="cut num" title={value}>
        <span className="sr">{what}: </span>
        {value}
      </span>
      {plain ? <span /> : <IconButton icon="copy" size="small" label={t("client.copy", { value })} onClick={copy} />}
    </>
  );
}

function MoreFields({ fields }: { fields: Fields }) {
  const { t, i18n } = useTranslation();
  const { data: object } = useObject("contact", true);
  const rows: [string, ReactNode][] = [];
  for (const { code, title, type, active } of object?.fields ?? []) {
    const value = fields[code];
    if (value === undefined || active === false || ELSEWHERE.has(code) || !SIMPLE.has(type ?? "text")) continue;
    const words = listOf(value).map((each) => (type === "date" || type === "datetime" ? brief(each) : each));
    rows.push([wordsIn(title, i18n.language) || code, words.join(", ")]);
  }
  if (rows.length === 0) return null;
  return (
    <section>
      <h3 className={styles.title}>{t("client.contact")}</h3>
      <dl className={styles.fields}>
        {rows.map(([name, value]) => (
          <Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </Fragment>
        ))}
      </dl>
    </section>
  );
}

const CREATE_CASE = "CreateCaseFromChat";

function Actions({ id, contact }: { id: string; contact: string | null }) {
  const { t } = useTranslation();
  const { data: board } = useDesk();
  const { data: actions, error } = useActions(id);
  const [busy, setBusy] = useState("");
  const isOpen = board?.chats.some((each) => each.id === id && each.state === "in_progress") ?? false;

  const start = async (action: string | null, name: string) => {
    if (busy) return;
    setBusy(action ?? CREATE_CASE);
    try {
      const { state, result, error: reason } = await run(id, action, contact);
      const number = (result as { Number?: string } | null)?.Number;
      if (state === "failed") toast(t("client.actionFailed", { name, reason: reason ?? "" }));
      else if (state === "done") toast(number ? t("client.caseMade", { number }) : t("client.actionDone", { name }));
      else toast(t("client.actionRuns", { name }));
    } catch (failed) {
      toast(t("client.actionFailed", { name, reason: reasonOf(failed, t("common.unreachable")) }));
    } finally {
      setBusy("");
    }
  };
  const makeContact = async () => {
    setBusy("contact");
    try {
      const chat = await take(api.POST("/api/v1/desk/chats/{id}/contact", { params: { path: { id } } }));
      queries.setQueryData(keys.chat(id), chat);
      toast(t("client.contactMade"));
    } catch (failed) {
      toast(reasonOf(failed, t("common.unreachable")));
    } finally {
      setBusy("");
    }
  };
  const own = (actions ?? []).find(({ process }) => process === CREATE_CASE);
  const caseName = own?.name ?? t("client.createCase");
  useShortcuts(isOpen ? { c: () => void start(own?.id ?? null, caseName) } : {});
  if (!isOpen) return null;
  return (
    <section>
      <h3 className={styles.title}>{t("client.actions")}</h3>
      <div className={styles.acts}>
        <Button
          className={styles.act}
          icon="case"
          keys="C"
          aria-keyshortcuts="C"
          busy={busy === (own?.id ?? CREATE_CASE)}
          onClick={() => void start(own?.id ?? null, caseName)}
        >
          <span>{caseName}</span>
        </Button>
        {(actions ?? [])
          .filter(({ process }) => process !== CREATE_CASE)
          .map((action) => (
            <Button
              key={action.id}
              className={styles.act}
              icon="bolt"
              busy={busy === action.id}
              onClick={() => void start(action.id, action.name)}
            >
              <span>{action.name}</span>
            </Button>
          ))}
        {!contact && (
          <Button className={styles.act} icon="plus" busy={busy === "contact"} onClick={() => void makeContact()}>
            <span>{t("client.makeContact")}</span>
          </Button>
        )}
      </div>
      {error && <Banner icon="warn">{reasonOf(error, t("common.unreachable"))}</Banner>}
    </section>
  );
}
