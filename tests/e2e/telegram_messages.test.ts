// Everything that goes in and out of a bot, against the simulator: TG-2, TG-4, CHAT-12, CHAT-13.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, test } from "node:test";
import { ApiError } from "../simulators/telegram/types.ts";
import { eventually } from "./support/patchbay.ts";
import { ANA, Stage } from "./support/telegram.ts";

let stage: Stage;
beforeEach(async () => {
  stage = await Stage.open();
});
afterEach(() => stage?.close());

test("a webhook becomes a message, its duplicate none, its edit changes it", async () => {
  const integration = await stage.connect();
  const update: any = stage.bot.message(ANA, { text: "first" });
  await stage.messages(integration, 1);
  stage.bot.receive({ message: update.message }, update.update_id);
  const { text: _, ...rest } = update.message;
  stage.bot.receive({ edited_message: { ...rest, text: "first, corrected", edit_date: update.message.date + 5 } });
  const edited = await eventually("the edit", async () => (await stage.messages(integration, 1)).find((m: any) => m.text === "first, corrected"));
  assert.equal(edited.provider_id, String(update.message.message_id));
  assert.ok(edited.edited_at);
  assert.equal((await stage.messages(integration, 1)).length, 1);
  assert.ok(stage.bot.deliverer.deliveries.every((d) => d.status === 200 && d.body === ""));
});

test("files come in and can be downloaded", async () => {
  const integration = await stage.connect();
  const bytes = randomBytes(700_000);
  const file = stage.bot.addFile({ name: "report.pdf", type: "application/pdf", bytes });
  stage.bot.message(ANA, { caption: "the report", document: { file_id: file.id, file_unique_id: file.unique, file_name: "report.pdf", mime_type: "application/pdf", file_size: bytes.length } });
  const attachment = await eventually("the file", async () => {
    const [message] = await stage.messages(integration, 1);
    assert.equal(message.text, "the report");
    const [first] = message.attachments;
    return first?.state === "ready" && first;
  });
  assert.equal(attachment.name, "report.pdf");
  assert.equal(attachment.kind, "document");
  assert.equal(attachment.size, bytes.length);
  assert.deepEqual(Buffer.from(await stage.download(attachment.id)), bytes);
});

test("a file that cannot be fetched since the token was revoked comes when somebody has signed in again", async () => { // CHAT-12
  const integration = await stage.connect();
  const state = async (): Promise<string> => (await stage.host.get(`/api/v1/integrations/${integration}`)).body.state;
  const file = stage.bot.addFile({ name: "a.pdf", type: "application/pdf", bytes: Buffer.from("pdf") });
  stage.bot.revoked = true;
  stage.bot.message(ANA, { document: { file_id: file.id, file_unique_id: file.unique, file_name: "a.pdf", mime_type: "application/pdf", file_size: 3 } });
  await eventually("it asks to sign in again", async () => (await state()) === "sign_in_again");
  const [message] = await stage.messages(integration, 1);
  assert.equal(message.attachments[0].state, "pending");
  stage.bot.revoked = false;
  const active = await stage.host.post(`/api/v1/integrations/${integration}/activate`);
  assert.equal(active.status, 200, JSON.stringify(active.body));
  const [first] = await eventually("the file", async () => {
    const [{ attachments }] = await stage.messages(integration, 1);
    return attachments[0].state === "ready" && attachments;
  });
  assert.equal(Buffer.from(await stage.download(first.id)).toString(), "pdf");
});

