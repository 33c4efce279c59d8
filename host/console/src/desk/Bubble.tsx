import { useTranslation } from "react-i18next";
import type { Message } from "../api/client.ts";
import { useSession } from "../api/session.ts";
import { clock, exact } from "../i18n/format.ts";
import { Button } from "../ui/Button.tsx";
import { Icon, type IconName } from "../ui/Icon.tsx";
import { Tag } from "../ui/pieces.tsx";
import styles from "./Conversation.module.css";
import { useColleagues } from "./data.ts";
import { setDraft } from "./drafts.ts";
import { FileTile, MessageFile } from "./files.tsx";
import { dropMessage, type Outgoing, tryAgain } from "./outbox.ts";
import { timeOf } from "./timeline.ts";
import { besidesText, contentOf, textOf } from "./words.ts";

const ICONS: Partial<Record<Message["state"], IconName>> = {
  queued: "wait",
  sending: "wait",
  sent: "check",
  delivered: "check2",
  read: "check2",
  failed: "bad",
  uncertain: "ask",
};

interface Props {
  chat: string;
  message: Message;
  endsRun: boolean;
  all: readonly Message[];
  client: string;
}

export function Bubble({ chat, message, endsRun, all, client }: Props) {
  const { t } = useTranslation();
  const { user } = useSession();
  const { data: people } = useColleagues();
  const own = message.direction === "out";
  const content = contentOf(message);
  const quoted = message.reply_to ? all.find(({ id }) => id === message.reply_to) : undefined;
  const isTold = endsRun || message.state === "failed" || message.state === "uncertain";
  const author = own ? people?.operators.find(({ id }) => id === message.operator)?.name : message.author?.name;
  const isOther = own
    ? message.operator !== null && message.operator !== user.id
    : Boolean(author) && author !== client;
  const text = message.text || besidesText(message, t);
  return (
    <div
      className={styles.message}
      data-own={own || undefined}
      data-bot={(own && !message.operator) || undefined}
      data-failed={message.state === "failed" || undefined}
    >
      <div className={styles.bubble} data-gone={message.deleted_at ? "" : undefined} dir="auto">
        <span className="sr">
          {own
            ? t("message.from", { who: isOther && author ? author : t("history.you") })
            : t("message.from", { who: author || client })}{" "}
        </span>
        {message.deleted_at ? (
          t("message.deletedAt", { at: clock(message.deleted_at) })
        ) : (
          <>
            {content.forwarded_from && (
              <div className={styles.quote}>{t("message.forwarded", { from: content.forwarded_from })}</div>
            )}
            {quoted && <div className={styles.quote}>{textOf(quoted, t)}</div>}
            {message.attachments.map((each) => (
              <MessageFile key={each.id ?? each.name} chat={chat} file={each} />
            ))}
            {text}
            {content.buttons && (
              <div className={styles.buttons}>
                {content.buttons.flat().map(({ title }) => (
                  <Tag key={title}>{title}</Tag>
                ))}
              </div>
            )}
          </>
        )}
      </div>
      {isTold && (
        <p className={styles.meta} data-state={own ? message.state : undefined}>
          {isOther && author && <span>{author} ·</span>}
          {own && !message.operator && <span>{t("message.byItself")} ·</span>}
          <time dateTime={timeOf(message)} title={exact(timeOf(message))} className="num">
            {clock(timeOf(message))}
          </time>
          {message.edited_at && <span>· {t("message.edited")}</span>}
          {own && <Delivery chat={chat} message={message} />}
        </p>
      )}
    </div>
  );
}

// What is known of it, and nothing more.
function Delivery({ chat, message }: { chat: string; message: Message }) {
  const { t } = useTranslation();
  const { state, reason } = message;
  const icon = ICONS[state];
  const again = () => {
    const files = message.attachments.flatMap(({ id, name, type, size }) =>
      id ? [{ id, name, type, size: size ?? 0 }] : [],
    );
    setDraft(chat, { text: message.text, files });
    document.getElementById("composer")?.focus();
  };
  if (state === "failed") {
    return (
      <>
        {icon && <Icon name={icon} size={15} />}
        <span>{reason ? t("message.failed", { reason }) : t("message.failedPlain")}</span>
        <Button size="small" tone="quiet" onClick={again}>
          {t("message.edit")}
        </Button>
      </>
    );
  }
  return (
    <>
      <span>
        ·{" "}
        {state === "uncertain"
          ? reason
            ? t("message.uncertain", { reason })
            : t("message.uncertainPlain")
          : t(`message.states.${state}`)}
      </span>
      {icon && <Icon name={icon} size={15} />}
    </>
  );
}

// Written, and not at the host yet.
export function OutgoingBubble({ outgoing }: { outgoing: Outgoing }) {
  const { t } = useTranslation();
  const { key, chat, text, files, at, failed } = outgoing;
  const takeBack = () => {
    setDraft(chat, { text, files });
    dropMessage(key);
    document.getElementById("composer")?.focus();
  };
  return (
    <div className={styles.message} data-own data-failed={failed !== undefined || undefined}>
      <div className={styles.bubble} dir="auto">
        {files.map((file) => (
          <FileTile key={file.id} name={file.name} type={file.type} size={file.size} />
        ))}
        {text}
      </div>
      <p className={styles.meta} data-state={failed === undefined ? "queued" : "failed"}>
        {failed === undefined ? (
          <>
            <span className="num">{clock(at)}</span>
            <span>· {t("message.states.queued")}</span>
            <Icon name="wait" size={15} />
          </>
        ) : (
          <>
            <Icon name="bad" size={15} />
            <span role="alert">{t("message.failed", { reason: failed })}</span>
            <Button size="small" tone="quiet" onClick={takeBack}>
              {t("message.edit")}
            </Button>
            <Button size="small" tone="quiet" onClick={() => tryAgain(key)}>
              {t("message.again")}
            </Button>
            <Button size="small" tone="quiet" onClick={() => dropMessage(key)}>
              {t("common.remove")}
            </Button>
          </>
        )}
      </p>
    </div>
  );
}
