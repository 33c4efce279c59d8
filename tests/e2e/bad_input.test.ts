// Bad input over the network: every wrong request gets an answer that says what is wrong, and nothing else suffers.
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, test } from "node:test";
import { KEY, post, send, sign } from "./support/echo.ts";
import { eventually, Patchbay } from "./support/patchbay.ts";
import { Postgres } from "./support/postgres.ts";

let host: Patchbay;
let integration = "";
let hook = "";
const GOOD = { id: "1", chat: "a", author: "Ana", text: "hello" };

before(async () => {
  host = await Patchbay.start();
  integration = await host.connect("echo", "Bad input", { account: "bad", signing_key: KEY });
  hook = `${host.address}/hooks/echo/${integration}/in`;
});
after(() => host?.stop());

function problem(answer: { status: number; body: any; headers: Headers }, status: number): any {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  assert.match(answer.headers.get("content-type") ?? "", /^application\/problem\+json/);
  for (const key of ["type", "title", "detail", "request_id"]) assert.equal(typeof answer.body[key], "string", key);
  assert.equal(answer.body.status, status);
  return answer.body;
}

// The host takes good requests still.
async function goesOn(): Promise<void> {
  const reply = await post(host.address, integration, GOOD);
  assert.equal(reply.status, 200);
  assert.equal(reply.body, "");
}

test("a wrong signature, or none, is 401 and stores nothing", async () => { // HOOK-6
  const body = JSON.stringify({ ...GOOD, id: "forged", chat: "forged" });
  const headers = { "content-type": "application/json" };
  assert.equal((await send(hook, { headers, body })).status, 401);
  for (const signature of ["", "00", sign(body, "another key"), sign(body + " "), sign(body).slice(2), "é".repeat(32)]) {
    const reply = await send(hook, { headers: { ...headers, "x-echo-signature": Buffer.from(signature).toString("latin1") }, body });
    assert.equal(reply.status, 401, signature);
  }
  await goesOn();
  assert.ok(!(await host.all("/api/v1/inbox")).some((entry) => entry.lane === "forged"));
});

test("a body over the route's limit is 413, told or chunked", async () => {
  const body = JSON.stringify({ ...GOOD, id: "large", text: "x".repeat(70_000) });
  const signed = { "content-type": "application/json", "x-echo-signature": sign(body) };
  assert.equal((await send(hook, { headers: { ...signed, "content-length": String(body.length) }, body })).status, 413);
  assert.equal((await send(hook, { headers: { ...signed, "transfer-encoding": "chunked" }, body })).status, 413);
  const told = await send(hook, { headers: { ...signed, "content-length": "99999999999999999999" }, body: "" }).catch(() => ({ status: 400 }));
  assert.ok([400, 413].includes(told.status));
  await goesOn();
});

test("unknown paths are 404, wrong methods 405 with Allow", async () => {
  assert.equal((await send(`${host.address}/hooks/echo/999/in`, { body: "{}" })).status, 404);
  assert.equal((await send(`${host.address}/hooks/echo/${integration}/out`, { body: "{}" })).status, 404);
  assert.equal((await send(`${host.address}/hooks/telegram/${integration}/in`, { body: "{}" })).status, 404);
  const wrong = await send(hook, { method: "GET" });
  assert.equal(wrong.status, 405);
  assert.equal(wrong.headers["allow"], "POST");
  const api = await host.call("DELETE", "/api/v1/chats");
  problem(api, 405);
  assert.match(api.headers.get("allow") ?? "", /GET/);
  problem(await host.get("/api/v1/chatz"), 404);
  problem(await host.get("/api/v1/chats/999"), 404);
  problem(await host.get("/"), 404);
});

async function raw(method: string, path: string, body: string, type: string): Promise<{ status: number; body: any; headers: Headers }> {
  const response = await fetch(host.address + path, { method, body, headers: { authorization: `Bearer ${host.token}`, "content-type": type } });
  return { status: response.status, body: await response.json(), headers: response.headers };
}

