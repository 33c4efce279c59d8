// WhatsApp directly from Meta, against the simulator: WA-5, with WA-2 to WA-4, CHAT-12, 13, 15, 21, 25, 26.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, test } from "node:test";
import { escapedJson, sign } from "../simulators/meta/delivery.ts";
import { GraphError, type Json } from "../simulators/meta/types.ts";
import { eventually } from "./support/patchbay.ts";
import { ANA, WhatsAppStage } from "./support/whatsapp.ts";

let stage: WhatsAppStage;
beforeEach(async () => {
  stage = await WhatsAppStage.open();
});
afterEach(() => stage?.close());

const text = (body: string): any => ({ type: "text", text: { body } });

// --- set-up ------------------------------------------------------------------------------------------------------------

test("set-up tries all four values, the name is Meta's, and the address is set by itself", async () => {
  const { draft, path } = await stage.beginSetup();
  const done = await stage.host.post(path, { input: stage.input });
  assert.equal(done.status, 200, JSON.stringify(done.body));
  assert.deepEqual([done.body.step, done.body.made[0].id, done.body.made[0].name], [null, draft, "Acme"]);
  const active = await stage.host.post(`/api/v1/integrations/${draft}/activate`);
  assert.equal(active.status, 200, JSON.stringify(active.body));
  assert.equal(active.body.identity, `number:${stage.number.id}`);
  assert.equal(stage.number.callback, stage.hookOf(draft));
  assert.ok(stage.account.subscribed);
  assert.deepEqual(stage.graph.subscriptions.get("whatsapp_business_account")?.fields, ["messages"]);
  const report = (await stage.host.post(`/api/v1/integrations/${draft}/check`)).body;
  assert.equal(report.facts.webhook, stage.hookOf(draft), JSON.stringify(report));
  await stage.host.post(`/api/v1/integrations/${draft}/deactivate`);
  assert.deepEqual([stage.number.callback, stage.account.subscribed], ["", false]);
});

test("each wrong value is named, in the reader's language, and asked for again", async () => {
  const { path } = await stage.beginSetup();
  const other = stage.whatsapp.addAccount("109999999999999");
  other.addNumber("108888888888888", "+1 555-000-0000", "Other");
  const wrong: [string, string, RegExp][] = [
    ["access_token", "EAAwrong0000000000000000", /does not accept this access token/],
    ["app_secret", "another secret", /not the secret of the app/],
    ["phone_number_id", "100000000000000", /no phone number ID 100000000000000/],
    ["phone_number_id", "108888888888888", /does not show it/],
    ["account_id", "100000000000000", /no WhatsApp Business account 100000000000000/],
  ];
  for (const [field, value, words] of wrong) {
    const refused = await stage.host.post(path, { input: { ...stage.input, [field]: value } });
    assert.equal(refused.status, 422, `${field}: ${JSON.stringify(refused.body)}`);
    assert.equal(refused.body.errors[0].pointer, `/${field}`, JSON.stringify(refused.body));
    assert.match(JSON.stringify(refused.body), words);
  }
  const russian = await stage.host.post(path, { input: { ...stage.input, app_secret: "another secret" } }, { "accept-language": "ru" });
  assert.match(russian.body.errors[0].detail, /не секрет того приложения/);
  stage.token = stage.graph.newToken({ kind: "system", long: true, assets: [stage.account.id], scopes: ["whatsapp_business_management"] });
  const narrow = await stage.host.post(path, { input: stage.input });
  assert.equal(narrow.body.errors[0].pointer, "/access_token");
  assert.match(JSON.stringify(narrow.body), /lacks the permission whatsapp_business_messaging/);
  stage.token = stage.whatsapp.newToken(stage.account, other);
  const strange = await stage.host.post(path, { input: { ...stage.input, account_id: other.id } });
  assert.match(JSON.stringify(strange.body), /\+1 555-078-3881 is no number of the WhatsApp Business account 109999999999999/);
});

