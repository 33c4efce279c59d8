import { useMediaQuery } from "@mantine/hooks";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { useNavigate, useParams } from "react-router";
import { useSessionState } from "../api/session.ts";
import { Empty } from "../ui/pieces.tsx";
import { useShortcuts } from "../ui/shortcuts.ts";
import { ChatList } from "./ChatList.tsx";
import { ClientCard } from "./ClientCard.tsx";
import { Conversation } from "./Conversation.tsx";
import styles from "./Desk.module.css";
import { useChat, useDesk } from "./data.ts";
import { useHiding } from "./finishing.ts";
import { sendWhatIsLeft } from "./outbox.ts";
import { offersOf, ownOf, usePending } from "./pending.ts";

function useTitle(name: string | undefined): void {
  const { t } = useTranslation();
  const { offers, unread } = usePending();
  const waiting = offers + unread;
  const title = `${waiting > 0 ? `(${waiting}) ` : ""}${name ?? t("shell.desk")} · Patchbay`;
  useEffect(() => {
    document.title = title;
  }, [title]);
}

const PANES = "[data-pane]";

function nextPane(): void {
  const panes = [...document.querySelectorAll<HTMLElement>(PANES)].filter((pane) => pane.offsetParent !== null);
  const at = panes.findIndex((pane) => pane.contains(document.activeElement));
  panes[(at + 1) % panes.length]?.focus();
}

export function DeskPage() {
  const { t } = useTranslation();
  const { chat } = useParams();
  const navigate = useNavigate();
  const hasCard = useMediaQuery("(min-width: 1181px)", window.innerWidth > 1180);
  const isNarrow = useMediaQuery("(max-width: 760px)", window.innerWidth <= 760);
  const signedIn = useSessionState().kind === "in";
  const [card, setCard] = useState(false);
  const { data: shown } = useChat(chat ?? "");
  const { data: desk } = useDesk();
  const hidden = useHiding();
  useTitle(chat ? shown?.title : undefined);
  useShortcuts({ F6: nextPane });

  useEffect(() => {
    if (signedIn) sendWhatIsLeft();
  }, [signedIn]);

  // A chat that went away (finished here or elsewhere) leaves its place.
  const isMine = chat === undefined || !desk || [...ownOf(desk), ...offersOf(desk)].some(({ id }) => id === chat);
  const isHidden = chat !== undefined && hidden.has(chat);
  useEffect(() => {
    if (isHidden) void navigate("/desk", { replace: true });
  }, [isHidden, navigate]);

  const lists = (
    <section className={`${styles.pane} ${styles.list}`} aria-label={t("desk.list")} data-pane tabIndex={-1}>
      <ChatList current={chat} />
    </section>
  );
  return (
    <main id="main" className={styles.desk} data-chat={chat ? "" : undefined}>
      <p id="announced" className="sr" role="alert" />
      {lists}
      <section
        className={`${styles.pane} ${styles.conversation}`}
        aria-label={t("desk.conversation")}
        data-pane
        tabIndex={-1}
      >
        {chat ? (
          <Conversation
            key={chat}
            id={chat}
            isMine={isMine}
            isNarrow={isNarrow}
            card={hasCard ? undefined : () => setCard(true)}
          />
        ) : (
          <div className={styles.none}>
            <Empty icon="desk" title={t("desk.noneOpen")}>
              {t("desk.noneOpenWhat")}
            </Empty>
          </div>
        )}
      </section>
      {chat && <ClientCard key={chat} id={chat} inDrawer={!hasCard} opened={card} onClose={() => setCard(false)} />}
    </main>
  );
}
