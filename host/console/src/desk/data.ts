// What the desk asks the host for.
import { useQueries, useQuery } from "@tanstack/react-query";
import { useMemo, useSyncExternalStore } from "react";
import { api, type Chat, type ChatChange, type Message, SITE, take } from "../api/client.ts";
import { Problem } from "../api/problem.ts";
import { keys, queries } from "../api/queries.ts";

const PAGE = 500;

export type DeskStatus = "active" | "inactive" | "offline";

export interface DeskChat {
  id: string;
  state: string;
  queue: string | null;
  operator: string | null;
  waiting_since?: string;
}

export interface Desk {
  status: DeskStatus;
  chats: DeskChat[];
  offers: DeskChat[];
}

// A status that was chosen and is not confirmed yet: it shows at once, whatever is read meanwhile.
let wished: "active" | "inactive" | undefined;
const wishers = new Set<() => void>();

function wish(status: typeof wished): void {
  wished = status;
  for (const listener of wishers) listener();
}

const useWish = () =>
  useSyncExternalStore(
    (listener) => {
      wishers.add(listener);
      return () => wishers.delete(listener);
    },
    () => wished,
  );

export function useDesk() {
  const { data: told, ...state } = useQuery({
    queryKey: keys.desk,
    queryFn: async (): Promise<Desk> => (await take(api.GET("/api/v1/desk"))) as Desk,
  });
  const status = useWish();
  const data = useMemo(() => (told && status ? { ...told, status } : told), [told, status]);
  return { ...state, data };
}

export async function setStatus(status: "active" | "inactive"): Promise<void> {
  wish(status);
  try {
    const desk = (await take(api.PATCH("/api/v1/desk", { body: { status } }))) as Desk;
    await queries.cancelQueries({ queryKey: keys.desk });
    queries.setQueryData(keys.desk, desk);
  } finally {
    wish(undefined);
  }
}

const ofChat = (id: string) => ({ params: { path: { id } } });

export const chatQuery = (id: string) => ({
  queryKey: keys.chat(id),
  queryFn: (): Promise<Chat> => take(api.GET("/api/v1/desk/chats/{id}", ofChat(id))),
});

async function everyPage<T>(
  page: (cursor: string | undefined) => Promise<{ items: T[]; next?: string | null }>,
): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const { items, next } = await page(cursor);
    all.push(...items);
    cursor = next ?? undefined;
  } while (cursor !== undefined);
  return all;
}

const paged = (id: string, cursor: string | undefined) => ({
  params: { path: { id }, query: { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) } },
});

export const messagesQuery = (id: string) => ({
  queryKey: keys.messages(id),
  queryFn: (): Promise<Message[]> =>
    everyPage(
      (cursor) =>
        take(api.GET("/api/v1/desk/chats/{id}/messages", paged(id, cursor))) as Promise<{
          items: Message[];
          next: string | null;
        }>,
    ),
});

export const useChat = (id: string) => useQuery(chatQuery(id));
export const useMessages = (id: string) => useQuery(messagesQuery(id));

export function useHistory(id: string) {
  return useQuery({
    queryKey: keys.history(id),
    queryFn: (): Promise<ChatChange[]> =>
      everyPage(
        (cursor) =>
          take(api.GET("/api/v1/desk/chats/{id}/history", paged(id, cursor))) as Promise<{
            items: ChatChange[];
            next: string | null;
          }>,
      ),
  });
}

// Chats and their messages, for rows of a list; in the order of `ids`.
export function useChats(ids: string[]): { id: string; chat: Chat | undefined; messages: Message[] | undefined }[] {
  const chats = useQueries({ queries: ids.map(chatQuery) });
  const messages = useQueries({ queries: ids.map(messagesQuery) });
  return ids.map((id, at) => ({ id, chat: chats[at]?.data, messages: messages[at]?.data }));
}

export interface Colleague {
  id: string;
  name: string;
  status: DeskStatus;
  chats: number;
  limit: number | null;
}

export interface Colleagues {
  queues: { id: string; name: string }[];
  operators: Colleague[];
}

