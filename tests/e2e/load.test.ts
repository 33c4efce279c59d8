// Bars 4, 7 and 9, webhooks: acknowledged while no plugin runs, one effect of each however often it comes, and what is malformed kept
// aside. Quick by default; PB_FULL=1 runs the figures of the bars.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { Agent } from "node:http";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { KEY, send, sign } from "./support/echo.ts";
import { eventually, Patchbay } from "./support/patchbay.ts";
import { Postgres } from "./support/postgres.ts";

const FULL = process.env["PB_FULL"] === "1";

async function hook(host: Patchbay, id: string, body: string, agent: Agent): Promise<number> {
  const headers = { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)), "x-echo-signature": sign(body) };
  return (await send(`${host.address}/hooks/echo/${id}/in`, { headers, body, agent })).status;
}

function webhook(id: string, chat: string): string {
  return JSON.stringify({ id, chat, author: "Ana", text: id });
}

async function texts(host: Patchbay, id: string): Promise<string[]> {
  return (await Promise.all((await host.chats(id)).map((chat: any) => host.messages(chat.id)))).flat().map((message: any) => message.text);
}

// Resident memory of the host alone, in MiB.
async function memory(host: Patchbay): Promise<number> {
  const status = await readFile(`/proc/${host.process!.pid}/status`, "utf8");
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]) / 1024;
}

// At least 10,000 webhooks a second over 64 connections, each of which waits for 2 ms after an answer. A line of the file is a
// signature and a body.
const BURST = `
local lines, at = {}, 0
for line in io.lines(os.getenv("PB_WEBHOOKS")) do lines[#lines + 1] = line end
request = function()
  at = at + 1
  local line = lines[at] or error("more are needed")
  return wrk.format("POST", nil, {["X-Echo-Signature"] = line:sub(1, 64), ["Content-Type"] = "application/json"}, line:sub(66))
end
delay = function() return 2 end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("FIGURE %d %d %d %f %f\\n", summary.requests, e.status, e.connect + e.read + e.write + e.timeout, latency:percentile(99) / 1000, summary.duration / 1e6))
end`;

async function burst(host: Patchbay, id: string, seconds: number): Promise<{ taken: number; refused: number; p99: number; seconds: number }> {
  const script = join(host.folder, "burst.lua");
  const webhooks = join(host.folder, "webhooks");
  const lines = Array.from({ length: seconds * 30_000 }, (_, i) => webhook(`b${i}`, `chat-${i % 50}`)).map((body) => `${sign(body)} ${body}\n`);
  await writeFile(script, BURST);
  await writeFile(webhooks, lines.join(""));
  const { stdout } = await promisify(execFile)("wrk", ["-t1", "-c64", `-d${seconds}s`, "--timeout", "20s", "-s", script, `${host.address}/hooks/echo/${id}/in`], { env: { ...process.env, PB_WEBHOOKS: webhooks } });
  const figures = /^FIGURE (\d+) (\d+) (\d+) (\S+) (\S+)$/m.exec(stdout)?.slice(1).map(Number);
  assert.ok(figures, stdout);
  const [requests, refused, broken, p99, took] = figures as [number, number, number, number, number];
  assert.equal(broken, 0, stdout);
  return { taken: requests - refused, refused, p99, seconds: took };
}

