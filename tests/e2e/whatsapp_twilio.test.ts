// WhatsApp through Twilio, against the simulator: WA-1 to WA-4, CHAT-12, 13, 21, 25, 26.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, test } from "node:test";
import twilio from "twilio";
import { SANDBOX } from "../simulators/twilio/account.ts";
import { withBodyHash } from "../simulators/twilio/signature.ts";
import { eventually } from "./support/patchbay.ts";
import { ANA, NUMBER, SITE, TwilioStage } from "./support/twilio.ts";

let stage: TwilioStage;
beforeEach(async () => {
  stage = await TwilioStage.open();
});
afterEach(() => stage?.close());

const hookOf = (integration: string, route = "message"): string => `${SITE}/hooks/whatsapp-twilio/${integration}/${route}`;

// --- set-up ------------------------------------------------------------------------------------------------------------

const input = (more: object = {}): object => ({ phone_number: NUMBER, verification_number: ANA.number, account_sid: stage.account.sid, auth_token: stage.account.token, ...more });

test("set-up sends a verification message, waits until it has arrived, and the webhook is set by itself", async () => { // WA-1
  const { draft, path } = await stage.beginSetup();
  await stage.account.receive(ANA, NUMBER, { body: "hello" });
  const done = await stage.host.post(path, { input: input() });
  assert.equal(done.status, 200, JSON.stringify(done.body));
  assert.deepEqual([done.body.step, done.body.made[0].id, done.body.made[0].name], [null, draft, "Acme"]);
  assert.match(stage.account.sent()[0]!.body, /being connected/);
  assert.equal(stage.account.sent()[0]!.to, `whatsapp:${ANA.number}`);
  const active = await stage.host.post(`/api/v1/integrations/${draft}/activate`);
  assert.equal(active.status, 200, JSON.stringify(active.body));
  assert.equal(active.body.identity, `whatsapp:${NUMBER}`);
  assert.equal(stage.account.senders[0]!.webhook, hookOf(draft));
  assert.equal(stage.account.senders[0]!.statusCallback, hookOf(draft, "status"));
  await stage.host.post(`/api/v1/integrations/${draft}/deactivate`);
  assert.equal(stage.account.senders[0]!.webhook, "");
});

test("set-up says why the verification message does not arrive, in the reader's language, and asks again", async () => { // WA-1
  const { path } = await stage.beginSetup();
  const refused = await stage.host.post(path, { input: input() });
  assert.equal(refused.status, 422);
  assert.equal(refused.body.errors[0].pointer, "/verification_number");
  assert.match(JSON.stringify(refused.body), /24 hours ago.*63016/);
  const russian = await stage.host.post(path, { input: input({ phone_number: "+15550001111" }) }, { "accept-language": "ru" });
  assert.equal(russian.body.errors[0].pointer, "/phone_number");
  assert.match(russian.body.errors[0].detail, /не номер WhatsApp/);
  const wrong = await stage.host.post(path, { input: input({ auth_token: "f".repeat(32) }) });
  assert.equal(wrong.body.errors[0].pointer, "/auth_token");
  assert.match(wrong.body.errors[0].detail, /console/);
});

test("in the sandbox a stranger is named as the cause, then the addresses to paste are shown", async () => { // WA-1
  const { draft, path } = await stage.beginSetup();
  const stranger = await stage.host.post(path, { input: input({ phone_number: SANDBOX }) });
  assert.equal(stranger.status, 422);
  assert.equal(stranger.body.errors[0].pointer, "/verification_number");
  assert.match(stranger.body.errors[0].detail, /no participant of the sandbox.*join/);

  stage.account.participants.add(ANA.number);
  await stage.account.receive(ANA, SANDBOX, { body: "join two-words" });
  const shown = await stage.host.post(path, { input: input({ phone_number: SANDBOX }) });
  assert.equal(shown.body.step?.id, "webhook", JSON.stringify(shown.body));
  assert.equal(shown.body.step.schema.properties.message_address.default, hookOf(draft));
  const done = await stage.host.post(path, { input: {} });
  assert.equal(done.body.made[0].id, draft, JSON.stringify(done.body));
  assert.equal((await stage.host.post(`/api/v1/integrations/${draft}/activate`)).status, 200);
  const report = (await stage.host.post(`/api/v1/integrations/${draft}/check`)).body;
  assert.match(JSON.stringify(report.diagnostics), new RegExp(hookOf(draft)));
});