test("one id leads from the webhook to all that it caused", async () => { // HOOK-5
  const integration = await stage.connect();
  const file = stage.bot.addFile({ name: "a.pdf", type: "application/pdf", bytes: Buffer.from("pdf") });
  stage.bot.message(ANA, { document: { file_id: file.id, file_unique_id: file.unique, file_name: "a.pdf", mime_type: "application/pdf", file_size: 3 } });
  const message = await eventually("the file", async () => {
    const [first] = await stage.messages(integration, 1);
    return first.attachments[0]?.state === "ready" && first;
  });
  assert.match(message.trace_id, /^[0-9a-f]{32}$/);
  const entries = async (trace: string): Promise<any[]> => (await stage.host.get(`/api/v1/inbox?trace=${trace}`)).body.items;
  const [entry, ...others] = await entries(message.trace_id);
  assert.equal(others.length, 0);
  assert.equal(entry.trace.split("-")[1], message.trace_id);
  assert.equal((await entries("0".repeat(32))).length, 0);
  const rubbish = await stage.host.get("/api/v1/inbox?trace=rubbish");
  assert.deepEqual([rubbish.status, rubbish.body.errors[0].pointer], [422, "/trace"]);
  const state = (await stage.host.get("/api/v1/inbox?state=daed")).body.errors[0];
  assert.match(state.detail, /new.*done.*dead/);
  const lines = stage.host.output.split("\n").filter((line) => line.includes("webhook processed")).map((line) => JSON.parse(line));
  const line = lines.find((candidate) => candidate.inbox === entry.id);
  assert.equal(line.level, "info");
  assert.equal(line.trace, entry.trace);
  assert.equal(line.route, "update");
  assert.equal(line.integration, integration);
  assert.equal(line.events, "1");
  assert.ok(Number(line.age_ms) >= 0);
  assert.ok(stage.simulator.traces.some((trace) => trace.split("-")[1] === message.trace_id), "the file was asked for under another id");
});

test("an album is one message with its pictures in order", async () => {
  const integration = await stage.connect();
  const pictures = ["a", "b", "c"].map((name) => stage.bot.addFile({ name: `${name}.jpg`, type: "image/jpeg", bytes: Buffer.from(name.repeat(50)) }));
  for (const [index, picture] of pictures.entries()) {
    stage.bot.message(ANA, {
      media_group_id: "13947811234567", ...(index === 1 ? { caption: "three of them" } : {}),
      photo: [{ file_id: picture.id, file_unique_id: picture.unique, width: 1280, height: 960, file_size: 50 }],
    });
  }
  const album = await eventually("the album", async () => {
    const all = await stage.messages(integration, 1);
    assert.equal(all.length, 1);
    return all[0].attachments.length === 3 && all[0].attachments.every((a: any) => a.state === "ready") && all[0];
  });
  assert.equal(album.text, "three of them");
  const contents = await Promise.all(album.attachments.map((a: any) => stage.download(a.id)));
  assert.deepEqual(contents.map((bytes) => Buffer.from(bytes).toString()[0]), ["a", "b", "c"]);
});

test("albums of ten pictures, each from a new client, all at once: one chat and one message each", async () => { // bar 7, TG-2
  const count = process.env["PB_FULL"] === "1" ? 1_000 : 40;
  const integration = await stage.connect();
  const orders = Array.from({ length: count }, () => Array.from({ length: 10 }, (_, i) => i));
  for (const order of orders) order.sort(() => Math.random() - 0.5);
  for (let turn = 0; turn < 10; ++turn) {
    for (let client = 0; client < count; ++client) {
      // Telegram numbers the pictures of an album in their order, whatever the order in which they arrive.
      const index = orders[client]![turn]!;
      const picture = stage.bot.addFile({ name: "p.jpg", type: "image/jpeg", bytes: Buffer.from(`${client}:${index}`) });
      stage.bot.message({ id: 7_000_000 + client, name: `Client ${client}` }, {
        message_id: 1_000_000 + client * 10 + index, media_group_id: String(9_000_000 + client), ...(index === 0 ? { caption: `album ${client}` } : {}),
        photo: [{ file_id: picture.id, file_unique_id: picture.unique, width: 640, height: 480, file_size: 8 }],
      });
    }
  }
  await eventually("every picture is there", async () => {
    const chats = await stage.host.chats(integration);
    if (chats.length < count) return false;
    const last = await stage.host.messages(chats[chats.length - 1].id);
    return last[0]?.attachments.length === 10 && (await stage.host.all("/api/v1/inbox?state=new")).length === 0;
  }, 600);
  const chats = await stage.host.chats(integration);
  assert.equal(chats.length, count, "no client has two");
  let pictures = 0;
  for (const chat of chats) {
    const [album, ...more] = await eventually(`the files of ${chat.title}`, async () => {
      const all = await stage.host.messages(chat.id);
      return all[0].attachments.every((each: any) => each.state === "ready") && all;
    }, 300);
    assert.equal(more.length, 0);
    const client = Number(/^album (\d+)$/.exec(album.text)![1]);
    const contents = await Promise.all(album.attachments.map((each: any) => stage.download(each.id)));
    assert.deepEqual(contents.map((bytes) => Buffer.from(bytes).toString()), Array.from({ length: 10 }, (_, i) => `${client}:${i}`));
    pictures += contents.length;
  }
  console.log(`  ${count} albums of new clients, ${pictures} pictures shuffled: ${chats.length} chats, one message each`);
});

