// FB-4: a bot of another platform has the conversation first, people when it passes control, and the bot again when they have
// finished: by the handover protocol and by what came after it. With CHAT-9, 11, 13, 14, 22.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { GraphError } from "../simulators/meta/types.ts";
import type { Page } from "../simulators/meta/messenger.ts";
import { Stage } from "./support/messenger.ts";
import { eventually, type Answer, type Browser } from "./support/patchbay.ts";

const BOT = "987654321";

let stage: Stage;
let ana: Browser; // who answers
let bakery: Page; // by the handover protocol
let books: Page; // by conversation routing
let queue: string;
const integrations = new Map<Page, string>();
let last = 7000;

before(async () => {
  stage = await Stage.open();
  bakery = stage.messenger.addPage("104857600001", "Bakery");
  books = stage.messenger.addPage("104857600002", "Books");
  const ids = await stage.connect(bakery, books);
  for (const [i, page] of [bakery, books].entries()) {
    page.defaultApp = BOT;
    integrations.set(page, ids[i]!);
  }
  ana = await stage.host.signIn("ana");
  const made = await stage.host.post("/api/v1/queues", { name: "All", rule: "least_busy", operators: [ana.answer.body.user.id] });
  queue = made.body.id;
  for (const page of [bakery, books]) await channel(page, { active: true, queue });
  await configure(bakery, { bot: "handover", bot_app_id: BOT });
  await configure(books, { bot: "routing" });
  assert.equal((await ask("PATCH", "/api/v1/desk", { status: "active" })).body.status, "active");
});
after(() => stage?.close());

const ask = (method: string, path: string, body?: unknown): Promise<Answer> => stage.host.call(method, path, body, ana.headers);
const act = (chat: string, what: string): Promise<Answer> => ask("POST", `/api/v1/desk/chats/${chat}/${what}`);
const newClient = (): string => String(++last);
async function channel(page: Page, change: object): Promise<void> {
  const changed = await stage.host.call("PATCH", `/api/v1/channels/${integrations.get(page)}`, change);
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
}
async function configure(page: Page, settings: object): Promise<void> {
  const changed = await stage.host.call("PATCH", `/api/v1/integrations/${integrations.get(page)}`, { settings });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
}
async function present(): Promise<void> { // after each start of the host, and when a test takes long
  assert.equal((await ask("POST", "/api/v1/desk/present")).status, 204);
}

const chatsOf = async (page: Page, client: string): Promise<any[]> => (await stage.host.chats(integrations.get(page)!)).filter((one) => one.conversation === client);
const openOf = async (page: Page, client: string): Promise<any> => (await chatsOf(page, client)).find((one) => one.state !== "finished");
function isIn(page: Page, client: string, state: string): Promise<any> {
  return eventually(`the chat of ${client} is ${state}`, async () => {
    const chat = await openOf(page, client);
    return chat?.state === state && chat;
  });
}
async function says(chat: string, text: string): Promise<any> {
  return eventually(`"${text}" is there`, async () => (await stage.host.messages(chat)).find((one) => one.text === text));
}
const texts = async (chat: string): Promise<any[]> => (await stage.host.messages(chat)).map((one) => [one.direction, one.text]);
const history = async (chat: string): Promise<any[]> => (await stage.host.get(`/api/v1/chats/${chat}/history`)).body.items.map((one: any) => [one.state, one.reason, one.actor]);
const calls = (verb: string): number => stage.graph.calls.filter((call) => call.path.endsWith(verb)).length;
const backBy = (page: Page): string => (page === bakery ? "pass_thread_control" : "release_thread_control");
const hasAgain = (page: Page, client: string): Promise<unknown> => eventually("the bot has it again", async () => page.owner(client) === BOT, 30);

// A conversation that its operator is at, having got it from the bot.
async function taken(page: Page): Promise<{ client: string; chat: string }> {
  await present();
  const client = newClient();
  await page.message(client, { text: "a person, please" });
  await isIn(page, client, "with_bot");
  await page.pass(client, stage.graph.appId);
  const chat = (await isIn(page, client, "assigned")).id;
  assert.equal((await act(chat, "accept")).status, 200);
  return { client, chat };
}