test("an app of another program is left as it is; without the field messages the address to paste is shown", async () => { // CHAT-26
  const elsewhere = { callback: "https://elsewhere.example/in?secret=1", fields: ["account_update"] };
  stage.graph.subscriptions.set("whatsapp_business_account", elsewhere);
  const { draft, path } = await stage.beginSetup();
  const shown = await stage.host.post(path, { input: stage.input });
  assert.equal(shown.body.step?.id, "webhook", JSON.stringify(shown.body));
  assert.equal(shown.body.step.schema.properties.address.default, stage.hookOf(draft));
  assert.equal((await stage.host.post(path, { input: {} })).body.made[0].name, "Acme");
  const off = await stage.host.post(`/api/v1/integrations/${draft}/activate`, { take_over: true });
  assert.match(JSON.stringify(off.body), /not subscribed to messages/);
  elsewhere.fields.push("messages");
  const refused = await stage.host.post(`/api/v1/integrations/${draft}/activate`);
  assert.equal(refused.status, 422);
  assert.match(JSON.stringify(refused.body), /elsewhere\.example/);
  assert.doesNotMatch(JSON.stringify(refused.body), /secret=1/);
  const taken = await stage.host.post(`/api/v1/integrations/${draft}/activate`, { take_over: true });
  assert.equal(taken.status, 200, JSON.stringify(taken.body));
  assert.equal(stage.graph.subscriptions.get("whatsapp_business_account")?.callback, elsewhere.callback);
  await stage.number.receive(ANA, text("to us"));
  assert.equal((await stage.messages(draft, 1))[0].text, "to us");
});

test("the same number twice is refused; another number of the account goes its own way", async () => { // CHAT-26
  const first = await stage.connect("First");
  const second = await stage.host.integrate("whatsapp-cloud", "Second", stage.settings);
  const twice = await stage.host.post(`/api/v1/integrations/${second}/activate`);
  assert.equal(twice.status, 409);
  assert.match(twice.body.detail, /First/);
  const sales = stage.account.addNumber("106540352242999", "+1 555-078-3999", "Sales");
  const other = await stage.connect("Sales", { phone_number_id: sales.id });
  await sales.receive(ANA, text("to sales"));
  await stage.number.receive(ANA, text("to support"));
  assert.equal((await stage.messages(other, 1))[0].text, "to sales");
  assert.deepEqual((await stage.messages(first, 1)).map((each) => each.text), ["to support"]);
  await stage.host.post(`/api/v1/integrations/${other}/deactivate`);
  assert.ok(stage.account.subscribed, "the other number needs it");
});

test("a missing value is named, and webhooks need a public https address", async () => { // CHAT-25
  const { app_secret, ...rest } = stage.settings;
  const missing = await stage.host.post("/api/v1/integrations", { plugin: "whatsapp-cloud", name: "x", settings: rest });
  assert.equal(missing.body.errors[0].pointer, "/app_secret");
  const nowhere = await WhatsAppStage.open({ siteUrl: "" });
  try {
    const id = await nowhere.host.integrate("whatsapp-cloud", "Nowhere", nowhere.settings);
    const refused = await nowhere.host.post(`/api/v1/integrations/${id}/activate`);
    assert.equal(refused.status, 422);
    assert.match(JSON.stringify(refused.body), /setting SiteUrl/);
  } finally {
    await nowhere.close();
  }
  const plain = await WhatsAppStage.open({ siteUrl: "http://plain.example" });
  try {
    const id = await plain.host.integrate("whatsapp-cloud", "Plain", plain.settings);
    const refused = await plain.host.post(`/api/v1/integrations/${id}/activate`);
    assert.equal(refused.status, 422);
    assert.match(JSON.stringify(refused.body), /https/);
  } finally {
    await plain.close();
  }
});

// --- in ----------------------------------------------------------------------------------------------------------------

