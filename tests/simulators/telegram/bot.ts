// One bot: its updates, its webhook, what was sent through it, and what shall go wrong.
import { createHash } from "node:crypto";
import { Deliverer } from "./delivery.ts";
import type { Call, Fault, Fields, StoredFile, Upload, Webhook } from "./types.ts";
import { ApiError } from "./types.ts";

const NOT_BY_DEFAULT = ["chat_member", "message_reaction", "message_reaction_count"];
const KEPT_MS = 24 * 3600 * 1000;

export interface BotOptions {
  token: string;
  username?: string;
  firstName?: string;
  firstUpdateId?: number;
  resolve?: (url: string) => string; // from the public address of a webhook to the one that is really listened on
  retryDelayMs?: number;
}

export interface Sent {
  method: string;
  chat: string;
  message: Fields;
  files: Upload[];
  args: Fields;
}

interface Queued {
  update: Fields;
  until: number; // when Telegram gives it up
}

interface Poll {
  end: (error?: ApiError) => void;
}

export class Bot {
  readonly token: string;
  readonly me: Fields;
  readonly sent: Sent[] = [];
  readonly calls: Call[] = [];
  readonly faults: Fault[] = [];
  readonly files = new Map<string, StoredFile>();
  readonly blocked = new Set<string>();
  readonly migrated = new Map<string, string>();
  readonly topics = new Map<string, Set<number>>(); // by chat: its forum topics
  readonly queries = new Set<string>(); // callback queries that clients wait for
  readonly answered: string[] = []; // those that were answered
  allowed: string[] = []; // kinds of update; empty: the usual ones
  webhook: Webhook | undefined;
  revoked = false;
  readonly deliverer: Deliverer;
  #updateId: number;
  #messageId = 100;
  #waiting: Queued[] = [];
  #skewMs = 0;
  #nextSetWebhook = 0;
  #poll: Poll | undefined;
  #wake: (() => void) | undefined;

  constructor(options: BotOptions) {
    this.token = options.token;
    this.#updateId = options.firstUpdateId ?? 873_214_000;
    this.me = {
      id: Number(options.token.split(":")[0]), is_bot: true, first_name: options.firstName ?? "Support Bot",
      username: options.username ?? "support_bot", can_join_groups: true, can_read_all_group_messages: false,
      supports_inline_queries: false, can_connect_to_business: false, has_main_web_app: false,
    };
    this.deliverer = new Deliverer({
      webhook: () => this.webhook, resolve: options.resolve ?? ((url) => url), firstDelayMs: options.retryDelayMs ?? 1000,
      now: () => this.now(), gone: () => this.setWebhook(undefined),
    });
  }

  now(): number {
    return Date.now() + this.#skewMs;
  }

  // Time goes by: what waited too long is dropped in silence.
  pass(ms: number): void {
    this.#skewMs += ms;
    this.#waiting = this.#waiting.filter((queued) => queued.until > this.now());
  }

  nextMessageId(): number {
    return ++this.#messageId;
  }

  // --- what clients do -------------------------------------------------------------------------------------------

  // Puts an update in; returns it. The lane is its chat.
  receive(content: Fields, updateId?: number): Fields {
    const update: Fields = { update_id: updateId ?? ++this.#updateId, ...content };
    const kind = Object.keys(content)[0] ?? "";
    const body = content[kind] as Fields;
    if (kind === "callback_query") this.queries.add(String(body["id"]));
    const wanted = this.allowed.length ? this.allowed.includes(kind) : !NOT_BY_DEFAULT.includes(kind);
    if (wanted) this.#queue({ update, until: this.now() + KEPT_MS }, laneOf(update));
    return update;
  }

  #queue(queued: Queued, lane: string): void {
    if (this.webhook) {
      this.deliverer.push(queued.update, lane, queued.until);
    } else {
      this.#waiting.push(queued);
      this.#wake?.();
    }
  }