test("what is no text is readable all the same", async () => {
  const integration = await stage.connect();
  stage.bot.message(ANA, { location: { latitude: 55.67, longitude: 12.56 } });
  stage.bot.message(ANA, { contact: { phone_number: "+4512345678", first_name: "Bo" } });
  stage.bot.message(ANA, { dice: { emoji: "🎲", value: 4 } });
  stage.bot.message(ANA, { some_new_kind: { x: 1 } });
  stage.bot.message(ANA, { text: "/start lead-42", entities: [{ type: "bot_command", offset: 0, length: 6 }] });
  const all = await stage.messages(integration, 5);
  assert.equal(all[0].content.location.latitude, 55.67);
  assert.match(JSON.stringify(all[1].content.contact), /\+4512345678/);
  assert.match(all[2].text, /🎲 4/);
  assert.match(all[3].text, /some_new_kind/);
  assert.equal(all[4].content.start_payload, "lead-42");
});

test("groups keep the author", async () => {
  const integration = await stage.connect();
  const chat = { id: -1002233445566, type: "supergroup", title: "Support" };
  for (const [id, name] of [[77, "Bo"], [78, "Cy"]] as const) {
    stage.bot.receive({ message: { message_id: stage.bot.nextMessageId(), date: 1795224000, chat, from: { id, is_bot: false, first_name: name }, text: `I am ${name}` } });
  }
  const all = await stage.messages(integration, 2);
  assert.deepEqual(all.map((m) => m.author.name), ["Bo", "Cy"]);
  assert.equal((await stage.host.chats(integration)).length, 1);
});

test("an answer goes to the topic that was written in, a reply to the topic of its message", async () => {
  const integration = await stage.connect();
  const chat = { id: -1002233445566, type: "supergroup", title: "Support", is_forum: true };
  const bo = { id: 77, is_bot: false, first_name: "Bo" };
  stage.bot.topics.set(String(chat.id), new Set([7, 9]));
  const write = (text: string, topic: object) =>
    stage.bot.receive({ message: { message_id: stage.bot.nextMessageId(), date: Math.floor(Date.now() / 1000), chat, from: bo, text, ...topic } });
  write("orders", { message_thread_id: 7, is_topic_message: true });
  const [orders] = await stage.messages(integration, 1);
  stage.bot.receive({ callback_query: { id: "press-in-topic", from: bo, chat_instance: "1", data: "yes",
    message: { message_id: 402, date: 1795223000, chat, message_thread_id: 9, is_topic_message: true, text: "Yes?" } } });
  await stage.messages(integration, 2);
  const shown = await stage.onlyChat(integration);
  const topicOf = async (body: object) => {
    const posted = await stage.host.post(`/api/v1/chats/${shown.id}/messages`, body);
    await stage.reaches(shown.id, posted.body.id, "sent");
    return (stage.bot.sent.at(-1)!.message as any).message_thread_id;
  };
  assert.equal(await topicOf({ text: "you pressed" }), 9);
  assert.equal(await topicOf({ text: "about orders", reply_to: orders.id }), 7);
  write("everyone", {});
  await stage.messages(integration, 5);
  assert.equal(await topicOf({ text: "hello everyone" }), undefined);
});