test("a message that is still on its way is asked about again", async () => { // WA-1
  const { path } = await stage.beginSetup();
  await stage.account.receive(ANA, NUMBER, { body: "hello" });
  stage.account.holdsBack = true;
  const waiting = await stage.host.post(path, { input: input() });
  assert.equal(waiting.body.step?.id, "arrival", JSON.stringify(waiting.body));
  await stage.account.report(stage.account.sent()[0]!, "delivered");
  const done = await stage.host.post(path, { input: { then: "wait" } });
  assert.equal(done.body.made?.length, 1, JSON.stringify(done.body));
  assert.equal(stage.account.sent().length, 1, "it was sent once");
});

test("the same number twice is refused, a foreign webhook is named and taken over only when told", async () => { // CHAT-26
  stage.account.senders[0]!.webhook = "https://elsewhere.example/in?secret=1";
  const first = await stage.host.integrate("whatsapp-twilio", "First", stage.settings);
  const refused = await stage.host.post(`/api/v1/integrations/${first}/activate`);
  assert.equal(refused.status, 422);
  assert.match(JSON.stringify(refused.body), /elsewhere\.example/);
  assert.doesNotMatch(JSON.stringify(refused.body), /secret=1/);
  assert.equal((await stage.host.post(`/api/v1/integrations/${first}/activate`, { take_over: true })).status, 200);
  const second = await stage.host.integrate("whatsapp-twilio", "Second", stage.settings);
  const twice = await stage.host.post(`/api/v1/integrations/${second}/activate`);
  assert.equal(twice.status, 409);
  assert.match(twice.body.detail, /First/);
});

test("a missing setting is named, and webhooks need a public https address", async () => { // CHAT-25
  const missing = await stage.host.post("/api/v1/integrations", { plugin: "whatsapp-twilio", name: "x", settings: { phone_number: NUMBER, account_sid: stage.account.sid } });
  assert.equal(missing.body.errors[0].pointer, "/auth_token");
  const plain = await TwilioStage.open({}, { siteUrl: "http://plain.example" });
  try {
    const id = await plain.host.integrate("whatsapp-twilio", "Plain", plain.settings);
    const refused = await plain.host.post(`/api/v1/integrations/${id}/activate`);
    assert.equal(refused.status, 422);
    assert.match(JSON.stringify(refused.body), /https/);
  } finally {
    await plain.close();
  }
});

// --- in ----------------------------------------------------------------------------------------------------------------

test("a text comes in with the name of its author, once, whatever is repeated", async () => { // WA-2, CHAT-13
  const integration = await stage.connect();
  const message = await stage.account.receive(ANA, NUMBER, { body: "Grüße 🎉 {{secret:auth_token}}" });
  await stage.account.deliver(hookOf(integration), stage.account.webhookFields(ANA, message, {}));
  const [first] = await stage.messages(integration, 1);
  assert.equal(first.text, "Grüße 🎉 {{secret:auth_token}}");
  assert.equal(first.author.name, "Ana");
  assert.equal(first.provider_id, message.sid);
  assert.ok(stage.account.deliveries.every((each) => each.status === 200 && each.body === "<Response/>"));
  assert.equal((await stage.messages(integration, 1)).length, 1);
});

test("a file comes in over Twilio's redirect and can be downloaded", async () => { // WA-2
  const integration = await stage.connect();
  const bytes = randomBytes(300_000);
  await stage.account.receive(ANA, NUMBER, { body: "our door", media: { type: "image/jpeg", name: "door.jpg", bytes } });
  const attachment = await eventually("the file", async () => {
    const [message] = await stage.messages(integration, 1);
    return message.attachments[0]?.state === "ready" && message.attachments[0];
  });
  assert.deepEqual([attachment.kind, attachment.name, attachment.type, attachment.size], ["image", "door.jpg", "image/jpeg", bytes.length]);
  assert.deepEqual(Buffer.from(await stage.download(attachment.id)), bytes);
});

