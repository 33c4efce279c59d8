// A plugin in a running host that asks for what is not its own, forges, floods and dies (HOST-5, HOST-6, bars 5, 6 and 15).
// What a library tries inside its process is in tests/port/sandbox_test.cpp; this is what it tries through the host.
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { KEY, post, send } from "./support/echo.ts";
import { ask, misbehaving, OWN_KEY, tell } from "./support/misbehave.ts";
import { eventually, Patchbay } from "./support/patchbay.ts";

const CANARY = "canary-7f3a91c25be04d68"; // a secret of another integration
const OK = 0;

let host: Patchbay;
let folder = "";
let lure: Server; // opened for the plugin; sends it elsewhere
const seen: string[] = []; // what reached the lure
let good = "";
let bad = "";

before(async () => {
  folder = await misbehaving(
    {
      secrets: { token: { hosts: ["api.example.org"] } },
      egress: ["setting:/api_base", "api.example.org", "127.0.0.1", "localhost", "169.254.169.254", "[::1]"],
    },
    { token: { "x-secret": true }, api_base: {} },
  );
  lure = createServer((incoming, outgoing) => {
    seen.push(`${incoming.method} ${incoming.url} ${JSON.stringify(incoming.headers)}`);
    if (incoming.url === "/to-the-host") return void outgoing.writeHead(302, { location: `${host.address}/api/v1/integrations` }).end();
    if (incoming.url === "/to-metadata") return void outgoing.writeHead(307, { location: "http://169.254.169.254/latest/" }).end();
    if (incoming.url === "/to-a-file") return void outgoing.writeHead(302, { location: "file:///etc/passwd" }).end();
    outgoing.writeHead(200).end("{}");
  });
  await new Promise<void>((resolve) => lure.listen(0, "127.0.0.1", resolve));
  host = await Patchbay.start({ folders: [folder], allow: [`127.0.0.1:${port()}`] });
  good = await host.connect("echo", "Good", { account: "good", signing_key: KEY });
  await host.connect("echo", "Other", { account: "other", signing_key: CANARY });
  bad = await host.connect("misbehave", "Bad", { key: OWN_KEY, token: "a token of its own", api_base: base() });
});
after(async () => {
  await host?.stop();
  lure?.close();
  await rm(folder, { recursive: true, force: true });
});

const port = (): number => (lure.address() as AddressInfo).port;
const base = (): string => `http://127.0.0.1:${port()}`;

let greetings = 0;
// The other plugin works, and the host is alive.
async function othersWork(): Promise<void> {
  const text = `hello ${++greetings}`;
  assert.equal((await post(host.address, good, { id: text, chat: "c", author: "Ana", text })).status, 200);
  await eventually("a message of the other plugin", async () => {
    const [chat] = await host.chats(good);
    return chat && (await host.messages(chat.id)).some((one) => one.text === text);
  });
}