test("what clients write arrives once and in order, also three in one webhook and in two", async () => { // CHAT-13
  const integration = await stage.connect();
  const items = ["Grüße 🎉 {{secret:access_token}}", "two", "three"].map((words) => stage.number.item(ANA, text(words)));
  await stage.number.tell([ANA], { messages: items });
  await stage.number.tell([ANA], { messages: items.slice(1) });
  await stage.number.receive(ANA, text("four"));
  const all = await stage.messages(integration, 4);
  assert.deepEqual(all.map((each) => each.text), ["Grüße 🎉 {{secret:access_token}}", "two", "three", "four"]);
  assert.equal(all[0].author.name, "Ana");
  assert.ok(stage.graph.deliverer.deliveries.every((each) => each.status === 200 && each.body === "EVENT_RECEIVED"));
});

test("a file is fetched with the token over an address that is asked for anew, and can be downloaded", async () => {
  const integration = await stage.connect();
  const bytes = randomBytes(300_000);
  await stage.number.receive(ANA, { type: "image", image: stage.number.media({ type: "image/jpeg", name: "door.jpg", bytes }, { caption: "our door" }) });
  await stage.number.receive(ANA, { type: "document", document: stage.number.media({ type: "application/pdf", name: "a.pdf", bytes }, { filename: "the plan.pdf" }) });
  const [image, plan] = await eventually("the files", async () => {
    const all = await stage.messages(integration, 2);
    const files = all.map((each) => each.attachments[0]);
    return files.every((each) => each?.state === "ready") && all.map((each) => ({ ...each.attachments[0], text: each.text }));
  });
  assert.deepEqual([image.kind, image.type, image.size, image.text], ["image", "image/jpeg", bytes.length, "our door"]);
  assert.equal(plan.name, "the plan.pdf");
  assert.deepEqual(Buffer.from(await stage.download(image.id)), bytes);
});

test("places, presses, cards, reactions, replies and kinds that nobody knows come in", async () => { // CHAT-12
  const integration = await stage.connect();
  const first = await stage.number.receive(ANA, { type: "location", location: { latitude: 55.67, longitude: 12.56, name: "Town hall" } });
  await stage.number.receive(ANA, { type: "interactive", interactive: { type: "button_reply", button_reply: { id: "deal:42", title: "Yes" } } });
  await stage.number.receive(ANA, { type: "contacts", contacts: [{ name: { formatted_name: "Bo Hansen" }, phones: [{ phone: "+4512345678" }] }] });
  await stage.number.receive(ANA, { type: "reaction", reaction: { message_id: first, emoji: "👍" } });
  await stage.number.receive(ANA, { ...text("there"), context: { from: "15550783881", id: first } });
  await stage.number.receive(ANA, { type: "unsupported", errors: [{ code: 131051, title: "Message type unknown" }] });
  const all = await stage.messages(integration, 6);
  assert.equal(all[0].content.location.title, "Town hall");
  assert.deepEqual([all[1].text, all[1].content.button.data], ["Yes", "deal:42"]);
  assert.deepEqual(all[2].content.contact, { name: "Bo Hansen", phone: "+4512345678" });
  assert.match(JSON.stringify(all[3]), /Reacted with 👍/);
  assert.equal(all[4].reply_to?.id ?? all[4].reply_to, all[0].id);
  assert.match(all[5].text, /cannot be shown.*Message type unknown/);
});

test("somebody who hides the number stays in the same chat, and who never told it is answered by user id", async () => { // CHAT-15
  const integration = await stage.connect();
  await stage.number.receive({ ...ANA, userId: "DE.1049" }, text("with my number"));
  await stage.messages(integration, 1);
  await stage.number.receive({ name: "Ana", userId: "DE.1049" }, text("without"));
  await stage.messages(integration, 2);
  const chats = await stage.host.chats(integration);
  assert.equal(chats.length, 1);
  assert.equal((await stage.send(chats[0].id, { text: "hello" }))[0]!.message["to"], `+${ANA.number}`);
  await stage.number.receive({ name: "Bo", userId: "DE.2222" }, text("never told"));
  const bo = await eventually("another chat", async () => (await stage.host.chats(integration)).find((each) => each.title === "Bo"));
  const [answer] = await stage.send(bo.id, { text: "hello" });
  assert.deepEqual([answer!.message["recipient"], answer!.message["to"]], ["DE.2222", undefined]);
  await stage.number.changeUserId({ name: "Bo", userId: "DE.2222" }, "DE.3333");
  await stage.number.receive({ name: "Bo", userId: "DE.3333" }, text("with another id"));
  await eventually("the same chat", async () => (await stage.host.messages(bo.id)).some((each) => each.text === "with another id"));
  assert.equal((await stage.send(bo.id, { text: "hello" }))[0]!.message["recipient"], "DE.3333");
});

