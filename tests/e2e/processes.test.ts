// Processes: those of the host, and signed calls to an address outside (REC-3, CHAT-18).
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { Webhook } from "standardwebhooks";
import { KEY, post } from "./support/echo.ts";
import { BUILD, eventually, Patchbay, type Answer, type Browser } from "./support/patchbay.ts";
import { Receiver } from "./support/receiver.ts";

let host: Patchbay;
let ana: Browser, ben: Browser;
const outside = new Receiver();

before(async () => {
  await outside.start();
  host = await Patchbay.start({ allow: [`127.0.0.1:${outside.port}`], folders: [join(BUILD, "test_plugins")] });
  ana = await host.signIn("ana");
  ben = await host.signIn("ben");
});
after(async () => {
  await host?.stop();
  outside.stop();
});

const ask = (who: Browser, method: string, path: string, body?: unknown): Promise<Answer> => host.call(method, `/api/v1${path}`, body, who.headers);
async function add(code: string, more: object = {}): Promise<string> {
  const made = await host.post("/api/v1/processes", { code, title: { en: "Tell", ru: "Сообщить" }, url: outside.address, tags: ["outside"],
    parameters: [{ code: "RecordId", type: "id", required: true }, { code: "Note" }], ...more });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body.secret;
}
const ended = (id: string): Promise<any> => eventually("the run ends", async () => {
  const { body } = await host.get(`/api/v1/process-runs/${id}`);
  return ["done", "failed"].includes(body.state) && body;
});

test("a call is signed, tried again while the other side is down, and its answer kept", async () => { // REC-3
  const secret = await add("Tell");
  outside.answers = [{ status: 500 }, { status: 503, headers: { "retry-after": "1" } }, { status: 200, body: '{"number": 7}' }];
  const first = outside.got.length;
  const started = await ask(ana, "POST", "/processes/Tell/runs", { parameters: { RecordId: "17", Note: "hello" } });
  assert.equal(started.status, 202, JSON.stringify(started.body));
  const run = await ended(started.body.id);
  assert.equal(run.state, "done");
  assert.deepEqual([run.result, run.error, run.attempts, run.started_by], [{ number: 7 }, null, 3, "user:ana"]);
  const tries = outside.got.slice(first);
  assert.equal(tries.length, 3);
  for (const one of tries) {
    const payload = new Webhook(secret).verify(one.body, one.headers) as any;
    assert.equal(payload.type, "process.run");
    assert.deepEqual(payload.data, { run: run.id, process: "Tell", parameters: { RecordId: "17", Note: "hello" }, started_by: "user:ana" });
    assert.throws(() => new Webhook(secret).verify(one.body + " ", one.headers), /signature/i);
  }
  assert.equal(new Set(tries.map((one) => one.headers["webhook-id"])).size, 1, "one run, one id");
});

test("a refusal fails at once, and can be tried again by hand", async () => { // REC-3
  await add("Refused");
  outside.answers = [{ status: 422, body: '{"why": "no"}' }];
  const { body } = await ask(ana, "POST", "/processes/Refused/runs", { parameters: { RecordId: "1" } });
  const failed = await ended(body.id);
  assert.deepEqual([failed.state, failed.attempts, failed.result], ["failed", 1, { why: "no" }]);
  assert.match(failed.error, /422/);
  assert.equal((await ask(ana, "POST", `/process-runs/${body.id}/retry`)).status, 403, "who manages processes may");
  assert.equal((await host.post(`/api/v1/process-runs/${body.id}/retry`)).status, 202);
  assert.equal((await ended(body.id)).state, "done");
  assert.equal((await host.post(`/api/v1/process-runs/${body.id}/retry`)).status, 409);
});

test("a renewed secret signs beside the former one", async () => { // ACC-4
  const former = await add("Renewed");
  const { body } = await host.post("/api/v1/processes/Renewed/secret");
  assert.notEqual(body.secret, former);
  const shown = await host.get("/api/v1/processes/Renewed");
  assert.equal(shown.body.secret, undefined, "shown once");
  const first = outside.got.length;
  const started = await ask(ana, "POST", "/processes/Renewed/runs", { parameters: { RecordId: "1" } });
  await ended(started.body.id);
  for (const secret of [former, body.secret]) new Webhook(secret).verify(outside.got[first]!.body, outside.got[first]!.headers);
});

test("what does not fit is refused, and everybody sees his own runs", async () => { // REC-3
  await add("Checked", { active: false });
  const start = (parameters: object): Promise<Answer> => ask(ana, "POST", "/processes/Checked/runs", { parameters });
  assert.equal((await start({ RecordId: "1" })).status, 409, "switched off");
  const process = await host.get("/api/v1/processes/Checked");
  const on = await host.call("PATCH", "/api/v1/processes/Checked", { active: true }, { "if-match": process.headers.get("etag")! });
  assert.equal(on.status, 200, JSON.stringify(on.body));
  assert.equal((await host.call("PATCH", "/api/v1/processes/Checked", { active: true }, { "if-match": process.headers.get("etag")! })).status, 412);
  assert.deepEqual((await start({ Note: 5, Nte: "x" })).body.errors.map((one: any) => one.pointer), ["/parameters/RecordId", "/parameters/Note", "/parameters/Nte"]);
  const { body } = await start({ RecordId: "1" });
  await ended(body.id);
  assert.equal((await ask(ana, "GET", `/process-runs/${body.id}`)).status, 200);
  assert.equal((await ask(ben, "GET", `/process-runs/${body.id}`)).status, 404);
  assert.deepEqual((await ask(ben, "GET", "/process-runs")).body.items, []);
  assert.ok((await ask(ana, "GET", "/process-runs?process=Checked&state=done")).body.items.some((one: any) => one.id === body.id));
  const tagged = await ask(ana, "GET", "/processes?tag=outside");
  assert.ok(tagged.body.processes.every((one: any) => one.tags.includes("outside") && !one.built_in));
  assert.equal((await host.post("/api/v1/processes", { code: "Inside", title: "x", url: "not an address" })).body.errors[0].pointer, "/url");
});