test("a pressed button is a message and is acknowledged", async () => {
  const integration = await stage.connect();
  const press = (id: string) => stage.bot.receive({ callback_query: { id, from: { id: ANA.id, is_bot: false, first_name: "Ana" }, chat_instance: "-39487234", data: "deal:42:won",
    message: { message_id: 402, date: 1795223000, chat: { id: ANA.id, type: "private", first_name: "Ana" }, text: "Deal 42?", reply_markup: { inline_keyboard: [[{ text: "Won", callback_data: "deal:42:won" }]] } } } });
  press("4382bfdwdsb323b2d9");
  const [pressed] = await stage.messages(integration, 1);
  assert.equal(pressed.text, "Won");
  await eventually("the acknowledgement", async () => stage.bot.answered.includes("4382bfdwdsb323b2d9"));
  press("4382bfdwdsb323b2e0"); // the app repeats it
  await eventually("another acknowledgement", async () => stage.bot.answered.includes("4382bfdwdsb323b2e0"));
  assert.equal((await stage.messages(integration, 1)).length, 1);
});

test("an answer goes out once, with reply and idempotency key", async () => {
  const integration = await stage.connect();
  const update: any = stage.bot.message(ANA, { text: "question" });
  const [question] = await stage.messages(integration, 1);
  const chat = await stage.onlyChat(integration);
  const body = { text: "answer", reply_to: question.id };
  const first = await stage.host.post(`/api/v1/chats/${chat.id}/messages`, body, { "idempotency-key": "k1" });
  const second = await stage.host.post(`/api/v1/chats/${chat.id}/messages`, body, { "idempotency-key": "k1" });
  assert.equal(first.status, 202);
  assert.equal(second.body.id, first.body.id);
  const sent = await stage.reaches(chat.id, first.body.id, "sent");
  assert.equal(stage.bot.sent.length, 1);
  assert.equal(sent.provider_id, String((stage.bot.sent[0]!.message as any).message_id));
  assert.equal((stage.bot.sent[0]!.message as any).reply_to_message.message_id, update.message.message_id);
});

test("a long text goes out in parts that joined are the text, as one message", async () => {
  const integration = await stage.connect();
  stage.bot.message(ANA, { text: "hello" });
  const chat = await stage.onlyChat(integration);
  const text = Array.from({ length: 1800 }, (_, i) => `word${i}${i % 40 === 39 ? "\n" : " "}`).join("") + "👩‍👩‍👧‍👦".repeat(20);
  const posted = await stage.host.post(`/api/v1/chats/${chat.id}/messages`, { text });
  await stage.reaches(chat.id, posted.body.id, "sent", 40);
  const parts = stage.bot.sent.map((s) => String((s.message as any).text));
  assert.ok(parts.length >= 3 && parts.every((part) => part.length <= 4096));
  assert.equal(parts.join(""), text);
  assert.equal((await stage.host.messages(chat.id)).filter((m) => m.direction === "out").length, 1);
});

test("files go out as what they are", async () => {
  const integration = await stage.connect();
  stage.bot.message(ANA, { text: "send me files" });
  const chat = await stage.onlyChat(integration);
  const picture = await stage.upload("cat.jpg", "image/jpeg", randomBytes(300_000));
  const paper = await stage.upload("paper.pdf", "application/pdf", randomBytes(2_000_000));
  const one = await stage.host.post(`/api/v1/chats/${chat.id}/messages`, { text: "a cat", attachments: [picture] });
  await stage.reaches(chat.id, one.body.id, "sent");
  const two = await stage.host.post(`/api/v1/chats/${chat.id}/messages`, { attachments: [paper] });
  await stage.reaches(chat.id, two.body.id, "sent");
  assert.deepEqual(stage.bot.sent.map((s) => s.method), ["sendphoto", "senddocument"]);
  assert.equal((stage.bot.sent[0]!.message as any).caption, "a cat");
  assert.deepEqual(Buffer.from(stage.bot.sent[1]!.files[0]!.bytes), Buffer.from(await stage.download(paper)));
  assert.equal(stage.bot.sent[1]!.files[0]!.name, "paper.pdf");
});