test("the phone that WhatsApp has proven finds the contact that has it already", async () => { // CHAT-15
  const integration = await stage.connect();
  const chief = await stage.host.signIn("chief", ["CanManageChats"]);
  const known = await stage.host.call("POST", "/api/v1/records/contact", { fields: { name: "Ana Klein", phones: [`+${ANA.number}`] } }, chief.headers);
  assert.equal(known.status, 201, JSON.stringify(known.body));
  await stage.number.receive(ANA, text("it is me"));
  const chat = await stage.onlyChat(integration);
  assert.equal((await stage.host.get(`/api/v1/chats/${chat.id}`)).body.contact_id, known.body.id);
});

test("a wrong signature is refused and counted, and never reaches the inbox", async () => { // HOOK-5
  const integration = await stage.connect();
  const url = stage.hookOf(integration);
  const value = { messaging_product: "whatsapp", metadata: { phone_number_id: stage.number.id }, messages: [stage.number.item(ANA, text("forged ä"))] };
  const body = escapedJson({ object: "whatsapp_business_account", entry: [{ id: stage.account.id, changes: [{ field: "messages", value }] }] });
  const post = async (sent: string, signature: string): Promise<number> =>
    (await fetch(stage.graph.resolve(url), { method: "POST", body: sent, headers: { "content-type": "application/json", "x-hub-signature-256": signature } })).status;
  for (const [sent, signature] of [[body, sign(body, "another")], [body.replace("forged", "Forged"), sign(body, stage.graph.appSecret)], [body, ""]] as const)
    assert.equal(await post(sent, signature), 401);
  assert.equal((await fetch(`${stage.graph.resolve(url)}?hub.mode=subscribe&hub.challenge=1&hub.verify_token=guessed`)).status, 401);
  await eventually("they are counted", async () => /patchbay_hooks_not_verified_total 4\b/.test(String((await stage.host.get("/metrics")).body)));
  assert.deepEqual(await stage.host.chats(integration), []);
  assert.equal(await post(body, sign(body, stage.graph.appSecret)), 200);
  assert.equal((await stage.messages(integration, 1))[0].text, "forged ä");
});

// --- out ---------------------------------------------------------------------------------------------------------------

test("an answer goes out and its state follows the statuses, which never go back", async () => {
  const integration = await stage.connect();
  const asked = await stage.number.receive(ANA, text("question"));
  const chat = await stage.onlyChat(integration);
  const question = (await stage.messages(integration, 1))[0];
  const [sent] = await stage.send(chat.id, { text: "an answer & {{secret:access_token}}", reply_to: question.id });
  assert.equal((sent!.message["text"] as any).body, "an answer & {{secret:access_token}}");
  assert.deepEqual(sent!.message["context"], { message_id: asked });
  await stage.number.report(sent!, "read");
  const read = await eventually("read", async () => (await stage.messages(integration, 2)).find((each) => each.state === "read"));
  await stage.number.report(sent!, "sent");
  assert.equal((await stage.state(chat.id, read.id)).state, "read");
  assert.ok(!stage.host.output.includes(stage.token), "the token stands in the log");
  assert.ok(!stage.host.output.includes(stage.graph.appSecret), "the secret stands in the log");
});

