// Routes of profiles (plugin-needs N1, N13): one address for all integrations of an app.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { send, sign, type Reply } from "./support/echo.ts";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";
import { Postgres } from "./support/postgres.ts";

const SECRET = "the secret of an app that is only used in tests";
const SITE = "http://127.0.0.1:9/app";

interface Item {
  page: string;
  id: string;
  chat: string;
  text: string;
}

const prepare = (store?: string): Promise<Patchbay> => Patchbay.prepare({ siteUrl: SITE, folders: [join(BUILD, "test_plugins")], ...(store ? { store } : {}) });

async function start(): Promise<{ host: Patchbay; profile: string }> {
  const host = await prepare();
  host.token = await host.createToken("test", "admin");
  await host.serve();
  return { host, profile: await addProfile(host) };
}

async function addProfile(host: Patchbay, name = "Our app"): Promise<string> {
  const made = await host.post("/api/v1/profiles", { plugin: "feeds", name, settings: { client_secret: SECRET } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.deepEqual(made.body.routes, { feed: `${SITE}/hooks/feeds/-/${made.body.id}/feed` });
  return made.body.id;
}

function feed(host: Patchbay, profile: string, id: string, items: Item[], key = SECRET): Promise<Reply> {
  const body = JSON.stringify({ id, items });
  const headers = { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)), "x-feed-signature": `sha256=${sign(body, key)}` };
  return send(`${host.address}/hooks/feeds/-/${profile}/feed`, { headers, body });
}

async function connect(host: Patchbay, page: string, profile: string): Promise<string> {
  const made = await host.post("/api/v1/integrations", { plugin: "feeds", name: page, settings: { page }, profile });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const active = await host.post(`/api/v1/integrations/${made.body.id}/activate`);
  assert.equal(active.status, 200, JSON.stringify(active.body));
  return made.body.id;
}

async function texts(host: Patchbay, integration: string): Promise<string[]> {
  const all: string[] = [];
  for (const chat of await host.chats(integration)) all.push(...(await host.messages(chat.id)).map((message) => message.text));
  return all;
}

const shows = (host: Patchbay, integration: string, wanted: string[]): Promise<unknown> =>
  eventually(`${integration} has ${wanted}`, async () => JSON.stringify(await texts(host, integration)) === JSON.stringify(wanted));

test("N1: challenge and requests are taken before there is an integration, and wait for the first one", async () => {
  const { host, profile } = await start();
  try {
    const path = `${host.address}/hooks/feeds/-/${profile}/feed`;
    const echo = await send(`${path}?code=4711`, { method: "GET" });
    assert.equal(echo.status, 200);
    assert.deepEqual(JSON.parse(echo.body), { code: "4711", response: createHmac("sha256", SECRET).update("4711").digest("hex") });

    const items = [{ page: "p1", id: "m1", chat: "c1", text: "one" }];
    assert.equal((await feed(host, profile, "r1", items, "another key")).status, 401);
    assert.equal((await feed(host, profile, "r1", items)).status, 200);
    assert.equal((await feed(host, profile, "r1", items)).status, 200, "a known one is answered as well");
    const waiting = await host.all(`/api/v1/inbox?profile=${profile}`);
    assert.equal(waiting.length, 1);
    assert.deepEqual([waiting[0].state, waiting[0].profile, waiting[0].integration], ["new", profile, null]);

    // Killed while it waits, it is still there.
    await host.kill("SIGKILL");
    await host.serve();
    const integration = await connect(host, "p1", profile);
    await shows(host, integration, ["one"]);
    const [done] = await host.all(`/api/v1/inbox?profile=${profile}`);
    assert.deepEqual([done.state, done.effect], ["done", [{ type: "message.received", dedupe_key: "m1" }]]);
    const listed = await host.cli("inbox", "list", "--state", "done", "--profile", profile);
    assert.match(listed.stdout, new RegExp(profile));
  } finally {
    await host.stop();
  }
});

