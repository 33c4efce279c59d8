import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { ChatChange, Message } from "../api/client.ts";
import { useSession } from "../api/session.ts";
import { clock, day, exact } from "../i18n/format.ts";
import { Button } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { Empty } from "../ui/pieces.tsx";
import { Bubble, OutgoingBubble } from "./Bubble.tsx";
import styles from "./Conversation.module.css";
import { useColleagues } from "./data.ts";
import { useOutgoing } from "./outbox.ts";
import { timeline } from "./timeline.ts";
import { isNewer, markSeen, newest } from "./unread.ts";
import { historyLine } from "./words.ts";

const NEAR_END = 48;

interface Props {
  id: string;
  messages: Message[];
  history: ChatChange[];
  client: string;
}

export function Log({ id, messages, history, client }: Props) {
  const { t } = useTranslation();
  const outgoing = useOutgoing(id);
  const items = useMemo(() => timeline(messages, history, outgoing), [messages, history, outgoing]);
  const scroll = useRef<HTMLDivElement>(null);
  const log = useRef<HTMLDivElement>(null);
  const pinned = useRef(true);
  const [lookedAt, setLookedAt] = useState(() => newest(messages));

  const toEnd = useCallback(() => {
    const box = scroll.current;
    if (box) box.scrollTop = box.scrollHeight;
  }, []);

  // Stays at the end where it was there, whatever grows.
  useLayoutEffect(() => {
    if (!log.current || !scroll.current) return;
    const grown = new ResizeObserver(() => pinned.current && toEnd());
    grown.observe(log.current);
    grown.observe(scroll.current);
    toEnd();
    return () => grown.disconnect();
  }, [toEnd]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: one's own message leads to the end
  useLayoutEffect(() => {
    pinned.current = true;
    toEnd();
  }, [outgoing.length, toEnd]);

  useEffect(() => {
    const look = () => {
      if (document.visibilityState !== "visible") return;
      markSeen(id, messages);
      if (pinned.current) setLookedAt(newest(messages));
    };
    look();
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, [id, messages]);

  const scrolled = () => {
    const box = scroll.current;
    if (!box) return;
    pinned.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END;
    if (pinned.current) setLookedAt(newest(messages));
  };
  const fresh = messages.filter((message) => message.direction === "in" && isNewer(message.id, lookedAt)).length;
  return (
    <>
      <div
        ref={scroll}
        className={styles.scroll}
        role="log"
        aria-label={t("conversation.messages")}
        tabIndex={0}
        onScroll={scrolled}
      >
        <div ref={log} className={styles.log}>
          {items.length === 0 && <Empty icon="desk" title={t("conversation.empty")} />}
          {items.map((item) => {
            if (item.kind === "day") {
              return (
                <p key={item.key} className={styles.line} data-day="">
                  {day(item.at)}
                </p>
              );
            }
            if (item.kind === "change") return <Change key={item.key} change={item.change} />;
            if (item.kind === "outgoing") return <OutgoingBubble key={item.key} outgoing={item.outgoing} />;
            return (
              <Bubble
                key={item.key}
                chat={id}
                message={item.message}
                endsRun={item.endsRun}
                all={messages}
                client={client}
              />
            );
          })}
        </div>
      </div>
      {fresh > 0 && !pinned.current && (
        <div style={{ position: "relative" }}>
          <span className={styles.pill}>
            <Button
              size="small"
              icon="down"
              onClick={() => {
                pinned.current = true;
                toEnd();
              }}
            >
              {t("conversation.newBelow", { count: fresh })}
            </Button>
          </span>
        </div>
      )}
    </>
  );
}

function Change({ change }: { change: ChatChange }) {
  const { t } = useTranslation();
  const { user } = useSession();
  const { data: people } = useColleagues();
  const words = historyLine(change, user.id, people, t);
  const from = people?.operators.find(({ id }) => id === change.former_operator)?.name;
  return (
    <>
      {words && (
        <p className={styles.line}>
          {words},{" "}
          <time dateTime={change.at} title={exact(change.at)} className="num">
            {clock(change.at)}
          </time>
        </p>
      )}
      {change.note && (
        <div className={styles.note}>
          <Icon name="note" size={16} />
          <span>
            <b>{from ? t("history.noteFrom", { from }) : t("history.note")}</b> · {change.note}
          </span>
        </div>
      )}
    </>
  );
}
