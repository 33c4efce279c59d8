// One way through everything, over every channel at once: a client writes, is missed, answered, handed on, finished, and comes
// back. CHAT-1, 4, 5, 6, 8, 11, 12, 16, 18, 20, 21.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";
import { type Channel, Channels } from "./support/channels.ts";
import { type Answer, type Browser, eventually, type Patchbay } from "./support/patchbay.ts";
import { Stream } from "./support/stream.ts";

const LARGE_BYTES = 51 << 20; // what no channel takes of a picture
const MINUTE_MS = 60_000; // the least that OmniChatOperatorAcceptChatTimeout can be

let channels: Channels;
let host: Patchbay;
let everything: Stream; // what somebody is told who manages chats
const streams: Stream[] = [];

before(async () => {
  channels = await Channels.open();
  host = channels.host;
  for (const [code, value] of [["OmniChatOperatorAcceptChatTimeout", 1], ["MaxFileSize", 100]] as const) {
    const set = await host.call("PUT", `/api/v1/settings/${code}`, { value });
    assert.equal(set.status, 200, JSON.stringify(set.body));
  }
  everything = await follow(await host.signIn("chief", ["CanManageChats"]));
});
after(async () => {
  for (const stream of streams) stream.close();
  await channels?.close();
});

async function follow(who: Browser): Promise<Stream> {
  const stream = await Stream.open(`${host.address}/api/v1/desk/events`, who.headers);
  streams.push(stream);
  await stream.until((events) => events[0]?.type === "reset");
  return stream;
}

// What was told of a chat, in words that its history has too.
// What has no reason leaves the chat where it is: its title, whether its client can be reached.
const told = (stream: Stream, chat: string): string[] => stream.events.filter((one) => one.type.startsWith("chat.") && one.data.chat === chat && one.data.reason)
  .map(({ type, data }) => `${type} ${data.state} ${data.reason} ${data.operator ?? "nobody"}`);

// Who serves the chats of one queue, as the console does it: over the API, and with what happens told on a stream.
class Operator {
  readonly login: string;
  readonly id: string;
  readonly stream: Stream;
  private readonly session: Browser;

  private constructor(login: string, session: Browser, stream: Stream) {
    this.login = login;
    this.id = session.answer.body.user.id;
    this.session = session;
    this.stream = stream;
  }

  static async signIn(login: string): Promise<Operator> {
    const session = await host.signIn(login);
    return new Operator(login, session, await follow(session));
  }

  ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    host.call(method, `/api/v1${path}`, body, { ...this.session.headers, ...headers });
  act = (chat: string, what: string, body?: unknown): Promise<Answer> => this.ask("POST", `/desk/chats/${chat}/${what}`, body);
  desk = async (): Promise<any> => (await this.ask("GET", "/desk")).body;
  history = async (chat: string): Promise<any[]> => (await this.ask("GET", `/desk/chats/${chat}/history`)).body.items;
  message = async (chat: string, id: string): Promise<any> => (await this.ask("GET", `/desk/chats/${chat}/messages`)).body.items.find((one: any) => one.id === id);

  async become(status: string): Promise<void> {
    assert.equal((await this.ask("PATCH", "/desk", { status })).body.status, status);
    await this.isTold(status);
  }
  // The last that the console was told of the own status.
  isTold(status: string, seconds = 20): Promise<unknown> {
    return this.stream.until((events) => events.findLast((one) => one.type === "operator.changed" && one.data.operator === this.id)?.data.state === status, seconds);
  }

  async sees(chat: string, type: string, reason: string, seconds = 20): Promise<void> {
    const seen = (): boolean => this.stream.events.some((one) => one.type === type && one.data.chat === chat && one.data.reason === reason);
    await this.stream.until(seen, seconds);
  }
  statesOf = (message: string): string[] => this.stream.events.filter((one) => one.type === "message.state" && one.data.id === message).map((one) => one.data.state);

