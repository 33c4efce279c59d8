// The one cache of what the host told, and how events change it.
import { QueryClient } from "@tanstack/react-query";
import type { Message } from "./client.ts";
import type { LiveEvent } from "./live.ts";
import { isPassing } from "./problem.ts";
import { lookWhoIsIn } from "./session.ts";

export const keys = {
  desk: ["desk"] as const,
  chat: (id: string) => ["chat", id] as const,
  messages: (id: string) => ["messages", id] as const,
  history: (id: string) => ["history", id] as const,
  replies: (id: string) => ["replies", id] as const,
  actions: (id: string) => ["actions", id] as const,
  channel: (id: string) => ["channel", id] as const,
  colleagues: ["colleagues"] as const,
  notifications: ["notifications"] as const,
  record: (object: string, id: string) => ["record", object, id] as const,
  object: (code: string) => ["object", code] as const,
};

const MINUTE = 60_000;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10 * MINUTE, // events say when something is old before that
      gcTime: 30 * MINUTE,
      retry: (count, error) => isPassing(error) && count < 2,
      retryDelay: (attempt) => 1000 * 2 ** attempt,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      networkMode: "always",
    },
    mutations: { networkMode: "always" },
  },
});

// Who took a chat that was offered here; for whoever was slower.
const takers = new Map<string, string>();
export const takerOf = (chat: string): string | undefined => takers.get(chat);

// States that need nothing but their name to be shown.
const PLAIN = new Set(["queued", "sending", "sent", "delivered", "read"]);

function patchState(chat: string, id: string, state: string): boolean {
  const known = queries.getQueryData<Message[]>(keys.messages(chat));
  const found = known?.find((message) => message.id === id);
  if (!known || !found) return false;
  const changed = { ...found, state: state as Message["state"], reason: null };
  queries.setQueryData(
    keys.messages(chat),
    known.map((message) => (message.id === id ? changed : message)),
  );
  return true;
}

const renew = (key: readonly string[]): void => void queries.invalidateQueries({ queryKey: key });

export function applyEvent({ type, data }: LiveEvent): void {
  const chat = data.chat ?? "";
  if (type === "reset") void queries.invalidateQueries();
  else if (type === "desk.changed") renew(keys.desk);
  else if (type.startsWith("chat.")) {
    if (data.state === "in_progress" && data.operator) takers.set(chat, data.operator);
    renew(keys.desk);
    renew(keys.colleagues);
    renew(keys.chat(chat));
    renew(keys.history(chat));
    renew(keys.actions(chat));
  } else if (
    type === "message.state" &&
    PLAIN.has(data.state ?? "") &&
    patchState(chat, data.id ?? "", data.state ?? "")
  ) {
    return;
  } else if (type.startsWith("message.")) {
    renew(keys.messages(chat));
    renew(keys.chat(chat));
  } else if (type.startsWith("operator.")) {
    renew(keys.desk);
    renew(keys.colleagues);
  } else if (type.startsWith("queue.") || type.startsWith("channel.")) {
    renew(keys.colleagues);
    renew(["channel"]);
  } else if (type.startsWith("notification.")) renew(keys.notifications);
  else if (type.startsWith("access.")) void lookWhoIsIn();
}
