// On the left: one's status, what is offered, one's chats.
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Link, useNavigate } from "react-router";
import type { Message } from "../api/client.ts";
import { useSession } from "../api/session.ts";
import { brief, exact } from "../i18n/format.ts";
import { markRead, useNotifications } from "../shell/Notifications.tsx";
import { Button } from "../ui/Button.tsx";
import { Failed, reasonOf } from "../ui/Failed.tsx";
import { Loading } from "../ui/Loading.tsx";
import { Avatar, Banner, Counter, Empty, Tile } from "../ui/pieces.tsx";
import { State } from "../ui/State.tsx";
import { useShortcuts } from "../ui/shortcuts.ts";
import { toast } from "../ui/toasts.tsx";
import { useChannel } from "./channel.ts";
import styles from "./Desk.module.css";
import { type DeskStatus, setStatus, useChats, useColleagues, useDesk } from "./data.ts";
import { type Draft, NO_DRAFT } from "./drafts.ts";
import { useHiding } from "./finishing.ts";
import { useKept } from "./kept.ts";
import { Offers } from "./Offers.tsx";
import { ownOf } from "./pending.ts";
import { NOTHING_SEEN, SEEN, unreadOf } from "./unread.ts";
import { textOf } from "./words.ts";

export function ChatList({ current }: { current: string | undefined }) {
  const { t } = useTranslation();
  const desk = useDesk();
  const hidden = useHiding();
  const own = useMemo(() => ownOf(desk.data).filter(({ id }) => !hidden.has(id)), [desk.data, hidden]);
  const status = desk.data?.status;
  return (
    <>
      <Mine status={status} chats={own.length} />
      <div className={styles.scroll}>
        {desk.error && !desk.data && (
          <Failed title={t("desk.failed")} error={desk.error} again={() => void desk.refetch()} />
        )}
        {desk.isPending && <Loading rows={4} height={54} />}
        {desk.data && (
          <>
            <Missed status={status} />
            <Offers desk={desk.data} />
            <OwnChats ids={own.map(({ id }) => id)} current={current} />
            {own.length === 0 && desk.data.offers.length === 0 && desk.data.chats.length === 0 && (
              <Nobody status={status} />
            )}
          </>
        )}
      </div>
    </>
  );
}

function useChangeStatus() {
  const { t } = useTranslation();
  return (status: "active" | "inactive") =>
    void setStatus(status).catch((error) => toast(reasonOf(error, t("common.unreachable"))));
}

function Mine({ status, chats }: { status: DeskStatus | undefined; chats: number }) {
  const { t } = useTranslation();
  const { user } = useSession();
  const { data: colleagues } = useColleagues();
  const change = useChangeStatus();
  const limit = colleagues?.operators.find(({ id }) => id === user.id)?.limit ?? null;
  useShortcuts({ "Alt+s": () => change(status === "active" ? "inactive" : "active") });
  const says = limit === null ? t("desk.load", { count: chats }) : t("desk.loadOf", { chats, count: limit });
  return (
    <div className={styles.mine}>
      <div className={styles.row}>
        <h1>{t("shell.desk")}</h1>
        <div className={styles.seg} role="radiogroup" aria-label={t("desk.status")}>
          {(["active", "inactive"] as const).map((each) => (
            <label key={each}>
              <input
                type="radio"
                name="status"
                disabled={status === undefined}
                checked={each === "active" ? status === "active" : status !== "active" && status !== undefined}
                onChange={() => change(each)}
              />
              <State state={each === "active" ? "works" : "off"}>{t(`desk.${each}`)}</State>
            </label>
          ))}
        </div>
      </div>
      <div className={styles.load}>
        {limit !== null && (
          <span className={styles.bar} aria-hidden="true">
            {Array.from({ length: Math.min(limit, 20) }, (_, at) => `place ${at}`).map((place, at) => (
              <i key={place} data-on={at < chats || undefined} />
            ))}
          </span>
        )}
        <span className="num">{says}</span>
      </div>
    </div>
  );
}