for (const [protocol, verb, pageOf] of [["handover", "pass_thread_control", () => bakery], ["routing", "release_thread_control", () => books]] as const) {
  test(`FB-4, ${protocol}: with the bot, with people, with the bot again`, async () => {
    const page = pageOf();
    const client = newClient();
    await page.message(client, { text: "Are you open today?" });
    const chat = (await isIn(page, client, "with_bot")).id;
    await says(chat, "Are you open today?");
    await page.says(client, BOT, "Until six.");
    const reply = await says(chat, "Until six.");
    assert.deepEqual([reply.direction, reply.state, reply.author.is_bot], ["out", "sent", true]);
    await page.message(client, { text: "A person, please" });
    await says(chat, "A person, please");
    // CHAT-14: kept without an operator, and nobody is asked.
    const kept = await openOf(page, client);
    assert.deepEqual([kept.state, kept.operator], ["with_bot", null]);
    assert.deepEqual((await ask("GET", "/api/v1/desk")).body, { status: "active", chats: [], offers: [] });
    assert.deepEqual(await history(chat), [["with_bot", "opened", "client"]]);

    await page.pass(client, stage.graph.appId);
    await isIn(page, client, "assigned");
    assert.deepEqual((await ask("GET", "/api/v1/desk")).body.chats.map((one: any) => one.id), [chat]);
    assert.equal((await act(chat, "accept")).status, 200);
    const sent = await ask("POST", `/api/v1/desk/chats/${chat}/messages`, { text: "Ana here" });
    await stage.reaches(chat, sent.body.id, "sent");
    assert.equal(page.sent.at(-1)!.message["text"], "Ana here");
    await page.message(client, { text: "Thanks!" });
    await says(chat, "Thanks!");
    assert.equal(page.owner(client), stage.graph.appId);

    const before = calls(verb);
    assert.equal((await act(chat, "finish")).body.state, "finished");
    await hasAgain(page, client);
    assert.equal(calls(verb), before + 1);
    assert.deepEqual(await texts(chat), [["in", "Are you open today?"], ["out", "Until six."], ["in", "A person, please"], ["out", "Ana here"], ["in", "Thanks!"]]);
    assert.deepEqual(await history(chat), [
      ["with_bot", "opened", "client"], ["waiting", "bot_passed", "bot"], ["assigned", "distributed", "host"], ["in_progress", "accepted", "user:ana"], ["finished", "finished", "user:ana"],
    ]);

    await page.message(client, { text: "And tomorrow?" });
    const next = await isIn(page, client, "with_bot");
    assert.notEqual(next.id, chat);
    assert.equal(next.operator, null);
    await page.says(client, BOT, "From eight.");
    await says(next.id, "From eight.");
    assert.deepEqual((await ask("GET", "/api/v1/desk")).body.chats, []);
  });
}

test("FB-4: a conversation of which nothing was known here before the bot passed it goes back to the bot too", async () => {
  for (const page of [bakery, books]) {
    const client = newClient();
    await page.pass(client, stage.graph.appId);
    await page.message(client, { text: "they said that you can help" });
    const chat = (await isIn(page, client, "assigned")).id;
    assert.equal((await act(chat, "accept")).status, 200);
    assert.equal((await act(chat, "finish")).status, 200);
    await hasAgain(page, client);
  }
});

test("FB-4: what is sent while the bot has the conversation fails with the reason, and the bot keeps it", async () => {
  const client = newClient();
  await bakery.message(client, { text: "hello bot" });
  const chat = (await isIn(bakery, client, "with_bot")).id;
  assert.equal((await ask("POST", `/api/v1/desk/chats/${chat}/messages`, { text: "not mine" })).status, 404, "an operator does not see it");
  const before = bakery.sent.length;
  const failed = await stage.reaches(chat, await stage.send(chat, { text: "May I?" }), "failed");
  assert.match(JSON.stringify(failed.reason), /Another application has this conversation now/);
  assert.deepEqual([bakery.sent.length, bakery.owner(client), (await openOf(bakery, client)).state], [before, BOT, "with_bot"]);
  // The bot takes over while a person is at it: the person learns why nothing goes out, and the chat stays his.
  const other = await taken(bakery);
  await bakery.pass(other.client, BOT);
  const late = await ask("POST", `/api/v1/desk/chats/${other.chat}/messages`, { text: "And now?" });
  await stage.reaches(other.chat, late.body.id, "failed");
  assert.equal((await openOf(bakery, other.client)).state, "in_progress");
  assert.equal((await act(other.chat, "finish")).body.state, "finished");
  assert.equal(bakery.owner(other.client), BOT);
});

test("FB-4, CHAT-22: control that is passed while the channel is inactive is not lost", async () => {
  await present();
  await channel(bakery, { active: false });
  const client = newClient();
  await bakery.message(client, { text: "a person, please" });
  await isIn(bakery, client, "with_bot");
  await bakery.pass(client, stage.graph.appId);
  const chat = (await isIn(bakery, client, "held")).id;
  await bakery.message(client, { text: "hello?" });
  await says(chat, "hello?");
  assert.deepEqual((await ask("GET", "/api/v1/desk")).body.chats, []);
  await channel(bakery, { active: true });
  await isIn(bakery, client, "assigned");
  assert.equal((await act(chat, "accept")).status, 200);
  assert.equal((await act(chat, "finish")).status, 200);
  await hasAgain(bakery, client);
  assert.deepEqual((await history(chat)).map(([state, reason]) => `${state} ${reason}`), [
    "with_bot opened", "held bot_passed", "waiting channel_on", "assigned distributed", "in_progress accepted", "finished finished",
  ]);
});

