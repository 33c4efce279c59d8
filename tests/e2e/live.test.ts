// Web chat's seam (plugin-needs N15): sessions, posts and streams of strangers' browsers.
import assert from "node:assert/strict";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { send, type Reply } from "./support/echo.ts";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";
import { Postgres } from "./support/postgres.ts";
import { Stream, type StreamEvent } from "./support/stream.ts";

const SITE = "https://shop.example";
const FOLDERS = { folders: [join(BUILD, "test_plugins")] };

interface Session {
  token: string;
  session: string;
  expires_at: string;
}

const path = (integration: string, route: string): string => `/hooks/visitors/${integration}/${route}`;

const connect = (host: Patchbay, site = "shop"): Promise<string> => host.connect("visitors", site, { site, origins: [SITE] });

async function session(host: Patchbay, integration: string, token?: string, route = "session"): Promise<Session> {
  const reply = await ask(host, integration, route, token === undefined ? {} : { token });
  assert.equal(reply.status, 200, reply.body);
  return JSON.parse(reply.body);
}

function ask(host: Patchbay, integration: string, route: string, options: { token?: string; body?: object; headers?: Record<string, string>; method?: string } = {}): Promise<Reply> {
  const body = options.body ? JSON.stringify(options.body) : "";
  const headers = { "content-length": String(body.length), ...(options.token ? { authorization: `Bearer ${options.token}` } : {}), ...options.headers };
  return send(host.address + path(integration, route), { method: options.method ?? "POST", headers, body });
}

const say = (host: Patchbay, integration: string, token: string, id: string, text: string): Promise<Reply> =>
  ask(host, integration, "in", { token, body: { id, text }, headers: { "content-type": "application/json" } });

async function chatOf(host: Patchbay, integration: string, visitor: string): Promise<string> {
  const chats = await eventually("the visitor's chat is there", async () => {
    const found = (await host.chats(integration)).filter((chat) => JSON.stringify(chat).includes(visitor));
    return found.length > 0 && found;
  });
  return chats[0].id;
}

async function answer(host: Patchbay, chat: string, text: string): Promise<void> {
  const sent = await host.post(`/api/v1/chats/${chat}/messages`, { text });
  assert.equal(sent.status, 202, JSON.stringify(sent.body));
}

const follow = (host: Patchbay, integration: string, token: string, after = "", onEvent?: (event: StreamEvent, stream: Stream) => void): Promise<Stream> =>
  Stream.open(host.address + path(integration, "events"), { authorization: `Bearer ${token}`, ...(after ? { "last-event-id": after } : {}) }, onEvent);

test("N15: a visitor's message lands in the chat, the answer reaches the stream", async () => {
  const host = await Patchbay.start(FOLDERS);
  try {
    const integration = await connect(host);
    const visitor = await session(host, integration);
    const stream = await follow(host, integration, visitor.token);
    assert.equal(stream.headers["content-type"], "text/event-stream");
    assert.equal(stream.headers["cache-control"], "no-store");
    assert.equal(stream.headers["x-accel-buffering"], "no");
    assert.equal((await say(host, integration, visitor.token, "1", "Is it in stock?")).status, 200);
    assert.equal((await say(host, integration, visitor.token, "1", "Is it in stock?")).status, 200, "a repetition is known");
    const chat = await chatOf(host, integration, visitor.session);
    await answer(host, chat, "It is.");
    await stream.until((events) => events.length === 1);
    assert.deepEqual(stream.events.map((event) => event.data), [{ text: "It is." }]);
    assert.deepEqual((await host.messages(chat)).map((message) => message.text), ["Is it in stock?", "It is."]);

    // Another visitor, with the same ids of messages, is somebody else.
    const other = await session(host, integration);
    assert.equal((await say(host, integration, other.token, "1", "Hello?")).status, 200);
    await answer(host, await chatOf(host, integration, other.session), "Hello!");
    const late = await Stream.open(`${host.address}${path(integration, "events")}?token=${other.token}`);
    await late.until((events) => events.length === 1);
    assert.deepEqual(late.events.map((event) => event.data), [{ text: "Hello!" }]);
    assert.equal(stream.events.length, 1);
    late.close();

    // What cannot come back is said.
    const lost = await follow(host, integration, visitor.token, "5");
    await lost.until((events) => events.length === 2);
    assert.deepEqual(lost.events.map((event) => event.type), ["reset", "message"]);
    lost.close();

    const script = await fetch(`${host.address}/plugins/visitors/web/widget.js`);
    assert.equal(script.headers.get("content-type"), "text/javascript; charset=utf-8");
    assert.match(await script.text(), /EventSource/);
    const again = await fetch(`${host.address}/plugins/visitors/web/widget.js`, { headers: { "if-none-match": script.headers.get("etag")! } });
    assert.equal(again.status, 304);

    // A stopped host ends its streams at once.
    const ended = stream.ended;
    await host.kill("SIGTERM");
    await ended;
    assert.ok(stream.whole, "with the last chunk");
  } finally {
    await host.stop();
  }
});