test("N1, N13: one request goes to several integrations by identity; whom nobody knows is kept, counted and replayed", async () => {
  const { host, profile } = await start();
  try {
    const one = await connect(host, "p1", profile);
    const two = await connect(host, "p2", profile);
    const other = await addProfile(host, "Another app");
    const stranger = await connect(host, "p9", other);
    const items = [
      { page: "p1", id: "m1", chat: "c", text: "to one" }, { page: "p2", id: "m1", chat: "c", text: "to two" },
      { page: "p3", id: "m1", chat: "c", text: "to nobody yet" }, { page: "p9", id: "m1", chat: "c", text: "to another app's" },
    ];
    assert.equal((await feed(host, profile, "r1", items)).status, 200);
    await shows(host, one, ["to one"]);
    await shows(host, two, ["to two"]);
    const [dead] = await eventually("it is a dead letter", async () => {
      const all = await host.all(`/api/v1/inbox?state=dead&profile=${profile}`);
      return all.length === 1 && all;
    });
    assert.match(dead.reason, /page:p[39]/);
    assert.equal(dead.effect.length, 2);
    await eventually("both are counted", async () => /patchbay_inbox_unknown_identity_total 2\b/.test((await host.get("/metrics")).body));

    const three = await connect(host, "p3", profile);
    assert.equal((await host.post(`/api/v1/inbox/${dead.id}/replay`)).status, 200);
    await shows(host, three, ["to nobody yet"]);
    assert.deepEqual(await texts(host, one), ["to one"], "once is once");
    assert.deepEqual(await texts(host, stranger), [], "another profile's integration is not reached");

    // A changed secret holds at once, what it was before for a day unless that is ended; the profile's end is the route's.
    const renewed = await host.call("PATCH", `/api/v1/profiles/${profile}`, { settings: { client_secret: "a renewed secret" } });
    assert.deepEqual([renewed.body.secrets, Object.keys(renewed.body.former_secrets)], [["client_secret"], ["client_secret"]]);
    assert.equal((await feed(host, profile, "r1", items)).status, 200);
    const changed = await host.call("PATCH", `/api/v1/profiles/${profile}`, { settings: { client_secret: "another secret" }, end_former_secrets: true });
    assert.equal(changed.status, 200);
    assert.equal((await feed(host, profile, "r2", items)).status, 401);
    assert.equal((await feed(host, profile, "r2", items, "another secret")).status, 200);
    const unused = await addProfile(host, "Unused");
    assert.equal((await host.call("DELETE", `/api/v1/profiles/${unused}`)).status, 204);
    assert.equal((await feed(host, unused, "r1", items)).status, 404);
  } finally {
    await host.stop();
  }
});

test("N1, bar 1: killed again and again, every request has its effect once and in order", async () => {
  const { host, profile } = await start();
  try {
    const ids = [await connect(host, "p0", profile), await connect(host, "p1", profile)];
    const chats = 6;
    const each = 40;
    let sent = 0;
    const one = async (chat: number): Promise<void> => {
      for (let i = 0; i < each; ++i) {
        const item = { page: `p${chat % 2}`, id: `m${chat}-${i}`, chat: `c${chat}`, text: String(i) };
        while ((await feed(host, profile, item.id, [item]).catch(() => undefined))?.status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
        ++sent;
      }
    };
    const all = Promise.all(Array.from({ length: chats }, (_, chat) => one(chat)));
    for (const part of [1, 2, 3]) {
      await eventually("some are sent", async () => sent > (part * chats * each) / 5);
      await host.kill("SIGKILL");
      await host.serve();
    }
    await all;
    const wanted = Array.from({ length: each }, (_, i) => String(i));
    for (const [page, integration] of ids.entries()) {
      await eventually("all have their effect", async () => (await texts(host, integration)).length === (chats / 2) * each, 60);
      for (const chat of await host.chats(integration)) {
        const messages = await host.messages(chat.id);
        assert.deepEqual(messages.map((message) => message.text), wanted, `page ${page}`);
      }
    }
  } finally {
    await host.stop();
  }
});

test("N1, HOOK-4: on two hosts each takes them, and the one that runs none of its integrations borrows one", async () => {
  const server = await Postgres.start();
  const one = await prepare(server.url);
  const two = await prepare(server.url);
  try {
    one.token = two.token = await one.createToken("test", "admin");
    await one.serve();
    await mkdir(join(two.folder, "state"), { recursive: true, mode: 0o700 });
    await copyFile(join(one.folder, "state/vault.key"), join(two.folder, "state/vault.key"));
    await two.serve();
    await eventually("the shares are even", async () => (await one.all("/api/v1/hosts")).filter((host) => Math.abs(host.share - 0.5) < 0.01).length === 2, 30);
    // Eight profiles with one integration each: whose rows and whose instance lie on the same host is chance.
    for (let i = 0; i < 8; ++i) {
      await new Promise((resolve) => setTimeout(resolve, 3)); // another millisecond is another partition
      const profile = await addProfile(i % 2 ? one : two, `app ${i}`);
      await new Promise((resolve) => setTimeout(resolve, 3));
      const integration = await connect(one, `p${i}`, profile);
      for (const [n, host] of [one, two].entries())
        assert.equal((await feed(host, profile, `r${n}`, [{ page: `p${i}`, id: `m${n}`, chat: `c${n}`, text: `${n}` }])).status, 200);
      await eventually("both have their effect", async () => (await texts(two, integration)).length === 2, 30);
    }
  } finally {
    await one.stop();
    await two.stop();
    await server.stop();
  }
});
