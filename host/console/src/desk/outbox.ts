// What was written and has not reached the host: kept over a reload, sent in order, each under one key, so that a second try
// is the same message.
import type { Message } from "../api/client.ts";
import { live } from "../api/live.ts";
import { isPassing, Problem } from "../api/problem.ts";
import { keys, queries } from "../api/queries.ts";
import { sessionNow } from "../api/session.ts";
import { post } from "./data.ts";
import { keep, readKept, useKept } from "./kept.ts";

export interface SentFile {
  id: string;
  name: string;
  type: string;
  size: number;
}

export interface Outgoing {
  key: string;
  chat: string;
  text: string;
  files: SentFile[];
  at: string;
  failed?: string; // the host's reason; it goes nowhere by itself
}

const NAME = "outbox";
const NONE: Outgoing[] = [];
const WAITS_MS = [1_000, 2_000, 4_000, 8_000, 10_000];
const running = new Set<string>();

const all = (): Outgoing[] => readKept(NAME, NONE);
const change = (next: Outgoing[]): void => keep(NAME, next.length > 0 ? next : undefined);

export function useOutgoing(chat: string): Outgoing[] {
  return useKept<Outgoing[]>(NAME, NONE)[0].filter((each) => each.chat === chat);
}

export function sendMessage(chat: string, text: string, files: SentFile[]): void {
  change([...all(), { key: crypto.randomUUID(), chat, text, files, at: new Date().toISOString() }]);
  void work(chat);
}

export function dropMessage(key: string): void {
  change(all().filter((each) => each.key !== key));
}

export function tryAgain(key: string): void {
  change(
    all().map(({ failed: _, ...each }) =>
      each.key === key ? each : { ...each, ...(_ === undefined ? {} : { failed: _ }) },
    ),
  );
  const found = all().find((each) => each.key === key);
  if (found) void work(found.chat);
}

function add(chat: string, made: Message): void {
  queries.setQueryData<Message[]>(keys.messages(chat), (known) => {
    if (!known) return known;
    return known.some(({ id }) => id === made.id) ? known : [...known, made];
  });
}

async function work(chat: string): Promise<void> {
  if (running.has(chat)) return;
  running.add(chat);
  try {
    for (let attempt = 0; ; ) {
      const next = all().find((each) => each.chat === chat && each.failed === undefined);
      if (!next || sessionNow().kind !== "in") return;
      try {
        const made = await post(
          chat,
          next.key,
          next.text,
          next.files.map(({ id }) => id),
        );
        add(chat, made);
        dropMessage(next.key);
        attempt = 0;
      } catch (error) {
        if (error instanceof Problem && error.status === 401) return; // goes on after the next sign-in
        if (!isPassing(error)) {
          const reason = error instanceof Problem ? error.reason : String(error);
          change(all().map((each) => (each.key === next.key ? { ...each, failed: reason } : each)));
          continue;
        }
        await soon(WAITS_MS[Math.min(attempt++, WAITS_MS.length - 1)] ?? 10_000);
      }
    }
  } finally {
    running.delete(chat);
  }
}

// After a while, or as soon as the connection is back.
function soon(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      leave();
      resolve();
    };
    const timer = setTimeout(end, ms);
    const leave = live.subscribe(() => {
      if (live.now().kind === "live") end();
    });
  });
}

// What a reload or a sign-in left.
export function sendWhatIsLeft(): void {
  for (const chat of new Set(all().map((each) => each.chat))) void work(chat);
}
