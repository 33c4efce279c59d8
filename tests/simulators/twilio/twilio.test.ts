// Keeps the simulator honest: Twilio's own library, which we did not write, must find it Twilio.
import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import twilio from "twilio";
import { type Account, SANDBOX } from "./account.ts";
import { TwilioSimulator } from "./server.ts";
import { signatureOf, withBodyHash } from "./signature.ts";
import { ApiError } from "./types.ts";

const ANA = { number: "+4915112345678", name: "Ana" };
const NUMBER = "+442071234567";

class ToSimulator extends twilio.RequestClient {
  override request(options: any): Promise<any> {
    return super.request({ ...options, uri: options.uri.replace(/^https:\/\/\w+\.twilio\.com/, simulator.address) });
  }
}

let simulator: TwilioSimulator;
let account: Account;
let client: twilio.Twilio;
const seen: { url: string; body: string; headers: IncomingMessage["headers"] }[] = [];
const hook = createServer((request, response) => {
  let body = "";
  request.on("data", (piece) => (body += piece));
  request.on("end", () => {
    seen.push({ url: request.url ?? "", body, headers: request.headers });
    response.writeHead(request.url?.includes("broken") ? 500 : 200).end();
  });
});

before(async () => {
  simulator = await TwilioSimulator.start();
  await new Promise<void>((resolve) => hook.listen(0, "127.0.0.1", resolve));
});
after(async () => {
  await simulator.stop();
  hook.close();
  hook.closeAllConnections();
});
beforeEach(() => {
  seen.length = 0;
  account = simulator.addAccount({ resolve: (url) => url.replace(/^https:\/\/crm\.example(:\d+)?/, `http://127.0.0.1:${(hook.address() as AddressInfo).port}`) });
  account.addSender(NUMBER);
  client = twilio(account.sid, account.token, { httpClient: new ToSimulator() });
});

