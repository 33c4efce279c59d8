// To whom a chat goes: people with what they have room for, queues, and a note if one likes.
import { Modal, Textarea, TextInput } from "@mantine/core";
import { type SubmitEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import { useSession } from "../api/session.ts";
import { Button } from "../ui/Button.tsx";
import { Failed, reasonOf } from "../ui/Failed.tsx";
import { Loading } from "../ui/Loading.tsx";
import { Banner, Empty } from "../ui/pieces.tsx";
import { State, type StateName } from "../ui/State.tsx";
import { toast } from "../ui/toasts.tsx";
import { type DeskStatus, type Target, transfer, useChat, useColleagues } from "./data.ts";
import styles from "./TransferDialog.module.css";

interface Props {
  id: string;
  name: string;
  opened: boolean;
  onClose: () => void;
}

export function TransferDialog({ id, name, opened, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t("transfer.title", { name })}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      {opened && <TransferForm id={id} name={name} onClose={onClose} />}
    </Modal>
  );
}

const STATES: Record<DeskStatus, StateName> = { active: "works", inactive: "off", offline: "off" };
const MOST_NOTE = 2000;

function TransferForm({ id, name, onClose }: { id: string; name: string; onClose: () => void }) {
  const { t } = useTranslation();
  const { user } = useSession();
  const navigate = useNavigate();
  const { data: chat } = useChat(id);
  const { data, error, isPending, refetch } = useColleagues();
  const [search, setSearch] = useState("");
  const [target, setTarget] = useState("");
  const [note, setNote] = useState("");
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<unknown>();
  const [isMissing, setMissing] = useState(false);

  if (error) return <Failed title={t("transfer.failed")} error={error} again={() => void refetch()} />;
  if (isPending) return <Loading rows={3} height={44} />;
  if (data === null || data === undefined)
    return <Empty title={t("transfer.unknown")}>{t("transfer.unknownWhat")}</Empty>;

  const fits = (words: string) => words.toLocaleLowerCase().includes(search.trim().toLocaleLowerCase());
  const rank: Record<DeskStatus, number> = { active: 0, inactive: 1, offline: 2 };
  const people = data.operators
    .filter((each) => each.id !== user.id && fits(each.name))
    .sort((one, other) => rank[one.status] - rank[other.status] || one.name.localeCompare(other.name));
  const queues = data.queues.filter((each) => each.id !== chat?.queue && fits(each.name));

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setMissing(!target);
    if (busy || !target) return;
    setBusy(true);
    setRefused(undefined);
    const [kind, to = ""] = target.split(":");
    const wanted: Target = kind === "operator" ? { operator: to } : { queue: to };
    try {
      await transfer(id, wanted, note.trim());
      const who =
        kind === "operator" ? people.find((each) => each.id === to)?.name : queues.find((each) => each.id === to)?.name;
      toast(t("transfer.done", { name, who: who ?? "" }));
      onClose();
      void navigate("/desk");
    } catch (reason) {
      setRefused(reason);
      setBusy(false);
    }
  };
  const choose = (value: string) => {
    setTarget(value);
    setMissing(false);
  };
  return (
    <form className={styles.form} onSubmit={submit} noValidate>
      {refused !== undefined && (
        <Banner kind="bad" icon="bad" role="alert">
          {reasonOf(refused, t("common.unreachable"))}
        </Banner>
      )}
      <TextInput
        label={t("transfer.search")}
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
        data-autofocus
      />
      <div className={styles.list} role="radiogroup" aria-label={t("transfer.to")}>
        {people.length > 0 && <p className={styles.group}>{t("transfer.people")}</p>}
        {people.map((each) => (
          <label key={each.id} className={styles.target}>
            <input
              type="radio"
              name="target"
              checked={target === `operator:${each.id}`}
              onChange={() => choose(`operator:${each.id}`)}
            />
            <b className="cut" title={each.name}>
              {each.name}
            </b>
            <small className="num">
              {each.limit === null
                ? t("transfer.has", { count: each.chats })
                : t("transfer.load", { chats: each.chats, count: each.limit })}
            </small>
            <State state={STATES[each.status]}>{t(`desk.${each.status}`)}</State>
          </label>
        ))}
        {queues.length > 0 && <p className={styles.group}>{t("transfer.queues")}</p>}
        {queues.map((each) => (
          <label key={each.id} className={styles.target}>
            <input
              type="radio"
              name="target"
              checked={target === `queue:${each.id}`}
              onChange={() => choose(`queue:${each.id}`)}
            />
            <b className="cut" title={each.name}>
              {each.name}
            </b>
          </label>
        ))}
        {people.length + queues.length === 0 && (
          <Empty title={search ? t("transfer.noneFound", { search }) : t("transfer.none")} />
        )}
      </div>
      {isMissing && (
        <Banner kind="bad" icon="bad" role="alert">
          {t("transfer.choose")}
        </Banner>
      )}
      <Textarea
        label={t("transfer.note")}
        description={t("transfer.noteHelp")}
        rows={2}
        maxLength={MOST_NOTE}
        value={note}
        onChange={(event) => setNote(event.currentTarget.value)}
      />
      <div className={styles.acts}>
        <Button onClick={onClose}>{t("common.cancel")}</Button>
        <Button type="submit" tone="primary" busy={busy}>
          {t("transfer.do")}
        </Button>
      </div>
    </form>
  );
}
