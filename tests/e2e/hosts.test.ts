// Several hosts on one PostgreSQL (OPS-8, JOB-5, HOOK-4, OUT-1): shares, take-over, nothing lost or doubled.
import assert from "node:assert/strict";
import { test } from "node:test";
import { KEY, OtherSide, post } from "./support/echo.ts";
import { eventually, Patchbay } from "./support/patchbay.ts";
import { Postgres } from "./support/postgres.ts";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

// Hosts with the same master key and token, on one database.
class Cluster {
  readonly hosts: Patchbay[] = [];
  readonly server: Postgres;
  private readonly options: object;

  private constructor(server: Postgres, options: object) {
    this.server = server;
    this.options = options;
  }

  static async start(count: number, options: object = {}): Promise<Cluster> {
    const cluster = new Cluster(await Postgres.start(), options);
    for (let i = 0; i < count; ++i) await cluster.add();
    return cluster;
  }

  async add(): Promise<Patchbay> {
    const host = await Patchbay.prepare({ store: this.server.url, config: { log: { level: "info", format: "json" } }, ...this.options });
    const first = this.hosts[0];
    if (first) {
      await mkdir(join(host.folder, "state"), { recursive: true, mode: 0o700 });
      await copyFile(join(first.folder, "state/vault.key"), join(host.folder, "state/vault.key"));
      host.token = first.token;
    } else {
      host.token = await host.createToken("test", "admin");
    }
    await host.serve();
    this.hosts.push(host);
    return host;
  }

  // Until the shares are even.
  async settled(among: Patchbay[] = this.hosts): Promise<void> {
    await eventually("the shares are even", async () => {
      const shares = (await among[0]!.all("/api/v1/hosts")).map((host) => host.share);
      return shares.length === among.length && shares.every((share) => Math.abs(share - 1 / among.length) < 0.01);
    }, 30);
  }

  // Which host runs the integration.
  async owner(integration: string, among: Patchbay[] = this.hosts): Promise<Patchbay> {
    return eventually("one host runs the integration", async () => {
      const running = [];
      for (const host of among) if (await runs(host, integration)) running.push(host);
      return running.length === 1 && running[0];
    }, 30);
  }

  async stop(): Promise<void> {
    for (const host of this.hosts) await host.stop();
    await this.server.stop();
  }
}

// Whether it is this host that runs the integration, and well.
async function runs(host: Patchbay, integration: string): Promise<boolean> {
  const health = (await host.get(`/api/v1/health/${integration}`)).body;
  return health.state === "ready" && health.host === (await readFile(join(host.folder, "state/host-name"), "utf8")).trim();
}

const connect = async (host: Patchbay, name: string, more: object = {}): Promise<string> => {
  await sleep(3); // another millisecond is another partition
  return host.connect("echo", name, { account: name, signing_key: KEY, ...more });
};

