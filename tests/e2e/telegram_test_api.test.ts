// First light against a Bot API server that we did not write: text in by long polling, reply out.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { eventually, Patchbay } from "./support/patchbay.ts";

const TelegramServer = createRequire(import.meta.url)("telegram-test-api");
const TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0";

let server: any;
let host: Patchbay;
let port = 0;

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const { port: free } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  return free;
}

before(async () => {
  port = await freePort();
  server = new TelegramServer({ port, host: "127.0.0.1", storage: "RAM", storeTimeout: 60 });
  await server.start();
  host = await Patchbay.start({ allow: [`127.0.0.1:${port}`] });
});

after(async () => {
  await host?.stop();
  await server?.stop();
});

test("a client's message is stored and the answer arrives at the client", async () => { // TG-2, TG-3
  const integration = await host.connect("telegram", "Support", { token: TOKEN, mode: "polling", api_base: `http://127.0.0.1:${port}` });
  const client = server.getClient(TOKEN, { userId: 5519027461, chatId: 5519027461, firstName: "Ana", timeout: 20000 });
  await client.sendMessage(client.makeMessage("Good morning"));

  const chat = await eventually("the chat", async () => (await host.chats(integration))[0]);
  const [message] = await eventually("the message", async () => {
    const all = await host.messages(chat.id);
    return all.length > 0 && all;
  });
  assert.equal(message.text, "Good morning");
  assert.equal(message.direction, "in");
  assert.equal(message.state, "received");

  const posted = await host.post(`/api/v1/chats/${chat.id}/messages`, { text: "Good morning, Ana" });
  assert.equal(posted.status, 202);
  const updates = await client.getUpdates();
  assert.equal(updates.result[0].message.text, "Good morning, Ana");
  await eventually("the state sent", async () => (await host.messages(chat.id)).find((m: any) => m.id === posted.body.id)?.state === "sent");
});