test("through the host it gets nothing that is not its own", async () => { // HOST-6, OPS-13, bars 15 and 16
  const file = await ask(host, bad, "pb.blob/1:create", { name: "own" });
  assert.equal(file.code, OK, file.text);
  const http = (url: string, more: object = {}): [string, object] => ["pb.http/1:fetch", { url, ...more }];
  const attempts: Record<string, [string, unknown]> = {
    "a secret of another integration": ["pb.secrets/1:get", { name: "signing_key" }],
    "the same, naming its owner": ["pb.secrets/1:get", { name: "signing_key", integration: good, scope: "integration", owner: good }],
    "a secret by a path": ["pb.secrets/1:get", { name: `../${good}/signing_key` }],
    "a secret of a profile": ["pb.secrets/1:get", { name: "profile:client_secret" }],
    "a secret without a name": ["pb.secrets/1:get", { name: "" }],
    "a secret by a list": ["pb.secrets/1:get", { name: ["signing_key"] }],
    "all secrets": ["pb.secrets/1:get", { name: "*" }],
    "the master key": ["pb.vault/1:get", { name: "vault.key" }],
    "a token of a grant that it has not": ["pb.oauth/1:token", { grant: "main" }],
    "a secret under a name with an end in it": ["pb.secrets/1:put", { name: "a\u0000b", value: "value" }],
    "a secret without end": ["pb.secrets/1:put", { name: "long", value: "x".repeat(70_000) }],
    "another's secret on its way out": http(`${base()}/{{secret:signing_key}}`),
    "its token to another host": http(`${base()}/{{secret:token}}`),
    "its token in a header": http(base(), { headers: { authorization: "Bearer {{secret:token}}" } }),
    "its token as authorisation": http(base(), { auth: "bearer:{{secret:token}}" }),
    "a grant as authorisation": http(base(), { auth: "oauth:main" }),
    "its token in a query": http(base(), { query: { t: "{{secret:token}}" } }),
    "its token in JSON": http(base(), { method: "POST", json: { t: "{{secret:token}}" } }),
    "a digest made with its token": http(`${base()}/{{hmac-sha256-hex:secret:token:x}}`),
    "a secret of a profile on its way out": http(`${base()}/{{profile:client_secret}}`),
    "a token of a grant on its way out": http(`${base()}/{{oauth:main}}`),
    "a placeholder of the host's": http(`${base()}/{{secret:../vault.key}}`),
    "the host's own interface": http(`${host.address}/api/v1/integrations`),
    "the same by name": http(host.address.replace("127.0.0.1", "localhost") + "/api/v1/integrations"),
    "the same over IPv6": http(host.address.replace("127.0.0.1", "[::1]") + "/api/v1/integrations"),
    "the same as a number": http(host.address.replace("127.0.0.1", "2130706433") + "/api/v1/integrations"),
    "the same in octal": http(host.address.replace("127.0.0.1", "0177.0.0.1") + "/api/v1/integrations"),
    "the same behind a user's name": http(host.address.replace("//", "//api.example.org@") + "/api/v1/integrations"),
    "the same by a redirect": http(`${base()}/to-the-host`, { redirect: { max: 5 } }),
    "metadata of the machine": http("http://169.254.169.254/latest/meta-data/"),
    "the same by a redirect of it": http(`${base()}/to-metadata`, { redirect: { max: 5 } }),
    "a file by its address": http("file:///etc/passwd"),
    "a file by a redirect": http(`${base()}/to-a-file`, { redirect: { max: 5 } }),
    "another protocol": http(`gopher://127.0.0.1:${port()}/`),
    "a host that it has not declared": http("https://elsewhere.example.org/"),
    "its own host without TLS": http("http://api.example.org/"),
    "a header within a header": http(base(), { headers: { "x-a": "1\r\nx-b: 2" } }),
    "a header within a name": http(base(), { headers: { "x-a\r\nx-b": "1" } }),
    "a method with a line in it": http(base(), { method: "GET / HTTP/1.1\r\nX: y" }),
    "an address with a line in it": http(`${base()}/a\r\nx: y`),
    "a request that never ends": http(base(), { timeout_ms: -1 }),
    "another's file": ["pb.blob/1:read", { blob: "1", offset: 0, length: 10 }],
    "a file by a path": ["pb.blob/1:read", { blob: "../../etc/passwd", offset: 0, length: 10 }],
    "more of a file than there is": ["pb.blob/1:read", { blob: file.reply.blob, offset: 0, length: 1 << 30 }],
    "a file from before its beginning": ["pb.blob/1:read", { blob: file.reply.blob, offset: -1, length: 10 }],
    "a file with a hole": ["pb.blob/1:write", { blob: file.reply.blob, offset: 1 << 30 }],
    "a file of an endless name": ["pb.blob/1:create", { name: "n".repeat(5000) }],
    "a state without end": ["pb.state/1:put", { key: "k", value: "x".repeat(300_000) }],
    "a state under an endless key": ["pb.state/1:put", { key: "k".repeat(5000), value: 1 }],
    "a state that is newer": ["pb.state/1:put", { key: "k", value: 1, expected_version: 99 }],
    "records under a lease that it has not": ["pb.sync/1:emit", { job: "history", lease: 1, checkpoint: {}, records: [] }],
    "webhooks under a lease that it has not": ["pb.webhook/1:inject", { route: "in", lease: 12345, content_type: "application/json" }],
    "webhooks of a route that it has not": ["pb.webhook/1:inject", { route: "signing", lease: 0, content_type: "application/json" }],
    "events under a lease that it has not": ["pb.events/1:emit", { events: [], lease: 12345 }],
    "events under a lease of a run that there is not": ["pb.events/1:emit", { events: [], job: "history", lease: 1 }],
    "events under a lease that is none": ["pb.events/1:emit", { events: [], lease: "1" }],
    "an event without a key": ["pb.events/1:emit", { events: [{ type: "message.received", data: {} }] }],
    "an event of a kind that there is not": ["pb.events/1:emit", { events: [{ type: "admin.grant", dedupe_key: "1", order_key: "1", data: {} }] }],
    "events that are none": ["pb.events/1:emit", { events: "all" }],
    "a verb of the host's": ["pb.lifecycle/1:stop", {}],
    "a query of the database": ["pb.store/1:query", { sql: "select * from secrets" }],
    "no verb at all": ["", {}],
    "a verb that is a path": ["../../pb.http/1:fetch", {}],
    "a request that is a list": ["pb.state/1:get", ["k"]],
    "a request that is deeper than deep": ["pb.state/1:put", { key: "k", value: JSON.parse("[".repeat(200) + "]".repeat(200)) }],
    "nothing as a request": ["pb.http/1:fetch", null],
  };
  const wrong: string[] = [];
  for (const [name, [method, body]] of Object.entries(attempts)) {
    const before = seen.length;
    const answer = await ask(host, bad, method, body);
    const is_redirect = name.includes("redirect");
    if ((answer.code ?? answer.refused) === OK) wrong.push(`${name}: ${JSON.stringify(answer)}`);
    if (seen.length !== before + (is_redirect ? 1 : 0)) wrong.push(`${name}: something was sent: ${seen.at(-1)}`);
    if (JSON.stringify(answer).includes(CANARY)) wrong.push(`${name}: the other's secret`);
  }
  assert.deepEqual(wrong, []);
  const denied = host.output.split("\n").filter((line) => line.includes('"level":"warn') && line.includes('"plugin":"misbehave"')).length;
  assert.ok(denied >= 15, `${denied} refusals in the log`);
  assert.ok(!host.output.includes(CANARY) && !host.output.includes(OWN_KEY));
  console.log(`hostile: ${Object.keys(attempts).length} attempts through the host, each denied, ${denied} of them with a warning`);

  // Fields that nobody asked for change nothing: a state is its own whatever it is told to be.
  assert.equal((await ask(host, bad, "pb.state/1:put", { key: "mine", value: 1, integration: good })).code, OK);
  assert.equal((await ask(host, bad, "pb.state/1:get", { key: "mine", integration: good })).reply.value, 1);
  await othersWork();
});

