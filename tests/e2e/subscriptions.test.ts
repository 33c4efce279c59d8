// REC-4: events go to subscribers outside by signed webhooks, at least once, over outages and a killed host.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Webhook } from "standardwebhooks";
import { KEY, post } from "./support/echo.ts";
import { eventually, Patchbay } from "./support/patchbay.ts";
import { Receiver, type Got } from "./support/receiver.ts";

let host: Patchbay;
let shop: string;
let sent = 0;
const outside = new Receiver();

before(async () => {
  await outside.start();
  host = await Patchbay.start({ allow: [`127.0.0.1:${outside.port}`] });
  shop = await host.connect("echo", "Shop", { account: "shop", signing_key: KEY });
  // Whoever writes would be a contact, which is told too.
  assert.equal((await host.call("PUT", "/api/v1/settings/OmniChatCreateContact", { value: false })).status, 200);
});
after(async () => {
  await host?.stop();
  outside.stop();
});

interface Subscribed { id: string; secret: string; address: string }
async function subscribe(types: string[], path: string): Promise<Subscribed> {
  const made = await host.post("/api/v1/subscriptions", { url: `${outside.address}/${path}`, types, description: path });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return { id: made.body.id, secret: made.body.secret, address: `/api/v1/subscriptions/${made.body.id}` };
}
const deliveries = (of: Subscribed, state = ""): Promise<any[]> => host.all(`${of.address}/deliveries${state && `?state=${state}`}`);
const opened = (of: Subscribed, got: Got): any => new Webhook(of.secret).verify(got.body, got.headers);
async function off(of: Subscribed): Promise<void> {
  assert.equal((await host.call("DELETE", of.address, undefined, { "if-match": "*" })).status, 204);
}
const write = async (text: string): Promise<void> => {
  assert.equal((await post(host.address, shop, { id: `s${++sent}`, chat: "tom", author: "Tom", text })).status, 200);
};

test("what happens is told with what it happened to, signed", async () => {
  const all = await subscribe(["chat.*", "message.received", "lead.created", "contact.*"], "all");
  const first = outside.got.length;
  await write("hello");
  const lead = await host.post("/api/v1/records/lead", { fields: { name: "Tom" } });
  const contact = await host.post("/api/v1/records/contact", { fields: { name: "Tom" } });
  const at = `/api/v1/records/contact/${contact.body.id}`;
  const changed = await host.call("PATCH", at, { fields: { job: "Buyer" } }, { "if-match": contact.headers.get("etag")! });
  await host.call("DELETE", at, undefined, { "if-match": changed.headers.get("etag")! });
  await eventually("six events came", async () => outside.got.length >= first + 6);
  const events = outside.got.slice(first).map((got) => opened(all, got));
  assert.deepEqual(events.map((one) => one.type).sort(), ["chat.created", "contact.changed", "contact.created", "contact.removed", "lead.created", "message.received"]);
  const of = (type: string): any => events.find((one) => one.type === type).data;
  assert.equal(of("message.received").snapshot.text, "hello");
  assert.equal(of("chat.created").snapshot.conversation, "tom");
  assert.deepEqual([of("lead.created").id, of("lead.created").snapshot.fields.name], [lead.body.id, "Tom"]);
  assert.equal(of("contact.changed").object, "contact");
  assert.ok(!Number.isNaN(Date.parse(events[0].timestamp)));
  for (const got of outside.got.slice(first)) assert.throws(() => new Webhook(all.secret).verify(got.body.replace("Tom", "Tim") + " ", got.headers), /signature/i);
  assert.equal(new Set(outside.got.slice(first).map((got) => got.headers["webhook-id"])).size, 6);
  const { body } = await host.get(all.address);
  assert.equal(body.secret, undefined, "shown once");
  await eventually("all are delivered", async () => (await deliveries(all, "delivered")).length === 6);
  await off(all);
});

test("an outage loses nothing: what failed is tried again and comes with the same id", async () => {
  const one = await subscribe(["message.received"], "outage");
  outside.stop();
  for (const text of ["one", "two", "three"]) await write(text);
  await eventually("it is tried in vain", async () => (await deliveries(one, "waiting")).filter((it) => it.attempts > 0).length === 3);
  assert.ok((await host.get(one.address)).body.failing_since);
  const first = outside.got.length;
  outside.answers = [{ status: 503 }];
  await outside.start();
  const done = await eventually("all arrived", async () => {
    const all = await deliveries(one, "delivered");
    return all.length === 3 && all;
  }, 60);
  const got = outside.got.slice(first);
  assert.equal(got.length, 4, "one was refused once");
  assert.deepEqual(new Set(got.map((it) => opened(one, it).data.snapshot.text)), new Set(["one", "two", "three"]));
  assert.deepEqual(new Set(got.map((it) => it.headers["webhook-id"])), new Set(done.map((it) => `evt_${it.event}`)));
  assert.equal((await host.get(one.address)).body.failing_since, null);
  await off(one);
});