test("broken JSON is 400 with the place, another content type 415", async () => {
  const broken = problem(await raw("POST", "/api/v1/integrations", '{"plugin": "echo",\n "name": }', "application/json"), 400);
  assert.match(broken.detail, /line 2, column \d+/);
  problem(await raw("POST", "/api/v1/integrations", '{"plugin": "\xff"}', "application/json"), 422); // the sign ÿ: fine JSON, unknown plugin
  problem(await raw("POST", "/api/v1/integrations", "plugin=echo", "application/x-www-form-urlencoded"), 415);
  problem(await raw("POST", "/api/v1/integrations", "[".repeat(100_000), "application/json"), 400);
});

test("content that does not fit is 422 with a pointer", async () => {
  const unknown = problem(await host.post("/api/v1/integrations", { plugin: "echo", name: "x", settings: { acount: "x" } }), 422);
  assert.equal(unknown.errors[0].pointer, "/acount");
  assert.match(JSON.stringify(unknown.errors), /account/);
  assert.match(JSON.stringify(problem(await host.post("/api/v1/integrations", { plugin: "ecko", name: "x", settings: {} }), 422)), /echo/);
  problem(await host.post("/api/v1/integrations", { name: "x" }), 422);
  for (const limit of ["0", "501", "-1", "ten", ""]) problem(await host.get(`/api/v1/chats?limit=${limit}`), 422);
  problem(await host.get("/api/v1/chats?cursor=%00"), 422);
  assert.match(JSON.stringify(problem(await host.get("/api/v1/chats?integratoin=1"), 422)), /integration/);
});

test("no token and an unknown one are 401, a scope that is too small 403", async () => { // ACC-2, ACC-3
  problem(await host.call("GET", "/api/v1/chats", undefined, { authorization: "" }), 401);
  problem(await host.call("GET", "/api/v1/chats", undefined, { authorization: "Bearer pb_unknown" }), 401);
  problem(await host.call("GET", "/api/v1/chats", undefined, { authorization: `Basic ${host.token}` }), 401);
  const status = await host.createToken("only status", "status");
  const refused = problem(await host.call("POST", "/api/v1/integrations", { plugin: "echo", name: "x", settings: {} }, { authorization: `Bearer ${status}` }), 403);
  assert.match(refused.detail, /integrations/);
  const reader = await host.createToken("reader", "read");
  assert.equal((await host.call("GET", "/api/v1/chats", undefined, { authorization: `Bearer ${reader}` })).status, 200);
  problem(await host.call("POST", "/api/v1/chats/1/messages", { text: "x" }, { authorization: `Bearer ${reader}` }), 403);
});

// What a socket that writes `first` and then nothing hears, and after how many seconds it is closed.
async function silent(first: string): Promise<{ heard: string; seconds: number }> {
  const started = Date.now();
  const socket = connect(Number(new URL(host.address).port), "127.0.0.1");
  let heard = "";
  socket.on("data", (piece) => (heard += piece.toString()));
  socket.write(first);
  await new Promise((resolve) => socket.once("close", resolve).once("error", () => socket.destroy()));
  return { heard, seconds: (Date.now() - started) / 1000 };
}

test("a slow client is cut and holds up nobody", async () => {
  const slow = [silent(""), silent("POST /hooks/echo/1/in HTTP/1.1\r\nHos"), silent(`POST /hooks/echo/${integration}/in HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{`)];
  await goesOn();
  const [nothing, head, body] = await Promise.all(slow);
  assert.ok(nothing!.seconds < 20, `cut after ${nothing!.seconds} s`);
  assert.ok(head!.seconds < 20, `cut after ${head!.seconds} s`);
  assert.ok(body!.seconds < 45, `cut after ${body!.seconds} s`);
});

