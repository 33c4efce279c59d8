// A plugin that crashes after every start beside one that works (HOST-5, bar 5). Quick by default; PB_FULL=1 goes on for ten minutes.
import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { Agent } from "node:http";
import { test } from "node:test";
import { KEY, post } from "./support/echo.ts";
import { misbehaving, OWN_KEY, tell } from "./support/misbehave.ts";
import { eventually, Patchbay } from "./support/patchbay.ts";

const FULL = process.env["PB_FULL"] === "1";
const SECONDS = FULL ? 600 : 12;
const RELEASE_S = FULL ? 30 : 4;
const PER_SECOND = 100;
const EVENTS = 20;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const percentile = (times: number[], share: number): number => [...times].sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))]!;

async function resident(pid: number): Promise<number> {
  return Number(/^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))![1]) / 1024;
}

let sent = 0;
// Webhooks of the plugin that works at an even pace; how long each took, in ms.
async function acknowledged(host: Patchbay, good: string, seconds: number, agent: Agent): Promise<number[]> {
  const times: number[] = [];
  const calls: Promise<void>[] = [];
  const began = performance.now();
  for (let i = 0; i < seconds * PER_SECOND; ++i) {
    await sleep(Math.max(0, began + (i * 1000) / PER_SECOND - performance.now()));
    const id = `g${++sent}`;
    const at = performance.now();
    calls.push(post(host.address, good, { id, chat: `c${sent % 8}`, author: "Ana", text: id }, agent).then((answer) => {
      assert.equal(answer.status, 200, answer.body);
      times.push(performance.now() - at);
    }));
  }
  await Promise.all(calls);
  return times;
}

test("a plugin that crashes after every start is quarantined, and others do not feel it", async () => {
  const folder = await misbehaving();
  const host = await Patchbay.start({ folders: [folder], config: { log: { level: "info", format: "json" } } });
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  try {
    const good = await host.connect("echo", "Good", { account: "good", signing_key: KEY });
    const bad = await host.connect("misbehave", "Bad", { key: OWN_KEY });
    const state = async (): Promise<any> => (await host.get(`/api/v1/health/${bad}`)).body;
    await acknowledged(host, good, 5, agent); // warm
    const calm = await acknowledged(host, good, FULL ? 60 : 5, agent);
    const rss = await resident(host.process!.pid!);

    const broken = await host.call("PATCH", `/api/v1/integrations/${bad}`, { settings: { listen: "true", misbehave: { "pb.listen/1:run": "crash" } } });
    assert.equal(broken.status, 200, JSON.stringify(broken.body));
    const quarantined = await eventually("it is quarantined", async () => (await state()).state === "quarantined" && state(), 60);
    assert.equal(quarantined.restarts, 5, "after five crashes");
    const waiting: string[] = [];
    for (let i = 0; i < EVENTS; ++i) waiting.push(await tell(host, bad, { misbehave: "ask", ask: { method: "pb.state/1:get", body: { key: "k" } } }));

    let releases = 0;
    let over = false;
    const releasing = (async () => {
      for (; !over; await sleep(RELEASE_S * 1000)) {
        await host.post(`/api/v1/integrations/${bad}/deactivate`);
        await host.post(`/api/v1/integrations/${bad}/activate`);
        ++releases;
      }
    })();
    const stormy = await acknowledged(host, good, SECONDS, agent);
    over = true;
    await releasing;
    const grown = (await resident(host.process!.pid!)) / rss - 1;
    const [before, after] = [percentile(calm, 0.99), percentile(stormy, 0.99)];
    console.log(`crash loop: ${SECONDS} s, released ${releases} times; others' p99 ${before.toFixed(1)} ms before, ${after.toFixed(1)} ms meanwhile;` +
      ` p50 ${percentile(calm, 0.5).toFixed(2)} and ${percentile(stormy, 0.5).toFixed(2)} ms; memory of the host ${rss.toFixed(0)} MiB ${grown >= 0 ? "+" : ""}${(grown * 100).toFixed(1)} %`);
    assert.ok(grown < 0.25, "memory does not run away"); // the figure is printed; what a short run grows by is caches

    // Mended, it does what has waited: once each.
    await host.post(`/api/v1/integrations/${bad}/deactivate`);
    const mended = await host.call("PATCH", `/api/v1/integrations/${bad}`, { settings: { listen: "false", misbehave: {} } });
    assert.equal(mended.status, 200, JSON.stringify(mended.body));
    assert.equal((await host.post(`/api/v1/integrations/${bad}/activate`)).status, 200);
    const texts = await eventually("what has waited", async () => {
      const [chat] = await host.chats(bad);
      const ids = chat ? (await host.messages(chat.id)).map((one) => one.provider_id) : [];
      return ids.length >= EVENTS && ids;
    }, 60);
    assert.deepEqual([...texts].sort(), waiting.sort());
    await eventually("every message of the other plugin", async () => {
      let count = 0;
      for (const chat of await host.chats(good)) count += (await host.messages(chat.id)).length;
      return count === sent;
    }, 60);
  } finally {
    agent.destroy();
    await host.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
