// Keeps the simulator honest: grammy, a client library that we did not write, must find it a Bot API server.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { Bot as Grammy, GrammyError, InputFile, InputMediaBuilder, webhookCallback } from "grammy";
import type { Bot } from "./bot.ts";
import { TelegramSimulator } from "./server.ts";
import { ApiError } from "./types.ts";

const TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0";
const ANA = { id: 5519027461, name: "Ana", username: "ana_k" };

let simulator: TelegramSimulator;
let bot: Bot;
let grammy: Grammy;

before(async () => {
  simulator = await TelegramSimulator.start();
});
after(() => simulator.stop());

test.beforeEach(() => {
  bot = simulator.addBot({ token: TOKEN, retryDelayMs: 20 });
  grammy = new Grammy(TOKEN, { client: { apiRoot: simulator.address } });
});

test("getMe tells who the bot is", async () => {
  const me = await grammy.api.getMe();
  assert.equal(me.id, 123456789);
  assert.equal(me.username, "support_bot");
});

test("a wrong token is refused", async () => {
  const other = new Grammy("1:wrong", { client: { apiRoot: simulator.address } });
  await assert.rejects(other.api.getMe(), (error: GrammyError) => error.error_code === 401);
});

test("long polling brings updates once and confirms them by offset", async () => {
  const texts: string[] = [];
  const done = new Promise<void>((resolve) => {
    grammy.on("message:text", (context) => {
      texts.push(context.message.text);
      if (texts.length === 2) resolve();
    });
  });
  bot.message(ANA, { text: "one" });
  void grammy.start({ timeout: 2 });
  setTimeout(() => bot.message(ANA, { text: "two" }), 50);
  await done;
  await grammy.stop();
  assert.deepEqual(texts, ["one", "two"]);
  assert.equal(bot.pendingUpdates, 0);
});