// CHAT-5: who missed an offer is made inactive and told.
function Missed({ status }: { status: DeskStatus | undefined }) {
  const { t } = useTranslation();
  const { data } = useNotifications();
  const change = useChangeStatus();
  const told = data?.items.find(({ kind, read }) => kind === "operator.inactive" && !read);
  if (!told || status === "active") return null;
  const back = () => {
    change("active");
    void markRead(told.id).catch(() => undefined);
  };
  return (
    <div className={styles.missed}>
      <Banner kind="warn" icon="warn" role="status">
        {told.text}{" "}
        <Button size="small" onClick={back}>
          {t("desk.becomeActive")}
        </Button>
      </Banner>
    </div>
  );
}

function Nobody({ status }: { status: DeskStatus | undefined }) {
  const { t } = useTranslation();
  const change = useChangeStatus();
  if (status === "active") {
    return (
      <Empty kind="works" icon="ok" title={t("desk.nobody")}>
        {t("desk.nobodyWhat")}
      </Empty>
    );
  }
  return (
    <Empty
      icon="off"
      title={t("desk.youAreInactive")}
      actions={
        <Button tone="primary" onClick={() => change("active")}>
          {t("desk.becomeActive")}
        </Button>
      }
    >
      {t("desk.youAreInactiveWhat")}
    </Empty>
  );
}

const lastOf = (messages: readonly Message[] | undefined): Message | undefined => messages?.at(-1);

function OwnChats({ ids, current }: { ids: string[]; current: string | undefined }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const rows = useChats(ids);
  const [seen] = useKept<Record<string, string>>(SEEN, NOTHING_SEEN);
  const [drafts] = useKept<Record<string, Draft>>("drafts", NO_DRAFT);
  const open = (id: string | undefined) => id && void navigate(`/desk/chats/${id}`);
  const move = (by: number) => {
    const at = current ? ids.indexOf(current) : -1;
    open(ids[at < 0 ? (by > 0 ? 0 : ids.length - 1) : (at + by + ids.length) % ids.length]);
  };
  useShortcuts({
    "Alt+ArrowDown": () => move(1),
    "Alt+ArrowUp": () => move(-1),
    "Alt+u": () => open(rows.find(({ id, messages }) => id !== current && unreadOf(messages, seen[id]) > 0)?.id),
  });
  if (ids.length === 0) return null;
  return (
    <>
      <div className={styles.head}>
        <h2>{t("desk.yours")}</h2>
        <Counter value={ids.length} label={t("desk.load", { count: ids.length })} />
      </div>
      <ul>
        {rows.map(({ id, chat, messages }) => {
          const last = lastOf(messages);
          const unread = unreadOf(messages, seen[id]);
          const draft = id === current ? "" : (drafts[id]?.text ?? "");
          const at = last?.provider_at ?? last?.created_at ?? chat?.created_at;
          return (
            <li key={id}>
              <Link
                className={styles.chat}
                to={`/desk/chats/${id}`}
                aria-current={id === current ? "page" : undefined}
                data-unread={unread > 0 || undefined}
              >
                <span className={styles.who}>
                  <Avatar name={chat?.title || "?"} of={chat?.client ?? id} />
                  <ChannelTile id={id} />
                </span>
                <span className="cut">
                  <span className={styles.line}>
                    <b className="cut" title={chat?.title}>
                      {chat ? chat.title || t("desk.nameless") : "…"}
                    </b>
                    {at && (
                      <time dateTime={at} title={exact(at)}>
                        {brief(at)}
                      </time>
                    )}
                  </span>
                  <span className={styles.preview}>
                    <span className="cut">
                      {draft && unread === 0 ? (
                        <>
                          <span className={styles.draft}>{t("desk.draft")}</span> {draft}
                        </>
                      ) : (
                        last && textOf(last, t)
                      )}
                    </span>
                    <Counter value={unread} kind="hot" label={t("shell.unread", { count: unread })} />
                  </span>
                </span>
              </Link>
            </li>
          );
        })}
      </ul>
    </>
  );
}

export function ChannelTile({ id }: { id: string }) {
  const { data } = useChannel(id);
  return data ? <Tile name={data.plugin} /> : null;
}
