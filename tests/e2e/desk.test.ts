// Chats on their way to operators, through the real host: offered, missed, handed on, finished (CHAT-1 to 9, 11, 16, 22).
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { KEY, post } from "./support/echo.ts";
import { eventually, Patchbay, type Answer, type Browser } from "./support/patchbay.ts";

let host: Patchbay;
let shop: string;
let ana: Browser, ben: Browser, chief: Browser;
let last = 0;

before(async () => {
  host = await Patchbay.start();
  shop = await host.connect("echo", "Shop", { account: "shop", signing_key: KEY });
  ana = await host.signIn("ana");
  ben = await host.signIn("ben");
  chief = await host.signIn("chief", ["CanManageChats"]);
});
after(async () => { await host.stop(); });

const ask = (who: Browser, method: string, path: string, body?: unknown): Promise<Answer> => host.call(method, path, body, who.headers);
const id = (who: Browser): string => who.answer.body.user.id;
const desk = async (who: Browser): Promise<any> => (await ask(who, "GET", "/api/v1/desk")).body;
const status = async (who: Browser, wanted: string): Promise<void> => {
  assert.equal((await ask(who, "PATCH", "/api/v1/desk", { status: wanted })).body.status, wanted);
};
const act = (who: Browser, chat: string, what: string, body?: unknown): Promise<Answer> => ask(who, "POST", `/api/v1/desk/chats/${chat}/${what}`, body);
async function write(client: string): Promise<void> {
  const answer = await post(host.address, shop, { id: `m${++last}`, chat: client, author: client, text: "hello" });
  assert.equal(answer.status, 200);
}
async function queue(name: string, rule: string, operators: Browser[]): Promise<string> {
  const made = await ask(chief, "POST", "/api/v1/queues", { name, rule, operators: operators.map(id) });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body.id;
}
async function channel(change: object): Promise<void> {
  const changed = await ask(chief, "PATCH", `/api/v1/channels/${shop}`, change);
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
}

test("a chat is offered to both, taken by one, handed on and finished; its client begins another", async () => {
  await channel({ active: true, queue: await queue("Everybody", "broadcast", [ana, ben]) });
  assert.equal((await desk(ana)).status, "offline");
  await status(ana, "active");
  await status(ben, "active");
  await write("eva");
  const [offer] = await eventually("both are offered it", async () => {
    const [one, two] = [(await desk(ana)).offers, (await desk(ben)).offers];
    return one.length === 1 && two.length === 1 && one;
  });
  const [first, second] = await Promise.all([act(ana, offer.id, "accept"), act(ben, offer.id, "accept")]);
  assert.deepEqual([first.status, second.status].sort(), [200, 409]);
  const [winner, loser] = first.status === 200 ? [ana, ben] : [ben, ana];
  assert.match((first.status === 409 ? first : second).body.detail, /Another operator/);
  assert.equal((await desk(winner)).chats[0].state, "in_progress");
  assert.deepEqual(await desk(loser), { status: "active", chats: [], offers: [] });

  assert.equal((await act(loser, offer.id, "finish")).status, 403, "not his");
  const handed = await act(winner, offer.id, "transfer", { operator: id(loser), note: "she knows you" });
  assert.equal(handed.body.state, "assigned");
  assert.equal((await act(loser, offer.id, "accept")).status, 200);
  assert.equal((await act(loser, offer.id, "finish")).body.state, "finished");
  assert.equal((await act(loser, offer.id, "finish")).status, 200, "twice is once");
  const late = await host.post(`/api/v1/chats/${offer.id}/messages`, { text: "too late" });
  assert.equal(late.status, 409);
  assert.match(late.body.detail, /finished/);

  await write("eva");
  await eventually("a new chat", async () => (await desk(ana)).offers.some((one: any) => one.id !== offer.id));
});

