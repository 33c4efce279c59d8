// What waits for me: for counters and the title of the page.
import { useEffect, useRef } from "react";
import { useSession } from "../api/session.ts";
import { type Desk, useChats, useDesk } from "./data.ts";
import { useHiding } from "./finishing.ts";
import { useKept } from "./kept.ts";
import { ring } from "./sound.ts";
import { NOTHING_SEEN, SEEN, unreadOf } from "./unread.ts";

export interface Pending {
  offers: number;
  unread: number;
}

// Offers to many, and chats that are given to me and wait for my yes: the latter first, each oldest first.
export function offersOf(desk: Desk | undefined) {
  const given = (desk?.chats ?? []).filter(({ state }) => state === "assigned");
  return [...given, ...(desk?.offers ?? [])];
}

export const ownOf = (desk: Desk | undefined) => (desk?.chats ?? []).filter(({ state }) => state === "in_progress");

export function usePending(): Pending {
  const { user } = useSession();
  const { data: desk } = useDesk();
  const hidden = useHiding();
  const own = ownOf(desk).filter(({ id }) => !hidden.has(id));
  const chats = useChats(own.map(({ id }) => id));
  const [seen] = useKept<Record<string, string>>(SEEN, NOTHING_SEEN);
  const offers = offersOf(desk);
  const unreads = chats.map(({ id, messages }) => ({ id, count: unreadOf(messages, seen[id]) }));
  const unread = unreads.reduce((sum, { count }) => sum + count, 0);

  const rung = useRef<Set<string> | undefined>(undefined);
  const names = [
    ...offers.map(({ id }) => `offer:${id}`),
    ...unreads.filter(({ count }) => count > 0).map(({ id, count }) => `message:${id}:${count}`),
  ].join(" ");
  const loaded = desk !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another user hears anew
  useEffect(() => {
    if (!loaded) return;
    const now = new Set(names.split(" ").filter(Boolean));
    for (const name of now) {
      if (!rung.current || rung.current.has(name)) continue;
      const [kind, id] = name.split(":");
      ring(kind === "offer" ? "offer" : "message", `${kind}:${id}`);
    }
    rung.current = now;
  }, [names, loaded, user.id]);

  return { offers: offers.length, unread };
}
