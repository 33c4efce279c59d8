// Webhooks as Meta sends them: signed over the bytes that go out, in which everything but ASCII is escaped.
import { createHmac } from "node:crypto";
import type { Json } from "./types.ts";

export interface Delivery {
  status: number; // 0: no answer
  body: string;
}

const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

// Whoever parses and writes anew gets other bytes, and another signature.
export function escapedJson(value: Json): string {
  return JSON.stringify(value).replace(/[\u0080-\uffff<>%@]/g, escaped).replaceAll("/", "\\/");
}

export function sign(body: string, secret: string): string {
  return `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
}

export class Deliverer {
  readonly deliveries: Delivery[] = [];
  retryDelayMs = 100;
  #pending = 0;
  #stopped = false;

  get pending(): number {
    return this.#pending;
  }

  stop(): void {
    this.#stopped = true;
  }

  // Tries until it is taken, as Meta does for 36 hours.
  async deliver(url: string, body: string, secret: string): Promise<void> {
    ++this.#pending;
    for (let delay = this.retryDelayMs; !this.#stopped; delay = Math.min(delay * 2, 2000)) {
      if (await this.#once(url, body, secret)) break;
      await new Promise((resolve) => setTimeout(resolve, delay).unref());
    }
    --this.#pending;
  }

  async #once(url: string, body: string, secret: string): Promise<boolean> {
    const sha1 = createHmac("sha1", secret).update(body).digest("hex");
    const headers = { "content-type": "application/json", "x-hub-signature": `sha1=${sha1}`, "x-hub-signature-256": sign(body, secret) };
    try {
      const answer = await fetch(url, { method: "POST", headers, body, redirect: "manual", signal: AbortSignal.timeout(20_000) });
      this.deliveries.push({ status: answer.status, body: await answer.text() });
      return answer.ok;
    } catch {
      this.deliveries.push({ status: 0, body: "" });
      return false;
    }
  }
}
