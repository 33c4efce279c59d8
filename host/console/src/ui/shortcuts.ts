// Keys of a page. Single letters count only outside of fields, and can be switched off (WCAG 2.1.4).
import { useEffect, useRef, useSyncExternalStore } from "react";

const KEPT = "pb.single-keys";
const listeners = new Set<() => void>();

const allowed = (): boolean => localStorage.getItem(KEPT) !== "off";

export function useSingleKeys(): [boolean, (on: boolean) => void] {
  const on = useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, allowed);
  const set = (next: boolean) => {
    localStorage.setItem(KEPT, next ? "on" : "off");
    for (const listener of listeners) listener();
  };
  return [on, set];
}

// "a", "Shift+F", "Alt+ArrowUp": what of the keyboard that is.
export function nameOf(event: KeyboardEvent): string {
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("Ctrl");
  if (event.altKey) parts.push("Alt");
  const letter = /^Key[A-Z]$/.test(event.code) ? event.code.slice(3).toLowerCase() : event.key;
  const isLetter = /^[a-z]$/.test(letter);
  if (event.shiftKey && (isLetter || letter.length > 1)) parts.push("Shift");
  parts.push(isLetter && event.shiftKey ? letter.toUpperCase() : letter);
  return parts.join("+");
}

const isField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
  !(target instanceof HTMLInputElement && target.type === "radio");

const isInDialog = (): boolean => document.querySelector('[role="dialog"][aria-modal="true"]') !== null;

export type Keys = Record<string, () => void>;

export function useShortcuts(keys: Keys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || isInDialog()) return;
      const name = nameOf(event);
      const action = latest.current[name];
      if (!action) return;
      const isSingle = !event.ctrlKey && !event.metaKey && !event.altKey && event.key.length === 1;
      if (isSingle && (isField(event.target) || !allowed())) return;
      event.preventDefault();
      action();
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, []);
}
