// Facebook pages, against the simulator: FB-1 to FB-5.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { escapedJson, sign } from "../simulators/meta/delivery.ts";
import type { Fields } from "../simulators/meta/types.ts";
import { GraphError } from "../simulators/meta/types.ts";
import { INBOX, type Page } from "../simulators/meta/messenger.ts";
import { send } from "./support/echo.ts";
import { ANA, SITE, Stage } from "./support/messenger.ts";
import { eventually } from "./support/patchbay.ts";

let stage: Stage;
let bakery: Page;
let books: Page;
let integration: string;
let other: string;

before(async () => {
  stage = await Stage.open();
  bakery = stage.messenger.addPage("104857600001", "Bakery");
  books = stage.messenger.addPage("104857600002", "Books");
  bakery.names.set(ANA, ["Ana", "Klein"]);
  books.names.set("7777", ["Bob", ""]);
});
after(() => stage?.close());

const hook = (): string => `${stage.host.address}/hooks/messenger/-/${stage.profile}/webhook`;

function post(body: string, signature: string): Promise<{ status: number }> {
  return send(hook(), { headers: { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)), "x-hub-signature-256": signature }, body });
}

function bodyOf(mid: string, text: string): string {
  const item: Fields = { sender: { id: ANA }, recipient: { id: bakery.id }, timestamp: Date.now(), message: { mid, text } };
  return escapedJson({ object: "page", entry: [{ id: bakery.id, time: Date.now(), messaging: [item] }] });
}

test("FB-1: permissions that were left out are named with what will not work", async () => {
  stage.graph.declined.add("pages_messaging");
  const { answer } = await stage.begin();
  stage.graph.declined.clear();
  assert.equal(answer.status, 422, JSON.stringify(answer.body));
  assert.match(JSON.stringify(answer.body), /pages_messaging no message can be read or sent/);
});

test("FB-1: public pages are listed over several answers, and each chosen one is an integration with its name", async () => {
  const hidden = stage.messenger.addPage("104857600003", "Hidden");
  hidden.published = false;
  stage.messenger.perAnswer = 1;
  const { path, answer } = await stage.begin();
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.deepEqual(answer.body.step.schema.properties.pages.items["x-titles"], { [bakery.id]: "Bakery", [books.id]: "Books" });
  const done = await stage.host.post(path, { input: { pages: [bakery.id, books.id] } });
  assert.deepEqual(done.body.made.map((each: any) => [each.name, each.state]), [["Bakery", "inactive"], ["Books", "inactive"]]);
  [integration, other] = done.body.made.map((each: any) => each.id);
  for (const id of [integration, other]) {
    const active = await stage.host.post(`/api/v1/integrations/${id}/activate`);
    assert.equal(active.status, 200, JSON.stringify(active.body));
  }
  assert.equal((await stage.host.get(`/api/v1/integrations/${integration}`)).body.identity, `page:${bakery.id}`);
  assert.equal((await stage.host.get(`/api/v1/grants/${stage.grant}`)).body.expires_at, null, "tokens of pages outlive that of the sign-in");
});

test("FB-2: the address is registered with its challenge, and every page is subscribed", async () => {
  const subscription = stage.graph.subscriptions.get("page");
  assert.equal(subscription?.callback, `${SITE}/hooks/messenger/-/${stage.profile}/webhook`);
  for (const page of [bakery, books]) assert.ok(page.fields?.includes("standby"));
  const query = "hub.mode=subscribe&hub.challenge=17&hub.verify_token=";
  assert.equal((await send(`${hook()}?${query}guessed`, { method: "GET" })).status, 401);
});

test("FB-3: what clients write arrives once, at its page, in order", async () => {
  await bakery.message(ANA, { text: "Hallöchen 😀" });
  await books.message("7777", { text: "Books?" });
  const body = bodyOf("m_twice", "twice");
  for (let i = 0; i < 2; ++i) assert.equal((await post(body, sign(body, stage.graph.appSecret))).status, 200);
  await bakery.act(ANA, { postback: { mid: "m_pb", title: "Menu", payload: "MENU" } }, "messaging_postbacks");
  const all = await stage.messages(integration, 3);
  assert.deepEqual(all.map((message) => message.text), ["Hallöchen 😀", "twice", "Menu"]);
  const [asked] = await stage.messages(other, 1);
  assert.deepEqual([all[0].author.name, asked.text, asked.author.name], ["Ana Klein", "Books?", "Bob"]);
});