const part = (sorted: number[], share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;

for (const store of ["SQLite", "PostgreSQL"]) {
  test(`${store}: with every plugin stopped webhooks are acknowledged, and processed when it runs again`, async () => { // bar 4, HOOK-1
    const server = store === "PostgreSQL" ? await Postgres.start() : undefined;
    const host = await Patchbay.start({ ...(server ? { store: server.url } : {}), config: { log: { level: "info", format: "json" } } });
    const agent = new Agent({ keepAlive: true, maxSockets: 64 });
    try {
      const id = await host.connect("echo", "Shop", { account: "shop", signing_key: KEY });
      assert.equal((await host.post("/api/v1/plugins/echo/disable")).status, 200);
      await eventually("its worker has ended", async () => (await host.workers()).length === 0);

      // So many a second, whatever the answers: times count from when each was due.
      const rate = 1000;
      const seconds = FULL ? 30 : 3;
      const times: number[] = [];
      const statuses = new Map<number, number>();
      const all: Promise<void>[] = [];
      const began = performance.now();
      for (let i = 0; i < rate * seconds; ++i) {
        const due = began + (i * 1000) / rate;
        const ahead = due - performance.now();
        if (ahead > 1) await new Promise((resolve) => setTimeout(resolve, ahead));
        all.push(hook(host, id, webhook(`a${i}`, `chat-${i % 50}`), agent).then((status) => {
          times.push(performance.now() - due);
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
        }));
      }
      await Promise.all(all);
      const paced = rate * seconds;
      assert.deepEqual([...statuses], [[200, paced]]);
      times.sort((x, y) => x - y);
      const wave = await burst(host, id, FULL ? 10 : 1);
      const used = await memory(host);
      assert.ok(used < 256, `${used} MiB`);
      assert.equal((await texts(host, id)).length, 0);
      await host.post("/api/v1/plugins/echo/enable");
      await eventually("all are processed", async () => (await host.get("/api/v1/inbox?state=new&limit=1")).body.items.length === 0, FULL ? 300 : 60);
      const stored = await texts(host, id);
      assert.equal(new Set(stored).size, stored.length);
      assert.equal(stored.filter((text) => text.startsWith("a")).length, paced);
      // What was on its way when wrk ended may have been taken too.
      const ofBurst = stored.length - paced;
      assert.ok(ofBurst >= wave.taken && ofBurst <= wave.taken + 64, `${ofBurst} stored, ${wave.taken} acknowledged`);
      console.log(`  ${store}: ${rate}/s for ${seconds} s, p50 ${part(times, 0.5).toFixed(1)} ms, p99 ${part(times, 0.99).toFixed(1)} ms, p99.9 ${part(times, 0.999).toFixed(1)} ms;`
        + ` then ${(wave.taken / wave.seconds).toFixed(0)}/s for ${wave.seconds.toFixed(0)} s, p99 ${wave.p99.toFixed(1)} ms, ${wave.refused} asked to come again;`
        + ` host at most ${used.toFixed(0)} MiB; ${paced + wave.taken} acknowledged, 0 lost, 0 doubled`);
    } finally {
      agent.destroy();
      await host.stop();
      await server?.stop();
    }
  });
}

test("every event five times over 32 connections, shuffled: one effect of each", async () => { // bar 7, HOOK-2
  const host = await Patchbay.start({ config: { log: { level: "info", format: "json" } } });
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  try {
    const id = await host.connect("echo", "Shop", { account: "shop", signing_key: KEY });
    const count = FULL ? 10_000 : 1_000;
    const all = Array.from({ length: count * 5 }, (_, i) => i % count);
    for (let i = all.length - 1; i > 0; --i) {
      const j = Math.floor(Math.random() * (i + 1));
      [all[i], all[j]] = [all[j]!, all[i]!];
    }
    await Promise.all(Array.from({ length: 32 }, async () => {
      for (let i = all.pop(); i !== undefined; i = all.pop())
        assert.equal(await hook(host, id, webhook(`e${i}`, `chat-${i % 100}`), agent), 200);
    }));
    await eventually("all are processed", async () => (await host.all("/api/v1/inbox?state=new")).length === 0, 120);
    const stored = await texts(host, id);
    assert.equal(new Set(stored).size, count);
    assert.equal(stored.length, count);
    assert.equal((await host.chats(id)).length, 100);
    console.log(`  ${count * 5} webhooks of ${count} events over 32 connections: ${stored.length} effects`);
  } finally {
    agent.destroy();
    await host.stop();
  }
});

test("one malformed in a hundred is kept with its reason, the others are done", async () => { // bar 9, HOOK-3
  const host = await Patchbay.start({ config: { log: { level: "info", format: "json" } } });
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  try {
    const id = await host.connect("echo", "Shop", { account: "shop", signing_key: KEY });
    const count = FULL ? 10_000 : 1_000;
    let next = 0;
    await Promise.all(Array.from({ length: 16 }, async () => {
      for (let i = next++; i < count; i = next++) {
        const good = webhook(`m${i}`, `chat-${i % 20}`);
        const bad = [good.slice(0, -9), JSON.stringify({ id: `m${i}`, chat: "x" }), "", "\u0000\u0001", JSON.stringify({ id: `m${i}`, chat: 7, author: [], text: {} })][(i / 100) % 5]!;
        assert.equal(await hook(host, id, i % 100 === 0 ? bad : good, agent), 200);
      }
    }));
    const dead = await eventually("all have ended", async () => {
      if ((await host.all("/api/v1/inbox?state=new")).length > 0) return undefined;
      return host.all("/api/v1/inbox?state=dead");
    }, 180);
    const stored = await texts(host, id);
    assert.equal(stored.length, count - count / 100);
    assert.equal(dead.length, count / 100);
    for (const each of dead) assert.ok(each.reason, JSON.stringify(each));
    console.log(`  ${count} webhooks: ${stored.length} done, ${dead.length} kept with their reason, ${count - stored.length - dead.length} skipped`);
  } finally {
    agent.destroy();
    await host.stop();
  }
});