test("figures tell how long clients waited, to whoever manages chats", async () => { // CHAT-31
  assert.equal((await ask(ana, "GET", "/api/v1/figures/chats")).status, 403);
  const figures = (await ask(chief, "GET", "/api/v1/figures/chats?step=15")).body;
  assert.equal(figures.total.created, 2);
  assert.equal(figures.total.accepted, 2, "by both, one after the other");
  assert.equal(figures.total.finished, 1);
  assert.ok(figures.to_accept.median_s >= 0 && figures.to_accept.median_s < 60);
  assert.equal(figures.pieces.length, 96);
  assert.deepEqual(figures.operators.map((one: any) => [one.name, one.accepted]), [["ana", 1], ["ben", 1]]);
  assert.equal(figures.now.find((one: any) => one.name === "Everybody").waiting, 1);
  const refused = await ask(chief, "GET", "/api/v1/figures/chats?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z");
  assert.equal(refused.status, 422);
  assert.match(JSON.stringify(refused.body.errors), /after the begin/);
  const metrics = (await host.get("/metrics")).body as string;
  assert.match(metrics, /patchbay_chats\{queue="[1-9]\d*",state="waiting"\} 1/);
  assert.match(metrics, /patchbay_chat_accept_seconds_count\{queue="[1-9]\d*"\} 2/);
  assert.match(metrics, /patchbay_chat_longest_wait_seconds\{queue="[1-9]\d*"\} \d/);
});

test("the free one is asked, and who goes away is asked no more", async () => {
  await channel({ queue: await queue("In turn", "least_busy", [ana, ben]) });
  await write("tom");
  const assigned = () => eventually("somebody is asked", async () => {
    for (const who of [ana, ben]) {
      const chat = (await desk(who)).chats.find((one: any) => one.state === "assigned");
      if (chat) return { who, chat: chat.id as string };
    }
    return undefined;
  });
  const one = await assigned();
  await status(one.who, "inactive");
  const other = await assigned();
  assert.notEqual(id(other.who), id(one.who));
  assert.equal(other.chat, one.chat);
  await status(other.who, "inactive");
  assert.deepEqual((await desk(other.who)).chats.filter((chat: any) => chat.state === "assigned"), []);
  // A crash loses none that waits.
  await host.kill("SIGKILL");
  await host.serve();
  await status(one.who, "active");
  assert.equal((await assigned()).chat, one.chat);
});

test("with its channel switched off a chat is kept, and waits when it is on again", async () => {
  await channel({ active: false });
  await write("zoe");
  const kept = await eventually("it is there", async () => (await host.chats(shop)).find((chat) => chat.conversation === "zoe"));
  assert.equal(kept.state, "held");
  const missed = (await host.get("/api/v1/chats?state=held")).body.items;
  assert.ok(missed.some((chat: any) => chat.id === kept.id), "what is missed is listed");
  await channel({ active: true });
  await eventually("it waits", async () => (await host.get(`/api/v1/chats/${kept.id}`)).body.state !== "held");
});

test("operators see whom a chat can be handed to, and others do not", async () => {
  const all = await ask(ana, "GET", "/api/v1/desk/colleagues");
  assert.equal(all.status, 200, JSON.stringify(all.body));
  assert.ok(all.body.queues.some((one: any) => one.name === "Everybody"));
  assert.deepEqual(Object.keys(all.body.operators[0]).sort(), ["chats", "id", "limit", "name", "status"]);
  const stranger = await host.signIn("stranger");
  assert.deepEqual((await host.call("GET", "/api/v1/desk/colleagues", undefined, stranger.headers)).body, { queues: [], operators: [] });
});

test("whoever signs out is offline at once", async () => {
  const zed = await host.signIn("zed");
  await host.call("PATCH", "/api/v1/desk", { status: "active" }, zed.headers);
  const made = await host.call("DELETE", "/api/v1/session", undefined, zed.headers);
  assert.ok(made.status < 300, String(made.status));
  const again = await host.browse("zed");
  assert.equal((await host.call("GET", "/api/v1/desk", undefined, again.headers)).body.status, "offline");
});

test("queues and channels say what is wrong", async () => {
  const wrong = await ask(chief, "POST", "/api/v1/queues", { name: "", rule: "random", operators: ["12"] });
  assert.deepEqual(wrong.body.errors.map((one: any) => one.pointer), ["/name", "/rule", "/operators/0"]);
  const [used] = (await ask(chief, "GET", "/api/v1/queues")).body.items.filter((one: any) => one.name === "In turn");
  const refused = await ask(chief, "DELETE", `/api/v1/queues/${used.id}`);
  assert.equal(refused.status, 409);
  assert.match(refused.body.detail, /Shop/);
  assert.equal((await ask(ana, "POST", "/api/v1/queues", { name: "Mine" })).status, 403);
});