test("HOOK-4, OPS-8: what one host connects, all serve; its own host runs it; killed, another takes over in ten seconds", async () => {
  const side = await OtherSide.start();
  const cluster = await Cluster.start(2, { allow: [`127.0.0.1:${side.port}`] });
  const [one, two] = cluster.hosts as [Patchbay, Patchbay];
  try {
    await cluster.settled();
    const ids: string[] = [];
    const owners: Patchbay[] = [];
    const has = (host: Patchbay): number => owners.filter((owner) => owner === host).length;
    for (let i = 0; i < 8 || has(one) < 2 || has(two) < 2; ++i) { // the lot decides who runs which
      assert.ok(i < 60, "both have something to do");
      const id = await connect(i % 2 ? one : two, `a${i}`, { api_base: side.address });
      ids.push(id);
      // At once, on the host that did not connect it.
      assert.equal((await post((i % 2 ? two : one).address, id, { id: `first-${i}`, chat: "c", author: "Ana", text: "first" })).status, 200);
      owners.push(await cluster.owner(id));
    }
    // Each tells of all: its own as they are, others' as they were some seconds ago (HOST-8).
    for (const host of [one, two]) {
      await eventually("all are seen from each host", async () => {
        const seen = await host.all("/api/v1/health");
        return seen.length === ids.length && new Set(seen.map((health) => health.host)).size === 2 && seen.every((health) => health.state === "ready");
      });
    }
    for (const id of ids) await eventually("the webhook has its effect", async () => (await one.chats(id)).length === 1);

    // A message is sent by the host that runs the integration, whoever was asked.
    for (const [i, id] of ids.entries()) {
      const chat = (await one.chats(id))[0];
      assert.equal((await (i % 2 ? one : two).post(`/api/v1/chats/${chat.id}/messages`, { text: `answer ${i}` })).status, 202);
    }
    await eventually("all answers are sent", async () => side.received.length === ids.length);

    // Settings that the other host changes hold; a check there works too.
    const mine = ids.find((_, i) => owners[i] === one)!;
    assert.equal((await two.post(`/api/v1/integrations/${mine}/check`)).body.ok, true);
    assert.equal((await two.call("PATCH", `/api/v1/integrations/${mine}`, { name: "renamed", settings: { account: `a${ids.indexOf(mine)}` } })).status, 200);
    assert.equal(await cluster.owner(mine), one);
    const closed = ids.find((id, i) => owners[i] === one && id !== mine)!;
    assert.equal((await two.post(`/api/v1/integrations/${closed}/deactivate`)).status, 200);
    await eventually("its host has ended it", async () => (await one.get(`/api/v1/health/${closed}`)).status === 404);
    await eventually("its route is gone everywhere", async () => (await post(one.address, closed, { id: "x", chat: "c", author: "Ana", text: "x" })).status === 404);
    assert.equal((await two.post(`/api/v1/integrations/${closed}/activate`)).status, 200);
    await cluster.owner(closed);

    await one.kill("SIGKILL");
    const began = Date.now();
    for (const id of ids) assert.equal((await post(two.address, id, { id: `second-${id}`, chat: "c", author: "Ana", text: "second" })).status, 200);
    for (const id of ids) {
      await eventually("the other host does the work", async () => {
        const chat = (await two.chats(id))[0];
        return (await two.messages(chat.id)).some((message) => message.text === "second");
      }, 30);
    }
    const took = (Date.now() - began) / 1000;
    console.log(`  taken over in ${took.toFixed(1)} s`);
    assert.ok(took < 10, `taken over in ${took} s`);

    await one.serve();
    await cluster.settled();
    const listed = await one.cli("hosts");
    assert.match(listed.stdout, /0\.5 .*true/);
    assert.match(listed.stdout, /0\.5 .*false/);

    await two.kill("SIGTERM");
    const handed = Date.now();
    for (const id of ids) await eventually("handed over", () => runs(one, id));
    console.log(`  handed over in ${((Date.now() - handed) / 1000).toFixed(1)} s`);
    assert.ok(Date.now() - handed < 5_000);
  } finally {
    await cluster.stop();
    await side.stop();
  }
});

test("OPS-8, bar 1: three hosts, killed in turn while webhooks come in, lose and double nothing and keep the order", async () => {
  const cluster = await Cluster.start(3, { config: { log: { level: "warn", format: "json" } } });
  try {
    await cluster.settled();
    const integrations: string[] = [];
    for (let i = 0; i < 6; ++i) integrations.push(await connect(cluster.hosts[i % 3]!, `o${i}`));
    const count = 150; // for each integration
    let acknowledged = 0;
    let over = false; // something failed
    const deliver = async (integration: string): Promise<void> => {
      for (let i = 0; i < count; ++i) {
        for (let attempt = 0; !over; ++attempt) {
          const host = cluster.hosts[(i + attempt) % 3]!;
          const status = await post(host.address, integration, { id: `w${i}`, chat: "c", author: "Ana", text: `message ${i}`, at_ms: 1_700_000_000_000 + i } as never).then((reply) => reply.status, () => 0);
          if (status >= 200 && status < 300) break;
          assert.ok(status === 0 || status === 503, `a webhook was answered ${status}`);
          await sleep(30);
        }
        ++acknowledged;
        await sleep(40);
      }
    };
    const strikes = async (): Promise<void> => {
      for (const [i, part] of [0.15, 0.4, 0.65].entries()) {
        await eventually("enough came in", async () => acknowledged > part * count * integrations.length, 120);
        const host = cluster.hosts[i]!;
        await host.kill("SIGKILL");
        if (i === 1) await sleep(8_000); // long enough to be declared dead
        await host.serve();
      }
    };
    await Promise.all([strikes(), ...integrations.map(deliver)]).finally(() => (over = true));
    const [host] = cluster.hosts as [Patchbay];
    await eventually("everything is processed", async () => (await host.get("/api/v1/inbox?state=new&limit=1")).body.items.length === 0, 60);
    assert.deepEqual(await host.all("/api/v1/inbox?state=dead"), []);
    for (const integration of integrations) {
      const texts: string[] = [];
      for (const chat of await host.chats(integration)) texts.push(...(await host.messages(chat.id)).map((message) => message.text));
      assert.deepEqual(texts, Array.from({ length: count }, (_, i) => `message ${i}`));
    }
  } finally {
    await cluster.stop();
  }
});

