// CHAT-32: what is said by itself, once; CHAT-17: what operators need not type; CHAT-14: what was said is found and taken away.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { KEY, post } from "./support/echo.ts";
import { eventually, Patchbay, type Answer } from "./support/patchbay.ts";

let host: Patchbay;
let shop: string;
let queue: string;
let last = 0;

before(async () => {
  host = await Patchbay.start();
  shop = await host.connect("echo", "Shop", { account: "shop", signing_key: KEY });
  const made = await host.post("/api/v1/queues", { name: "Sales", rule: "broadcast", hours: { zone: "UTC", week: {} }, away: "{{queue}} is back tomorrow, {{client}}" });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  queue = made.body.id;
  await change({ active: true, queue, welcome: "Hello {{client}}!" });
});
after(async () => { await host.stop(); });

const patch = (path: string, body: object): Promise<Answer> => host.call("PATCH", path, body);
async function change(body: object): Promise<void> {
  const changed = await patch(`/api/v1/channels/${shop}`, body);
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
}
async function write(client: string, text = "hello"): Promise<void> {
  const answer = await post(host.address, shop, { id: `m${++last}`, chat: client, author: client, text });
  assert.equal(answer.status, 200);
}
async function said(client: string, count: number): Promise<string[]> {
  return eventually(`${count} messages in the chat of ${client}`, async () => {
    const chat = (await host.chats(shop)).find((one) => one.conversation === client && one.state !== "finished");
    if (!chat) return undefined;
    const { items } = (await host.get(`/api/v1/chats/${chat.id}/messages`)).body;
    return items.length >= count && items.every((one: any) => one.direction === "in" || one.state === "sent") && items.map((one: any) => `${one.direction} ${one.text}`);
  });
}

test("a new chat is welcomed, and told that nobody is there, once", async () => {
  await write("ana");
  assert.deepEqual((await said("ana", 3)).sort(), ["in hello", "out Hello ana!", "out Sales is back tomorrow, ana"]);
  await write("ana", "still there?");
  await write("ben");
  await said("ben", 3);
  assert.equal((await said("ana", 4)).length, 4, "nothing is said twice");
});

test("what was to be said when the host died is said afterwards, once", async () => {
  await write("eva");
  await eventually("the chat is there", async () => (await host.chats(shop)).some((one) => one.conversation === "eva"));
  await host.kill("SIGKILL");
  await host.serve();
  await said("eva", 3);
  await write("zoe");
  await said("zoe", 3);
  assert.equal((await said("eva", 3)).length, 3);
});

test("in business hours nobody is told otherwise", async () => {
  const day = [{ from: "00:00", to: "24:00" }];
  const week = Object.fromEntries(["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"].map((name) => [name, day]));
  const open = await patch(`/api/v1/queues/${queue}`, { hours: { zone: "Europe/Berlin", week } });
  assert.deepEqual(open.body.hours.week.sunday, day);
  await write("tom");
  await said("tom", 2);
  await write("uma");
  await said("uma", 2);
  assert.deepEqual((await said("tom", 2)).sort(), ["in hello", "out Hello tom!"]);
});

test("hours that cannot be are refused, each where it stands", async () => {
  const wrong = { zone: "Mars", week: { monday: [{ from: "10:00", to: "09:00" }, { from: "1", to: "12:00" }] }, closed: ["2026-02-30"] };
  const refused = await patch(`/api/v1/queues/${queue}`, { hours: wrong });
  assert.deepEqual(refused.body.errors.map((one: any) => one.pointer), ["/hours/week/monday/0", "/hours/week/monday/1/from", "/hours/closed/0", "/hours/zone"]);
});

test("an operator is offered texts with what the macros stand for", async () => {
  const ida = await host.signIn("ida", ["CanManageChats"]);
  const made = await host.call("POST", "/api/v1/quick-replies", { name: "hi", language: "en", text: "I am {{operator}}, {{client}}" }, ida.headers);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const wrong = await host.call("POST", "/api/v1/quick-replies", { name: "x", language: "en", text: "{{nobody}}" }, ida.headers);
  assert.match(JSON.stringify(wrong.body.errors), /client, operator, queue/);
  const [chat] = (await host.chats(shop)).filter((one) => one.conversation === "tom");
  const offered = await host.call("GET", `/api/v1/desk/chats/${chat!.id}/quick-replies`, undefined, ida.headers);
  assert.deepEqual(offered.body.replies.map((one: any) => one.text), ["I am ida, tom"]);
  const stranger = await host.signIn("stranger");
  assert.equal((await host.call("GET", `/api/v1/desk/chats/${chat!.id}/quick-replies`, undefined, stranger.headers)).status, 404);
});

test("what was said is found by its words and taken away whole", async () => {
  const quote = '=1+1, "quoted"\nand order 4711';
  await write("vic", quote);
  const found = await eventually("it is found", async () => {
    const { items } = (await host.get("/api/v1/messages?text=4711")).body;
    return items.length > 0 && items;
  });
  assert.equal(found[0].text, quote);
  assert.equal((await host.get(`/api/v1/messages?text=order&integration=${shop}&queue=${queue}`)).body.items.length, 1);
  assert.equal((await host.get("/api/v1/messages?text=order&from=2999-01-01T00:00:00Z")).body.items.length, 0);
  assert.equal((await host.get("/api/v1/messages?from=soon")).body.errors[0].pointer, "/from");
  const token = { authorization: `Bearer ${host.token}` };
  const lines = await (await fetch(`${host.address}/api/v1/export/messages`, { headers: token })).text();
  const all = lines.trim().split("\n").map((line) => JSON.parse(line));
  const ids = new Set(all.map((one) => one.id));
  assert.equal(ids.size, all.length);
  assert.ok(all.length >= 15, `${all.length} messages`);
  const table = await (await fetch(`${host.address}/api/v1/export/messages?format=csv&text=4711`, { headers: token })).text();
  assert.ok(table.includes(`"'=1+1, ""quoted""\nand order 4711"`), table);
});
