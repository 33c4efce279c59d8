// Chats that are being finished: away from the list at once, finished at the host when it cannot be undone any more.
import { useSyncExternalStore } from "react";
import { headersOf, SITE } from "../api/client.ts";
import { finish } from "./data.ts";

let hiding: ReadonlySet<string> = new Set();
const listeners = new Set<() => void>();

function become(next: Iterable<string>): void {
  hiding = new Set(next);
  for (const listener of listeners) listener();
}

const without = (chat: string) => [...hiding].filter((each) => each !== chat);

export const useHiding = (): ReadonlySet<string> =>
  useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => hiding,
  );

export function hide(chat: string): void {
  become([...hiding, chat]);
}

export function bringBack(chat: string): void {
  become(without(chat));
}

export async function finishNow(chat: string): Promise<void> {
  if (!hiding.has(chat)) return;
  try {
    await finish(chat);
  } finally {
    become(without(chat));
  }
}

// Who leaves the page has not undone it.
window.addEventListener("pagehide", () => {
  for (const chat of hiding)
    void fetch(`${SITE}/api/v1/desk/chats/${chat}/finish`, { method: "POST", headers: headersOf(), keepalive: true });
});