test("what is no HTTP is refused with 400 or cut, also in great numbers", async () => {
  for (const bytes of ["\x16\x03\x01\x02\x00\x01\x00", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nA: \x00\r\n\r\n", "POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"]) {
    const { heard, seconds } = await silent(bytes);
    assert.match(heard, /^(HTTP\/1\.[01] (400|505|501) [\s\S]*)?$/, JSON.stringify(bytes));
    assert.ok(seconds < 20);
  }
  const long = await silent(`GET / HTTP/1.1\r\nX: ${"x".repeat(100_000)}\r\n\r\n`);
  assert.match(long.heard, /^(HTTP\/1\.[01] 431 [\s\S]*)?$/);
  await goesOn();
});

test("while the database is away webhooks are 503 with Retry-After, and all heals by itself within 5 s", async () => { // HOOK-6
  const server = await Postgres.start();
  const other = await Patchbay.start({ store: server.url });
  try {
    const id = await other.connect("echo", "Away", { account: "away", signing_key: KEY });
    assert.equal((await post(other.address, id, GOOD)).status, 200);
    await server.pause();
    const refused = await post(other.address, id, { ...GOOD, id: "2" });
    assert.equal(refused.status, 503);
    assert.ok(Number(refused.headers["retry-after"]) > 0);
    assert.equal((await send(`${other.address}/healthz`, { method: "GET" })).status, 200);
    assert.equal((await send(`${other.address}/readyz`, { method: "GET" })).status, 503);
    problem(await other.get("/api/v1/chats"), 503);
    await server.resume();
    await eventually("a webhook is taken again", async () => (await post(other.address, id, { ...GOOD, id: "3" })).status === 200, 5);
    await eventually("and has its effect", async () => {
      const [chat] = await other.chats(id);
      return (await other.messages(chat.id)).length === 2;
    }, 10);
    assert.equal((await send(`${other.address}/readyz`, { method: "GET" })).status, 200);
  } finally {
    await other.stop();
    await server.stop();
  }
});

test("a range that is none is ignored, one beyond the end is 416", async () => { // RFC 9110, 14.2
  const form = new FormData();
  form.append("file", new Blob(["0123456789"], { type: "text/plain" }), "digits.txt");
  const authorization = `Bearer ${host.token}`;
  const made = await fetch(`${host.address}/api/v1/files`, { method: "POST", headers: { authorization }, body: form });
  assert.equal(made.status, 201);
  const { id } = await made.json() as { id: string };
  const cases: [string, number, string][] = [
    ["bytes=2-4", 206, "234"], ["bytes=7-", 206, "789"], ["bytes=-2", 206, "89"],
    ["bytes=abc-5", 200, "0123456789"], ["bytes=5-3", 200, "0123456789"], ["bytes=5-x", 200, "0123456789"], ["bytes=x-", 200, "0123456789"],
  ];
  for (const [range, status, text] of cases) {
    const answer = await fetch(`${host.address}/api/v1/files/${id}`, { headers: { authorization, range } });
    assert.equal(answer.status, status, range);
    assert.equal(await answer.text(), text, range);
  }
  assert.equal((await fetch(`${host.address}/api/v1/files/${id}`, { headers: { authorization, range: "bytes=10-" } })).status, 416);
  const forever = await host.post("/api/v1/tokens", { name: "forever", scopes: "read", expires_in_s: Number.MAX_SAFE_INTEGER });
  assert.equal(forever.status, 422);
});

test("plugins are listed page by page, ordered by id", async () => {
  const seen: string[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const page: any = await host.get(`/api/v1/plugins?limit=1${cursor ? `&cursor=${cursor}` : ""}`);
    assert.equal(page.status, 200);
    assert.equal(page.body.items.length, 1);
    seen.push(page.body.items[0].id);
    cursor = page.body.next;
  }
  assert.ok(seen.includes("echo") && seen.includes("telegram"), String(seen));
  assert.deepEqual(seen, [...seen].sort());
  problem(await host.get("/api/v1/plugins?limit=0"), 422);
});

test("who a client is, only a proxy that is trusted may say", async () => { // OPS-12
  const forged = { "content-type": "application/json", "x-forwarded-for": "198.51.100.9, 203.0.113.7" };
  const behind = await Patchbay.start({ config: { listen: { port: 0, trusted_proxies: ["127.0.0.0/8"] } } });
  try {
    const id = await behind.connect("echo", "Behind", { account: "behind", signing_key: KEY });
    assert.equal((await send(`${behind.address}/hooks/echo/${id}/in`, { headers: forged, body: "{}" })).status, 401);
    await eventually("the refusal is logged", async () => behind.output.includes('"peer":"203.0.113.7"'));
  } finally {
    await behind.stop();
  }
  const before = host.output.length;
  await new Promise((resolve) => setTimeout(resolve, 1100)); // one line a second
  assert.equal((await send(hook, { headers: forged, body: "{}" })).status, 401);
  await eventually("the refusal is logged", async () => host.output.slice(before).includes('"peer":"127.0.0.1"'));
  assert.ok(!host.output.includes("203.0.113.7"));
});
