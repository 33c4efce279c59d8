// The store away, slow, full, read-only, failing over (OPS-9, bars 2 and 3): nothing acknowledged is lost, nothing else than
// 503 with Retry-After is said, and all heals by itself within 5 s.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { KEY, post } from "./support/echo.ts";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";
import { Postgres } from "./support/postgres.ts";

const FULL = process.env["PB_FULL"] === "1";

// Somebody who sends webhooks, again until they are taken, as providers do.
class Traffic {
  readonly statuses = new Map<number, number>();
  readonly taken: string[] = [];
  slowestLook = 0;
  private running = true;
  private readonly host: Patchbay;
  private readonly id: string;
  private next = 0;
  private failed: unknown;
  private readonly all: Promise<void>[] = [];

  constructor(host: Patchbay, id: string) {
    this.host = host;
    this.id = id;
    const note = (error: unknown): void => void (this.failed ??= error);
    for (let i = 0; i < 8; ++i) this.all.push(this.send().catch(note));
    this.all.push(this.look().catch(note));
  }

  private async send(): Promise<void> {
    while (this.running) {
      const name = `w${this.next++}`;
      for (let taken = false; !taken; ) {
        const answer = await post(this.host.address, this.id, { id: name, chat: `c${name.length}${Number(name.slice(1)) % 7}`, author: "Ana", text: name });
        this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
        taken = answer.status === 200;
        if (taken) this.taken.push(name);
        else {
          assert.equal(answer.status, 503, `${answer.status} ${answer.body}`);
          assert.match(String(answer.headers["retry-after"]), /^\d+$/);
          if (!this.running) return;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  // Whether the host is alive is a question that no store can make wait.
  private async look(): Promise<void> {
    while (this.running) {
      const began = Date.now();
      assert.equal((await fetch(`${this.host.address}/healthz`)).status, 200);
      this.slowestLook = Math.max(this.slowestLook, Date.now() - began);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  // How long until one more is taken.
  async healed(): Promise<number> {
    const began = Date.now();
    const before = this.taken.length;
    await eventually("it is taken again", async () => this.taken.length > before, 15);
    return Date.now() - began;
  }

  async end(): Promise<void> {
    this.running = false;
    await Promise.all(this.all);
    if (this.failed) throw this.failed;
  }

  // Each was taken once and had its effect once.
  async verify(): Promise<void> {
    const texts = async (): Promise<string[]> =>
      (await Promise.all((await this.host.chats(this.id)).map((chat: any) => this.host.messages(chat.id)))).flat().map((message: any) => message.text);
    await eventually("all are stored", async () => new Set(await texts()).size >= this.taken.length, 60);
    const stored = await texts();
    assert.equal(new Set(stored).size, stored.length, "none twice");
    const known = new Set(stored);
    assert.deepEqual(this.taken.filter((name) => !known.has(name)), [], "none lost");
    assert.ok(this.slowestLook < 1000, `/healthz took ${this.slowestLook} ms`);
  }

  said(): string {
    return [...this.statuses].map(([status, count]) => `${count} x ${status}`).join(", ");
  }
}

async function onFaultyDisk(): Promise<{ host: Patchbay; id: string; disk: (word: string) => Promise<void> }> {
  const host = await Patchbay.prepare();
  const control = join(host.folder, "disk");
  const disk = (word: string): Promise<void> => writeFile(control, word);
  await disk("ok");
  host.token = await host.createToken("test", "admin");
  host.environment = { LD_PRELOAD: join(BUILD, "lib/faulty_disk.so"), PB_DISK: control };
  await host.serve();
  return { host, id: await host.connect("echo", "Shop", { account: "shop", signing_key: KEY }), disk };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

for (const fault of ["full", "read-only", "fsync"]) {
  test(`SQLite: a disk that is ${fault === "fsync" ? "failing to sync" : fault} is answered 503, and heals`, async () => { // bars 2, 3
    const { host, id, disk } = await onFaultyDisk();
    try {
      const traffic = new Traffic(host, id);
      await traffic.healed();
      for (let round = 0; round < (FULL ? 20 : 2); ++round) {
        await disk(fault);
        await pause(300); // what was on its way has ended
        const before = traffic.taken.length;
        await pause(700);
        assert.equal(traffic.taken.length, before, "nothing is acknowledged that is not durable");
        await eventually("it says that it is not ready", async () => (await fetch(`${host.address}/readyz`)).status === 503); // OPS-6
        await disk("ok");
        const took = await traffic.healed();
        assert.ok(took < 5000, `${took} ms`);
        await eventually("it is ready again", async () => (await fetch(`${host.address}/readyz`)).status === 200);
      }
      // Also what is killed in the middle of it.
      await disk(fault);
      await pause(200);
      await traffic.end();
      await host.kill("SIGKILL");
      await disk("ok");
      await host.serve();
      await traffic.verify();
      console.log(`  ${traffic.said()}; 0 lost, 0 doubled`);
    } finally {
      await host.stop();
    }
  });
}

test("SQLite: the n-th write failing, swept: taken or 503, and never a crash", async () => { // bar 3
  const { host, id, disk } = await onFaultyDisk();
  const pid = host.process!.pid;
  try {
    const said = new Map<number, number>();
    const taken: string[] = [];
    for (let n = 1; n <= (FULL ? 300 : 60); ++n) {
      await disk(`nth ${n}`);
      for (let i = 0; i < 3; ++i) {
        const name = `n${n}-${i}`;
        const answer = await post(host.address, id, { id: name, chat: `c${i}`, author: "Ana", text: name });
        said.set(answer.status, (said.get(answer.status) ?? 0) + 1);
        if (answer.status === 200) taken.push(name);
        else assert.equal(answer.status, 503, answer.body);
      }
    }
    await disk("ok");
    await eventually("it is taken again", async () => (await post(host.address, id, { id: "last", chat: "c0", author: "Ana", text: "last" })).status === 200, 5);
    taken.push("last");
    assert.equal(host.process!.pid, pid);
    assert.equal(host.process!.exitCode, null);
    const texts = async (): Promise<string[]> => (await Promise.all((await host.chats(id)).map((chat: any) => host.messages(chat.id)))).flat().map((message: any) => message.text);
    await eventually("all are stored", async () => { const stored = new Set(await texts()); return taken.every((name) => stored.has(name)); }, 60);
    assert.equal(new Set(await texts()).size, (await texts()).length);
    console.log(`  ${[...said].map(([status, count]) => `${count} x ${status}`).join(", ")}; 0 lost, 0 doubled`);
  } finally {
    await host.stop();
  }
});

test("SQLite: a slow disk makes everybody wait, and nobody fail", async () => { // bar 3
  const { host, id, disk } = await onFaultyDisk();
  try {
    const traffic = new Traffic(host, id);
    await traffic.healed();
    await disk("slow 400");
    await pause(4000);
    await disk("ok");
    await traffic.healed();
    await traffic.end();
    await traffic.verify();
    assert.deepEqual([...traffic.statuses.keys()], [200]);
  } finally {
    await host.stop();
  }
});

async function onPostgres(): Promise<{ server: Postgres; host: Patchbay; id: string }> {
  const server = await Postgres.start();
  const host = await Patchbay.start({ store: server.url });
  return { server, host, id: await host.connect("echo", "Shop", { account: "shop", signing_key: KEY }) };
}

test("PostgreSQL: killed, stopped dead and read-only under load", async () => { // bars 2, 3, OPS-9
  const { server, host, id } = await onPostgres();
  try {
    const traffic = new Traffic(host, id);
    await traffic.healed();
    // The server dies and is there again: what was acknowledged was durable.
    for (let round = 0; round < (FULL ? 20 : 2); ++round) {
      await server.crash();
      await pause(500);
      await server.resume();
      const took = await traffic.healed();
      assert.ok(took < 5000, `${took} ms after a crash`);
    }
    // A server that has become a standby takes no writes.
    await server.sql("alter system set default_transaction_read_only = on");
    await server.sql("select pg_reload_conf()");
    await pause(1500);
    await server.sql("alter system reset default_transaction_read_only");
    await server.sql("select pg_reload_conf()");
    const took = await traffic.healed();
    assert.ok(took < 5000, `${took} ms after read-only`);
    // It does not answer at all.
    const pids = await server.processes();
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    await pause(3000);
    for (const pid of pids) process.kill(pid, "SIGCONT");
    await traffic.healed();
    // A failover: every connection is cut at once.
    await server.sql("select count(pg_terminate_backend(pid)) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'");
    const cut = await traffic.healed();
    assert.ok(cut < 5000, `${cut} ms after connections were cut`);
    await traffic.end();
    await traffic.verify();
    assert.equal((await fetch(`${host.address}/readyz`)).status, 200);
    console.log(`  ${traffic.said()}; 0 lost, 0 doubled`);
  } finally {
    await host.stop();
    await server.stop();
  }
});
