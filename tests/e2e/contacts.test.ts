// A client becomes a contact, and an operator makes a case of the chat (CHAT-1, CHAT-15, CHAT-18).
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { KEY, post } from "./support/echo.ts";
import { eventually, Patchbay, type Answer, type Browser } from "./support/patchbay.ts";

let host: Patchbay;
let shop: string;
let ana: Browser, ben: Browser, chief: Browser;
let last = 0;

before(async () => {
  host = await Patchbay.start();
  shop = await host.connect("echo", "Shop", { account: "shop", signing_key: KEY });
  ana = await host.signIn("ana");
  ben = await host.signIn("ben");
  chief = await host.signIn("chief", ["CanManageChats"]);
  // As it comes: the queue of all operators, and the role that is put into it.
  const queue = (await host.all("/api/v1/queues")).find((one) => one.name === "All operators");
  assert.deepEqual([queue.rule, queue.idle_minutes], ["broadcast", null]);
  const role = (await host.all("/api/v1/roles")).find((one) => one.id === queue.operators[0]);
  assert.equal((await host.call("PUT", `/api/v1/roles/${role.id}/members/${ana.answer.body.user.id}`)).status, 204);
  assert.equal((await ask(chief, "PATCH", `/channels/${shop}`, { active: true, queue: queue.id })).status, 200);
  assert.equal((await ask(ana, "PATCH", "/desk", { status: "active" })).status, 200);
});
after(async () => { await host?.stop(); });