test("places, buttons and cards come in", async () => { // WA-2, CHAT-12
  const integration = await stage.connect();
  await stage.account.receive(ANA, NUMBER, { fields: { MessageType: "location", Latitude: "55.67", Longitude: "12.56", Label: "Town hall" } });
  await stage.account.receive(ANA, NUMBER, { body: "Yes", fields: { MessageType: "button", ButtonText: "Yes", ButtonPayload: "deal:42:won" } });
  await stage.account.receive(ANA, NUMBER, { media: { type: "text/vcard", name: "bo.vcf", bytes: Buffer.from("BEGIN:VCARD\nFN:Bo Hansen\nTEL:+4512345678\nEND:VCARD") } });
  await stage.account.receive(ANA, NUMBER, { fields: { MessageType: "some_new_kind" } });
  const all = await stage.messages(integration, 4);
  assert.equal(all[0].content.location.title, "Town hall");
  assert.deepEqual([all[1].text, all[1].content.button.data], ["Yes", "deal:42:won"]);
  assert.deepEqual(all[2].content.contact, { name: "Bo Hansen", phone: "+4512345678" });
  assert.match(all[3].text, /some_new_kind/);
});

test("somebody who hides the number later stays in the same chat and is answered there", async () => { // CHAT-15
  const integration = await stage.connect();
  await stage.account.receive({ ...ANA, userId: "DE.1049" }, NUMBER, { body: "with my number" });
  await stage.messages(integration, 1);
  await stage.account.receive({ name: "Ana", userId: "DE.1049" }, NUMBER, { body: "without" });
  await stage.messages(integration, 2);
  const chats = await stage.host.chats(integration);
  assert.equal(chats.length, 1);
  const [sent] = await send(chats[0].id, { text: "hello" });
  assert.equal(sent!.to, `whatsapp:${ANA.number}`);
  await stage.account.receive({ name: "Bo", userId: "DE.2222" }, NUMBER, { body: "never told" });
  const bo = await eventually("another chat", async () => (await stage.host.chats(integration)).find((each) => each.title === "Bo"));
  const [answer] = await send(bo.id, { text: "hello" });
  assert.equal(answer!.to, "whatsapp:DE.2222");
});

// A message goes out; answers what Twilio was made to send for it, once it is delivered.
async function send(chat: string, body: object, state = "delivered"): Promise<typeof stage.account.messages> {
  const before = stage.account.sent().length;
  const posted = await stage.host.post(`/api/v1/chats/${chat}/messages`, body);
  assert.equal(posted.status, 202, JSON.stringify(posted.body));
  await stage.reaches(chat, posted.body.id, state, 40);
  return stage.account.sent().slice(before);
}

test("signatures of Twilio's library are accepted, with port and body digest; others are refused and counted", async () => { // WA-2
  const integration = await stage.connect();
  const url = hookOf(integration);
  const local = url.replace(SITE, stage.host.address);
  const call = async (signed: string, body: URLSearchParams | string, signature: string): Promise<number> => {
    const query = signed.includes("?") ? "?" + signed.split("?")[1] : "";
    const type = typeof body === "string" ? "application/json" : "application/x-www-form-urlencoded";
    return (await fetch(local + query, { method: "POST", body: String(body), headers: { "content-type": type, "x-twilio-signature": signature } })).status;
  };
  const sign = (signed: string, params: object) => twilio.getExpectedTwilioSignature(stage.account.token, signed, params as any);
  const fields = (sid: string) => ({ MessageSid: sid, From: `whatsapp:${ANA.number}`, To: `whatsapp:${NUMBER}`, Body: "it's +1 & café", NumMedia: "0" });
  assert.equal(await call(url, new URLSearchParams(fields("SM1")), sign(url, fields("SM1"))), 200);
  assert.equal(await call(url, new URLSearchParams(fields("SM2")), sign(url.replace("crm.example", "crm.example:443"), fields("SM2"))), 200);
  assert.equal(await call(`${url}?a=1&b=%27`, new URLSearchParams(fields("SM3")), sign(`${url}?a=1&b=%27`, fields("SM3"))), 200);
  const repeated = new URLSearchParams(fields("SM4"));
  for (const value of ["b", "a", "b"]) repeated.append("Extra", value);
  assert.equal(await call(url, repeated, sign(url, { ...fields("SM4"), Extra: ["b", "a", "b"] })), 200);
  await stage.messages(integration, 4);
  const body = '{"type":"X","n":1}';
  const hashed = withBodyHash(url, body);
  assert.equal(await call(hashed, body, sign(hashed, {})), 200);
  assert.equal(await call(hashed, body + " ", sign(hashed, {})), 401);
  assert.equal(await call(url, new URLSearchParams({ ...fields("SM5"), Body: "x" }), sign(url, fields("SM5"))), 401);
  assert.equal(await call(url, new URLSearchParams(fields("SM6")), sign(url.replace("crm.example", "other.example"), fields("SM6"))), 401);
  assert.equal(await call(url, new URLSearchParams(fields("SM7")), ""), 401);
  assert.equal((await stage.messages(integration, 4)).length, 4);
  await eventually("they are counted", async () => /patchbay_hooks_not_verified_total 4\b/.test(String((await stage.host.get("/metrics")).body)));
});