test("a webhook gets the secret header and each update until it answers 2xx", async () => {
  const texts: string[] = [];
  grammy.on("message:text", (context) => void texts.push(context.message.text));
  await grammy.init();
  let failures = 1;
  const callback = webhookCallback(grammy, "http", { secretToken: "s3cret_token" });
  const server = createServer((request, response) => {
    if (failures-- > 0) return void response.writeHead(500).end();
    void callback(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = (server.address() as AddressInfo).port;
  bot = simulator.addBot({ token: TOKEN, retryDelayMs: 20, resolve: () => `http://127.0.0.1:${port}/` });
  await grammy.api.setWebhook("https://bot.example/hook", { secret_token: "s3cret_token" });
  bot.message(ANA, { text: "by webhook" });
  while (bot.deliverer.deliveries.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(texts, ["by webhook"]);
  assert.deepEqual(bot.deliverer.deliveries.map((delivery) => delivery.status), [500, 200]);
  const info = await grammy.api.getWebhookInfo();
  assert.equal(info.url, "https://bot.example/hook");
  assert.match(info.last_error_message ?? "", /Wrong response from the webhook: 500/);
  server.close();
  server.closeAllConnections();
});

test("setWebhook checks address and secret", async () => {
  const refused = (message: RegExp) => (error: GrammyError) => error.error_code === 400 && message.test(error.description);
  await assert.rejects(grammy.api.setWebhook("http://bot.example/"), refused(/HTTPS URL must be provided/));
  await assert.rejects(grammy.api.setWebhook("https://bot.example:8420/"), refused(/only on ports/));
  await assert.rejects(grammy.api.setWebhook("https://bot.example/", { secret_token: "no spaces" }), refused(/unallowed characters/));
});

test("polling while a webhook is set is a conflict", async () => {
  await grammy.api.setWebhook("https://bot.example/hook");
  await assert.rejects(grammy.api.getUpdates(), (error: GrammyError) => error.error_code === 409);
  assert.equal(await grammy.api.deleteWebhook(), true);
  assert.deepEqual(await grammy.api.getUpdates(), []);
});

test("messages, replies and buttons go out", async () => {
  const sent = await grammy.api.sendMessage(ANA.id, "hello", {
    reply_parameters: { message_id: 7 }, reply_markup: { inline_keyboard: [[{ text: "Yes", callback_data: "y" }]] },
  });
  assert.equal(sent.text, "hello");
  assert.equal(sent.reply_to_message?.message_id, 7);
  assert.equal(bot.sent.length, 1);
  await assert.rejects(grammy.api.sendMessage(ANA.id, "x".repeat(4097)), /message is too long/);
});

test("messages go into topics that there are", async () => {
  bot.topics.set("-1005", new Set([7]));
  const sent = await grammy.api.sendMessage(-1005, "hello", { message_thread_id: 7 });
  assert.equal(sent.message_thread_id, 7);
  assert.equal(sent.is_topic_message, true);
  assert.equal((await grammy.api.sendMessage(-1005, "to all")).is_topic_message, undefined);
  await assert.rejects(grammy.api.sendMessage(-1005, "hello", { message_thread_id: 8 }), /message thread not found/);
  await assert.rejects(grammy.api.sendMessage(ANA.id, "hello", { message_thread_id: 7 }), /message thread not found/);
});

test("buttons hold 64 bytes, and only queries that there are can be answered", async () => {
  const keyboard = (data: string) => ({ reply_markup: { inline_keyboard: [[{ text: "Yes", callback_data: data }]] } });
  await grammy.api.sendMessage(ANA.id, "hello", keyboard("x".repeat(64)));
  await assert.rejects(grammy.api.sendMessage(ANA.id, "hello", keyboard("я".repeat(33))), /BUTTON_DATA_INVALID/);
  bot.receive({ callback_query: { id: "q1", from: { id: ANA.id, is_bot: false, first_name: "Ana" }, chat_instance: "1", data: "y" } });
  assert.equal(await grammy.api.answerCallbackQuery("q1"), true);
  await assert.rejects(grammy.api.answerCallbackQuery("q2"), /query is too old/);
});

test("only the kinds that were asked for come, by polling too", async () => {
  await grammy.api.getUpdates({ allowed_updates: ["callback_query"] });
  bot.message(ANA, { text: "not asked for" });
  assert.deepEqual(await grammy.api.getUpdates(), []); // left out: as before
  await grammy.api.getUpdates({ allowed_updates: [] });
  bot.message(ANA, { text: "asked for" });
  assert.equal((await grammy.api.getUpdates()).length, 1);
});

test("one address a second", async () => {
  await grammy.api.setWebhook("https://bot.example/hook");
  await assert.rejects(grammy.api.setWebhook("https://bot.example/hook"), (error: GrammyError) => error.parameters.retry_after === 1);
  bot.pass(1000);
  assert.equal(await grammy.api.setWebhook("https://bot.example/hook"), true);
});

test("updates are kept for a day", async () => {
  bot.message(ANA, { text: "yesterday" });
  bot.pass(23 * 3600 * 1000);
  bot.message(ANA, { text: "today" });
  bot.pass(2 * 3600 * 1000);
  assert.deepEqual((await grammy.api.getUpdates()).map((update) => update.message?.text), ["today"]);
});

test("an address that is gone for 23 hours is given up", async () => {
  const server = createServer((_, response) => response.writeHead(410).end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  bot = simulator.addBot({ token: TOKEN, retryDelayMs: 20, resolve: () => `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  await grammy.api.setWebhook("https://bot.example/hook");
  bot.message(ANA, { text: "hello" });
  const deliveries = async (count: number) => {
    while (bot.deliverer.deliveries.length < count) await new Promise((resolve) => setTimeout(resolve, 10));
  };
  await deliveries(1);
  assert.notEqual(bot.webhook, undefined);
  bot.pass(23 * 3600 * 1000);
  await deliveries(bot.deliverer.deliveries.length + 1);
  while (bot.webhook) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal((await grammy.api.getWebhookInfo()).url, "");
  assert.equal((await grammy.api.getUpdates()).length, 1);
  server.close();
  server.closeAllConnections();
});

test("files go up, albums stay together, files come down", async () => {
  const photo = await grammy.api.sendPhoto(ANA.id, new InputFile(Buffer.from("a picture"), "a.jpg"), { caption: "look" });
  assert.equal(photo.photo.at(-1)?.width, 1280);
  const album = await grammy.api.sendMediaGroup(ANA.id, [
    InputMediaBuilder.photo(new InputFile(Buffer.from("one"), "1.jpg")),
    InputMediaBuilder.photo(new InputFile(Buffer.from("two"), "2.jpg")),
  ]);
  assert.equal(album.length, 2);
  const groups = album.map((message) => "media_group_id" in message && message.media_group_id);
  assert.ok(groups[0] && groups[0] === groups[1]);
  const file = await grammy.api.getFile(photo.photo[0]?.file_id ?? "");
  const answer = await fetch(`${simulator.address}/file/bot${TOKEN}/${file.file_path}`);
  assert.equal(await answer.text(), "a picture");
});

test("faults look like the real ones", async () => {
  bot.fail({ method: "sendMessage", error: new ApiError(429, "Too Many Requests: retry after 3", { retry_after: 3 }) });
  await assert.rejects(grammy.api.sendMessage(ANA.id, "x"), (error: GrammyError) => error.parameters.retry_after === 3);
  bot.blocked.add(String(ANA.id));
  await assert.rejects(grammy.api.sendMessage(ANA.id, "x"), /bot was blocked by the user/);
  bot.migrated.set("-5", "-1005");
  await assert.rejects(grammy.api.sendMessage(-5, "x"), (error: GrammyError) => error.parameters.migrate_to_chat_id === -1005);
  bot.revoked = true;
  await assert.rejects(grammy.api.getMe(), (error: GrammyError) => error.error_code === 401);
});
