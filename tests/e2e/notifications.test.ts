// REC-5: people are told in the console, as it happens and later; each reads for himself.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, Patchbay, type Answer, type Browser } from "./support/patchbay.ts";
import { Receiver } from "./support/receiver.ts";
import { Stream } from "./support/stream.ts";

let host: Patchbay;
const outside = new Receiver();
const streams: Stream[] = [];

before(async () => {
  await outside.start();
  outside.otherwise = { status: 410 };
  host = await Patchbay.start({ allow: [`127.0.0.1:${outside.port}`] });
});
after(async () => {
  for (const stream of streams) stream.close();
  await host?.stop();
  outside.stop();
});

const ask = (who: Browser, method: string, path: string, body?: unknown): Promise<Answer> =>
  host.call(method, `/api/v1/notifications${path}`, body, { ...who.headers, "accept-language": "ru" });
async function follow(who: Browser): Promise<Stream> {
  const stream = await Stream.open(`${host.address}/api/v1/desk/events`, who.headers);
  streams.push(stream);
  await stream.until((events) => events[0]?.type === "reset");
  return stream;
}
const told = (stream: Stream): string[] => stream.events.filter((event) => event.type === "notification.created").map((event) => event.data.id);
// A subscription whose receiver is gone: whoever manages the installation is told.
async function lose(): Promise<void> {
  const made = await host.post("/api/v1/subscriptions", { url: outside.address, types: ["*"] });
  await host.post(`/api/v1/subscriptions/${made.body.id}/test`);
  await eventually("it is off", async () => (await host.get(`/api/v1/subscriptions/${made.body.id}`)).body.active === false);
}

test("whom it concerns is told live, in his language, and nobody else", async () => {
  const ana = await host.signIn("ana");
  const ben = await host.signIn("ben", ["CanManageAdministration"]);
  const eva = await host.signIn("eva", ["CanManageChats", "CanManagePlugins"]);
  const admins = (await host.post("/api/v1/roles", { name: "Admins", operations: ["CanManageAdministration"] })).body.id;
  const east = (await host.post("/api/v1/roles", { name: "East", parent: admins })).body.id;
  await host.call("PUT", `/api/v1/roles/${east}/members/${ana.answer.body.user.id}`);
  const [hers, his, theirs] = [await follow(ana), await follow(ben), await follow(eva)];
  await lose();
  await hers.until(() => told(hers).length > 0);
  await his.until(() => told(his).length > 0);
  const page = await ask(ana, "GET", "");
  assert.equal(page.status, 200, JSON.stringify(page.body));
  const [one] = page.body.items;
  assert.deepEqual([told(hers), told(his)], [[one.id], [one.id]], "once, also to whom it concerns by a role above his own");
  assert.deepEqual([one.kind, one.read], ["subscription.off", false]);
  assert.match(one.text, /^Подписка http:.* выключена: Получатель/);
  assert.match(one.link, /^\/subscriptions\/\d+$/);
  assert.deepEqual((await ask(eva, "GET", "")).body.items, []);
  assert.deepEqual(told(theirs), []);
  assert.equal((await ask(eva, "POST", `/${one.id}/read`)).status, 404);
  assert.equal((await host.get("/api/v1/notifications")).status, 404, "a token is nobody");

  await lose();
  const [newest] = (await ask(ana, "GET", "?limit=1")).body.items;
  assert.notEqual(newest.id, one.id);
  assert.equal((await ask(ana, "POST", `/${newest.id}/read`)).status, 204);
  assert.deepEqual((await ask(ana, "GET", "/unread")).body, { unread: 1 });
  assert.deepEqual((await ask(ben, "GET", "/unread")).body, { unread: 2 }, "he has read nothing");
  assert.deepEqual((await ask(ana, "GET", "?unread=true")).body.items.map((it: any) => it.id), [one.id]);
  assert.equal((await ask(ana, "POST", "/read", { until: one.id })).status, 204);
  assert.deepEqual((await ask(ana, "GET", "/unread")).body, { unread: 0 });
  assert.equal((await ask(ben, "POST", "/read")).status, 204);
  assert.ok((await ask(ben, "GET", "")).body.items.every((it: any) => it.read));
});
