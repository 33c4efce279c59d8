// Answers to one's own action, bottom right: 8 s where it can be undone, 4 s else, longer while one looks at it.
import { useEffect, useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { Button, IconButton } from "./Button.tsx";
import { Icon } from "./Icon.tsx";
import styles from "./ui.module.css";

interface Toast {
  id: number;
  text: string;
  undo: (() => void) | undefined;
  ended: (() => void) | undefined;
}

const MOST = 3;
export const UNDO_MS = 8_000;
const PLAIN_MS = 4_000;
let shown: Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function become(next: Toast[]): void {
  shown = next;
  for (const listener of listeners) listener();
}

function remove(id: number): void {
  const gone = shown.find((each) => each.id === id);
  become(shown.filter((each) => each.id !== id));
  gone?.ended?.();
}

// `ended`: it went away and was not undone.
export function toast(text: string, undo?: () => void, ended?: () => void): void {
  const oldest = shown.length >= MOST ? shown[0] : undefined;
  if (oldest) remove(oldest.id);
  become([...shown, { id: ++last, text, undo, ended }]);
}

export function undoLast(): boolean {
  const latest = shown.findLast((each) => each.undo);
  if (!latest) return false;
  become(shown.filter((each) => each !== latest));
  latest.undo?.();
  return true;
}

function One({ toast: { id, text, undo } }: { toast: Toast }) {
  const { t } = useTranslation();
  const [held, setHeld] = useState(false);
  useEffect(() => {
    if (held) return;
    const timer = setTimeout(() => remove(id), undo ? UNDO_MS : PLAIN_MS);
    return () => clearTimeout(timer);
  }, [held, id, undo]);
  const takeBack = () => {
    become(shown.filter((each) => each.id !== id));
    undo?.();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it only waits while one looks
    <div
      className={styles.toast}
      onMouseEnter={() => setHeld(true)}
      onMouseLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      <Icon name="check" />
      <span>{text}</span>
      {undo && (
        <Button size="small" keys="Z" onClick={takeBack}>
          {t("common.undo")}
        </Button>
      )}
      <IconButton icon="x" size="small" label={t("common.close")} onClick={() => remove(id)} />
    </div>
  );
}

export function Toasts() {
  const all = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => shown,
  );
  return (
    <div className={styles.toasts} role="status">
      {all.map((each) => (
        <One key={each.id} toast={each} />
      ))}
    </div>
  );
}