test("N15: pages of listed origins only, without cookies; preflights are the host's", async () => {
  const host = await Patchbay.start(FOLDERS);
  try {
    const integration = await connect(host);
    const preflight = (origin: string): Promise<Reply> =>
      ask(host, integration, "in", { method: "OPTIONS", headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type" } });
    const allowed = await preflight(SITE);
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers["access-control-allow-origin"], SITE);
    assert.equal(allowed.headers["access-control-allow-methods"], "POST");
    assert.match(String(allowed.headers["access-control-allow-headers"]), /Authorization/);
    assert.equal(allowed.headers["access-control-allow-credentials"], undefined);
    const made = await ask(host, integration, "session", { headers: { origin: SITE } });
    assert.equal(made.headers["access-control-allow-origin"], SITE);
    const stream = await Stream.open(`${host.address}${path(integration, "events")}?token=${JSON.parse(made.body).token}`, { origin: SITE });
    assert.equal(stream.headers["access-control-allow-origin"], SITE);
    stream.close();
    for (const origin of ["https://evil.example", "null", `${SITE}.evil.example`, "http://shop.example"]) {
      assert.equal((await preflight(origin)).status, 403, origin);
      const refused = await ask(host, integration, "session", { headers: { origin } });
      assert.deepEqual([refused.status, refused.headers["access-control-allow-origin"]], [403, undefined], origin);
    }
    // A changed setting holds at once.
    const changed = await host.call("PATCH", `/api/v1/integrations/${integration}`, { settings: { site: "shop", origins: ["https://other.example"] } });
    assert.equal(changed.status, 200, JSON.stringify(changed.body));
    await eventually("the other origin is let in", async () => (await preflight("https://other.example")).status === 204);
    assert.equal((await preflight(SITE)).status, 403);
  } finally {
    await host.stop();
  }
});

test("N15: forged, expired and foreign tokens are 401, a flood of sessions is 429", async () => {
  const host = await Patchbay.start(FOLDERS);
  try {
    const [integration, other] = [await connect(host), await connect(host, "another shop")];
    const own = await session(host, integration);
    const renewed = await session(host, integration, own.token);
    assert.equal(renewed.session, own.session);
    const short = await session(host, integration, own.token, "short");
    assert.equal(short.session, own.session);
    const stream = await follow(host, integration, short.token);
    const forged = own.token.replace(own.session, "A".repeat(22));
    const foreign = (await session(host, other)).token;
    await stream.ended; // with its token
    for (const token of [forged, foreign, short.token, own.token.slice(0, -1), "x"]) {
      assert.equal((await ask(host, integration, "session", { token })).status, 401, token);
      assert.equal((await ask(host, integration, "events", { token, method: "GET" })).status, 401, token);
      assert.equal((await say(host, integration, token, "1", "Hello")).status, 401, token);
    }
    assert.equal((await ask(host, integration, "events", { method: "GET" })).status, 401);
    const flood = await Promise.all(Array.from({ length: 60 }, () => ask(host, integration, "session")));
    const refused = flood.filter((reply) => reply.status === 429);
    assert.ok(refused.length > 20, `${refused.length} of 60 were refused`);
    assert.ok(Number(refused[0]!.headers["retry-after"]) > 0);
    assert.equal((await say(host, integration, own.token, "1", "Hello")).status, 200, "who has a session goes on");
  } finally {
    await host.stop();
  }
});

test("N15, bar 1: killed again and again, nothing of a stream is lost or doubled", async () => {
  const host = await Patchbay.start(FOLDERS);
  let done = false;
  try {
    const integration = await connect(host);
    const visitor = await session(host, integration);
    await say(host, integration, visitor.token, "1", "Count for me");
    const chat = await chatOf(host, integration, visitor.session);
    const total = 60;
    const seen: string[] = [];
    let last = "";
    const take = (event: StreamEvent, stream: Stream): void => {
      seen.push(event.type === "reset" ? "reset" : event.data.text);
      last = event.id;
      done = seen.length >= total;
      if (done) stream.close();
    };
    const reading = (async () => {
      while (!done) {
        const stream = await follow(host, integration, visitor.token, last, take).catch(() => undefined);
        if (stream) await stream.ended;
        else await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    for (let i = 0; i < total; ++i) {
      const key = { "idempotency-key": `answer-${i}` };
      await eventually("the answer is taken", async () => {
        const sent = await host.post(`/api/v1/chats/${chat}/messages`, { text: String(i) }, key).catch(() => undefined);
        return sent?.status === 202 || sent?.status === 200;
      });
      if (i % 20 !== 10) continue;
      await host.kill("SIGKILL");
      await host.serve();
    }
    await eventually(`all are seen, of ${total}`, async () => done, 90);
    await reading;
    assert.deepEqual(seen, Array.from({ length: total }, (_, i) => String(i)));
  } finally {
    done = true;
    await host.stop();
  }
});

test("N15: many streams, each with its own events; no more than a session may have", async () => {
  const host = await Patchbay.start(FOLDERS);
  try {
    const integration = await connect(host);
    const visitors = await Promise.all(Array.from({ length: 25 }, () => session(host, integration)));
    const streams = await Promise.all(visitors.flatMap((visitor) => Array.from({ length: 10 }, () => follow(host, integration, visitor.token))));
    assert.match((await host.get("/metrics")).body, /patchbay_live_streams 250\b/);
    for (const [i, visitor] of visitors.entries()) assert.equal((await say(host, integration, visitor.token, "1", `I am ${i}`)).status, 200);
    for (const [i, visitor] of visitors.entries()) await answer(host, await chatOf(host, integration, visitor.session), `You are ${i}`);
    for (const [n, stream] of streams.entries()) {
      await stream.until((events) => events.length === 1);
      assert.deepEqual(stream.events[0]!.data, { text: `You are ${Math.floor(n / 10)}` });
    }
    const more = await Promise.all(Array.from({ length: 10 }, () => follow(host, integration, visitors[0]!.token)));
    await assert.rejects(follow(host, integration, visitors[0]!.token), /429/);
    for (const stream of [...streams, ...more]) stream.close();
    await eventually("who has left holds no place", async () => /patchbay_live_streams 0\b/.test((await host.get("/metrics")).body), 10);
  } finally {
    await host.stop();
  }
});

test("N15, OPS-8: published at one host, it streams at the other", async () => {
  const server = await Postgres.start();
  const prepare = (): Promise<Patchbay> => Patchbay.prepare({ ...FOLDERS, store: server.url });
  const one = await prepare();
  const two = await prepare();
  try {
    one.token = two.token = await one.createToken("test", "admin");
    await one.serve();
    await mkdir(join(two.folder, "state"), { recursive: true, mode: 0o700 });
    await copyFile(join(one.folder, "state/vault.key"), join(two.folder, "state/vault.key"));
    await two.serve();
    const integration = await connect(one);
    const visitor = await session(one, integration);
    const streams = await eventually("both have the route", async () => {
      const both = [await follow(one, integration, visitor.token), await follow(two, integration, visitor.token).catch(() => undefined)];
      return both[1] ? (both as Stream[]) : undefined;
    });
    assert.equal((await say(two, integration, visitor.token, "1", "Hello")).status, 200);
    const chat = await chatOf(one, integration, visitor.session);
    for (let i = 0; i < 5; ++i) await answer(i % 2 ? one : two, chat, String(i));
    for (const stream of streams) {
      await stream.until((events) => events.length === 5);
      assert.deepEqual(stream.events.map((event) => event.data.text), ["0", "1", "2", "3", "4"]);
      stream.close();
    }
  } finally {
    await one.stop();
    await two.stop();
    await server.stop();
  }
});