test("FB-3: a picture is fetched, also when its address has expired meanwhile", async () => {
  const bytes = new Uint8Array([0xff, 0xd8, 1, 2, 3]);
  const url = bakery.addFile({ name: "cake.jpg", type: "image/jpeg", bytes });
  for (const file of bakery.files.values()) file.expired = true;
  await bakery.message(ANA, { attachments: [{ type: "image", payload: { url } }] });
  const file = await eventually("the picture is here", async () => {
    const [attachment] = (await stage.messages(integration, 4))[3].attachments;
    return attachment?.state === "ready" && attachment;
  });
  assert.deepEqual([file.kind, file.name, file.type], ["image", "cake.jpg", "image/jpeg"]);
});

test("FB-3: a reply goes out, is echoed, and is delivered and read by receipts", async () => {
  bakery.echoBeforeAnswer = true;
  const chat = await stage.chat(integration);
  const id = await stage.send(chat.id, { text: "Guten Tag, {{secret:page_token}}" });
  await stage.reaches(chat.id, id, "sent");
  bakery.echoBeforeAnswer = false;
  const sent = bakery.sent.at(-1)!;
  assert.equal(sent.message["text"], "Guten Tag, {{secret:page_token}}");
  assert.equal(sent.args["messaging_type"], "RESPONSE");
  await bakery.tell(ANA, { delivery: { mids: [sent.mid], watermark: Date.now() } }, "message_deliveries");
  await stage.reaches(chat.id, id, "delivered");
  await bakery.tell(ANA, { read: { watermark: Date.now() } }, "message_reads");
  await stage.reaches(chat.id, id, "read");
  assert.equal((await stage.host.messages(chat.id)).filter((message) => message.text.startsWith("Guten Tag")).length, 1, "the echo is no message of its own");
});

test("FB-3: what others wrote from the page is an outgoing message of theirs", async () => {
  const chat = await stage.chat(integration);
  await bakery.says(ANA, INBOX, "From the inbox");
  const found = await eventually("it is here", async () => (await stage.host.messages(chat.id)).find((message) => message.text === "From the inbox"));
  assert.deepEqual([found.direction, found.state], ["out", "sent"]);
});

test("FB-4: what a bot handles is told as such, and what it said before it handed over may come after that", async () => {
  const bot = "555555555";
  const eva = "9999";
  bakery.defaultApp = bot;
  await bakery.message(eva, { text: "Opening hours?" });
  const chat = await eventually("the chat", async () => (await stage.host.chats(integration)).find((each) => each.conversation === eva));
  await bakery.act(eva, { postback: { mid: "m_menu", title: "Menu", payload: "MENU" } }, "messaging_postbacks");
  const echo = bakery.saysLater(eva, bot, "We are open from nine");
  const held = await eventually("the press", async () => (await stage.host.messages(chat.id)).find((each) => each.text === "Menu"));
  assert.equal(held.content.button?.data ?? "", "", "Meta keeps the payload from who may not answer");
  await bakery.pass(eva, stage.graph.appId);
  await echo();
  await eventually("all is here", async () => (await stage.host.messages(chat.id)).length === 3);
  bakery.defaultApp = undefined;
});

test("FB-3: outside the window a message fails with the reason, and Facebook is not asked", async () => {
  const item: Fields = { sender: { id: "8888" }, recipient: { id: bakery.id }, timestamp: Date.now() - 25 * 3600 * 1000, message: { mid: "m_old", text: "long ago" } };
  const body = escapedJson({ object: "page", entry: [{ id: bakery.id, time: Date.now(), messaging: [item] }] });
  assert.equal((await post(body, sign(body, stage.graph.appSecret))).status, 200);
  const chat = await eventually("the chat", async () => (await stage.host.chats(integration)).find((each) => each.conversation === "8888"));
  const before = bakery.sent.length;
  const failed = await stage.reaches(chat.id, await stage.send(chat.id, { text: "too late" }), "failed");
  assert.match(JSON.stringify(failed.reason), /24 hours/);
  assert.equal(bakery.sent.length, before);
});

