// What stands in a conversation, in its order: days, what became of the chat, messages, what is not sent yet.
import type { ChatChange, Message } from "../api/client.ts";
import { sameDay } from "../i18n/format.ts";
import type { Outgoing } from "./outbox.ts";

export type Item =
  | { kind: "day"; key: string; at: string }
  | { kind: "change"; key: string; change: ChatChange }
  | { kind: "message"; key: string; message: Message; endsRun: boolean }
  | { kind: "outgoing"; key: string; outgoing: Outgoing };

const RUN_MS = 5 * 60_000;

export const timeOf = (message: Message): string => message.provider_at ?? message.created_at;

// The last of a run of one side's messages says when, and how far it went.
function endsRun(message: Message, next: Message | undefined): boolean {
  if (!next || next.direction !== message.direction || next.operator !== message.operator) return true;
  return (
    new Date(timeOf(next)).getTime() - new Date(timeOf(message)).getTime() > RUN_MS || next.state !== message.state
  );
}

export function timeline(
  messages: readonly Message[],
  changes: readonly ChatChange[],
  outgoing: readonly Outgoing[],
): Item[] {
  const items: Item[] = [];
  let dayOf = "";
  const add = (at: string, item: Item) => {
    if (!dayOf || !sameDay(dayOf, at)) items.push({ kind: "day", key: `day ${at}`, at });
    dayOf = at;
    items.push(item);
  };
  let next = 0;
  const addChangesUntil = (time: number) => {
    for (let change = changes[next]; change && new Date(change.at).getTime() <= time; change = changes[++next])
      add(change.at, { kind: "change", key: `change ${change.id}`, change });
  };
  messages.forEach((message, at) => {
    addChangesUntil(new Date(timeOf(message)).getTime());
    add(timeOf(message), { kind: "message", key: message.id, message, endsRun: endsRun(message, messages[at + 1]) });
  });
  addChangesUntil(Number.POSITIVE_INFINITY);
  for (const each of outgoing) add(each.at, { kind: "outgoing", key: each.key, outgoing: each });
  return items;
}