test("videos, music, voices, albums, mixed files, places and buttons go out", async () => { // TG-2
  const integration = await stage.connect();
  stage.bot.message(ANA, { text: "send me everything" });
  const chat = await stage.onlyChat(integration);
  const file = (name: string, type: string) => stage.upload(name, type, randomBytes(1000));
  const methods = async (body: object) => (await stage.send(chat.id, body)).map((sent) => sent.method);

  assert.deepEqual(await methods({ attachments: [await file("a.mp4", "video/mp4")] }), ["sendvideo"]);
  assert.deepEqual(await methods({ attachments: [await file("a.mp3", "audio/mpeg")] }), ["sendaudio"]);
  assert.deepEqual(await methods({ attachments: [{ id: await file("a.ogg", "audio/ogg"), kind: "voice" }] }), ["sendvoice"]);
  assert.deepEqual(await methods({ attachments: [await file("a.jpg", "image/jpeg"), await file("a.pdf", "application/pdf")] }), ["sendphoto", "senddocument"]);

  const album = await stage.send(chat.id, { text: "both", attachments: [await file("1.jpg", "image/jpeg"), await file("2.jpg", "image/jpeg")] });
  assert.deepEqual(album.map((sent) => sent.method), ["sendmediagroup", "sendmediagroup"]);
  assert.equal((album[0]!.message as any).caption, "both");
  assert.equal((album[0]!.message as any).media_group_id, (album[1]!.message as any).media_group_id);

  const [place] = await stage.send(chat.id, { location: { latitude: 55.67, longitude: 12.56 } });
  assert.deepEqual((place!.message as any).location, { latitude: 55.67, longitude: 12.56 });
  const [question] = await stage.send(chat.id, { text: "Deal?", buttons: [[{ title: "Won", data: "deal:42:won" }]] });
  assert.deepEqual((question!.message as any).reply_markup.inline_keyboard, [[{ text: "Won", callback_data: "deal:42:won" }]]);
});

test("a file beyond 20 MB is not fetched and says why", async () => {
  const integration = await stage.connect();
  const file = stage.bot.addFile({ name: "film.mp4", type: "video/mp4", bytes: Buffer.alloc(20 * 1024 * 1024 + 1) });
  stage.bot.message(ANA, { video: { file_id: file.id, file_unique_id: file.unique, width: 1, height: 1, duration: 1, mime_type: "video/mp4", file_size: file.upload.bytes.length } });
  const attachment = await eventually("the refusal", async () => {
    const [message] = await stage.messages(integration, 1);
    return message.attachments[0]?.state === "failed" && message.attachments[0];
  });
  assert.match(attachment.reason, /20 MB/);
});

test("429 waits as long as asked and slows no other chat", async () => {
  const integration = await stage.connect();
  stage.bot.message(ANA, { text: "a" });
  stage.bot.message({ id: 42, name: "Bo" }, { text: "b" });
  const chats = await eventually("two chats", async () => {
    const all = await stage.host.chats(integration);
    return all.length === 2 && all;
  });
  const [ana, bo] = [chats.find((c) => c.conversation === String(ANA.id)), chats.find((c) => c.conversation === "42")];
  stage.bot.fail({ method: "sendMessage", chat: String(ANA.id), error: new ApiError(429, "Too Many Requests: retry after 2", { retry_after: 2 }) });
  const started = Date.now();
  const slow = await stage.host.post(`/api/v1/chats/${ana.id}/messages`, { text: "slow" });
  const fast = await stage.host.post(`/api/v1/chats/${bo.id}/messages`, { text: "fast" });
  await stage.reaches(bo.id, fast.body.id, "sent");
  await stage.reaches(ana.id, slow.body.id, "sent");
  assert.ok(Date.now() - started >= 2000, "it did not wait");
  assert.deepEqual(stage.bot.sent.map((sent) => sent.chat), ["42", String(ANA.id)], "the other chat waited too");
});