test("a killed host tells everything that happened, each thing by one name", async () => {
  const one = await subscribe(["message.received"], "killed");
  const first = outside.got.length;
  outside.otherwise = { status: 500 };
  const texts = Array.from({ length: 30 }, (_, i) => `k${i}`);
  for (const text of texts.slice(0, 15)) await write(text);
  await eventually("some were tried", async () => outside.got.length > first);
  for (const text of texts.slice(15)) await write(text);
  await host.kill("SIGKILL");
  outside.otherwise = { status: 200 };
  await host.serve();
  await eventually("all arrived", async () => (await deliveries(one, "delivered")).length === texts.length, 120);
  const arrived = new Map<string, string>();
  for (const got of outside.got.slice(first)) arrived.set(got.headers["webhook-id"]!, opened(one, got).data.snapshot.text);
  assert.deepEqual([...arrived.values()].sort(), [...texts].sort(), "each once by its name");
  assert.equal((await deliveries(one)).length, texts.length);
  await off(one);
});

test("what arrived can be told once more, and a renewed secret signs beside the former", async () => {
  const one = await subscribe(["message.received"], "replayed");
  const started = new Date().toISOString();
  await write("again");
  const [delivery] = await eventually("it arrived", async () => {
    const all = await deliveries(one, "delivered");
    return all.length === 1 && all;
  });
  const shown = await host.get(`/api/v1/subscription-deliveries/${delivery.id}`);
  assert.equal(shown.body.payload.data.snapshot.text, "again");
  const renewed = await host.post(`${one.address}/secret`);
  const first = outside.got.length;
  assert.equal((await host.post(`/api/v1/subscription-deliveries/${delivery.id}/replay`)).status, 202);
  await eventually("it came again", async () => outside.got.length === first + 1 && (await deliveries(one, "delivered")).length === 1);
  assert.deepEqual((await host.post(`${one.address}/replay`, { delivered: true, from: new Date(Date.now() + 60_000).toISOString() })).body, { deliveries: 0 });
  assert.deepEqual((await host.post(`${one.address}/replay`)).body, { deliveries: 0 }, "nothing is dead");
  assert.deepEqual((await host.post(`${one.address}/replay`, { delivered: true, from: started })).body, { deliveries: 1 });
  await eventually("and again", async () => outside.got.length === first + 2);
  for (const got of outside.got.slice(first)) {
    assert.equal(got.headers["webhook-id"], `evt_${delivery.event}`);
    for (const secret of [one.secret, renewed.body.secret]) new Webhook(secret).verify(got.body, got.headers);
  }
  assert.equal((await host.post(`${one.address}/replay`, { from: "yesterday" })).status, 422);
  await off(one);
});

test("a test event comes, 410 switches off, and metrics tell what came of it all", async () => {
  const one = await subscribe(["lead.created"], "gone");
  const first = outside.got.length;
  assert.equal((await host.post(`${one.address}/test`)).status, 202);
  await eventually("the test came", async () => outside.got.length > first);
  assert.equal(opened(one, outside.got[first]!).type, "subscription.test");
  outside.answers = [{ status: 410 }];
  await host.post("/api/v1/records/lead", { fields: { name: "Uma" } });
  const gone = await eventually("it is off", async () => {
    const { body } = await host.get(one.address);
    return body.active === false && body;
  });
  assert.match(gone.off_reason, /410/);
  assert.equal((await host.post(`${one.address}/test`)).status, 409);
  assert.equal((await host.call("PATCH", one.address, { active: true }, { "if-match": '"1"' })).status, 412);
  const refused = await host.post("/api/v1/subscriptions", { url: "http://127.0.0.1:1/", types: ["lead.create"] });
  assert.deepEqual([refused.status, refused.body.errors.map((it: any) => it.pointer)], [422, ["/url", "/types/0"]]);
  const metrics = await eventually("metrics tell it", async () => {
    const { body } = await host.get("/metrics");
    return /^patchbay_deliveries_total\{outcome="dead"\} 1$/m.test(body) && body;
  });
  assert.match(metrics, /^patchbay_deliveries_total\{outcome="delivered"\} [1-9]/m);
  assert.match(metrics, /^patchbay_delivery_rows\{state="dead"\} 1$/m);
});
