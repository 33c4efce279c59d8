// What is kept in this browser, per user: drafts, what was seen, what is not sent yet.
import { useCallback, useSyncExternalStore } from "react";
import { sessionNow } from "../api/session.ts";

const listeners = new Set<() => void>();
const parsed = new Map<string, { text: string; value: unknown }>();

function keyOf(name: string): string {
  const now = sessionNow();
  const user = now.kind === "in" || now.kind === "ended" ? now.session.user.id : "0";
  return `pb.${user}.${name}`;
}

// The same object until it is changed.
export function readKept<T>(name: string, nothing: T): T {
  const key = keyOf(name);
  const text = localStorage.getItem(key);
  if (text === null) return nothing;
  const known = parsed.get(key);
  if (known?.text === text) return known.value as T;
  try {
    const value: unknown = JSON.parse(text);
    parsed.set(key, { text, value });
    return value as T;
  } catch {
    return nothing;
  }
}

export function keep(name: string, value: unknown): void {
  try {
    if (value === undefined) localStorage.removeItem(keyOf(name));
    else localStorage.setItem(keyOf(name), JSON.stringify(value));
  } catch {
    // full or refused: it lasts as long as the page
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  const other = (event: StorageEvent) => {
    if (event.key?.startsWith("pb.")) listener();
  };
  listeners.add(listener);
  window.addEventListener("storage", other);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", other);
  };
}

export function useKept<T>(name: string, nothing: T): [T, (value: T | undefined) => void] {
  const value = useSyncExternalStore(subscribe, () => readKept(name, nothing));
  const set = useCallback((next: T | undefined) => keep(name, next), [name]);
  return [value, set];
}