// A frame as schemas/wire/0.md has it; its numbers are below 128, so that it is text.
function frame(kind: number, instance: number, id: number, part: string): string {
  const bytes = Buffer.alloc(32);
  bytes.write("PBW1");
  bytes.writeUInt32LE(part.length, 4);
  bytes.writeUInt16LE(kind, 8);
  bytes.writeUInt32LE(part.length, 12);
  bytes.writeUInt8(id, 16);
  bytes.writeUInt32LE(instance, 28);
  return bytes.toString("latin1") + part;
}

test("what it has the host keep has a limit, which is shown and heals", async () => { // HOST-5
  const crowded = await Patchbay.start({ config: { plugins: { folders: [folder], storage_mb: 1 } } });
  try {
    const id = await crowded.connect("misbehave", "Greedy", { key: OWN_KEY, token: "t", api_base: base() });
    const state = (): Promise<any> => crowded.get(`/api/v1/integrations/${id}`).then((answer) => answer.body);
    const put = (key: string, value: unknown): Promise<any> => ask(crowded, id, "pb.state/1:put", { key, value });
    let kept = 0;
    while ((await put(`k${kept}`, "x".repeat(150_000))).code === OK) ++kept;
    assert.ok(kept > 2 && kept < 7, `${kept} were kept`);
    const told = await eventually("the integration says it", async () => { const now = await state(); return now.state === "degraded" && now; });
    assert.match(told.reason.text, /1 MiB \(plugins\.storage_mb\)/);
    assert.equal((await put("k0", null)).code, OK);
    await eventually("and is well again", async () => (await state()).state === "active", 30);
  } finally {
    await crowded.stop();
  }
});

