// One bot: its updates, its webhook, what was sent through it, and what shall go wrong.
import { createHash } from "node:crypto";
import { Deliverer } from "./delivery.ts";
import type { Call, Fault, Fields, Json, StoredFile, Upload, Webhook } from "./types.ts";
import { ApiError } from "./types.ts";

const NOT_BY_DEFAULT = ["chat_member", "message_reaction", "message_reaction_count"];

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
  readonly answered: string[] = []; // callback queries
  webhook: Webhook | undefined;
  revoked = false;
  readonly deliverer: Deliverer;
  #updateId: number;
  #messageId = 100;
  #waiting: Fields[] = [];
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
    this.deliverer = new Deliverer(() => this.webhook, options.resolve ?? ((url) => url), options.retryDelayMs ?? 1000);
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
    const chat = (body["chat"] ?? (body["message"] as Fields | undefined)?.["chat"] ?? {}) as Fields;
    if (this.webhook) {
      const wanted = this.webhook.allowed.length ? this.webhook.allowed.includes(kind) : !NOT_BY_DEFAULT.includes(kind);
      if (wanted) this.deliverer.push(update, String(chat["id"]));
    } else {
      this.#waiting.push(update);
      this.#wake?.();
    }
    return update;
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
    const offset = Number(args["offset"] ?? 0);
    if (offset > 0) this.#waiting = this.#waiting.filter((update) => Number(update["update_id"]) >= offset);
    if (offset < 0) this.#waiting = this.#waiting.slice(offset);
    const limit = Math.min(Math.max(Number(args["limit"] ?? 100), 1), 100);
    const timeoutMs = Math.min(Number(args["timeout"] ?? 0), 50) * 1000;
    if (this.#waiting.length === 0 && timeoutMs > 0) await this.#wait(timeoutMs, closed);
    return this.#waiting.slice(0, limit);
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
      for (const update of this.#waiting.splice(0)) this.receive(withoutId(update), Number(update["update_id"]));
      this.deliverer.wake();
    } else {
      this.#waiting.push(...this.deliverer.drain());
      this.#waiting.sort((a, b) => Number(a["update_id"]) - Number(b["update_id"]));
    }
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

function withoutId(update: Fields): Fields {
  const { update_id: _, ...content } = update;
  return content as { [key: string]: Json };
}