test("long texts go in parts, files are uploaded, places and buttons go as such", async () => { // WA-3
  const integration = await stage.connect();
  await stage.number.receive(ANA, text("tell me all"));
  const chat = await stage.onlyChat(integration);
  const long = Array.from({ length: 1200 }, (_, i) => `word${i} `).join("");
  const parts = await stage.send(chat.id, { text: long });
  assert.ok(parts.length >= 3, `${parts.length} parts`);
  assert.equal(parts.map((part) => (part.message["text"] as any).body).join(""), long);
  const bytes = randomBytes(400_000);
  const paper = await stage.upload("the offer.pdf", "application/pdf", bytes);
  const [words, file] = await stage.send(chat.id, { text: "the offer", attachments: [paper] });
  assert.equal((words!.message["text"] as any).body, "the offer");
  assert.equal((file!.message["document"] as any).filename, "the offer.pdf");
  assert.deepEqual(Buffer.from(file!.file!.bytes), bytes);
  const [place] = await stage.send(chat.id, { location: { latitude: 55.67, longitude: 12.56, title: "Town hall" } });
  assert.deepEqual(place!.message["location"], { latitude: 55.67, longitude: 12.56, name: "Town hall" });
  const [asked] = await stage.send(chat.id, { text: "Well?", buttons: [[{ title: "Yes", data: "y" }, { title: "No", data: "n" }]] });
  assert.equal((asked!.message["interactive"] as any).type, "button");
});

test("files that WhatsApp does not take are refused before sending; an administrator changes the list", async () => { // WA-3, CHAT-21
  const integration = await stage.connect();
  await stage.number.receive(ANA, text("send me files"));
  const chat = await stage.onlyChat(integration);
  const post = async (name: string, type: string, size: number) =>
    stage.host.post(`/api/v1/chats/${chat.id}/messages`, { attachments: [await stage.upload(name, type, Buffer.alloc(size, 1))] });
  assert.match(JSON.stringify((await post("a.zip", "application/zip", 10)).body), /image\/jpeg/);
  assert.match(JSON.stringify((await post("a.png", "image/png", 5 * 1024 * 1024 + 1)).body), /5 MB/);
  const files = { document: { max_bytes: 1000, types: ["application/zip"] } };
  const changed = await stage.host.call("PATCH", `/api/v1/integrations/${integration}`, { settings: { files } });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  assert.equal((await post("a.zip", "application/zip", 10)).status, 202);
  assert.equal((await post("a.jpg", "image/jpeg", 10)).status, 422);
});

test("a closed window is refused at once, a template goes out, and the client's next word opens it", async () => { // WA-4
  const integration = await stage.connect();
  const components: Json[] = [{ type: "HEADER", format: "TEXT", text: "Order" }, { type: "BODY", text: "Hi {{1}}, your order is ready", example: { body_text: [["Ana"]] } }];
  stage.account.templates.push({ name: "paused", language: "en_US", status: "PAUSED", category: "UTILITY", components });
  stage.account.templates.push({ name: "code", language: "en_US", status: "APPROVED", category: "AUTHENTICATION", components });
  stage.account.templates.push({ name: "order_ready", language: "en_US", status: "APPROVED", category: "UTILITY", components });
  await stage.number.receive(ANA, text("yesterday"), 25 * 3600 * 1000);
  const chat = await stage.onlyChat(integration);
  const refused = await stage.host.post(`/api/v1/chats/${chat.id}/messages`, { text: "are you there?" });
  assert.equal(refused.status, 422);
  assert.equal(refused.body.errors[0].pointer, "/template");
  const { templates } = (await stage.host.get(`/api/v1/chats/${chat.id}/templates`)).body;
  assert.deepEqual(templates, [{ id: "order_ready/en_US", name: "order_ready", language: "en-US", text: "Order\nHi {{1}}, your order is ready", variables: [{ name: "1", example: "Ana" }] }]);
  const [sent] = await stage.send(chat.id, { text: "Hi Bo, your order is ready", template: { id: "order_ready/en_US", variables: { 1: "Bo" } } });
  assert.deepEqual(sent!.message["template"], { name: "order_ready", language: { code: "en_US" }, components: [{ type: "body", parameters: [{ type: "text", text: "Bo" }] }] });
  await stage.number.receive(ANA, text("thanks"));
  await stage.messages(integration, 3);
  assert.equal((await stage.send(chat.id, { text: "you are welcome" })).length, 1);
});

