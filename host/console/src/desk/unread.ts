// Messages of clients that nobody here has looked at. The host keeps no such mark, so this browser does.
import type { Message } from "../api/client.ts";
import { keep, readKept } from "./kept.ts";

type Seen = Record<string, string>; // chat: the newest message that was seen

const NAME = "seen";
const NONE: Seen = {};
const MOST = 500;

// Ids rise with time and are too long for numbers.
export function isNewer(one: string, other: string): boolean {
  return one.length === other.length ? one > other : one.length > other.length;
}

export function newest(messages: readonly Message[]): string {
  let found = "";
  for (const { id } of messages) if (isNewer(id, found)) found = id;
  return found;
}

// After the last that was seen, and after the last that somebody answered.
export function unreadOf(messages: readonly Message[] | undefined, seen: string | undefined): number {
  if (!messages) return 0;
  let from = seen ?? "";
  for (const { id, operator } of messages) if (operator && isNewer(id, from)) from = id;
  return messages.filter(({ id, direction }) => direction === "in" && isNewer(id, from)).length;
}

export const SEEN = NAME;
export const NOTHING_SEEN = NONE;

export function markSeen(chat: string, messages: readonly Message[]): void {
  const last = newest(messages);
  const seen = readKept<Seen>(NAME, NONE);
  if (!last || !isNewer(last, seen[chat] ?? "")) return;
  const all = Object.entries({ ...seen, [chat]: last }).slice(-MOST);
  keep(NAME, Object.fromEntries(all));
}