test("OPS-8, OPS-10: where a newer host has migrated, older ones work on and stop in peace; they do not start again", async () => {
  const cluster = await Cluster.start(2);
  try {
    const [one, two] = cluster.hosts as [Patchbay, Patchbay];
    await cluster.settled();
    const integration = await connect(one, "rolling");
    const owner = await cluster.owner(integration);
    const other = owner === one ? two : one;
    // What migrations of a newer release do beside hosts that run: they add.
    await cluster.server.sql("begin; alter table messages add column of_tomorrow text; alter table inbox add column of_tomorrow bigint not null default 7;"
      + " create table of_tomorrow (id bigint primary key); insert into schema_version(version, name) values (9999, '9999_of_tomorrow'); commit");
    const deliver = async (host: Patchbay, id: string): Promise<void> => {
      assert.equal((await post(host.address, integration, { id, chat: "c", author: "Ana", text: id })).status, 200);
    };
    await deliver(one, "first");
    await deliver(two, "second");
    const texts = async (host: Patchbay): Promise<string[]> => {
      const chat = (await host.chats(integration))[0];
      return chat ? (await host.messages(chat.id)).map((message) => message.text) : [];
    };
    await eventually("both have their effect", async () => (await texts(other)).length === 2, 30);
    // The first is replaced: the other takes over what it ran, and the old release is not started any more.
    assert.equal(await owner.kill("SIGTERM"), 0);
    await eventually("the other runs it", () => runs(other, integration), 30);
    await deliver(other, "third");
    await eventually("its effect", async () => (await texts(other)).length === 3, 30);
    await assert.rejects(owner.serve(), /newer/);
    assert.equal(owner.process!.exitCode, 78);
    assert.equal((await owner.cli("migrate", "--check")).code, 78);
    assert.equal(await cluster.server.sql("select count(*) from schema_version where version > 9999"), "0");
  } finally {
    await cluster.stop();
  }
});

test("what arrives at the other host is worked on at once, both ways", async () => { // OPS-8, HOOK-1
  const side = await OtherSide.start();
  const cluster = await Cluster.start(2, { allow: [`127.0.0.1:${side.port}`] });
  const [one, two] = cluster.hosts as [Patchbay, Patchbay];
  try {
    await cluster.settled();
    const id = await connect(one, "a", { api_base: side.address });
    const owner = await cluster.owner(id);
    const other = owner === one ? two : one;
    const until = async (what: string, holds: () => Promise<boolean>): Promise<number> => {
      const began = performance.now();
      while (!(await holds())) assert.ok(performance.now() - began < 20_000, what);
      return performance.now() - began;
    };
    const waits: number[] = [];
    for (let i = 0; i < 20; ++i) {
      assert.equal((await post(other.address, id, { id: `w${i}`, chat: "c", author: "Ana", text: `text ${i}` })).status, 200);
      waits.push(await until(`webhook ${i}`, async () => {
        const [chat] = await other.chats(id);
        return chat !== undefined && (await other.messages(chat.id)).length === i + 1;
      }));
    }
    const [chat] = await other.chats(id);
    for (let i = 0; i < 20; ++i) {
      assert.equal((await other.post(`/api/v1/chats/${chat.id}/messages`, { text: `answer ${i}` })).status, 202);
      waits.push(await until(`answer ${i}`, async () => (await sleep(2), side.received.length === i + 1)));
    }
    const middle = (all: number[]): number => [...all].sort((a, b) => a - b)[all.length >> 1]!;
    console.log(`  until the host of the integration has done its work: webhooks ${middle(waits.slice(0, 20)).toFixed(0)} ms, answers ${middle(waits.slice(20)).toFixed(0)} ms in the middle`);
    // By looking alone, once a second, half a second would be the middle.
    assert.ok(middle(waits) < 250, waits.map((wait) => wait.toFixed(0)).join(" "));
  } finally {
    await cluster.stop();
    await side.stop();
  }
});