const fails = (code: number, status: number) => (error: any) => error.code === code && error.status === status;
const came = async (count: number): Promise<void> => {
  while (seen.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
};
const send = (more: object = {}) => client.messages.create({ from: `whatsapp:${NUMBER}`, to: `whatsapp:${ANA.number}`, body: "hello", ...more });

test("the account is told by its credentials", async () => {
  assert.equal((await client.api.v2010.accounts(account.sid).fetch()).status, "active");
  const stranger = twilio(account.sid, "f".repeat(32), { httpClient: new ToSimulator() });
  await assert.rejects(stranger.api.v2010.accounts(account.sid).fetch(), fails(20003, 401));
});

test("a message is queued, then sent and delivered; signed callbacks say so", async () => {
  await account.receive(ANA, NUMBER, { body: "hi" });
  const made = await send({ statusCallback: "https://crm.example/status" });
  assert.equal(made.status, "queued");
  assert.equal(made.numMedia, "0");
  assert.ok(Math.abs(made.dateCreated.getTime() - Date.now()) < 60_000);
  await came(2);
  const fields = seen.map((each) => Object.fromEntries(new URLSearchParams(each.body)));
  assert.deepEqual(fields.map((each) => each["MessageStatus"]), ["sent", "delivered"]);
  assert.equal((await client.messages(made.sid).fetch()).status, "delivered");
  for (const [index, each] of seen.entries())
    assert.ok(twilio.validateRequest(account.token, String(each.headers["x-twilio-signature"]), "https://crm.example/status", fields[index]!));
});

test("a webhook is signed as the library expects, with and without a port, and is not repeated", async () => {
  for (const url of ["https://crm.example/in?t=1", "https://crm.example:443/in", "https://crm.example:8443/broken"]) {
    account.senders[0]!.webhook = url;
    await account.receive({ ...ANA, userId: "DE.1049" }, NUMBER, { body: "Grüße & co" });
    const { body, headers } = seen.at(-1)!;
    const fields = Object.fromEntries(new URLSearchParams(body));
    assert.ok(twilio.validateRequest(account.token, String(headers["x-twilio-signature"]), url, fields), url);
    assert.ok(!twilio.validateRequest(account.token, String(headers["x-twilio-signature"]), url, { ...fields, Body: "x" }), url);
    assert.equal(fields["WaId"], "4915112345678");
    assert.equal(fields["ExternalUserId"], "DE.1049");
  }
  assert.deepEqual(account.deliveries.map((each) => each.status), [200, 200, 500]);
  assert.equal(seen.length, 3);
});

test("signatures over repeated names and over the digest of a body are the library's", () => {
  const url = "https://crm.example/in";
  const params = { Media: ["b", "a", "b"], From: "whatsapp:+1" };
  assert.equal(signatureOf(account.token, url, params), twilio.getExpectedTwilioSignature(account.token, url, params));
  assert.ok(twilio.validateRequest(account.token, signatureOf(account.token, url, params), url, params));
  const body = '{"type":"X","n":1}';
  const hashed = withBodyHash(url, body);
  assert.ok(twilio.validateRequestWithBody(account.token, signatureOf(account.token, hashed, {}), hashed, body));
  assert.ok(!twilio.validateRequestWithBody(account.token, signatureOf(account.token, hashed, {}), hashed, "{}"));
});

test("the list is paged, newest first, and filtered", async () => {
  account.senders[0]!.webhook = "";
  await account.receive(ANA, NUMBER, { body: "old", ago: 3600_000 });
  for (let i = 0; i < 5; ++i) await account.receive(ANA, NUMBER, { body: `new ${i}` });
  await send();
  const all = await client.messages.list({ to: `whatsapp:${NUMBER}`, dateSentAfter: new Date(Date.now() - 60_000), pageSize: 2 });
  assert.equal(all.length, 5);
  assert.ok(all.every((each) => each.direction === "inbound" && each.body.startsWith("new")));
  assert.equal((await client.messages.list({ from: `whatsapp:${NUMBER}` })).length, 1);
});

test("media are listed, and fetched over a redirect that takes no credentials along", async () => {
  account.senders[0]!.webhook = "";
  const message = await account.receive(ANA, NUMBER, { media: { type: "image/jpeg", name: "door.jpg", bytes: Buffer.from("a picture") } });
  const [media] = await client.messages(message.sid).media.list();
  assert.equal(media?.contentType, "image/jpeg");
  const address = simulator.address + media!.uri.replace(/\.json$/, "");
  assert.equal((await fetch(address)).status, 401);
  const basic = "Basic " + Buffer.from(`${account.sid}:${account.token}`).toString("base64");
  const redirect = await fetch(address, { headers: { authorization: basic }, redirect: "manual" });
  assert.equal(redirect.status, 307);
  const place = redirect.headers.get("location")!;
  assert.equal((await fetch(place, { headers: { authorization: basic } })).status, 400);
  assert.equal(await (await fetch(place)).text(), "a picture");
});

test("what cannot be sent is refused as Twilio does", async () => {
  await assert.rejects(send({ to: "whatsapp:+0" }), fails(21211, 400));
  await assert.rejects(send({ from: "whatsapp:+15550001111" }), fails(63007, 400));
  await assert.rejects(send({ body: "x".repeat(1601) }), fails(21617, 400));
  await assert.rejects(send({ body: "" }), fails(21602, 400));
  await assert.rejects(client.messages("SM" + "0".repeat(32)).fetch(), fails(20404, 404));
  account.fail({ path: "/Messages", error: new ApiError(429, 20429, "Too Many Requests") });
  await assert.rejects(send(), fails(20429, 429));
});

// The state that a message comes to.
const outcome = async (made: { sid: string }): Promise<[string, number]> => {
  for (;;) {
    const now = await client.messages(made.sid).fetch();
    if (now.status !== "queued" && now.status !== "sent") return [now.status, now.errorCode];
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

test("failures of WhatsApp come later: closed window, sandbox, blocked, file that cannot be had", async () => {
  assert.deepEqual(await outcome(await send()), ["undelivered", 63016]);
  assert.deepEqual(await outcome(await send({ from: `whatsapp:${SANDBOX}` })), ["failed", 63015]);
  account.participants.add(ANA.number);
  account.senders[0]!.webhook = "";
  await account.receive(ANA, NUMBER, { body: "hi" });
  assert.deepEqual(await outcome(await send({ from: `whatsapp:${SANDBOX}` })), ["delivered", null]);
  assert.deepEqual(await outcome(await send({ mediaUrl: ["http://127.0.0.1:9/none.jpg"] })), ["undelivered", 63019]);
  account.blocked.set(ANA.number, 63014);
  assert.deepEqual(await outcome(await send()), ["failed", 63014]);
  account.blocked.clear();
  account.pass(25 * 3600 * 1000);
  assert.deepEqual(await outcome(await send()), ["undelivered", 63016]);
});

test("templates are listed with their approval, and go out when the window is closed", async () => {
  const ready = account.addContent("Order ready", "Hi {{1}}, your order is ready", { 1: "Ana" });
  account.addContent("Not yet", "x", {}, "pending");
  const all = await client.content.v1.contentAndApprovals.list({ pageSize: 1 });
  assert.deepEqual(all.map((each) => (each.approvalRequests as any).status), ["approved", "pending"]);
  const made = await send({ body: undefined, contentSid: ready.sid, contentVariables: JSON.stringify({ 1: "Bo" }) });
  assert.equal(made.body, "Hi Bo, your order is ready");
  assert.deepEqual(await outcome(made), ["delivered", null]);
  await assert.rejects(send({ body: undefined, contentSid: ready.sid, contentVariables: "{" }), fails(21656, 400));
  await assert.rejects(send({ body: "as well", contentSid: ready.sid }), fails(21655, 400));
});

test("the webhook of a sender can be read and set", async () => {
  const [sender] = await client.messaging.v2.channelsSenders.list({ channel: "whatsapp" });
  assert.equal(sender!.senderId, `whatsapp:${NUMBER}`);
  assert.match(sender!.webhook.callbackUrl!, /demo\.twilio\.com/);
  await client.messaging.v2.channelsSenders(sender!.sid).update({ webhook: { callback_url: "https://crm.example/in" } } as any);
  assert.equal((await client.messaging.v2.channelsSenders(sender!.sid).fetch()).webhook.callbackUrl, "https://crm.example/in");
});
