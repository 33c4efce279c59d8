// Delivers updates to a webhook as the real server does: one queue per chat, the head blocks the rest, retries double.
import type { Fields, Webhook } from "./types.ts";

export interface Delivery {
  url: string;
  status: number; // 0: no answer
  body: string;
}

interface Item {
  update: Fields;
  lane: string;
  until: number; // given up then
  attempt: number;
}

export interface Surroundings {
  webhook: () => Webhook | undefined;
  resolve: (url: string) => string;
  firstDelayMs: number;
  now: () => number;
  gone: () => void; // the address said for 23 hours that there is nothing
}

const GONE_MS = 23 * 3600 * 1000;

export class Deliverer {
  readonly deliveries: Delivery[] = [];
  readonly #around: Surroundings;
  #goneSince: number | undefined;
  readonly #lanes = new Map<string, Item[]>();
  readonly #busy = new Set<string>();
  #stopped = false;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  push(update: Fields, lane: string, until: number): void {
    const queue = this.#lanes.get(lane) ?? [];
    queue.push({ update, lane, until, attempt: 0 });
    this.#lanes.set(lane, queue);
    void this.#work(lane);
  }

  get pending(): number {
    let count = 0;
    for (const queue of this.#lanes.values()) count += queue.length;
    return count;
  }

  // What a webhook that was set meanwhile can have.
  wake(): void {
    for (const lane of this.#lanes.keys()) void this.#work(lane);
  }

  drain(): { update: Fields; until: number }[] {
    const items = [...this.#lanes.values()].flat();
    this.#lanes.clear();
    return items;
  }

  stop(): void {
    this.#stopped = true;
  }

  async #work(lane: string): Promise<void> {
    if (this.#busy.has(lane)) return;
    this.#busy.add(lane);
    try {
      for (let item = this.#lanes.get(lane)?.[0]; item && this.#around.webhook() && !this.#stopped; item = this.#lanes.get(lane)?.[0]) {
        const waitMs = await this.#deliver(item);
        if (waitMs === 0) this.#lanes.get(lane)?.shift();
        else await new Promise((resolve) => setTimeout(resolve, waitMs).unref());
      }
    } finally {
      this.#busy.delete(lane);
    }
  }

  // Milliseconds until the next try; 0 when it arrived.
  async #deliver(item: Item): Promise<number> {
    const webhook = this.#around.webhook();
    if (!webhook || item.until <= this.#around.now()) return 0;
    const headers: Record<string, string> = { "content-type": "application/json", "accept-encoding": "gzip, deflate" };
    if (webhook.secret) headers["x-telegram-bot-api-secret-token"] = webhook.secret;
    item.attempt += 1;
    const delay = Math.min(this.#around.firstDelayMs * 2 ** (item.attempt - 1), 60_000);
    try {
      const answer = await fetch(this.#around.resolve(webhook.url), {
        method: "POST", headers, body: JSON.stringify(item.update), redirect: "manual", signal: AbortSignal.timeout(60_000),
      });
      const body = await answer.text();
      this.deliveries.push({ url: webhook.url, status: answer.status, body });
      this.#note410(answer.status);
      if (answer.ok) return 0;
      webhook.lastError = { date: Math.floor(Date.now() / 1000), message: `Wrong response from the webhook: ${answer.status} ${answer.statusText}` };
      const asked = Number(answer.headers.get("retry-after"));
      return asked > 0 ? Math.min(asked, 3600) * 1000 : delay;
    } catch {
      this.deliveries.push({ url: webhook.url, status: 0, body: "" });
      webhook.lastError = { date: Math.floor(Date.now() / 1000), message: "Connection refused" };
      return delay;
    }
  }

  #note410(status: number): void {
    const now = this.#around.now();
    this.#goneSince = status === 410 ? (this.#goneSince ?? now) : undefined;
    if (this.#goneSince !== undefined && now - this.#goneSince >= GONE_MS) this.#around.gone();
  }
}