test("FB-2: a wrong signature is refused and counted, and never reaches the inbox", async () => {
  const waiting = async (): Promise<number> => (await stage.host.all(`/api/v1/inbox?profile=${stage.profile}`)).length;
  const refusals = async (): Promise<number> => Number(/patchbay_hooks_not_verified_total (\d+)/.exec((await stage.host.get("/metrics")).body)?.[1] ?? 0);
  const before = [await waiting(), await refusals()];
  const body = bodyOf("m_forged", "forged");
  const changed = body.replace("forged", "Forged");
  for (const signature of [sign(body, "another secret"), sign(changed, stage.graph.appSecret), "", `sha1=${createHmac("sha1", stage.graph.appSecret).update(body).digest("hex")}`])
    assert.equal((await post(body, signature)).status, 401);
  await eventually("they are counted", async () => (await refusals()) === before[1]! + 4);
  assert.equal(await waiting(), before[0]);
});

test("FB-5: a dead token asks to sign in, and what waited is sent after it; nothing is lost", async () => {
  const chat = await stage.chat(integration);
  stage.graph.killTokens();
  const id = await stage.send(chat.id, { text: "after the sign-in" });
  const shown = await stage.becomes(integration, "sign_in_again");
  assert.match(shown.reason.text, /sign in with Facebook again/);
  await bakery.message(ANA, { text: "written meanwhile" });
  await stage.signIn({ again: stage.grant });
  await stage.becomes(integration, "active");
  await stage.reaches(chat.id, id, "sent");
  assert.equal(bakery.sent.filter((sent) => sent.message["text"] === "after the sign-in").length, 1);
  await eventually("what was written meanwhile is here", async () => (await stage.host.messages(chat.id)).some((message) => message.text === "written meanwhile"), 60);
  await stage.becomes(other, "active");
});

test("errors of Facebook show in the message, and passing ones are repeated", async () => {
  const chat = await stage.chat(integration);
  bakery.defaultApp = undefined;
  stage.graph.fail({ path: "messages", error: new GraphError(2, "Service temporarily unavailable", 0, 500) });
  await stage.reaches(chat.id, await stage.send(chat.id, { text: "once more" }), "sent");
  stage.graph.fail({ path: "messages", error: new GraphError(551, "This person isn't available right now.") });
  const failed = await stage.reaches(chat.id, await stage.send(chat.id, { text: "blocked" }), "failed");
  assert.match(JSON.stringify(failed.reason), /cannot be reached on Messenger/);
});

test("CHAT-26: the same page is not connected twice, and a foreign address stops the set-up and is named", async () => {
  const { path } = await stage.begin();
  const again = await stage.host.post(path, { input: { pages: [bakery.id] } });
  assert.deepEqual(again.body.known, ["Bakery"], JSON.stringify(again.body));
  stage.graph.subscriptions.get("page")!.callback = "https://elsewhere.example/fb";
  assert.equal((await stage.host.post(`/api/v1/integrations/${other}/deactivate`)).status, 200);
  assert.equal(books.fields, undefined, "the page is unsubscribed");
  const refused = await stage.host.post(`/api/v1/integrations/${other}/activate`);
  assert.match(JSON.stringify(refused.body), /elsewhere\.example/);
  const taken = await stage.host.post(`/api/v1/integrations/${other}/activate`, { take_over: true });
  assert.equal(taken.status, 200, JSON.stringify(taken.body));
  assert.match(stage.graph.subscriptions.get("page")!.callback, /hooks\/messenger/);
});

test("no secret stands in the log or comes back", async () => { // ACC-4
  assert.ok(!stage.host.output.includes(stage.graph.appSecret));
  assert.doesNotMatch(stage.host.output, /EAA[0-9a-f]{20}/);
  assert.doesNotMatch(JSON.stringify((await stage.host.get("/api/v1/integrations")).body), /EAA[0-9a-f]{20}/);
});