const ask = (who: Browser, method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  host.call(method, `/api/v1${path}`, body, { ...who.headers, ...headers });
async function write(client: string): Promise<any> {
  assert.equal((await post(host.address, shop, { id: `m${++last}`, chat: client, author: client, text: "my lamp is broken" })).status, 200);
  return eventually(`the chat of ${client}`, async () => (await host.chats(shop)).find((one) => one.conversation === client && one.state !== "finished"));
}
const contact = async (chat: string): Promise<string | null> => (await host.get(`/api/v1/chats/${chat}`)).body.contact_id;
const fields = async (object: string, id: string): Promise<any> => (await ask(ana, "GET", `/records/${object}/${id}`)).body.fields;
const reasons = async (chat: string): Promise<string[]> => (await host.get(`/api/v1/chats/${chat}/history`)).body.items.map((one: any) => one.reason);

test("a client writes, is a contact, and a case is made that is linked to both", async () => { // CHAT-15, CHAT-18
  const chat = await write("Eva");
  const path = `/desk/chats/${chat.id}`;
  const client = (await contact(chat.id))!;
  assert.equal((await fields("contact", client)).name, "Eva");
  const [message] = (await host.get(`/api/v1/chats/${chat.id}/messages`)).body.items;
  assert.equal(message.author.contact_id, client);

  assert.equal((await ask(ana, "POST", `${path}/accept`)).status, 200);
  const [action] = (await ask(ana, "GET", `${path}/actions`)).body.actions;
  assert.equal(action.name, "Create case");
  const click = (): Promise<Answer> => ask(ana, "POST", `${path}/actions/${action.id}`, undefined, { "idempotency-key": "click" });
  const [one, two] = await Promise.all([click(), click()]);
  assert.deepEqual([one.status, two.status], [202, 202], JSON.stringify([one.body, two.body]));
  assert.equal(one.body.id, two.body.id, "a double click");
  const run = await eventually("the run ends", async () => {
    const { body } = await ask(ana, "GET", `/process-runs/${one.body.id}`);
    return ["done", "failed"].includes(body.state) && body;
  });
  assert.equal(run.state, "done", run.error);
  const made = await fields("case", run.result.CaseId);
  assert.deepEqual([made.chat, made.contact, made.origin], [chat.id, client, "chat"]);
  const history = (await host.get(`/api/v1/chats/${chat.id}/history`)).body.items;
  assert.deepEqual([history.at(-1).reason, history.at(-1).note, history.at(-1).subject, history.at(-1).actor], ["action_started", "Create case", run.id, "user:ana"]);

  assert.equal((await ask(ben, "GET", `${path}/actions`)).status, 404, "he may not read the chat");
  assert.equal((await ask(ben, "POST", `${path}/actions/${action.id}`)).status, 404);
  assert.equal((await ask(ana, "POST", `${path}/finish`)).status, 200);
  assert.deepEqual((await ask(ana, "GET", `${path}/actions`)).body.actions, []);
  const late = await ask(ana, "POST", `${path}/actions/${action.id}`);
  assert.equal(late.status, 409);
  assert.match(late.body.detail, /finished/);
});

test("merging contacts moves the chat, and a later one is of the kept contact", async () => { // CHAT-15
  const chat = await write("Tom");
  const gone = (await contact(chat.id))!;
  const kept = (await ask(chief, "POST", "/records/contact", { fields: { name: "Tom Lima" } })).body.id;
  const merged = await ask(chief, "POST", `/records/contact/${kept}/merge`, { other: gone }, { "if-match": "*" });
  assert.equal(merged.status, 200, JSON.stringify(merged.body));
  assert.equal(await contact(chat.id), kept);
  assert.equal((await ask(chief, "POST", `/desk/chats/${chat.id}/finish`)).status, 200);
  assert.equal(await contact((await write("Tom")).id), kept);
});

test("the operator of a chat says who its client is, nobody else", async () => { // CHAT-15
  const chat = await write("Zoe");
  const path = `/desk/chats/${chat.id}/contact`;
  const real = (await ask(ana, "POST", "/records/contact", { fields: { name: "Zoe Lima" } })).body.id;
  assert.equal((await ask(ben, "PUT", path, { contact: real })).status, 404);
  assert.equal((await ask(ana, "PUT", path, { contact: real })).status, 403, "offered, not accepted");
  assert.equal((await ask(ana, "POST", `/desk/chats/${chat.id}/accept`)).status, 200);
  assert.equal((await ask(ana, "PUT", path, { contact: real })).body.contact_id, real);
  assert.equal((await ask(ana, "DELETE", path)).status, 204);
  assert.equal(await contact(chat.id), null);
  assert.equal((await ask(ana, "PUT", path, { contact: "5" })).status, 404);
  const made = (await ask(ana, "POST", path)).body.contact_id;
  assert.equal((await fields("contact", made)).name, "Zoe");
  assert.deepEqual((await reasons(chat.id)).slice(-3), ["contact_linked", "contact_unlinked", "contact_linked"]);
});

test("where contacts are made on demand, a stranger stays one until then", async () => { // CHAT-15
  const set = await ask(chief, "PUT", "/settings/OmniChatCreateContact", { value: false });
  assert.equal(set.status, 200, JSON.stringify(set.body));
  const chat = await write("Kim");
  assert.equal(chat.contact_id, null);
  const made = await ask(chief, "POST", `/chats/${chat.id}/contact`);
  assert.equal((await fields("contact", made.body.contact_id)).name, "Kim");
});

test("actions say what is wrong, and hold their process", async () => { // CHAT-18, CHAT-24
  const wrong = await ask(chief, "POST", "/chat-actions", { name: " ", queue: "17", process: "Nothing" });
  assert.deepEqual(wrong.body.errors.map((one: any) => one.pointer), ["/name", "/queue", "/process"]);
  assert.equal((await ask(chief, "POST", "/chat-actions", { name: "x" })).status, 422, "all are required");
  assert.equal((await ask(ana, "POST", "/chat-actions", { name: "x", queue: "17", process: "x" })).status, 403);
  const [preset] = await host.all("/api/v1/chat-actions");
  await host.post("/api/v1/processes", { code: "Tell", title: "Tell", url: "https://example.com/" });
  const made = await ask(chief, "POST", "/chat-actions", { name: "Tell them", queue: preset.queue, process: "Tell" });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const etag = (await host.get("/api/v1/processes/Tell")).headers.get("etag")!;
  const held = await host.call("DELETE", "/api/v1/processes/Tell", undefined, { "if-match": etag });
  assert.equal(held.status, 409);
  assert.match(held.body.detail, /Tell them/);
  assert.equal((await ask(chief, "DELETE", `/chat-actions/${made.body.id}`)).status, 204);
  assert.equal((await host.call("DELETE", "/api/v1/processes/Tell", undefined, { "if-match": etag })).status, 204);
});
