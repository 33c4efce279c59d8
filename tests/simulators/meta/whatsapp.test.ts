// Keeps the simulator of the Cloud API honest: a client that we did not write must find it one.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { WhatsAppAPI } from "whatsapp-api-js";
import { ActionButtons, Body, Button, Image, Interactive, Sticker, Text } from "whatsapp-api-js/messages";
import { GraphSimulator } from "./graph.ts";
import type { Fields } from "./types.ts";
import { type Account, type PhoneNumber, WhatsApp } from "./whatsapp.ts";

const ANA = { number: "4915112345678", name: "Ana" };
let graph: GraphSimulator;
let account: Account;
let number: PhoneNumber;
let client: WhatsAppAPI<void>;
let token: string;
let receiver: Server;
const received: { body: string; signature: string }[] = [];

before(async () => {
  graph = await GraphSimulator.start();
  graph.requireProof = false; // as apps are made; this client proves nothing
  const whatsapp = new WhatsApp(graph);
  account = whatsapp.addAccount("102290129340398");
  number = account.addNumber("106540352242922", "+1 555-078-3881", "Acme");
  const here = ((url: string | URL | Request, options?: RequestInit) => fetch(String(url).replace("https://graph.facebook.com", graph.address), options)) as typeof fetch;
  token = whatsapp.newToken(account);
  client = new WhatsAppAPI({ token, appSecret: graph.appSecret, webhookVerifyToken: "v", v: "v26.0", ponyfill: { fetch: here } });
  receiver = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      if (request.method === "POST") received.push({ body: Buffer.concat(pieces).toString(), signature: String(request.headers["x-hub-signature-256"]) });
      response.end(new URL(request.url ?? "/", "http://x").searchParams.get("hub.challenge") ?? "");
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const callback = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  const form = new URLSearchParams({ object: "whatsapp_business_account", callback_url: callback, verify_token: "v", fields: "messages", access_token: `${graph.appId}|${graph.appSecret}` });
  assert.equal((await fetch(`${graph.address}/v26.0/${graph.appId}/subscriptions`, { method: "POST", body: form })).status, 200);
  account.subscribed = true;
});
after(async () => {
  receiver.close();
  await graph.stop();
});

test("the client understands messages and statuses, and accepts their signatures over escaped bytes", async () => {
  const seen: string[] = [];
  client.on.message = ({ from, message, name }) => void seen.push(`${name} ${from} ${message.type === "text" ? message.text.body : message.type}`);
  client.on.status = ({ id, status }) => void seen.push(`${status} ${id}`);
  received.length = 0;
  await number.receive(ANA, { type: "text", text: { body: "Hallöchen 😀" } });
  const sent = await client.sendMessage(number.id, ANA.number, new Text("Hello"), undefined, "our key");
  assert.ok("messages" in sent, JSON.stringify(sent));
  for (let wait = 0; received.length < 3 && wait < 100; ++wait) await new Promise((resolve) => setTimeout(resolve, 20));
  for (const { body, signature } of received) await client.post(JSON.parse(body), body, signature);
  const wamid = number.sent[0]!.wamid;
  assert.deepEqual(seen, ["Ana 4915112345678 Hallöchen 😀", `sent ${wamid}`, `delivered ${wamid}`]);
  const { body, signature } = received[0]!;
  assert.match(body, /Hall\\u00f6chen/);
  await assert.rejects(client.post(JSON.parse(body), body.replace("Hall", "hall"), signature));
});

test("the client sends buttons and files, and fetches files with its token for five minutes", async () => {
  const buttons = await client.sendMessage(number.id, ANA.number, new Interactive(new ActionButtons(new Button("yes", "Yes")), new Body("Well?")));
  assert.ok("messages" in buttons, JSON.stringify(buttons));
  const form = new FormData();
  form.set("file", new Blob([new Uint8Array([1, 2, 3])], { type: "image/jpeg" }), "a.jpg");
  form.set("messaging_product", "whatsapp");
  const uploaded = await client.uploadMedia(number.id, form) as Fields;
  const image = await client.sendMessage(number.id, ANA.number, new Image(String(uploaded["id"]), true));
  assert.ok("messages" in image, JSON.stringify(image));
  assert.deepEqual(number.sent.at(-1)?.file?.bytes, new Uint8Array([1, 2, 3]));
  const media = await client.retrieveMedia(String(uploaded["id"])) as unknown as Fields;
  const bytes = await (await client.fetchMedia(String(media["url"]))).arrayBuffer();
  assert.deepEqual(new Uint8Array(bytes), new Uint8Array([1, 2, 3]));
  assert.equal((await fetch(String(media["url"]))).status, 403, "without a token");
  number.endAddresses();
  assert.equal((await client.fetchMedia(String(media["url"]))).status, 403);
});

test("files that WhatsApp does not take are refused, and captions where there are none", async () => {
  const upload = async (type: string, size: number): Promise<string> => {
    const form = new FormData();
    form.set("file", new Blob([new Uint8Array(size)], { type }), "a");
    form.set("messaging_product", "whatsapp");
    // The client would look at the file itself.
    const answer = await fetch(`${graph.address}/v26.0/${number.id}/media`, { method: "POST", body: form, headers: { authorization: `Bearer ${token}` } });
    return String((await answer.json() as Fields)["id"]);
  };
  const code = async (image: Image | Sticker): Promise<number> => ((await client.sendMessage(number.id, ANA.number, image)) as any).error?.code;
  assert.equal(await code(new Image(await upload("audio/ogg", 10), true)), 131053);
  assert.equal(await code(new Image(await upload("image/png", 5 * 1024 * 1024 + 1), true)), 131053);
  assert.equal(await code(new Image(await upload("image/png", 10), true, "x".repeat(1024))), undefined);
  assert.equal(await code(new Sticker(await upload("image/webp", 500 * 1024 + 1), true)), 131053);
});

test("an app that wants proofs of its calls refuses one without", async () => {
  graph.requireProof = true;
  const bare = await client.sendMessage(number.id, ANA.number, new Text("x")) as unknown as { error: { code: number } };
  assert.equal(bare.error.code, 100);
  graph.requireProof = false;
});

test("the client is told what is wrong by numbers", async () => {
  const long = await client.sendMessage(number.id, "12", new Text("x")) as unknown as { error: { code: number } };
  assert.equal(long.error.code, 100);
  graph.killTokens();
  const dead = await client.sendMessage(number.id, ANA.number, new Text("x")) as unknown as { error: { code: number; error_subcode: number } };
  assert.deepEqual([dead.error.code, dead.error.error_subcode], [190, 460]);
});
