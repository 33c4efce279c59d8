// Bar 1: nothing is lost and nothing doubled when host, worker or both are killed while webhooks come in.
// Quick by default; PB_FULL=1 sends 100,000 webhooks and kills 200 times; PB_SEED repeats a run.
import assert from "node:assert/strict";
import { Agent } from "node:http";
import { test } from "node:test";
import { KEY, OtherSide, post, type Webhook } from "./support/echo.ts";
import { eventually, Patchbay } from "./support/patchbay.ts";
import { Postgres } from "./support/postgres.ts";

const FULL = process.env["PB_FULL"] === "1";
const WEBHOOKS = FULL ? 100_000 : 1_500;
const KILLS = FULL ? 200 : 6;
const CHATS = FULL ? 100 : 25;
const CONNECTIONS = FULL ? 32 : 8;
const RATE = FULL ? 1_000 : 400; // a second, at most
const TARGETS = ["host", "worker", "both"] as const;

// mulberry32: small and the same everywhere.
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// Sends every webhook until it is answered 2xx; those of one chat one after the other, as a provider does.
class Load {
  acknowledged = 0;
  repeated = 0;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  private next = Date.now();

  private readonly host: Patchbay;
  private readonly integration: string;

  constructor(host: Patchbay, integration: string) {
    this.host = host;
    this.integration = integration;
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: CHATS }, (_, chat) => this.chat(chat)));
    this.agent.destroy();
  }

  private async chat(chat: number): Promise<void> {
    for (let i = chat; i < WEBHOOKS; i += CHATS) {
      const webhook = { id: `w${i}`, chat: `chat-${chat}`, author: `client-${chat}`, text: `message ${i}` };
      await this.slot();
      await this.deliver(webhook);
      ++this.acknowledged;
    }
  }

  private async slot(): Promise<void> {
    const now = Date.now();
    this.next = Math.max(this.next + 1000 / RATE, now);
    await new Promise((resolve) => setTimeout(resolve, this.next - now));
  }

  private async deliver(webhook: Webhook): Promise<void> {
    for (let attempt = 0; ; ++attempt) {
      const status = await post(this.host.address, this.integration, webhook, this.agent).then((reply) => reply.status, () => 0);
      if (status >= 200 && status < 300) return;
      assert.ok(status === 0 || status === 503, `a webhook was answered ${status}`);
      assert.ok(attempt < 600, "a webhook was not taken for a minute");
      ++this.repeated;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

// Kills what there is; false when it was gone by itself.
function killed(pid: number): boolean {
  try {
    return process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
    throw error;
  }
}

async function strike(host: Patchbay, target: (typeof TARGETS)[number]): Promise<void> {
  // One that is being replaced after the last strike is waited for: a strike hits somebody.
  if (target !== "host") await eventually("a worker is hit", async () => (await host.workers()).filter(killed).length > 0, 60);
  if (target === "worker") return;
  await host.kill("SIGKILL");
  await host.serve();
}

async function strikeAll(host: Patchbay, load: Load, dice: () => number): Promise<Record<string, number>> {
  const points = Array.from({ length: KILLS }, () => Math.floor(dice() * WEBHOOKS * 0.95)).sort((a, b) => a - b);
  const count: Record<string, number> = { host: 0, worker: 0, both: 0 };
  for (const point of points) {
    await eventually(`${point} acknowledged`, async () => load.acknowledged >= point, 120);
    const target = TARGETS[Math.floor(dice() * TARGETS.length)]!;
    ++count[target]!;
    await strike(host, target);
  }
  return count;
}

async function check(host: Patchbay, integration: string): Promise<void> {
  await eventually("everything is processed", async () => (await host.get("/api/v1/inbox?state=new&limit=1")).body.items.length === 0, 300);
  assert.deepEqual((await host.get("/api/v1/inbox?state=dead")).body.items, []);
  const chats = await host.chats(integration);
  assert.equal(chats.length, CHATS);
  let lost = 0;
  let doubled = 0;
  for (const chat of chats) {
    const number = Number(chat.conversation.slice("chat-".length));
    const expected = Array.from({ length: Math.ceil((WEBHOOKS - number) / CHATS) }, (_, k) => `message ${number + k * CHATS}`);
    const texts = (await host.messages(chat.id)).map((message) => message.text);
    const distinct = new Set(texts);
    lost += expected.filter((text) => !distinct.has(text)).length;
    doubled += texts.length - distinct.size;
    if (lost + doubled === 0) assert.deepEqual(texts, expected, `the order in ${chat.conversation}`);
  }
  console.log(`  ${lost} lost, ${doubled} doubled, order kept in ${CHATS} chats`);
  assert.deepEqual({ lost, doubled }, { lost: 0, doubled: 0 });
}

async function ordeal(store?: string): Promise<void> {
  const seed = Number(process.env["PB_SEED"] ?? Date.now() % 1_000_000);
  const host = await Patchbay.start({ ...(store ? { store } : {}), config: { log: { level: "warn", format: "json" } } });
  try {
    const integration = await host.connect("echo", "Ordeal", { account: "ordeal", signing_key: KEY });
    const load = new Load(host, integration);
    const started = Date.now();
    const [kills] = await Promise.all([strikeAll(host, load, random(seed)), load.run()]);
    const took = (Date.now() - started) / 1000;
    console.log(`  ${WEBHOOKS} webhooks in ${took.toFixed(1)} s, killed ${JSON.stringify(kills)}, ${load.repeated} repeated, PB_SEED=${seed}`);
    await check(host, integration);
  } finally {
    await host.stop();
  }
}

test("SIGKILL of host, worker and both loses and doubles nothing on SQLite", () => ordeal());

test("SIGKILL of host, worker and both loses and doubles nothing on PostgreSQL", async () => {
  const server = await Postgres.start();
  try {
    await ordeal(server.url);
  } finally {
    await server.stop();
  }
});

test("a worker that stands still is replaced; its calls are repeated and nothing is sent twice", async () => {
  const side = await OtherSide.start();
  const host = await Patchbay.start({ allow: [`127.0.0.1:${side.port}`] });
  try {
    const integration = await host.connect("echo", "Still", { account: "still", signing_key: KEY, api_base: side.address });
    await post(host.address, integration, { id: "1", chat: "a", author: "Ana", text: "before" });
    const chat = await eventually("the chat", async () => (await host.chats(integration))[0]);
    const [worker] = await eventually("the worker", async () => {
      const pids = await host.workers();
      return pids.length === 1 && pids;
    });

    process.kill(worker!, "SIGSTOP");
    assert.equal((await post(host.address, integration, { id: "2", chat: "a", author: "Ana", text: "while it stands" })).status, 200);
    const posted = await host.post(`/api/v1/chats/${chat.id}/messages`, { text: "an answer" });
    assert.equal(posted.status, 202);

    await eventually("another worker", async () => {
      const pids = await host.workers();
      return pids.length === 1 && pids[0] !== worker;
    }, 40);
    const sent = await eventually("the answer is sent", async () => {
      const found = (await host.messages(chat.id)).find((message) => message.id === posted.body.id);
      return found?.state === "sent" && found;
    }, 40);
    assert.equal(sent.text, "an answer");
    await eventually("the webhook has its effect", async () => (await host.messages(chat.id)).some((message) => message.text === "while it stands"), 40);
    assert.deepEqual(side.received.map((message) => message.text), ["an answer"]);
    assert.equal((await host.messages(chat.id)).length, 3);
  } finally {
    await host.stop();
    await side.stop();
  }
});
