// Backups are made while the host works, and restored somewhere else (OPS-4, OPS-11, bars 17 and 19).
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFile, mkdir, open, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { promisify } from "node:util";
import { KEY, post } from "./support/echo.ts";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";
import { Postgres } from "./support/postgres.ts";

const CANARY = "a-canary-that-must-not-be-found-7Q";

async function messagesOf(host: Patchbay, id: string): Promise<string[]> {
  const chat = (await host.chats(id))[0];
  return chat ? (await host.messages(chat.id)).map((message) => message.text as string) : [];
}

async function ordeal(from: Postgres | undefined, to: Postgres | undefined): Promise<void> {
  const host = await Patchbay.start(from ? { store: from.url } : {});
  const other = await Patchbay.prepare(to ? { store: to.url } : {});
  try {
    const id = await host.connect("echo", "Kept", { account: "kept", signing_key: CANARY });
    const { createHmac } = await import("node:crypto");
    const deliver = (to: Patchbay, number: number): ReturnType<typeof post> => {
      const body = JSON.stringify({ id: `w${number}`, chat: "c", author: "Ana", text: `message ${number}`, at_ms: 1_700_000_000_000 + number });
      return import("./support/echo.ts").then(({ send }) => send(`${to.address}/hooks/echo/${id}/in`, {
        headers: { "content-type": "application/json", "content-length": String(body.length), "x-echo-signature": createHmac("sha256", CANARY).update(body).digest("hex") }, body }));
    };
    for (let i = 0; i < 200; ++i) assert.equal((await deliver(host, i)).status, 200);
    await eventually("all are processed", async () => (await messagesOf(host, id)).length === 200);

    // While more comes in.
    let running = true;
    const traffic = (async () => {
      for (let i = 200; running; ++i) assert.equal((await deliver(host, i)).status, 200);
    })();
    const file = join(host.folder, "monday.backup");
    const made = await host.cli("backup", file, "--json");
    running = false;
    await traffic;
    assert.equal(made.code, 0, made.stderr);
    assert.equal(JSON.parse(made.stdout).bytes, (await stat(file)).size);
    assert.equal((await stat(file)).mode & 0o077, 0, "nobody else may read it");
    assert.equal((await host.cli("backup", file)).code, 65, "it is not written over");
    const bytes = await readFile(file);
    assert.ok(!bytes.includes(CANARY) && !bytes.includes(await readFile(join(host.folder, "state/vault.key"))));

    // What is no backup, or half of one, is refused and changes nothing.
    const broken = join(host.folder, "broken.backup");
    await copyFile(file, broken);
    await truncate(broken, Math.floor(bytes.length / 2));
    await mkdir(join(other.folder, "state"), { recursive: true, mode: 0o700 });
    assert.equal((await other.cli("restore", broken)).code, 65);
    await writeFile(broken, "not a backup at all");
    const refused = await other.cli("restore", broken);
    assert.equal(refused.code, 65, refused.stderr);
    assert.ok(refused.stderr.includes("broken.backup"));
    assert.equal((await host.cli("restore", file)).code, 75, "not while a host runs");

    assert.equal((await other.cli("restore", "--check", file)).code, 0);
    await copyFile(join(host.folder, "state/vault.key"), join(other.folder, "state/vault.key"));
    const restored = await other.cli("restore", file);
    assert.equal(restored.code, 0, restored.stderr);
    assert.equal((await other.cli("restore", file)).code, 65, "not over what is there");
    assert.equal((await other.cli("restore", "--replace", file)).code, 0);
    await host.kill("SIGTERM"); // it would be connected twice
    other.token = host.token;
    await other.serve();
    await eventually("it works on", async () => (await other.get(`/api/v1/integrations/${id}`)).body.state === "active");
    await eventually("what waited is processed", async () => (await other.get("/api/v1/inbox?state=new&limit=1")).body.items.length === 0);
    const texts = await messagesOf(other, id);
    assert.ok(texts.length >= 200);
    assert.deepEqual(texts, texts.map((_, i) => `message ${i}`), "all of one moment");
    assert.equal((await deliver(other, 100_000)).status, 200);
    await eventually("new ones too", async () => (await messagesOf(other, id)).includes("message 100000"));
  } finally {
    await host.stop();
    await other.stop();
  }
}

test("SQLite: a backup of a host that works is restored into another folder", () => ordeal(undefined, undefined));

test("PostgreSQL: a backup of a host that works is restored into another server", async () => {
  const from = await Postgres.start();
  const to = await Postgres.start();
  try {
    await ordeal(from, to);
  } finally {
    await from.stop();
    await to.stop();
  }
});

test("with another key the restored secrets do not open, and it is said at once", async () => {
  const host = await Patchbay.start();
  const other = await Patchbay.prepare();
  try {
    await host.connect("echo", "Kept", { account: "kept", signing_key: KEY });
    const file = join(host.folder, "a.backup");
    assert.equal((await host.cli("backup", file)).code, 0);
    await mkdir(join(other.folder, "state"), { recursive: true, mode: 0o700 });
    const key = await open(join(other.folder, "state/vault.key"), "wx", 0o600);
    await key.write(Buffer.alloc(32, 7));
    await key.close();
    const restored = await other.cli("restore", file);
    assert.equal(restored.code, 78, restored.stderr);
    assert.match(restored.stderr, /vault\.key/);
  } finally {
    await host.stop();
    await other.stop();
  }
});