  async upload(name: string, type: string, bytes: Uint8Array): Promise<string> {
    const body = new FormData();
    body.set("file", new Blob([bytes as BlobPart], { type }), name);
    const answer = await fetch(`${host.address}/api/v1/desk/files`, { method: "POST", body, headers: this.session.headers });
    const file: any = await answer.json();
    assert.equal(answer.status, 201, JSON.stringify(file));
    return file.id;
  }

  // Sends, and waits until the message says that it has gone: then it is there.
  async say(channel: Channel, chat: string, body: object, arrived: (all: Awaited<ReturnType<Channel["received"]>>) => boolean): Promise<string> {
    const sent = await this.ask("POST", `/desk/chats/${chat}/messages`, body);
    assert.equal(sent.status, 202, JSON.stringify(sent.body));
    assert.equal(sent.body.state, "queued");
    await this.reaches(chat, sent.body.id, "sent");
    await eventually("the client has it", async () => arrived(await channel.received()), 10);
    return sent.body.id;
  }
  // Over the API and on the stream.
  async reaches(chat: string, message: string, state: string): Promise<any> {
    await this.stream.until(() => this.statesOf(message).at(-1) === state);
    const found = await this.message(chat, message);
    assert.equal(found.state, state);
    return found;
  }
}

// What the chat's history has to say, line by line.
async function assertHistory(who: Operator, chat: string, expected: [string, string, string, Operator?][]): Promise<any[]> {
  const lines = await who.history(chat);
  const said = lines.map((one) => [one.state, one.reason, one.actor, one.operator]);
  assert.deepEqual(said, expected.map(([state, reason, actor, operator]) => [state, reason, actor, operator?.id ?? null]));
  const times = lines.map((one) => Date.parse(one.at));
  assert.ok(times.every((time, i) => time >= (times[i - 1] ?? 0) && time <= Date.now()), JSON.stringify(times));
  return lines;
}

async function chatOf(integration: string, other = ""): Promise<any> {
  return eventually("the chat is there", async () => (await host.chats(integration)).find((one) => one.id !== other && one.state !== "finished"));
}

async function createCase(who: Operator, chat: string): Promise<void> { // CHAT-18
  const contact = (await who.ask("GET", `/desk/chats/${chat}`)).body.contact_id;
  assert.ok(contact, "the client is a contact");
  const { actions } = (await who.ask("GET", `/desk/chats/${chat}/actions`)).body;
  assert.deepEqual(actions.map((one: any) => one.name), ["Create case"]);
  const started = await who.ask("POST", `/desk/chats/${chat}/actions/${actions[0].id}`, undefined, { "idempotency-key": "click" });
  assert.equal(started.status, 202, JSON.stringify(started.body));
  const run = await eventually("the process has run", async () => {
    const { body } = await who.ask("GET", `/process-runs/${started.body.id}`);
    return ["done", "failed"].includes(body.state) && body;
  });
  assert.equal(run.state, "done", run.error);
  const { fields } = (await who.ask("GET", `/records/case/${run.result.CaseId}`)).body;
  assert.deepEqual([fields.chat, fields.contact, fields.origin], [chat, contact, "chat"]);
}

// What is said of a message is what has become of it, and not more (CHAT-12).
async function assertReceipts(who: Operator, channel: Channel, chat: string, messages: string[]): Promise<void> {
  let known = "sent";
  for (const state of ["delivered", "read"] as const) {
    for (const id of messages) assert.equal((await who.message(chat, id)).state, known, "nobody has told more");
    if (!channel.report) continue;
    await channel.report(state);
    for (const id of messages) await who.reaches(chat, id, state);
    known = state;
  }
}

