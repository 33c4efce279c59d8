// The one stream of what happens: resumed after the last event, tried again for ever.
import { useSyncExternalStore } from "react";
import { headersOf, SITE, sessionHasEnded } from "./client.ts";
import { EventParser } from "./event_parser.ts";

export interface LiveEvent {
  type: string;
  data: {
    id?: string;
    chat?: string;
    queue?: string;
    operator?: string;
    former_operator?: string;
    state?: string;
    reason?: string;
    at?: string;
  };
}

// `since`: of being broken, in ms; `missed`: messages that came while it was.
export type Connection =
  | { kind: "connecting" }
  | { kind: "live"; missed: number }
  | { kind: "broken"; since: number; again: number };

const WAITS = [1, 2, 4, 8, 10];
const SILENCE_MS = 45_000; // the host says something every 15 s
const CATCHING_UP_MS = 1_500;
const BRIEF_MS = 3_000;

export const waitBefore = (attempt: number, random = Math.random()): number =>
  (WAITS[Math.min(attempt, WAITS.length - 1)] ?? 10) * 1000 * (0.8 + 0.4 * random);

class Live {
  private connection: Connection = { kind: "connecting" };
  private readonly listeners = new Set<() => void>();
  private readonly followers = new Set<(event: LiveEvent) => void>();
  private lastId = "";
  private run: AbortController | undefined;
  private wake: () => void = () => undefined;

  readonly now = (): Connection => this.connection;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  follow(follower: (event: LiveEvent) => void): () => void {
    this.followers.add(follower);
    return () => this.followers.delete(follower);
  }

  start(): () => void {
    const run = new AbortController();
    this.run?.abort();
    this.run = run;
    void this.keepOpen(run.signal);
    const hurry = () => this.wake();
    window.addEventListener("online", hurry);
    return () => {
      window.removeEventListener("online", hurry);
      run.abort();
    };
  }

  hurry(): void {
    this.wake();
  }

  private become(connection: Connection): void {
    this.connection = connection;
    for (const listener of this.listeners) listener();
  }

  private async keepOpen(stopped: AbortSignal): Promise<void> {
    let attempt = 0;
    while (!stopped.aborted) {
      const opened = await this.readOnce(stopped);
      if (stopped.aborted || opened === "ended") return;
      if (opened === "was-open") attempt = 0;
      const wait = waitBefore(attempt++);
      const since = this.connection.kind === "broken" ? this.connection.since : Date.now();
      this.become({ kind: "broken", since, again: Date.now() + wait });
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, wait);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  private async readOnce(stopped: AbortSignal): Promise<"was-open" | "failed" | "ended"> {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      const response = await fetch(`${SITE}/api/v1/desk/events`, {
        headers: { ...headersOf(), accept: "text/event-stream", ...(this.lastId && { "last-event-id": this.lastId }) },
        cache: "no-store",
        signal: AbortSignal.any([stopped, silence.signal]),
      });
      if (response.status === 401) {
        sessionHasEnded();
        return "ended";
      }
      if (!response.ok || !response.body) return "failed";
      const before = this.connection;
      const wasLong = before.kind === "broken" && Date.now() - before.since > BRIEF_MS;
      const openedAt = Date.now();
      this.become({ kind: "live", missed: 0 });
      const parser = new EventParser();
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return "was-open";
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        for (const event of parser.push(value)) {
          if (event.id) this.lastId = event.id;
          if (wasLong && event.type === "message.received" && Date.now() - openedAt < CATCHING_UP_MS)
            this.countMissed();
          const told = { type: event.type, data: JSON.parse(event.data || "{}") as LiveEvent["data"] };
          for (const follower of this.followers) follower(told);
        }
      }
    } catch {
      return this.connection.kind === "live" ? "was-open" : "failed";
    } finally {
      clearTimeout(timer);
      silence.abort();
    }
  }

  private countMissed(): void {
    if (this.connection.kind === "live") this.become({ kind: "live", missed: this.connection.missed + 1 });
  }
}

export const live = new Live();

export const useConnection = (): Connection => useSyncExternalStore(live.subscribe, live.now);