// Null: only operators and whoever manages chats are told.
async function colleagues(): Promise<Colleagues | null> {
  try {
    return (await take(api.GET("/api/v1/desk/colleagues"))) as Colleagues;
  } catch (error) {
    if (error instanceof Problem && error.status === 403) return null;
    throw error;
  }
}

export function useColleagues() {
  return useQuery({ queryKey: keys.colleagues, queryFn: colleagues });
}

export function useQuickReplies(id: string) {
  return useQuery({
    queryKey: keys.replies(id),
    queryFn: async () => (await take(api.GET("/api/v1/desk/chats/{id}/quick-replies", ofChat(id)))).replies,
  });
}

export function useActions(id: string) {
  return useQuery({
    queryKey: keys.actions(id),
    queryFn: async () => (await take(api.GET("/api/v1/desk/chats/{id}/actions", ofChat(id)))).actions,
  });
}

export function useRecord(object: string, id: string | null | undefined) {
  return useQuery({
    queryKey: keys.record(object, id ?? ""),
    enabled: Boolean(id),
    queryFn: () => take(api.GET("/api/v1/records/{object}/{id}", { params: { path: { object, id: id ?? "" } } })),
  });
}

export function useObject(code: string, enabled: boolean) {
  return useQuery({
    queryKey: keys.object(code),
    enabled,
    queryFn: () => take(api.GET("/api/v1/objects/{code}", { params: { path: { code } } })),
  });
}

export async function accept(id: string): Promise<void> {
  await take(api.POST("/api/v1/desk/chats/{id}/accept", ofChat(id)));
  await queries.invalidateQueries({ queryKey: keys.desk });
}

export async function finish(id: string): Promise<void> {
  await take(api.POST("/api/v1/desk/chats/{id}/finish", ofChat(id)));
  await queries.invalidateQueries({ queryKey: keys.desk });
}

export async function handBack(id: string): Promise<void> {
  await take(api.POST("/api/v1/desk/chats/{id}/hand-back", { ...ofChat(id), body: {} }));
  await queries.invalidateQueries({ queryKey: keys.desk });
}

export type Target = { operator: string } | { queue: string };

export async function transfer(id: string, to: Target, note: string): Promise<void> {
  const body = (note ? { ...to, note } : to) as { operator: string; queue: string };
  await take(api.POST("/api/v1/desk/chats/{id}/transfer", { ...ofChat(id), body }));
  await queries.invalidateQueries({ queryKey: keys.desk });
}

export async function post(id: string, key: string, text: string, attachments: string[]): Promise<Message> {
  const body = { ...(text ? { text } : {}), ...(attachments.length > 0 ? { attachments } : {}) };
  const params = { path: { id }, header: { "Idempotency-Key": key } };
  return take(api.POST("/api/v1/desk/chats/{id}/messages", { params, body }));
}

export const fileAddress = (chat: string, file: string): string => `${SITE}/api/v1/desk/chats/${chat}/files/${file}`;

const RUN_LOOKS = 20;
const RUN_WAIT_MS = 500;

// Starts a process for a chat and waits for its end, a while.
export async function run(
  chat: string,
  action: string | null,
  contact: string | null,
): Promise<{ state: string; result: unknown; error: string | null }> {
  const header = { "Idempotency-Key": crypto.randomUUID() };
  const parameters = { ChatId: chat, ...(contact ? { ContactId: contact } : {}) } as unknown as Record<string, never>;
  let found = action
    ? await take(
        api.POST("/api/v1/desk/chats/{id}/actions/{action}", { params: { path: { id: chat, action }, header } }),
      )
    : await take(
        api.POST("/api/v1/processes/{code}/runs", {
          params: { path: { code: "CreateCaseFromChat" } },
          body: { parameters },
        }),
      );
  for (let look = 0; look < RUN_LOOKS && found.state !== "done" && found.state !== "failed"; ++look) {
    await new Promise((resolve) => setTimeout(resolve, RUN_WAIT_MS));
    found = await take(api.GET("/api/v1/process-runs/{id}", { params: { path: { id: found.id } } }));
  }
  return { state: found.state, result: found.result, error: found.error };
}