test("what WhatsApp says later is the reason, in the reader's language, and the chat knows who is out of reach", async () => {
  const integration = await stage.connect();
  await stage.number.receive(ANA, text("bye"));
  const chat = await stage.onlyChat(integration);
  stage.number.refuses.set(ANA.number, 131047);
  const closed = await stage.host.post(`/api/v1/chats/${chat.id}/messages`, { text: "too late" });
  assert.match((await stage.reaches(chat.id, closed.body.id, "failed")).reason, /more than 24 hours ago.*131047.*approved template/);
  stage.number.refuses.set(ANA.number, 131026);
  const posted = await stage.host.post(`/api/v1/chats/${chat.id}/messages`, { text: "are you there?" });
  await stage.reaches(chat.id, posted.body.id, "failed");
  const russian = await stage.host.call("GET", `/api/v1/messages/${posted.body.id}`, undefined, { "accept-language": "ru" });
  assert.match(russian.body.reason, /Клиент недоступен в WhatsApp/);
  await eventually("the chat says so", async () => (await stage.host.get(`/api/v1/chats/${chat.id}`)).body.reachable === false);
});

test("limits and passing faults are waited out; a lost answer is found by its status; nothing is sent twice", async () => { // OUT-1
  const integration = await stage.connect();
  await stage.number.receive(ANA, text("hello"));
  const chat = await stage.onlyChat(integration);
  stage.graph.fail({ path: "/messages", error: new GraphError(131056, "(Business Account, Consumer Account) pair rate limit hit") });
  assert.equal((await stage.send(chat.id, { text: "after the pause" })).length, 1);
  stage.graph.fail({ path: "/messages", error: new GraphError(131016, "Service unavailable", 0, 500) });
  assert.equal((await stage.send(chat.id, { text: "after the fault" })).length, 1);
  stage.graph.fail({ path: "/messages", afterMs: 1500 });
  assert.equal((await stage.send(chat.id, { text: "slowly" })).length, 1);
  stage.graph.fail({ path: "/messages", dropAfter: true });
  assert.equal((await stage.send(chat.id, { text: "did it arrive?" })).length, 1);
  stage.number.reports = "none";
  stage.graph.fail({ path: "/messages", dropAfter: true });
  assert.equal((await stage.send(chat.id, { text: "nobody knows" }, "uncertain")).length, 1);
});

test("a dead token asks for a new one, over a restart; with it what waited is sent and what was written is there", async () => {
  const integration = await stage.connect();
  await stage.number.receive(ANA, text("hello"));
  const chat = await stage.onlyChat(integration);
  stage.graph.killTokens();
  const posted = await stage.host.post(`/api/v1/chats/${chat.id}/messages`, { text: "after the repair" });
  const shown = await stage.becomes(integration, "sign_in_again");
  assert.match(shown.reason.text, /make a new one/);
  await stage.number.receive(ANA, text("written meanwhile"));
  await stage.host.kill("SIGTERM");
  await stage.host.serve();
  stage.token = stage.whatsapp.newToken(stage.account);
  const repaired = await stage.host.call("PATCH", `/api/v1/integrations/${integration}`, { settings: { access_token: stage.token } });
  assert.equal(repaired.status, 200, JSON.stringify(repaired.body));
  await stage.becomes(integration, "active");
  await stage.reaches(chat.id, posted.body.id, "delivered", 60);
  assert.equal(stage.number.sent.filter((each) => (each.message["text"] as any)?.body === "after the repair").length, 1);
  assert.ok((await stage.host.messages(chat.id)).some((each) => each.text === "written meanwhile"));
});
