// Start and stop: no request is cut, the end comes in time, and nothing acknowledged is lost.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { Agent } from "node:http";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { KEY, post, send, sign } from "./support/echo.ts";
import { eventually, Patchbay } from "./support/patchbay.ts";

let host: Patchbay;
let integration = "";
before(async () => {
  host = await Patchbay.start();
  integration = await host.connect("echo", "Graceful", { account: "graceful", signing_key: KEY });
});
after(() => host?.stop());

// A webhook whose second half is sent when it is asked for.
class HalfSent {
  private readonly socket: Socket;
  private readonly rest: string;
  private heard = "";
  readonly closed: Promise<string>;

  constructor(id: string) {
    const body = JSON.stringify({ id, chat: "half", author: "Ana", text: `half ${id}` });
    this.socket = connect(Number(new URL(host.address).port), "127.0.0.1");
    this.socket.on("data", (piece) => (this.heard += piece.toString()));
    this.closed = new Promise((resolve) => this.socket.once("close", () => resolve(this.heard)).on("error", () => undefined));
    this.socket.write(`POST /hooks/echo/${integration}/in HTTP/1.1\r\nHost: x\r\nX-Echo-Signature: ${sign(body)}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 20)}`);
    this.rest = body.slice(20);
  }

  finish(): void {
    this.socket.write(this.rest);
  }
}

// Posts on one connection until the host is gone; counts what was acknowledged.
async function keepPosting(client: number, acknowledged: Set<string>): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  for (let i = 0; ; ++i) {
    const id = `${client}-${i}`;
    const status = await post(host.address, integration, { id, chat: `c${client}`, author: "Ana", text: id }, agent).then((reply) => reply.status, () => 0);
    if (status === 200) acknowledged.add(id);
    else if (status === 0) break; // the connection was idle when the host closed it, or there is no listener any more
    else assert.equal(status, 503);
  }
  agent.destroy();
}

test("SIGTERM under load: what was begun is answered, what was answered is kept, and the host ends with 0 within 10 s", async () => {
  const acknowledged = new Set<string>();
  const load = Promise.all(Array.from({ length: 8 }, (_, client) => keepPosting(client, acknowledged)));
  await eventually("load", async () => acknowledged.size >= 100, 30);
  const half = Array.from({ length: 16 }, (_, i) => new HalfSent(`half-${i}`));
  await new Promise((resolve) => setTimeout(resolve, 200)); // the host has their heads
  const started = Date.now();
  const ended = host.kill("SIGTERM");
  await new Promise((resolve) => setTimeout(resolve, 300));
  for (const request of half) request.finish();
  for (const heard of await Promise.all(half.map((request) => request.closed))) {
    assert.match(heard, /^HTTP\/1\.1 200 /);
    assert.match(heard, /^connection: close\r$/im);
  }
  assert.equal(await ended, 0, host.output.slice(-2000));
  const took = (Date.now() - started) / 1000;
  assert.ok(took < 10, `it took ${took} s`);
  await load;
  console.log(`  ${acknowledged.size} acknowledged, 16 half sent ones finished, ended after ${took.toFixed(2)} s`);

  await host.serve();
  const all = await eventually("everything has its effect", async () => {
    if ((await host.get("/api/v1/inbox?state=new&limit=1")).body.items.length > 0) return false;
    const lists = await Promise.all((await host.chats(integration)).map((chat) => host.messages(chat.id)));
    return new Set(lists.flat().map((message) => message.text));
  }, 60);
  for (const id of acknowledged) assert.ok(all.has(id), `${id} was acknowledged and is lost`);
  for (let i = 0; i < 16; ++i) assert.ok(all.has(`half half-${i}`));
});

test("the host is ready within a second on a store that is in use", async () => {
  const times: number[] = [];
  for (let i = 0; i < 3; ++i) {
    assert.equal(await host.kill("SIGTERM"), 0);
    const started = performance.now();
    await host.serve();
    times.push(performance.now() - started);
  }
  console.log(`  ready after ${times.map((time) => `${time.toFixed(0)} ms`).join(", ")}`);
  assert.ok(Math.min(...times) < 1000);
});

test("/healthz, /readyz and /metrics answer", async () => { // OPS-1
  assert.equal((await send(`${host.address}/healthz`, { method: "GET" })).status, 200);
  const ready = await send(`${host.address}/readyz`, { method: "GET" });
  assert.equal(ready.status, 200);
  assert.equal(JSON.parse(ready.body).ready, true);
  const figure = async (name: string): Promise<number> => {
    const text = (await host.get("/metrics")).body as string;
    const line = new RegExp(`^${name}(\\{[^}]*\\})? (\\S+)$`, "m").exec(text);
    assert.ok(line, `${name} is not in\n${text}`);
    return Number(line[2]);
  };
  const stored = await figure("patchbay_hooks_stored_total");
  const known = await figure("patchbay_hooks_duplicates_total");
  for (let i = 0; i < 2; ++i) assert.equal((await post(host.address, integration, { id: "counted", chat: "m", author: "Ana", text: "x" })).status, 200);
  assert.equal(await figure("patchbay_hooks_stored_total"), stored + 1);
  assert.equal(await figure("patchbay_hooks_duplicates_total"), known + 1);
  assert.ok((await figure("process_resident_memory_bytes")) > 1e6);
  assert.equal((await send(`${host.address}/metrics`, { method: "GET" })).status, 401);
});

test("SIGHUP reads the configuration again: what can change does, the rest is named, a broken file changes nothing", async () => { // OPS-5
  const whole = await readFile(host.configFile, "utf8");
  const said = (words: RegExp): Promise<unknown> => eventually(String(words), async () => words.test(host.output));
  const reload = async (text: string): Promise<void> => {
    await writeFile(host.configFile, text);
    host.output = "";
    host.process!.kill("SIGHUP");
  };
  try {
    const config = JSON.parse(whole);
    await reload(JSON.stringify({ ...config, log: { ...config.log, level: "warn" }, threads: 7 }));
    await said(/only after a restart.*\/threads/);
    await host.get("/healthz");
    assert.ok(!host.output.includes('"level":"info"'), host.output);
    await reload('{"state_dir": "state", "log": {"level": "loud"}}');
    await said(/cannot be used.*patchbay\.json.*\/log\/level/);
    await reload(whole);
    await said(/read again/);
    assert.equal((await host.get("/readyz")).status, 200);
  } finally {
    await writeFile(host.configFile, whole);
  }
});