// What one webhook left behind, in four tables, as often as wanted: by what each copy differs.
const EVENT = {
  inbox: { id: "9000000000000 + i", dedupe_key: "'many-' || i" },
  event_keys: { event: "9000000000000 + i", key: "'many-' || i" },
  messages: { id: "9000000000000 + i", provider_id: "'many-' || i" },
  message_provider_ids: { provider_id: "'many-' || i", message: "9000000000000 + i" },
};
const SQLITE_ROWS = "select name from pragma_table_info('%')";
const POSTGRES_ROWS = "select column_name from information_schema.columns where table_name = '%' order by ordinal_position";

// A database, whichever it is: the first column of a question's rows.
type Ask = (sql: string) => Promise<string[]>;

async function multiply(ask: Ask, columns: string, count: number): Promise<void> {
  for (const [table, own] of Object.entries(EVENT)) {
    const names = await ask(columns.replace("%", table));
    const values = names.map((name) => (own as Record<string, string>)[name] ?? `t.${name}`);
    await ask(`insert into ${table}(${names.join(", ")}) with recursive s(i) as (select 1 union all select i + 1 from s where i < ${count}) ` +
              `select ${values.join(", ")} from (select * from ${table} limit 1) t, s`);
  }
}

async function million(from: Postgres | undefined, to: Postgres | undefined): Promise<void> {
  const count = process.env["PB_FULL"] === "1" ? 1_000_000 : 20_000;
  const host = await Patchbay.start(from ? { store: from.url } : {});
  const other = await Patchbay.prepare(to ? { store: to.url } : {});
  const patient = async (at: Patchbay, ...args: string[]): Promise<number> => {
    const began = performance.now();
    await promisify(execFile)(join(BUILD, "bin/patchbay"), [...args, "--config", at.configFile]);
    return (performance.now() - began) / 1000;
  };
  const asked = (at: Patchbay, server: Postgres | undefined): Ask => async (sql) => {
    if (server) return (await server.sql(sql)).split("\n").filter(Boolean);
    const database = new DatabaseSync(join(at.folder, "state/patchbay.db"));
    try {
      if (!/^select/i.test(sql)) return database.exec(sql), [];
      return database.prepare(sql).all().map((row) => String(Object.values(row)[0]));
    } finally {
      database.close();
    }
  };
  // Of every row and column.
  const digest = async (at: Patchbay, server: Postgres | undefined, table: string): Promise<string> => {
    const key = table === "event_keys" ? "key" : table === "message_provider_ids" ? "provider_id" : "id";
    if (server) return (await server.sql(`select count(*), md5(string_agg(md5(t::text), '' order by ${key})) from ${table} t`));
    const database = new DatabaseSync(join(at.folder, "state/patchbay.db"), { readOnly: true });
    try {
      const hash = createHash("sha256");
      let rows = 0;
      const all = database.prepare(`select * from ${table} order by ${key}`);
      all.setReadBigInts(true);
      for (const row of all.iterate()) {
        for (const value of Object.values(row)) hash.update(value instanceof Uint8Array ? value : String(value)).update("\0");
        ++rows;
      }
      return `${rows}|${hash.digest("hex")}`;
    } finally {
      database.close();
    }
  };
  try {
    const id = await host.connect("echo", "Kept", { account: "kept", signing_key: KEY });
    assert.equal((await post(host.address, id, { id: "one", chat: "c", author: "Ana", text: "hello" })).status, 200);
    await eventually("it is processed", async () => (await messagesOf(host, id)).length === 1);
    await host.kill("SIGTERM");
    await multiply(asked(host, from), from ? POSTGRES_ROWS : SQLITE_ROWS, count);

    const file = join(host.folder, "big.backup");
    const making = await patient(host, "backup", file);
    await mkdir(join(other.folder, "state"), { recursive: true, mode: 0o700 });
    await copyFile(join(host.folder, "state/vault.key"), join(other.folder, "state/vault.key"));
    const restoring = await patient(other, "restore", file);
    for (const table of Object.keys(EVENT)) {
      const there = await digest(host, from, table);
      assert.equal(there.split("|")[0], String(count + 1));
      assert.equal(await digest(other, to, table), there, table);
    }
    const size = (await stat(file)).size / (1 << 20);
    console.log(`  ${from ? "PostgreSQL" : "SQLite"}: ${count} events in four tables, a backup of ${size.toFixed(0)} MiB made in ${making.toFixed(1)} s, restored in ${restoring.toFixed(1)} s, equal`);
    assert.ok(restoring <= 300);
    other.token = host.token;
    await other.serve();
    await eventually("it works on", async () => (await other.get(`/api/v1/integrations/${id}`)).body.state === "active");
    assert.equal((await post(other.address, id, { id: "two", chat: "new", author: "Bo", text: "after" })).status, 200);
    await eventually("new ones too", async () => (await other.chats(id)).length === 2);
  } finally {
    await host.stop();
    await other.stop();
  }
}

test("SQLite: everything is there again, row by row", () => million(undefined, undefined)); // bar 19

test("PostgreSQL: everything is there again, row by row", async () => { // bar 19
  const from = await Postgres.start();
  const to = await Postgres.start();
  try {
    await million(from, to);
  } finally {
    await from.stop();
    await to.stop();
  }
});