test("a place that is not open to the host is not called", async () => { // REC-3
  const refused = await host.post("/api/v1/processes", { code: "Inside", title: "x", url: "http://127.0.0.1:1/" });
  assert.deepEqual([refused.status, refused.body.errors[0].pointer], [422, "/url"]);
  const shown = (await ask(ana, "GET", "/processes/Tell")).body;
  assert.deepEqual([shown.url, shown.timeout_ms, shown.attempts], [undefined, undefined, undefined], "where it is, is for who manages processes");
  assert.equal((await host.get("/api/v1/processes/Tell")).body.url, outside.address);
});

test("runs survive a restart, and a case is made of a chat", async () => { // CHAT-18, REC-3
  const shop = await host.connect("echo", "Shop", { account: "shop", signing_key: KEY });
  await post(host.address, shop, { id: "1", chat: "eva", author: "Eva", text: "my lamp is broken\nhelp" });
  const chat = await eventually("the chat is there", async () => (await host.all("/api/v1/chats")).find((one) => one.title === "Eva" || one.client));
  const contact = await ask(ana, "POST", "/records/contact", { fields: { name: "Eva" } });
  outside.answers = [{ status: 500, headers: { "retry-after": "5" } }];
  const waiting = await ask(ana, "POST", "/processes/Tell/runs", { parameters: { RecordId: "2" } });
  await eventually("the first try is over", async () => {
    const { body } = await host.get(`/api/v1/process-runs/${waiting.body.id}`);
    return body.attempts === 1 && body.state === "queued";
  });
  await host.kill();
  await host.serve();
  assert.equal((await ended(waiting.body.id)).state, "done");

  const make = (who: Browser, ChatId: string): Promise<Answer> => ask(who, "POST", "/processes/CreateCaseFromChat/runs", { parameters: { ChatId, ContactId: contact.body.id } });
  const started = await make(await host.signIn("chief", ["CanManageChats"]), chat.id);
  const run = await ended(started.body.id);
  assert.equal(run.state, "done", run.error);
  const made = await ask(ana, "GET", `/records/case/${run.result.CaseId}`);
  assert.deepEqual([made.body.fields.chat, made.body.fields.contact, made.body.fields.number], [chat.id, contact.body.id, run.result.Number]);
  assert.match(made.body.fields.name, /my lamp is broken$/);
  for (const id of [chat.id, "5"]) {
    const lost = await make(ana, id);
    assert.deepEqual([lost.status, lost.body.detail], [404, `There is no chat ${id}`], "one that she may not read is none");
  }
});

test("a plugin does what it brings, again where it could not, and not twice what it refuses", async () => { // REC-3
  await host.connect("clerk", "Front", { desk: "front" });
  const shown = (await host.get("/api/v1/processes/Stamp")).body;
  assert.deepEqual([shown.plugin, shown.title.ru, shown.tags, shown.url], ["clerk", "Поставить печать", ["paper"], undefined]);
  assert.equal((await ask(ana, "POST", "/processes/Stamp/runs", { parameters: {} })).status, 422, "Paper is required");
  const stamp = async (parameters: object): Promise<any> => {
    const started = await ask(ana, "POST", "/processes/Stamp/runs", { parameters });
    assert.equal(started.status, 202, JSON.stringify(started.body));
    return ended(started.body.id);
  };
  const done = await stamp({ Paper: "A4" });
  assert.equal(done.state, "done", JSON.stringify(done));
  assert.deepEqual([done.result.desk, done.result.stamped, done.result.request.run, done.result.request.started_by], ["front", "A4", done.id, "user:ana"]);
  const late = await stamp({ Paper: "A5", Mood: "late" });
  assert.deepEqual([late.state, late.attempts, late.result.request.attempt], ["done", 2, 2]);
  const fainted = await stamp({ Paper: "A6", Mood: "faint" });
  assert.equal(fainted.state, "failed");
  assert.match(fainted.error, /ended the plugin's worker twice/, "the host has tried it again by itself");
  const refused = await stamp({ Paper: "A7", Mood: "strict" });
  assert.deepEqual([refused.state, refused.attempts], ["failed", 1]);
  assert.match(refused.error, /no signature/);
  const back = await host.connect("clerk", "Back", { desk: "back" });
  assert.match(JSON.stringify((await ask(ana, "POST", "/processes/Stamp/runs", { parameters: { Paper: "A4" } })).body.errors), /connected integration of clerk/);
  assert.equal((await stamp({ Paper: "A4", Integration: back })).result.desk, "back");
  assert.equal((await host.call("DELETE", "/api/v1/processes/Stamp", undefined, { "if-match": "*" })).status, 409);
});