test("lost webhooks and lost callbacks are repaired by asking, and doubles make one message", async () => { // CHAT-13
  const integration = await stage.connect();
  await stage.account.receive(ANA, NUMBER, { body: "by webhook" });
  const chat = await stage.onlyChat(integration);
  stage.account.losesCallbacks = true;
  const posted = await stage.host.post(`/api/v1/chats/${chat.id}/messages`, { text: "an answer" });
  await stage.reaches(chat.id, posted.body.id, "sent");
  await stage.account.receive(ANA, NUMBER, { body: "lost", lost: true, media: { type: "application/pdf", name: "a.pdf", bytes: Buffer.from("%PDF") } });
  // A webhook has a head start of some seconds before Twilio is asked.
  const lost = await eventually("the lost message", async () => {
    await stage.repair(integration);
    return (await stage.messages(integration, 1)).find((each) => each.text === "lost");
  }, 120);
  assert.equal(lost.attachments[0].kind, "document");
  await stage.reaches(chat.id, posted.body.id, "delivered");
  await stage.repair(integration);
  assert.deepEqual((await stage.messages(integration, 3)).map((each) => each.text).sort(), ["an answer", "by webhook", "lost"]);
});

// --- out ---------------------------------------------------------------------------------------------------------------

test("an answer goes out and its state follows the callbacks, which never go back", async () => { // WA-2
  const integration = await stage.connect();
  await stage.account.receive(ANA, NUMBER, { body: "question" });
  const chat = await stage.onlyChat(integration);
  const [sent] = await send(chat.id, { text: "an answer & {{secret:auth_token}}" });
  assert.equal(sent!.body, "an answer & {{secret:auth_token}}");
  assert.equal(sent!.form["StatusCallback"], hookOf(integration, "status"));
  await stage.account.report(sent!, "read");
  const read = await eventually("read", async () => (await stage.messages(integration, 2)).find((each) => each.state === "read"));
  await stage.account.report(sent!, "sent");
  assert.equal(read.provider_id, sent!.sid);
  assert.equal((await stage.state(chat.id, read.id)).state, "read");
  assert.ok(!stage.host.output.includes(stage.account.token), "the token stands in the log");
});

test("a long text goes out in order, in parts that joined are the text", async () => {
  const integration = await stage.connect();
  await stage.account.receive(ANA, NUMBER, { body: "tell me all" });
  const chat = await stage.onlyChat(integration);
  const text = Array.from({ length: 700 }, (_, i) => `word${i} `).join("");
  const parts = await send(chat.id, { text });
  assert.ok(parts.length >= 3 && parts.every((part) => part.body.length <= 1600));
  assert.equal(parts.map((part) => part.body).join(""), text);
});

