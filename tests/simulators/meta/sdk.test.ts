// Keeps the simulator honest: a client of Messenger that we did not write must find it a Graph API.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { Messenger as Client, MessengerAPIError, verifyWebhookSignature } from "@warriorteam/messenger-sdk";
import { sign } from "./delivery.ts";
import { GraphSimulator } from "./graph.ts";
import { Messenger, type Page } from "./messenger.ts";
import { GraphError } from "./types.ts";

const ANA = "6543210987654321";
let graph: GraphSimulator;
let page: Page;
let client: Client;
let receiver: Server;
const received: { body: Buffer; signature: string }[] = [];

before(async () => {
  graph = await GraphSimulator.start();
  graph.requireProof = false; // as apps are made; this client proves nothing
  page = new Messenger(graph).addPage("104857600001", "Bakery");
  page.names.set(ANA, ["Ana", "Klein"]);
  client = new Client({ accessToken: page.newToken(), version: "v26.0", baseUrl: graph.address });
  receiver = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      if (request.method === "POST") received.push({ body: Buffer.concat(pieces), signature: String(request.headers["x-hub-signature-256"]) });
      response.end(new URL(request.url ?? "/", "http://x").searchParams.get("hub.challenge") ?? "EVENT_RECEIVED");
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const callback = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const form = new URLSearchParams({ object: "page", callback_url: callback, verify_token: "v", fields: "messages,message_echoes,standby", access_token: `${graph.appId}|${graph.appSecret}` });
  assert.equal((await fetch(`${graph.address}/v26.0/${graph.appId}/subscriptions`, { method: "POST", body: form })).status, 200);
  page.fields = ["messages", "message_echoes", "standby"];
});
after(async () => {
  receiver.close();
  await graph.stop();
});

async function fails(work: Promise<unknown>): Promise<MessengerAPIError> {
  const error = await work.then(() => undefined, (reason: unknown) => reason);
  assert.ok(error instanceof MessengerAPIError, String(error));
  return error;
}

test("webhooks carry a signature over the escaped bytes that the client accepts", async () => {
  await page.message(ANA, { text: "Hallöchen 😀 </a>" });
  const { body, signature } = received.at(-1)!;
  assert.match(body.toString(), /Hall\\u00f6chen \\ud83d\\ude00 \\u003c\\\/a\\u003e/);
  assert.equal((await verifyWebhookSignature(body, signature, graph.appSecret)).isValid, true);
  const anew = Buffer.from(JSON.stringify(JSON.parse(body.toString())));
  assert.equal((await verifyWebhookSignature(anew, signature, graph.appSecret)).isValid, false);
});

test("the signature is the one that Meta would make", () => {
  const body = String.raw`{"object":"page","entry":[{"id":"1","time":1,"messaging":[{"message":{"mid":"m_1","text":"Hall\u00f6chen \ud83d\ude00"}}]}]}`;
  assert.equal(sign(body, "app_secret_test"), "sha256=96ca35ed262619fcea65113aa09b3dd234910d3eb959073d7ca522f1639c0a15");
});

test("the client sends text and quick replies, and its message is echoed", async () => {
  await page.message(ANA, { text: "Hi" });
  const sent = await client.send.message({ recipient: { id: ANA }, messaging_type: "RESPONSE", message: { text: "Hello", quick_replies: [{ content_type: "text", title: "Price", payload: "PRICE" }] } });
  assert.equal(sent.recipient_id, ANA);
  assert.equal(page.sent.at(-1)?.mid, sent.message_id);
  await new Promise<void>((resolve) => setImmediate(resolve));
  assert.equal((await client.send.typingOn(ANA)).recipient_id, ANA);
});

test("the client reads the name of who wrote", async () => {
  assert.equal((await client.profile.getName(ANA)).first_name, "Ana");
});

test("the client is told of errors by their numbers", async () => {
  assert.equal((await fails(client.send.message({ recipient: { id: "1" }, messaging_type: "RESPONSE", message: { text: "a" } }))).code, 100);
  graph.pass(25 * 3600 * 1000);
  const closed = await fails(client.send.message({ recipient: { id: ANA }, messaging_type: "RESPONSE", message: { text: "a" } }));
  assert.deepEqual([closed.code, closed.subcode], [10, 2018278]);
  graph.fail({ path: "messages", error: new GraphError(613, "Calls to this api have exceeded the rate limit.") });
  assert.equal((await fails(client.send.message({ recipient: { id: ANA }, messaging_type: "RESPONSE", message: { text: "a" } }))).code, 613);
  graph.killTokens();
  const dead = await fails(client.send.message({ recipient: { id: ANA }, messaging_type: "RESPONSE", message: { text: "a" } }));
  assert.deepEqual([dead.code, dead.subcode], [190, 460]);
});