test("a blocked bot is a failed message with the provider's reason", async () => {
  const integration = await stage.connect();
  stage.bot.message(ANA, { text: "bye" });
  const chat = await stage.onlyChat(integration);
  stage.bot.blocked.add(String(ANA.id));
  const posted = await stage.host.post(`/api/v1/chats/${chat.id}/messages`, { text: "are you there?" });
  const failed = await stage.reaches(chat.id, posted.body.id, "failed");
  assert.match(failed.reason, /blocked/i);
});

test("a migrated chat is followed", async () => {
  const integration = await stage.connect();
  stage.bot.receive({ message: { message_id: 5, date: 1795224000, chat: { id: -500, type: "group", title: "G" }, from: { id: 77, is_bot: false, first_name: "Bo" }, text: "hi" } });
  const chat = await stage.onlyChat(integration);
  stage.bot.migrated.set("-500", "-1000500");
  const posted = await stage.host.post(`/api/v1/chats/${chat.id}/messages`, { text: "still here?" });
  await stage.reaches(chat.id, posted.body.id, "sent");
  assert.equal(stage.bot.sent[0]!.chat, "-1000500");
  assert.equal((await stage.host.get(`/api/v1/chats/${chat.id}`)).body.conversation, "-1000500");
});

test("a send without an answer is uncertain and is not repeated", async () => { // OUT-1
  const integration = await stage.connect();
  stage.bot.message(ANA, { text: "hello" });
  const chat = await stage.onlyChat(integration);
  stage.bot.fail({ method: "sendMessage", hangAfterAccept: true });
  const posted = await stage.host.post(`/api/v1/chats/${chat.id}/messages`, { text: "did it arrive?" });
  await stage.reaches(chat.id, posted.body.id, "uncertain", 90);
  assert.equal(stage.bot.sent.length, 1);
});

test("a provider that is away gets everything, oldest first, when it is back", async () => { // OUT-3
  const integration = await stage.connect();
  stage.bot.message(ANA, { text: "hello" });
  const chat = await stage.onlyChat(integration);
  const port = await stage.simulator.pause();
  const ids: string[] = [];
  for (const text of ["one", "two", "three"]) ids.push((await stage.host.post(`/api/v1/chats/${chat.id}/messages`, { text })).body.id);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await stage.simulator.resume(port);
  for (const id of ids) await stage.reaches(chat.id, id, "sent", 60);
  assert.deepEqual(stage.bot.sent.map((s) => (s.message as any).text), ["one", "two", "three"]);
});

test("long polling brings the same messages and loses none over a restart", async () => { // TG-3
  const integration = await stage.connect("polling");
  stage.bot.message(ANA, { text: "one" });
  await stage.messages(integration, 1);
  await stage.host.kill("SIGKILL");
  stage.bot.message(ANA, { text: "two" });
  await stage.host.serve();
  stage.bot.message(ANA, { text: "three" });
  const all = await stage.messages(integration, 3);
  assert.deepEqual(all.map((m) => m.text), ["one", "two", "three"]);
});

test("another poller makes the integration degraded, with the reason, and it recovers", async () => {
  const integration = await stage.connect("polling");
  stage.bot.fail({ method: "getUpdates", times: 3, error: new ApiError(409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running") });
  stage.bot.message(ANA, { text: "wake up" });
  const degraded = await eventually("degraded", async () => {
    const shown = (await stage.host.get(`/api/v1/integrations/${integration}`)).body;
    return shown.state === "degraded" && shown;
  }, 60);
  assert.match(degraded.reason.text, /getUpdates|poll|another/i);
  await eventually("active again", async () => (await stage.host.get(`/api/v1/integrations/${integration}`)).body.state === "active", 60);
});