test("a file goes out by an address that Twilio fetches, with its name and type", async () => { // WA-3
  const integration = await stage.connect();
  await stage.account.receive(ANA, NUMBER, { body: "send me files" });
  const chat = await stage.onlyChat(integration);
  const bytes = randomBytes(400_000);
  const paper = await stage.upload("the offer.pdf", "application/pdf", bytes);
  const [words, file] = await send(chat.id, { text: "the offer", attachments: [paper] });
  assert.deepEqual([words!.body, words!.media.length], ["the offer", 0]);
  assert.match(file!.form["MediaUrl"]!, /^https:\/\/crm\.example\/app\/files\//);
  assert.deepEqual([file!.media[0]!.type, Buffer.from(file!.media[0]!.bytes)], ["application/pdf", bytes]);
  assert.equal(file!.media[0]!.name, "the offer.pdf");
  const [place] = await send(chat.id, { location: { latitude: 55.67, longitude: 12.56, title: "Town hall" } });
  assert.equal(place!.form["PersistentAction"], "geo:55.67,12.56|Town hall");
});

test("files that WhatsApp does not take are refused before sending; an administrator changes the list", async () => { // WA-3, CHAT-21
  const integration = await stage.connect();
  await stage.account.receive(ANA, NUMBER, { body: "send me files" });
  const chat = await stage.onlyChat(integration);
  const post = async (name: string, type: string, size: number) =>
    stage.host.post(`/api/v1/chats/${chat.id}/messages`, { attachments: [await stage.upload(name, type, Buffer.alloc(size, 1))] });
  const program = await post("a.zip", "application/zip", 10);
  assert.equal(program.status, 422);
  assert.match(program.body.errors[0].detail, /image\/jpeg.*5 MB/);
  const large = await post("a.png", "image/png", 5 * 1024 * 1024 + 1);
  assert.match(JSON.stringify(large.body), /5 MB/);
  const files = { document: { max_bytes: 1000, types: ["application/zip"] } };
  const changed = await stage.host.call("PATCH", `/api/v1/integrations/${integration}`, { settings: { files } });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  assert.equal((await post("a.zip", "application/zip", 10)).status, 202);
  assert.equal((await post("a.zip", "application/zip", 1001)).status, 422);
  assert.equal((await post("a.jpg", "image/jpeg", 10)).status, 422);
  assert.equal(stage.account.sent().length <= 1, true);
});

test("a closed window is refused at once, a template goes out, and the client's next word opens it", async () => { // WA-4
  const integration = await stage.connect();
  const ready = stage.account.addContent("Order ready", "Hi {{1}}, your order is ready", { 1: "Ana" });
  stage.account.addContent("Not yet", "x", {}, "pending");
  await stage.account.receive(ANA, NUMBER, { body: "yesterday", ago: 25 * 3600 * 1000, fields: { DateSent: new Date(Date.now() - 25 * 3600 * 1000).toUTCString().replace("GMT", "+0000") } });
  const chat = await stage.onlyChat(integration);
  const refused = await stage.host.post(`/api/v1/chats/${chat.id}/messages`, { text: "are you there?" });
  assert.equal(refused.status, 422);
  assert.equal(refused.body.errors[0].pointer, "/template");
  assert.match(refused.body.errors[0].detail, /24 hours/);
  const { templates } = (await stage.host.get(`/api/v1/chats/${chat.id}/templates`)).body;
  assert.deepEqual(templates, [{ id: ready.sid, name: "Order ready", language: "en", text: "Hi {{1}}, your order is ready", variables: [{ name: "1", example: "Ana" }] }]);
  const [sent] = await send(chat.id, { text: "Hi Bo, your order is ready", template: { id: ready.sid, variables: { 1: "Bo" } } });
  assert.equal(sent!.body, "Hi Bo, your order is ready");
  assert.equal(sent!.form["Body"], undefined);
  await stage.account.receive(ANA, NUMBER, { body: "thanks" });
  await stage.messages(integration, 3);
  assert.equal((await send(chat.id, { text: "you are welcome" }))[0]!.body, "you are welcome");
});

test("what WhatsApp says later is the reason, in the reader's language", async () => { // WA-2
  const integration = await stage.connect();
  await stage.account.receive(ANA, NUMBER, { body: "bye" });
  const chat = await stage.onlyChat(integration);
  stage.account.blocked.set(ANA.number, 63014);
  const posted = await stage.host.post(`/api/v1/chats/${chat.id}/messages`, { text: "are you there?" });
  const failed = await stage.reaches(chat.id, posted.body.id, "failed");
  assert.match(failed.reason, /blocked this number.*63014/);
  const russian = await stage.host.call("GET", `/api/v1/messages/${posted.body.id}`, undefined, { "accept-language": "ru" });
  assert.match(russian.body.reason, /заблокировал/);
  await eventually("the chat says so", async () => (await stage.host.get(`/api/v1/chats/${chat.id}`)).body.reachable === false);
});

test("an answer of Twilio that is lost is looked up, and nothing is sent twice", async () => { // OUT-1
  const integration = await stage.connect();
  await stage.account.receive(ANA, NUMBER, { body: "hello" });
  const chat = await stage.onlyChat(integration);
  stage.account.fail({ path: "/Messages", method: "POST", hangAfterAccept: true });
  const posted = await stage.host.post(`/api/v1/chats/${chat.id}/messages`, { text: "did it arrive?" });
  await stage.reaches(chat.id, posted.body.id, "delivered", 90);
  assert.equal(stage.account.sent().length, 1);
});
