// Where one writes. Enter sends; what is half written is kept per chat.
import { Popover } from "@mantine/core";
import { type ClipboardEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { count } from "../i18n/format.ts";
import { Button, IconButton } from "../ui/Button.tsx";
import { Icon } from "../ui/Icon.tsx";
import { useShortcuts } from "../ui/shortcuts.ts";
import type { Attachments } from "./attachments.ts";
import styles from "./Composer.module.css";
import { useQuickReplies } from "./data.ts";
import { setDraft, useDraft } from "./drafts.ts";
import { FileTile } from "./files.tsx";
import { sendMessage } from "./outbox.ts";

interface Props {
  id: string;
  name: string;
  channel: { text: { max: number } | null; files: readonly { kind: string }[] } | undefined;
  files: Attachments;
}

const SHORT = 3;
const EMOJI = [..."🙂😊😀😄😉😍🤗🤔😅😂😢😞😮😡🙏👍👎👌👏🤝💪🙌👋✅❌❗❓⭐🎉🎁❤💙🔥⏳📦🚚💳🧾📎📞✉🏠☕🌞"];

// "/name" from the begin of its line to the caret.
export function slashAt(text: string, caret: number): { from: number; typed: string } | null {
  const from = text.lastIndexOf("\n", caret - 1) + 1;
  const line = text.slice(from, caret);
  return line.startsWith("/") && !line.includes(" ", line.length - 1) && line.length < 60
    ? { from, typed: line.slice(1) }
    : null;
}

export function Composer({ id, name, channel, files }: Props) {
  const { t } = useTranslation();
  const draft = useDraft(id);
  const field = useRef<HTMLTextAreaElement>(null);
  const chooser = useRef<HTMLInputElement>(null);
  const listId = useId();
  const [caret, setCaret] = useState(draft.text.length);
  const [closed, setClosed] = useState(-1); // where a list was put away
  const [chosen, setChosen] = useState(0);
  const [emoji, setEmoji] = useState(false);
  const { data: replies } = useQuickReplies(id);
  useShortcuts({ r: () => field.current?.focus() });

  useEffect(() => {
    if (window.innerWidth > 760) field.current?.focus();
  }, []);

  const slash = slashAt(draft.text, caret);
  const wanted = slash?.typed.toLocaleLowerCase() ?? "";
  const found = (replies ?? []).filter((each) => `${each.name} ${each.text}`.toLocaleLowerCase().includes(wanted));
  const isListed =
    slash !== null &&
    slash.from !== closed &&
    replies !== undefined &&
    (found.length > 0 || replies.length === 0 || wanted === "");
  const at = Math.min(chosen, Math.max(0, found.length - 1));

  const write = (text: string, place = text.length) => {
    setDraft(id, { text, files: files.ready });
    setCaret(place);
    setChosen(0);
    requestAnimationFrame(() => field.current?.setSelectionRange(place, place));
  };
  const insert = (words: string) => {
    const from = field.current?.selectionStart ?? draft.text.length;
    const to = field.current?.selectionEnd ?? from;
    write(draft.text.slice(0, from) + words + draft.text.slice(to), from + words.length);
    field.current?.focus();
  };
  const takeReply = (words: string) => {
    if (slash) write(draft.text.slice(0, slash.from) + words + draft.text.slice(caret), slash.from + words.length);
    else insert(words);
    field.current?.focus();
  };
  const text = draft.text.trim();
  const canSend = (text !== "" || files.ready.length > 0) && !files.isBusy;
  const send = () => {
    field.current?.focus();
    if (!canSend) return;
    sendMessage(id, text, files.ready);
    setDraft(id, { text: "", files: [] });
    setCaret(0);
  };
  const pressed = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return;
    if (isListed && found.length > 0) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        return setChosen((at + (event.key === "ArrowDown" ? 1 : found.length - 1)) % found.length);
      }
      const reply = found[at];
      if ((event.key === "Enter" || event.key === "Tab") && !event.shiftKey && reply) {
        event.preventDefault();
        return takeReply(reply.text);
      }
    }
    if (isListed && event.key === "Escape") {
      event.preventDefault();
      return setClosed(slash?.from ?? -1);
    }
    if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.altKey && !event.metaKey) {
      event.preventDefault();
      send();
    }
  };
  const pasted = (event: ClipboardEvent) => {
    const all = [...event.clipboardData.files];
    if (all.length === 0) return;
    event.preventDefault();
    files.add(all);
  };
  const openReplies = () => {
    const begin = draft.text === "" || draft.text.endsWith("\n") ? draft.text : `${draft.text}\n`;
    setClosed(-1);
    write(`${begin}/`);
    field.current?.focus();
  };
  const takesFiles = channel === undefined || channel.files.length > 0;
  const max = channel?.text?.max;
  const hasReplies = (replies?.length ?? 0) > 0;
  return (
    <div className={styles.composer}>
      {isListed && (
        <div className={styles.replies} id={listId} role="listbox" aria-label={t("composer.replies")}>
          {found.map((reply, place) => (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys of the field choose
            <div
              key={reply.id}
              id={`${listId}-${place}`}
              className={styles.reply}
              role="option"
              tabIndex={-1}
              aria-selected={place === at}
              onMouseEnter={() => setChosen(place)}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => takeReply(reply.text)}
            >
              <b className="cut">{reply.name}</b>
              <span className="cut">{reply.text}</span>
            </div>
          ))}
          {found.length === 0 && (
            // biome-ignore lint/a11y/useFocusableInteractive: there is nothing to choose
            <div className={styles.noReply} role="option" aria-selected={false} aria-disabled="true">
              {t("composer.noReplies")}
            </div>
          )}
        </div>
      )}
      {hasReplies && (
        <div className={styles.hints} role="group" aria-label={t("composer.replies")}>
          {replies?.slice(0, SHORT).map((reply, place) => (
            <button
              key={reply.id}
              type="button"
              className={styles.hint}
              title={reply.text}
              onClick={() => takeReply(reply.text)}
            >
              {place === 0 && <Icon name="bolt" size={14} />}
              <span className="cut">{reply.name}</span>
            </button>
          ))}
          {(replies?.length ?? 0) > SHORT && (
            <button type="button" className={styles.hint} onClick={openReplies}>
              {t("composer.allReplies")} <kbd aria-hidden="true">/</kbd>
            </button>
          )}
        </div>
      )}
      <div className={styles.box}>
        {files.tiles.length > 0 && (
          <div className={styles.files}>
            {files.tiles.map((tile) => (
              <FileTile
                key={tile.key}
                name={tile.name}
                type={tile.type}
                size={tile.size}
                problem={tile.problem}
                preview={tile.preview}
                says={
                  tile.share !== undefined ? (
                    <span
                      className={styles.progress}
                      role="progressbar"
                      aria-label={tile.name}
                      aria-valuenow={Math.round(tile.share * 100)}
                    >
                      <i style={{ width: `${tile.share * 100}%` }} />
                    </span>
                  ) : undefined
                }
              >
                {tile.retry && <IconButton icon="re" size="small" label={t("message.again")} onClick={tile.retry} />}
                <IconButton
                  icon="x"
                  size="small"
                  label={t("composer.removeFile", { name: tile.name })}
                  onClick={() => files.remove(tile.key)}
                />
              </FileTile>
            ))}
          </div>
        )}
        <textarea
          ref={field}
          id="composer"
          className={styles.text}
          rows={2}
          dir="auto"
          aria-label={t("composer.message")}
          aria-autocomplete="list"
          aria-controls={isListed ? listId : undefined}
          aria-activedescendant={isListed && found.length > 0 ? `${listId}-${at}` : undefined}
          placeholder={name ? t("composer.writeTo", { name }) : t("composer.write")}
          value={draft.text}
          onChange={(event) => {
            setDraft(id, { text: event.currentTarget.value, files: files.ready });
            setCaret(event.currentTarget.selectionStart);
            setChosen(0);
            setClosed(-1);
          }}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
          onKeyDown={pressed}
          onPaste={pasted}
        />
        <div className={styles.tools}>
          {takesFiles && (
            <IconButton icon="clip" label={t("composer.attach")} onClick={() => chooser.current?.click()} />
          )}
          <input
            ref={chooser}
            type="file"
            multiple
            hidden
            aria-label={t("composer.attach")}
            onChange={(event) => {
              files.add([...(event.currentTarget.files ?? [])]);
              event.currentTarget.value = "";
            }}
          />
          <Popover
            opened={emoji}
            onChange={setEmoji}
            position="top-start"
            shadow="xl"
            radius="md"
            trapFocus
            returnFocus
          >
            <Popover.Target>
              <IconButton icon="smile" label={t("composer.emoji")} onClick={() => setEmoji(!emoji)} />
            </Popover.Target>
            <Popover.Dropdown aria-label={t("composer.emoji")}>
              <div className={styles.emoji}>
                {EMOJI.map((one) => (
                  <button
                    key={one}
                    type="button"
                    onClick={() => {
                      setEmoji(false);
                      insert(one);
                    }}
                  >
                    {one}
                  </button>
                ))}
              </div>
            </Popover.Dropdown>
          </Popover>
          {hasReplies && <IconButton icon="bolt" label={t("composer.replies")} keys="/" onClick={openReplies} />}
          <span className={styles.space} />
          {max !== undefined && (
            <span className={`${styles.length} num`}>
              {draft.text.length > max
                ? t("composer.parts", { count: Math.ceil(draft.text.length / max) })
                : t("composer.upTo", { max: count(max) })}
            </span>
          )}
          <Button tone="primary" icon="send" disabled={!canSend} onClick={send}>
            {t("composer.send")}
          </Button>
        </div>
      </div>
    </div>
  );
}