  // A message from a private client; `content` is laid over it.
  message(client: { id: number; name: string; username?: string }, content: Fields): Fields {
    const person: Fields = { id: client.id, is_bot: false, first_name: client.name, language_code: "en" };
    if (client.username) person["username"] = client.username;
    return this.receive({
      message: {
        message_id: this.nextMessageId(), date: Math.floor(Date.now() / 1000), from: person,
        chat: { id: client.id, type: "private", first_name: client.name }, ...content,
      },
    });
  }

  addFile(upload: Upload): StoredFile {
    const unique = createHash("sha256").update(upload.bytes).digest("hex").slice(0, 16);
    const id = `AgAC-${unique}-${this.files.size}`;
    const extension = upload.name.includes(".") ? upload.name.slice(upload.name.lastIndexOf(".")) : "";
    const file = { id, unique, path: `documents/file_${this.files.size}${extension}`, upload, expired: false };
    this.files.set(id, file);
    return file;
  }

  fail(fault: Partial<Fault> & { method: string }): void {
    this.faults.push({ times: 1, ...fault, method: fault.method.toLowerCase() });
  }

  // --- long polling ------------------------------------------------------------------------------------------------

  async getUpdates(args: Fields, closed: AbortSignal): Promise<Fields[]> {
    if (this.webhook) throw new ApiError(409, "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first");
    this.#poll?.end(new ApiError(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"));
    if (Array.isArray(args["allowed_updates"])) this.allowed = args["allowed_updates"].map(String);
    const offset = Number(args["offset"] ?? 0);
    if (offset > 0) this.#waiting = this.#waiting.filter(({ update }) => Number(update["update_id"]) >= offset);
    if (offset < 0) this.#waiting = this.#waiting.slice(offset);
    const limit = Math.min(Math.max(Number(args["limit"] ?? 100), 1), 100);
    const timeoutMs = Math.min(Number(args["timeout"] ?? 0), 50) * 1000;
    if (this.#waiting.length === 0 && timeoutMs > 0) await this.#wait(timeoutMs, closed);
    return this.#waiting.slice(0, limit).map(({ update }) => update);
  }

  #wait(timeoutMs: number, closed: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (error?: ApiError) => {
        clearTimeout(timer);
        closed.removeEventListener("abort", end);
        if (this.#poll === poll) { this.#poll = undefined; this.#wake = undefined; }
        if (error) reject(error); else resolve();
      };
      const end = () => done();
      const timer = setTimeout(end, timeoutMs);
      const poll: Poll = { end: done };
      closed.addEventListener("abort", end, { once: true });
      this.#poll = poll;
      this.#wake = end;
    });
  }

  setWebhook(webhook: Webhook | undefined): void {
    this.#poll?.end(new ApiError(409, "Conflict: terminated by setWebhook request"));
    this.webhook = webhook;
    if (webhook) {
      for (const queued of this.#waiting.splice(0)) this.#queue(queued, laneOf(queued.update));
      this.deliverer.wake();
    } else {
      this.#waiting.push(...this.deliverer.drain());
      this.#waiting.sort((a, b) => Number(a.update["update_id"]) - Number(b.update["update_id"]));
    }
  }

  // The server takes one address a second.
  paceSetWebhook(): void {
    const now = this.now();
    if (now < this.#nextSetWebhook) throw new ApiError(429, "Too Many Requests: retry after 1", { retry_after: 1 });
    this.#nextSetWebhook = now + 1000;
  }

  dropPending(): void {
    this.#waiting = [];
    this.deliverer.drain();
  }

  get pendingUpdates(): number {
    return this.#waiting.length + this.deliverer.pending;
  }

  stop(): void {
    this.deliverer.stop();
    this.#poll?.end();
  }
}

// One queue a chat.
function laneOf(update: Fields): string {
  const body = (Object.entries(update).find(([key]) => key !== "update_id")?.[1] ?? {}) as Fields;
  const chat = (body["chat"] ?? (body["message"] as Fields | undefined)?.["chat"] ?? {}) as Fields;
  return String(chat["id"]);
}