async function assertRefusals(who: Operator, channel: Channel, chat: string): Promise<void> {
  // CHAT-21: before it is sent, saying what is allowed.
  const large = await who.upload("large.png", "image/png", Buffer.alloc(LARGE_BYTES));
  const before = (await channel.received()).length;
  const refused = await who.ask("POST", `/desk/chats/${chat}/messages`, { attachments: [large] });
  assert.equal(refused.status, 422, JSON.stringify(refused.body));
  assert.match(JSON.stringify(refused.body.errors), /"pointer":"\/attachments\/0".*MB/, JSON.stringify(refused.body));
  // CHAT-12: failed, with what the provider says.
  const said = channel.refuse?.();
  if (said) {
    const sent = await who.ask("POST", `/desk/chats/${chat}/messages`, { text: "This one does not arrive" });
    const failed = await who.reaches(chat, sent.body.id, "failed");
    assert.match(JSON.stringify(failed.reason), said);
  }
  await channel.write("Are you still there?"); // whoever was out of reach is back
  await who.stream.until((events) => events.some((one) => one.type === "message.received" && one.data.chat === chat));
  assert.equal((await channel.received()).length, before);
}

async function scenario(channel: Channel): Promise<void> {
  const name = `Shop ${channel.plugin}`;
  const integration = await channel.connect(name);
  const [ana, ben] = [await Operator.signIn(`ana-${channel.plugin}`), await Operator.signIn(`ben-${channel.plugin}`)];
  const queue = await host.post("/api/v1/queues", { name: `Queue ${channel.plugin}`, rule: "least_busy", operators: [ana.id, ben.id] });
  assert.equal(queue.status, 201, JSON.stringify(queue.body));
  const action = await host.post("/api/v1/chat-actions", { name: "Create case", queue: queue.body.id, process: "CreateCaseFromChat" });
  assert.equal(action.status, 201, JSON.stringify(action.body));
  const on = await host.call("PATCH", `/api/v1/channels/${integration}`, { active: true, queue: queue.body.id });
  assert.equal(on.status, 200, JSON.stringify(on.body));
  const kept = await host.call("DELETE", `/api/v1/queues/${queue.body.id}`);
  assert.deepEqual([kept.status, kept.body.detail.includes(name)], [409, true], "CHAT-1: a channel points to it");

  // Nobody is active, so it waits.
  await channel.write("My lamp is broken");
  const chat = (await chatOf(integration)).id as string;
  assert.equal((await host.get(`/api/v1/chats/${chat}`)).body.state, "waiting");
  for (const who of [ana, ben]) assert.deepEqual(await who.desk(), { status: "inactive", chats: [], offers: [] });

  // CHAT-4, CHAT-6: who becomes active is asked; another one who does so later is not, since one has been.
  await ana.become("active");
  await ana.sees(chat, "chat.changed", "distributed");
  assert.deepEqual((await ana.desk()).chats.map((one: any) => [one.id, one.state]), [[chat, "assigned"]]);
  await ben.become("active");
  assert.deepEqual((await ben.desk()).chats, []);

  // CHAT-5: who misses it is inactive, and the next one is asked.
  await ana.sees(chat, "chat.changed", "missed", 90);
  await ana.isTold("inactive");
  assert.deepEqual(await ana.desk(), { status: "inactive", chats: [], offers: [] });
  const late = await ana.act(chat, "accept");
  assert.ok([403, 409].includes(late.status), `${late.status}`);
  await ben.sees(chat, "chat.changed", "distributed");
  assert.deepEqual((await ben.desk()).chats.map((one: any) => [one.id, one.state]), [[chat, "assigned"]]);
  assert.equal((await ben.act(chat, "accept")).body.state, "in_progress");
  await ben.sees(chat, "chat.changed", "accepted");

  // CHAT-12, CHAT-20: a text and a file, as they were sent, in that order.
  const bytes = Buffer.concat([Buffer.from("%PDF-1.4\n"), randomBytes(200_000)]);
  const text = "Grüße 👋 here is the manual";
  const file = await ben.upload("manual.pdf", "application/pdf", bytes);
  const messages = [
    await ben.say(channel, chat, { text }, (all) => all.some((one) => one.text === text)),
    await ben.say(channel, chat, { attachments: [file] }, (all) => all.some((one) => one.file !== undefined)),
  ];
  const reached = await channel.received();
  assert.deepEqual(reached.map((one) => one.text), [text, ""]);
  assert.ok(reached[1]!.file!.equals(bytes), "the file is the same, byte by byte");
  await assertReceipts(ben, channel, chat, messages);
  const rank = ["queued", "sending", "sent", "delivered", "read"];
  for (const id of messages) {
    const states = ben.statesOf(id).map((state) => rank.indexOf(state));
    assert.ok(states.every((one, i) => one >= (states[i - 1] ?? 0)), ben.statesOf(id).join());
  }
  await assertRefusals(ben, channel, chat);

  await createCase(ben, chat);

  // CHAT-16: handed on with a note to who is active again.
  assert.deepEqual(ana.stream.events.filter((one) => one.type.startsWith("message.")), [], "what others write is not for who does not have the chat");
  const early = await ben.act(chat, "transfer", { operator: ana.id });
  assert.equal(early.status, 409, "she is inactive");
  await ana.become("active");
  const handed = await ben.act(chat, "transfer", { operator: ana.id, note: "she knows lamps" });
  assert.deepEqual([handed.body.state, handed.body.operator], ["assigned", ana.id]);
  for (const who of [ana, ben]) await who.sees(chat, "chat.changed", "transferred");
  assert.deepEqual((await ben.desk()).chats, []);
  assert.equal((await ben.ask("POST", `/desk/chats/${chat}/messages`, { text: "not mine" })).status, 403);
  assert.equal((await ana.act(chat, "accept")).body.state, "in_progress");
  await ana.say(channel, chat, { text: "Done, bye" }, (all) => all.at(-1)!.text === "Done, bye");
  assert.equal((await ana.act(chat, "finish")).body.state, "finished");
  await ana.sees(chat, "chat.finished", "finished");

  // CHAT-11: everything with its time, its actor and its reason, and everybody was told his part of it as it happened.
  const lines = await assertHistory(ana, chat, [
    ["waiting", "opened", "client"],
    ["assigned", "distributed", "host", ana],
    ["waiting", "missed", "host"],
    ["assigned", "distributed", "host", ben],
    ["in_progress", "accepted", `user:${ben.login}`, ben],
    ["in_progress", "action_started", `user:${ben.login}`, ben],
    ["assigned", "transferred", `user:${ben.login}`, ana],
    ["in_progress", "accepted", `user:${ana.login}`, ana],
    ["finished", "finished", `user:${ana.login}`],
  ]);
  const waited = Date.parse(lines[2].at) - Date.parse(lines[1].at);
  assert.ok(waited >= MINUTE_MS && waited < MINUTE_MS + 10_000, `missed after ${waited} ms`);
  assert.deepEqual([lines[2].former_operator, lines[6].former_operator], [ana.id, ben.id]);
  assert.deepEqual([lines[5].note, lines[6].note], ["Create case", "she knows lamps"]);
  const types = new Map([["opened", "chat.created"], ["finished", "chat.finished"]]);
  const tellings = (some: any[]): string[] => some.map((one) => `${types.get(one.reason) ?? "chat.changed"} ${one.state} ${one.reason} ${one.operator ?? "nobody"}`);
  await everything.until(() => told(everything, chat).length === lines.length);
  assert.deepEqual(told(everything, chat), tellings(lines));
  for (const who of [ana, ben]) assert.deepEqual(told(who.stream, chat), tellings(lines.filter((one) => [one.operator, one.former_operator].includes(who.id))), who.login);

  // CHAT-8, CHAT-4: another chat, and of two who are free it is the one who has not taken any for longer.
  await channel.write("The other lamp too");
  const next = (await chatOf(integration, chat)).id as string;
  await ben.sees(next, "chat.changed", "distributed");
  assert.deepEqual((await ben.desk()).chats.map((one: any) => [one.id, one.state]), [[next, "assigned"]]);
  await assertHistory(ben, next, [["waiting", "opened", "client"], ["assigned", "distributed", "host", ben]]);
  assert.deepEqual((await host.messages(next)).map((one) => one.text), ["The other lamp too"]);
}

test("a client is missed by one, answered by another, handed on, finished, and begins anew, over every channel", { concurrency: true }, async (t) => {
  await Promise.all(channels.all.map((channel) => t.test(channel.plugin, () => scenario(channel))));
});