test("a plugin that is enabled on one host is enabled on all, at once for its integrations", async () => { // HOST-1, OPS-8
  const cluster = await Cluster.start(2);
  const [first, second] = cluster.hosts as [Patchbay, Patchbay];
  const state = async (host: Patchbay, plugin: string): Promise<string> => (await host.get(`/api/v1/plugins/${plugin}`)).body.state;
  try {
    assert.deepEqual([await state(first, "echo"), await state(second, "echo"), await state(second, "telegram")], ["found", "found", "found"]);
    const id = await first.integrate("echo", "Shared", { account: "shared", signing_key: KEY });
    const activated = await second.post(`/api/v1/integrations/${id}/activate`);
    assert.equal(activated.status, 200, JSON.stringify(activated.body));
    assert.equal((await first.post("/api/v1/plugins/telegram/enable")).status, 200);
    for (const plugin of ["echo", "telegram"]) await eventually(`${plugin} is enabled there too`, async () => (await state(second, plugin)) === "ready", 5);
  } finally {
    await cluster.stop();
  }
});

test("who may nothing any more is out on every host at once", async () => { // ACC-2, SET-3
  const cluster = await Cluster.start(2);
  const [one, two] = cluster.hosts as [Patchbay, Patchbay];
  try {
    const { headers, answer } = await one.signIn("uma", ["CanManageAdministration"]);
    const user = `/api/v1/users/${answer.body.user.id}`;
    assert.equal((await two.call("GET", "/api/v1/users", undefined, headers)).status, 200);
    await one.call("PATCH", user, { operations: [] });
    assert.equal((await two.call("GET", "/api/v1/users", undefined, headers)).status, 403);
    await one.call("PATCH", user, { active: false });
    assert.equal((await two.call("GET", "/api/v1/session", undefined, headers)).status, 401);
  } finally {
    await cluster.stop();
  }
});

test("chats find one owner on two hosts, and a setting counts on both", async () => { // CHAT-3, CHAT-7, CHAT-10, SET-3
  const cluster = await Cluster.start(2);
  const [one, two] = cluster.hosts as [Patchbay, Patchbay];
  try {
    const shop = await one.connect("echo", "Shop", { account: "shop", signing_key: KEY });
    const [ana, ben] = [await one.signIn("ana"), await two.signIn("ben")];
    const operators = [ana, ben].map((who) => who.answer.body.user.id);
    const queue = await one.post("/api/v1/queues", { name: "All", operators });
    await two.call("PATCH", `/api/v1/channels/${shop}`, { active: true, queue: queue.body.id });
    assert.equal((await one.call("PUT", "/api/v1/settings/SimultaneousChats", { value: 2 })).status, 200);
    await sleep(1000);
    for (const [host, who] of [[one, ana], [two, ben]] as const) await host.call("PATCH", "/api/v1/desk", { status: "active" }, who.headers);
    for (let i = 0; i < 6; ++i) await post((i % 2 ? one : two).address, shop, { id: `m${i}`, chat: `c${i}`, author: "Ana", text: "hello" });
    const offers = await eventually("all are offered", async () => {
      const { body } = await two.call("GET", "/api/v1/desk", undefined, ben.headers);
      return body.offers.length === 6 && body.offers;
    });
    const answers = await Promise.all(offers.flatMap((offer: any) => [
      one.call("POST", `/api/v1/desk/chats/${offer.id}/accept`, undefined, ana.headers),
      two.call("POST", `/api/v1/desk/chats/${offer.id}/accept`, undefined, ben.headers),
    ]));
    assert.equal(answers.filter((answer) => answer.status === 200).length, 4, "two of each");
    assert.deepEqual([...new Set(answers.map((answer) => answer.status))].sort(), [200, 409]);
    const owners = (await cluster.server.sql("select operator from chats where state = 'in_progress'")).trim().split("\n");
    assert.deepEqual(owners.sort(), [operators[0], operators[0], operators[1], operators[1]].sort());
  } finally {
    await cluster.stop();
  }
});
