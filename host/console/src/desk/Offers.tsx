// Chats that wait for somebody: the first has the filled button and the key.
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";
import type { Chat, Message } from "../api/client.ts";
import { Problem } from "../api/problem.ts";
import { keys, queries, takerOf } from "../api/queries.ts";
import { useSession } from "../api/session.ts";
import { span } from "../i18n/format.ts";
import { Button } from "../ui/Button.tsx";
import { reasonOf } from "../ui/Failed.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Counter, Tag } from "../ui/pieces.tsx";
import { Lasting } from "../ui/Relative.tsx";
import { useShortcuts } from "../ui/shortcuts.ts";
import { toast } from "../ui/toasts.tsx";
import { ChannelTile } from "./ChatList.tsx";
import styles from "./Desk.module.css";
import { accept, type Colleagues, type Desk, type DeskChat, useChats, useColleagues } from "./data.ts";
import { offersOf } from "./pending.ts";
import { textOf } from "./words.ts";

const SHOWN = 8;
const SLOWER_MS = 4_000;

interface Slower {
  offer: DeskChat;
  chat: Chat | undefined;
}

export function Offers({ desk }: { desk: Desk }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { user } = useSession();
  const { data: colleagues } = useColleagues();
  const all = offersOf(desk);
  const offers = all.slice(0, SHOWN);
  const rows = useChats(offers.map(({ id }) => id));
  const [busy, setBusy] = useState("");
  const [slower, setSlower] = useState<Slower>();
  const me = colleagues?.operators.find(({ id }) => id === user.id);
  const isFull = me?.limit != null && me.chats >= me.limit;

  useEffect(() => {
    if (!slower) return;
    const timer = setTimeout(() => setSlower(undefined), SLOWER_MS);
    return () => clearTimeout(timer);
  }, [slower]);

  const take = async (offer: DeskChat) => {
    if (busy) return;
    setBusy(offer.id);
    const chat = rows.find(({ id }) => id === offer.id)?.chat;
    try {
      await accept(offer.id);
      void navigate(`/desk/chats/${offer.id}`);
    } catch (error) {
      // Whoever was slower may not see the chat any more.
      const isGone = error instanceof Problem && (error.status === 409 || error.status === 403 || error.status === 404);
      if (isGone) setSlower({ offer, chat });
      else toast(reasonOf(error, t("common.unreachable")));
      void queries.invalidateQueries({ queryKey: keys.desk });
    } finally {
      setBusy("");
    }
  };
  const first = offers[0];
  useShortcuts({ a: () => first && void take(first) });
  useAnnounced(rows[0]);
  if (all.length === 0 && !slower) return null;
  const more = all.length - offers.length;
  return (
    <>
      <div className={styles.head}>
        <h2>{t("offer.title")}</h2>
        <Counter value={all.length} kind="hot" label={t("offer.count", { count: all.length })} />
        {more > 0 && <span className={styles.more}>{t("offer.more", { count: more })}</span>}
      </div>
      {slower && <SlowerCard slower={slower} colleagues={colleagues} left={all.length} />}
      {isFull && <p className={styles.note}>{t("offer.full", { chats: me.chats, count: me.limit ?? 0 })}</p>}
      {offers
        .filter(({ id }) => id !== slower?.offer.id)
        .map((offer, at) => (
          <OfferCard
            key={offer.id}
            offer={offer}
            row={rows.find(({ id }) => id === offer.id)}
            isFirst={at === 0}
            isBusy={busy === offer.id}
            onAccept={() => void take(offer)}
          />
        ))}
    </>
  );
}

// Said once to who does not see the list.
function useAnnounced(row: { id: string; chat: Chat | undefined } | undefined): void {
  const { t } = useTranslation();
  const told = useRef("");
  const title = row?.chat?.title;
  const id = row?.id;
  useEffect(() => {
    if (!id || title === undefined || told.current === id) return;
    told.current = id;
    const line = document.getElementById("announced");
    if (line) line.textContent = t("offer.announced", { name: title || t("desk.nameless") });
  }, [id, title, t]);
}

interface CardProps {
  offer: DeskChat;
  row: { chat: Chat | undefined; messages: Message[] | undefined } | undefined;
  isFirst: boolean;
  isBusy: boolean;
  onAccept: () => void;
}

function OfferCard({ offer, row, isFirst, isBusy, onAccept }: CardProps) {
  const { t } = useTranslation();
  const name = row?.chat?.title || t("desk.nameless");
  const last = row?.messages?.findLast(({ direction }) => direction === "in");
  const text = last ? textOf(last, t) : "";
  return (
    <article className={styles.offer} aria-label={t("offer.of", { name })}>
      <div className={styles.row}>
        <ChannelTile id={offer.id} />
        <b className={`${styles.name} cut`} title={name}>
          {name}
        </b>
        {offer.state === "assigned" && <Tag>{t("offer.toYou")}</Tag>}
        {offer.waiting_since && (
          <span className={styles.waits}>
            <Icon name="wait" size={16} />
            <span className="sr">{t("offer.waits")}</span>
            <Lasting since={offer.waiting_since} show={span} />
          </span>
        )}
      </div>
      {text && (
        <p className={styles.text} title={text}>
          {text}
        </p>
      )}
      <Button
        tone={isFirst ? "primary" : "default"}
        wide
        busy={isBusy}
        onClick={onAccept}
        aria-keyshortcuts={isFirst ? "A" : undefined}
        {...(isFirst ? { keys: "A" } : {})}
      >
        {t("offer.accept")}
        <span className="sr"> {name}</span>
      </Button>
    </article>
  );
}

function SlowerCard({
  slower,
  colleagues,
  left,
}: {
  slower: Slower;
  colleagues: Colleagues | null | undefined;
  left: number;
}) {
  const { t } = useTranslation();
  const taker = takerOf(slower.offer.id);
  const who = colleagues?.operators.find(({ id }) => id === taker)?.name;
  const name = slower.chat?.title || t("desk.nameless");
  return (
    <div className={styles.offer} role="status">
      <p className={styles.slower}>
        <Icon name="people" />
        <span>
          <b>{who ? t("offer.faster", { who }) : t("offer.somebodyFaster")}</b> {t("offer.with", { name })}{" "}
          {left > 0 && t("offer.left", { count: left })}
        </span>
      </p>
    </div>
  );
}