test("whatever it does to its own process, others do not feel it", async () => { // HOST-5, bars 5 and 6
  const ways: Record<string, object> = {
    "crashes": { misbehave: "crash" },
    "aborts": { misbehave: "abort" },
    "exits": { misbehave: "exit", code: 0 },
    "lets an exception out": { misbehave: "throw" },
    "closes its line": { misbehave: "close_wire" },
    "writes garbage into its line": { misbehave: "wire" },
    "writes the beginning of a frame and dies": { misbehave: "wire", bytes: "PBW1" + "\u0001".repeat(40) },
    "forges a frame longer than frames are": { misbehave: "wire", bytes: "PBW1\u007f\u007f\u007f\u007f" + "\0".repeat(24) },
    "forges a frame of an instance that never was": { misbehave: "wire", bytes: frame(10, 99, 1, '{"method":"pb.state/1:get"}\n{"key":"k"}') },
    "forges a frame that only the host sends": { misbehave: "wire", bytes: frame(7, 1, 1, "{}") },
    "says that an instance is open which it was not asked to open": { misbehave: "wire", bytes: frame(4, 50, 0, "{}") },
  };
  for (const [name, way] of Object.entries(ways)) {
    const before = (await host.get(`/api/v1/health/${bad}`)).body.restarts;
    await tell(host, bad, way);
    await eventually(`the host notices that it ${name}`, async () => {
      const now = (await host.get(`/api/v1/health/${bad}`)).body;
      return now.restarts !== before || now.state === "quarantined";
    }, 60);
    await othersWork();
    // Until the call is given up or the plugin quarantined; then it may go on.
    await eventually(`it comes to rest after it ${name}`, async () => {
      if ((await host.get(`/api/v1/health/${bad}`)).body.state !== "quarantined") return (await host.all(`/api/v1/inbox?state=new&integration=${bad}`)).length === 0;
      await host.post(`/api/v1/integrations/${bad}/deactivate`);
      for (const item of await host.all(`/api/v1/inbox?state=new&integration=${bad}`)) await host.post(`/api/v1/inbox/${item.id}/discard`);
      return (await host.post(`/api/v1/integrations/${bad}/activate`)).status === 200;
    }, 90);
  }
  const harmless: Record<string, object> = {
    "answers to calls that nobody made": { misbehave: "unknown_id" },
    "answers twice": { misbehave: "twice" },
    "a forged answer to a call that there is not": { misbehave: "wire", bytes: frame(8, 1, 100, "{}") },
    "a thousand calls at once": { misbehave: "flood", count: 1000 },
    "a hundred thousand lines": { misbehave: "logs", count: 100_000 },
    "a reply nested without end": { misbehave: "deep" },
    "a reply longer than a frame": { misbehave: "huge" },
    "broken text": { misbehave: "bad_utf8" },
    "figures that are none": { misbehave: "metrics" },
    "structs of a wrong size": { misbehave: "zero_result" },
    "a reply that is no JSON": { misbehave: "not_json" },
    "no reply": { misbehave: "null_result" },
  };
  const lines = host.output.length;
  for (const [name, way] of Object.entries(harmless)) {
    await tell(host, bad, way);
    await othersWork();
    const began = Date.now();
    assert.equal((await send(`${host.address}/healthz`, { method: "GET" })).status, 200, name);
    assert.ok(Date.now() - began < 1000, `${name}: /healthz took ${Date.now() - began} ms`);
  }
  assert.ok(host.output.length - lines < 20 << 20, "the flood of lines is not in the log");
  console.log(`hostile: ${Object.keys(ways).length} deaths and ${Object.keys(harmless).length} nuisances, nobody else felt them`);
});
