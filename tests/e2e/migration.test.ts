// A host that is killed while it migrates its database starts again; what earlier releases stored is there (OPS-10, bar 19).
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { test } from "node:test";
import { KEY, post } from "./support/echo.ts";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";
import { Postgres } from "./support/postgres.ts";

const FULL = process.env["PB_FULL"] === "1";
const SQL = join(import.meta.dirname, "../../schemas/sql");

const databaseOf = (host: Patchbay): string => join(host.folder, "state/patchbay.db");

function schemaOf(host: Patchbay): unknown[] {
  const database = new DatabaseSync(databaseOf(host), { readOnly: true });
  try {
    return database.prepare("select name, sql from sqlite_master order by name").all();
  } finally {
    database.close();
  }
}

async function works(host: Patchbay): Promise<void> {
  const id = await host.connect("echo", "Shop", { account: "shop", signing_key: KEY });
  assert.equal((await post(host.address, id, { id: "1", chat: "c", author: "Ana", text: "hello" })).status, 200);
  await eventually("it is stored", async () => (await host.chats(id)).length === 1);
}

async function started<T>(host: Patchbay, use: () => Promise<T>): Promise<T> {
  try {
    host.token = await host.createToken("test", "admin");
    await host.serve();
    return await use();
  } finally {
    await host.stop();
  }
}

test("SQLite: killed at any write of its first start it starts again, with the same schema", async () => {
  const whole = await Patchbay.prepare();
  const schema = await started(whole, async () => schemaOf(whole));
  let kills = 0;
  for (let n = 1; ; n += FULL ? 1 : 61) {
    const host = await Patchbay.prepare();
    const control = join(host.folder, "disk");
    await writeFile(control, `kill ${n}`);
    host.environment = { LD_PRELOAD: join(BUILD, "lib/faulty_disk.so"), PB_DISK: control };
    const survived = await host.serve().then(() => true, () => false);
    if (!survived) assert.equal(host.process!.signalCode, "SIGKILL", host.output);
    await host.kill();
    host.environment = {};
    await started(host, async () => {
      assert.deepEqual(schemaOf(host), schema, `killed at write ${n}`);
      await works(host);
    });
    if (survived) break;
    ++kills;
  }
  assert.ok(kills > 3);
  console.log(`  SQLite: ${kills} kills, the same schema after each`);
});

test("PostgreSQL: killed at any statement of its migrations it starts again, with the same schema", async () => {
  const server = await Postgres.start();
  try {
    await server.sql(`create schema test; create table test.stop(step bigint); insert into test.stop values (0); create sequence test.steps;
      create function test.count() returns event_trigger language plpgsql as $$ begin
        if nextval('test.steps') = (select step from test.stop) then perform pg_sleep(600); end if; end $$;
      create event trigger counts on ddl_command_end execute function test.count()`);
    const schema = async (): Promise<string> => server.dump("--schema-only", "--table=public.*");
    const host = await Patchbay.prepare({ store: server.url });
    try {
      host.token = await host.createToken("test", "admin");
      const whole = await schema();
      const steps = Number(await server.sql("select last_value from test.steps"));
      let kills = 0;
      for (let n = 1; n <= steps; n += FULL ? 1 : 23, ++kills) {
        await server.sql("drop schema public cascade; create schema public");
        await server.sql(`select setval('test.steps', 1, false); update test.stop set step = ${n}`);
        const ended = host.serve().then(() => false, () => true);
        await eventually("it is in the middle", async () => (await server.sql("select pid from pg_stat_activity where wait_event = 'PgSleep'")) !== "");
        await host.kill();
        assert.ok(await ended);
        await server.sql("update test.stop set step = 0; select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'");
        await host.serve();
        assert.equal(await schema(), whole, `killed at statement ${n}`);
        await host.kill("SIGTERM");
      }
      host.token = await host.createToken("again", "admin");
      await host.serve();
      await works(host);
      assert.ok(kills > 2, `${kills} of ${steps}`);
      console.log(`  PostgreSQL: ${kills} kills, the same schema after each`);
    } finally {
      await host.stop();
    }
  } finally {
    await server.stop();
  }
});

// A database as the release with these migrations left it.
async function earlier(host: Patchbay, migrations: string[]): Promise<void> {
  await mkdir(join(host.folder, "state"), { mode: 0o700 });
  const database = new DatabaseSync(databaseOf(host));
  database.exec("pragma journal_mode = wal; create table schema_version(version integer primary key, name text not null)");
  for (const [i, name] of migrations.entries()) {
    let wanted = true;
    const lines = (await readFile(join(SQL, name), "utf8")).split("\n").filter((line) => {
      const only = /^-- (?:only (\w+)|both)$/.exec(line);
      if (only) wanted = only[1] !== "postgresql";
      return wanted;
    });
    database.exec(lines.join("\n").replaceAll(/bigint (not null )?primary key/g, "integer primary key"));
    database.prepare("insert into schema_version values (?, ?)").run(i + 1, name);
  }
  database.exec(`insert into integrations(id, plugin, version, name, settings, state, reason_code, reason_text, identity, title, remote_state, visibility, created_at, updated_at)
    values (77, 'echo', '0.1.0', 'Old', '{"account": "old"}', 'inactive', '', '', '', '', '', 'shared', 1, 1)`);
  if (migrations.length >= 2) {
    database.exec(`insert into inbox(id, integration, plugin, route, lane, dedupe_key, request, body, received_at, trace, verdict, state, reason)
      values (78, 77, 'echo', 'in', 'c', 'k', '{}', cast('raw' as blob), 1, '', 'verified', 'dead', 'why')`);
  }
  if (migrations.length >= 3) {
    database.exec(`insert into chats(id, integration, conversation, kind, title, created_at, last_message_at) values (79, 77, 'c', 'private', 'Ana', 1, 1);
      insert into messages(id, chat, direction, text, state, provider_at, created_at) values (80, 79, 'in', 'from long ago', 'received', 1, 1)`);
  }
  database.close();
}

test("what every earlier schema holds is there for today's host", async () => {
  const all = (await readdir(SQL)).filter((name) => name.endsWith(".sql")).sort();
  for (let version = 1; version < all.length; version += FULL ? 1 : 2) {
    const host = await Patchbay.prepare();
    await earlier(host, all.slice(0, version));
    await started(host, async () => {
      const old = await host.get("/api/v1/integrations/77");
      assert.equal(old.body.name, "Old", JSON.stringify(old.body));
      assert.deepEqual(old.body.settings.account, "old");
      if (version >= 2) assert.equal((await host.get("/api/v1/inbox/78")).body.reason, "why");
      if (version >= 3) assert.deepEqual((await host.messages((await host.chats("77"))[0].id)).map((message) => message.text), ["from long ago"]);
      await works(host);
    });
  }
});