test("FB-4: a hand-back is repeated until it is done, whatever is in its way", async () => {
  const ways: [string, object, number][] = [
    ["refused for now", { error: new GraphError(2, "Service temporarily unavailable", 0, 500), times: 2 }, 3],
    ["an error that says nothing", { error: new GraphError(1, "An unknown error has occurred", 0, 500) }, 2],
    ["cut before it is done", { dropBefore: true }, 2],
    ["done, and its answer lost", { dropAfter: true }, 2],
  ];
  for (const [i, [what, fault, tries]] of ways.entries()) {
    const page = [bakery, books][i % 2]!;
    const { client, chat } = await taken(page);
    const before = calls(backBy(page));
    stage.graph.fail({ path: backBy(page), ...fault });
    assert.equal((await act(chat, "finish")).status, 200);
    await hasAgain(page, client);
    await eventually(`${what}: it is tried again`, async () => calls(backBy(page)) === before + tries);
    await page.message(client, { text: `after ${what}` });
    await isIn(page, client, "with_bot");
  }
});

test("FB-4, FB-5: a hand-back waits where the page's token is dead, and is made after the sign-in", async () => {
  const { client, chat } = await taken(bakery);
  stage.graph.killTokens();
  assert.equal((await act(chat, "finish")).status, 200);
  await stage.becomes(integrations.get(bakery)!, "sign_in_again");
  assert.equal(bakery.owner(client), stage.graph.appId);
  await stage.signIn({ again: stage.grant });
  for (const page of [bakery, books]) await stage.becomes(integrations.get(page)!, "active");
  await hasAgain(bakery, client);
});

test("FB-4, CHAT-9: a host that is killed between the end of a chat and the hand-back gives it back when it runs again", async () => {
  for (const page of [bakery, books]) {
    const verb = backBy(page);
    const { client, chat } = await taken(page);
    const sent = await ask("POST", `/api/v1/desk/chats/${chat}/messages`, { text: "Bye" });
    await stage.reaches(chat, sent.body.id, "sent");
    // The call is under way when the host dies, and does nothing.
    stage.graph.fail({ path: verb, afterMs: 2000, error: new GraphError(2, "Service temporarily unavailable", 0, 500) });
    const before = calls(verb);
    assert.equal((await act(chat, "finish")).status, 200);
    await eventually("it is under way", async () => calls(verb) === before + 1);
    await stage.host.kill("SIGKILL");
    assert.equal(page.owner(client), stage.graph.appId);
    await stage.host.serve();
    await hasAgain(page, client);
    await page.message(client, { text: "back again" });
    await isIn(page, client, "with_bot");
  }
});

test("FB-4, CHAT-9: killed in the moment in which a chat is finished, a host gives back what it has said is finished", async () => {
  for (let i = 0; i < 5; ++i) {
    const { client, chat } = await taken(bakery);
    const finishing = act(chat, "finish").then((answer) => answer.status, () => 0);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 20)); // before, within and after its commit
    await stage.host.kill("SIGKILL");
    const status = await finishing;
    await stage.host.serve();
    const state = (await stage.host.get(`/api/v1/chats/${chat}`)).body.state;
    if (status === 200) assert.equal(state, "finished");
    if (state !== "finished") assert.equal((await act(chat, "finish")).status, 200);
    await hasAgain(bakery, client);
  }
});

// A webhook of the time before control was passed; who retries sends it later than others.
async function deliverLate(client: string, text: string): Promise<void> {
  const item = { sender: { id: client }, recipient: { id: bakery.id }, timestamp: Date.now() - 5000, message: { mid: `m_late_${client}`, text } };
  await stage.graph.deliver("page", "standby", [{ id: bakery.id, time: Date.now(), standby: [item] }]);
}

test("FB-4, CHAT-13: what the bot was told before it passed control may arrive after that, and takes nothing back", async () => {
  await present();
  const client = newClient();
  await bakery.message(client, { text: "hello" });
  await isIn(bakery, client, "with_bot");
  await bakery.pass(client, stage.graph.appId);
  const chat = (await isIn(bakery, client, "assigned")).id;
  await deliverLate(client, "a person, please");
  await says(chat, "a person, please");
  assert.equal((await openOf(bakery, client)).state, "assigned");
  assert.equal((await act(chat, "accept")).status, 200);
  assert.equal((await act(chat, "finish")).status, 200);
  await hasAgain(bakery, client);
});

test("FB-4, CHAT-13: control that is passed before anything was said here is known when it is", async () => {
  await present();
  const client = newClient();
  await bakery.pass(client, stage.graph.appId);
  await deliverLate(client, "a person, please");
  const chat = (await isIn(bakery, client, "assigned")).id;
  assert.deepEqual((await history(chat)).map(([state, reason]) => `${state} ${reason}`), ["waiting opened", "assigned distributed"]);
  assert.equal((await act(chat, "accept")).status, 200);
  assert.equal((await act(chat, "finish")).status, 200);
  await hasAgain(bakery, client);
});
