// CHAT-6, CHAT-20: what happens reaches those who may see it, as it happens; operators work with their own chats over REST.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { KEY, post } from "./support/echo.ts";
import { eventually, Patchbay, type Answer, type Browser } from "./support/patchbay.ts";
import { Stream, type StreamEvent } from "./support/stream.ts";

let host: Patchbay;
let shop: string;
let ana: Browser, ben: Browser, eva: Browser, chief: Browser;
let last = 0;
const streams: Stream[] = [];

before(async () => {
  host = await Patchbay.start();
  shop = await host.connect("echo", "Shop", { account: "shop", signing_key: KEY });
  ana = await host.signIn("ana");
  ben = await host.signIn("ben");
  eva = await host.signIn("eva");
  chief = await host.signIn("chief", ["CanManageChats"]);
  const queue = await ask(chief, "POST", "/api/v1/queues", { name: "All", rule: "broadcast", operators: [id(ana), id(ben)] });
  await ask(chief, "PATCH", `/api/v1/channels/${shop}`, { active: true, queue: queue.body.id });
  for (const who of [ana, ben]) await ask(who, "PATCH", "/api/v1/desk", { status: "active" });
});
after(async () => {
  for (const stream of streams) stream.close();
  await host.stop();
});

const ask = (who: Browser, method: string, path: string, body?: unknown): Promise<Answer> => host.call(method, path, body, who.headers);
const id = (who: Browser): string => who.answer.body.user.id;
const act = (who: Browser, chat: string, what: string, body?: unknown): Promise<Answer> => ask(who, "POST", `/api/v1/desk/chats/${chat}/${what}`, body);
async function follow(who: Browser, from = ""): Promise<Stream> {
  const stream = await Stream.open(`${host.address}/api/v1/desk/events`, { ...who.headers, ...(from && { "last-event-id": from }) });
  streams.push(stream);
  if (!from) await stream.until((events) => events[0]?.type === "reset");
  return stream;
}
async function write(client: string): Promise<void> {
  const answer = await post(host.address, shop, { id: `m${++last}`, chat: client, author: client, text: `hello ${last}` });
  assert.equal(answer.status, 200);
}
async function offered(to: Browser, client: string): Promise<string> {
  return eventually(`${client} is offered`, async () => {
    const { offers } = (await ask(to, "GET", "/api/v1/desk")).body;
    for (const offer of offers) {
      const chat = (await ask(to, "GET", `/api/v1/desk/chats/${offer.id}`)).body;
      if (chat.conversation === client) return chat.id as string;
    }
    return undefined;
  });
}
const of = (events: StreamEvent[], chat: string) => events.filter((event) => event.data.chat === chat).map((event) => `${event.type} ${event.data.state ?? ""}`.trim());

test("an offer, its acceptance, messages and the end reach whom they concern and nobody else", async () => {
  const [hers, his, theirs, all] = [await follow(ana), await follow(ben), await follow(eva), await follow(chief)];
  await write("tom");
  const chat = await offered(ana, "tom");
  await hers.until((events) => of(events, chat).includes("chat.created waiting"));
  await his.until((events) => of(events, chat).includes("chat.created waiting"));
  assert.equal((await act(ana, chat, "accept")).status, 200);
  await his.until((events) => of(events, chat).includes("chat.changed in_progress"));
  await write("tom");
  await hers.until((events) => of(events, chat).includes("message.received"));
  const sent = await ask(ana, "POST", `/api/v1/desk/chats/${chat}/messages`, { text: "hello Tom" });
  assert.equal(sent.status, 202, JSON.stringify(sent.body));
  assert.equal(sent.body.operator, id(ana));
  await hers.until((events) => of(events, chat).includes("message.state sent"));
  await act(ana, chat, "finish");
  await hers.until((events) => of(events, chat).includes("chat.finished finished"));
  await all.until((events) => of(events, chat).includes("chat.finished finished"));
  assert.ok(of(all.events, chat).includes("message.received"), "who manages chats sees them all");
  assert.deepEqual(of(his.events, chat).filter((one) => one.startsWith("message")), [], "no words of another's chat");
  assert.deepEqual(of(theirs.events, chat), [], "of a queue that is not hers nothing");
});

test("whoever comes back has missed nothing", async () => {
  const stream = await follow(chief);
  await write("uma");
  await stream.until((events) => events.some((event) => event.type === "chat.created"));
  const seen = stream.events.at(-1)!;
  stream.close();
  await write("uma");
  await host.kill("SIGKILL");
  await host.serve();
  await write("uma");
  const again = await follow(chief, seen.id);
  await again.until((events) => events.filter((event) => event.type === "message.received").length >= 2);
  assert.ok(!again.events.some((event) => event.type === "reset"));
  const ids = again.events.map((event) => BigInt(event.id));
  assert.ok(ids.every((one, i) => one > (ids[i - 1] ?? BigInt(seen.id))), "ids rise");
  const lost = await follow(chief, "123456789012345");
  await lost.until((events) => events[0]?.type === "reset");
});

test("a status is told at once, and who follows is present", async () => {
  const all = await follow(chief);
  const ida = await host.signIn("ida");
  assert.equal((await ask(ida, "GET", "/api/v1/desk")).body.status, "offline");
  const hers = await follow(ida);
  await all.until((events) => events.some((event) => event.type === "operator.changed" && event.data.operator === id(ida)));
  assert.equal((await ask(ida, "GET", "/api/v1/desk")).body.status, "inactive", "present, and not asked for chats");
  await ask(ida, "PATCH", "/api/v1/desk", { status: "active" });
  await hers.until((events) => events.some((event) => event.type === "operator.changed" && event.data.state === "active"));
});

test("whose rights change sees by the new ones, and a session's end ends its stream", async () => {
  const hers = await follow(eva);
  await write("vic");
  const chat = await offered(ana, "vic");
  const [all] = (await ask(chief, "GET", "/api/v1/queues")).body.items.filter((one: any) => one.name === "All");
  await ask(eva, "PATCH", "/api/v1/desk", { status: "active" });
  await ask(chief, "PATCH", `/api/v1/queues/${all.id}`, { operators: [id(ana), id(ben), id(eva)] });
  await hers.until((events) => events.some((event) => event.type === "desk.changed"));
  assert.equal(await offered(eva, "vic"), chat);
  assert.equal((await ask(eva, "DELETE", "/api/v1/session")).status, 204);
  await hers.ended;
});

test("an operator reads and answers one's own chats only", async () => {
  await write("wim");
  const chat = await offered(ana, "wim");
  assert.equal((await ask(ben, "GET", `/api/v1/desk/chats/${chat}`)).status, 200, "offered to him too");
  assert.equal((await ask(ben, "POST", `/api/v1/desk/chats/${chat}/messages`, { text: "not yet" })).status, 403);
  await act(ana, chat, "accept");
  for (const path of ["", "/messages", "/history"]) {
    assert.equal((await ask(ana, "GET", `/api/v1/desk/chats/${chat}${path}`)).status, 200, path);
    assert.equal((await ask(ben, "GET", `/api/v1/desk/chats/${chat}${path}`)).status, 404, path);
    assert.equal((await ask(ana, "GET", `/api/v1/chats/${chat}${path}`)).status, 403, path);
  }
  const history = (await ask(ana, "GET", `/api/v1/desk/chats/${chat}/history`)).body.items;
  assert.deepEqual(history.map((one: any) => [one.state, one.reason, one.actor]), [["waiting", "opened", "client"], ["in_progress", "accepted", "user:ana"]]);
});
