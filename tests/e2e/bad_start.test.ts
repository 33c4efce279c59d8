// What keeps a host from starting has an exit code of its own and says what to do (OPS-5, OPS-10, ACC-4).
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { DatabaseSync } from "node:sqlite";
import { KEY } from "./support/echo.ts";
import { BUILD, Patchbay } from "./support/patchbay.ts";
import { Postgres } from "./support/postgres.ts";

interface Ended {
  code: number | null;
  stderr: string;
}

// Runs until it ends by itself; 20 s is far more than a refusal takes.
function patchbay(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(join(BUILD, "bin/patchbay"), args, { timeout: 20_000, killSignal: "SIGKILL", env: { ...process.env, LANG: "C" } }, (error, _stdout, stderr) =>
      resolve({ code: error ? (typeof error.code === "number" ? error.code : null) : 0, stderr }));
  });
}

async function prepared(t: TestContext, options: Parameters<typeof Patchbay.prepare>[0] = {}): Promise<Patchbay> {
  const host = await Patchbay.prepare(options);
  t.after(() => host.stop());
  return host;
}

const serve = (host: Patchbay): Promise<Ended> => patchbay("serve", "--config", host.configFile);

test("wrong use is 64", async (t) => {
  const host = await prepared(t);
  for (const args of [[], ["sreve"], ["serve"], ["serve", "--config", host.configFile, "--fast"], ["token", "create", "--config", host.configFile]]) {
    const ended = await patchbay(...args);
    assert.equal(ended.code, 64, args.join(" "));
    assert.notEqual(ended.stderr, "");
  }
});

test("a missing configuration file is 66 and named", async () => {
  const ended = await patchbay("serve", "--config", "/nonexistent/patchbay.json");
  assert.equal(ended.code, 66);
  assert.match(ended.stderr, /\/nonexistent\/patchbay\.json/);
});

test("an unknown key is 78 and the nearest is named; a wrong value names its path; broken JSON its place", async (t) => { // OPS-5
  const host = await prepared(t, { config: { egres: { allow: [] } } });
  const unknown = await serve(host);
  assert.equal(unknown.code, 78);
  assert.match(unknown.stderr, /egres/);
  assert.match(unknown.stderr, /egress/);
  await writeFile(host.configFile, '{"state_dir": "state", "listen": {"port": "many"}}');
  const value = await serve(host);
  assert.equal(value.code, 78);
  assert.match(value.stderr, /\/listen\/port/);
  await writeFile(host.configFile, '{"state_dir": "state",\n "listen": }');
  const broken = await serve(host);
  assert.equal(broken.code, 78);
  assert.match(broken.stderr, /line 2/);
  assert.deepEqual((await patchbay("check-config", "--config", host.configFile)).code, 78);
});

test("an opening that can open nothing is 78 and named", async (t) => { // OPS-5, OPS-15
  for (const entry of ["10.0.0.0/40", "999.1.1.1/8"]) {
    const host = await prepared(t, { allow: [entry] });
    const ended = await serve(host);
    assert.equal(ended.code, 78, ended.stderr);
    assert.ok(ended.stderr.includes(entry), ended.stderr);
    assert.equal((await patchbay("check-config", "--config", host.configFile)).code, 78);
  }
  const fine = await prepared(t, { allow: ["10.1.0.0/16:443", "[fd00::]/8", "intern.example:80"] });
  assert.equal((await patchbay("check-config", "--config", fine.configFile)).code, 0);
});

test("a second host on the same store is 75, on SQLite and on PostgreSQL", async (t) => {
  const server = await Postgres.start();
  t.after(() => server.stop());
  for (const options of [{}, { store: server.url }]) {
    const first = await prepared(t, options);
    await first.serve();
    const second = await serve(first);
    assert.equal(second.code, 75, second.stderr);
    assert.match(second.stderr, /[Aa]nother host/);
    assert.equal((await fetch(`${first.address}/readyz`)).status, 200);
    await first.kill("SIGTERM");
  }
});

test("a database of a newer release is 78 and is left alone", async (t) => { // OPS-10
  const host = await prepared(t);
  await host.serve();
  await host.kill("SIGTERM");
  const file = await databaseFile(host);
  const database = new DatabaseSync(file);
  database.exec("insert into schema_version(version, name) values (9999, 'from the future')");
  database.close();
  const ended = await serve(host);
  assert.equal(ended.code, 78, ended.stderr);
  assert.match(ended.stderr, /9999/);
  assert.equal((await patchbay("token", "create", "--config", host.configFile, "--name", "x", "--scope", "admin")).code, 78);
});

test("an address that is taken or is none is 69, with the reason, also when integrations run", async (t) => {
  const host = await withSecret(t);
  await host.serve();
  await host.connect("echo", "Running", { account: "running", signing_key: KEY });
  assert.equal(await host.kill("SIGTERM"), 0);
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const config = JSON.parse(await readFile(host.configFile, "utf8"));
  for (const listen of [{ address: "127.0.0.1", port }, { address: "no-address", port: 0 }, { address: "203.0.113.1", port: 0 }]) {
    await writeFile(host.configFile, JSON.stringify({ ...config, listen }));
    const ended = await serve(host);
    assert.equal(ended.code, 69, ended.stderr);
    assert.ok(ended.stderr.includes(`${listen.address}:${listen.port}`), ended.stderr);
  }
});

test("a host that others have declared dead ends with 75", async (t) => { // OPS-8
  const server = await Postgres.start();
  t.after(() => server.stop());
  const host = await prepared(t, { store: server.url });
  await host.serve();
  const ended = new Promise((resolve) => host.process!.once("exit", resolve));
  await server.sql("delete from hosts");
  assert.equal(await ended, 75);
  assert.match(host.output, /others have taken over its work/);
});

test("a store that is away is 69", async (t) => {
  const probe = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => probe.once("listening", resolve));
  const { port } = probe.address() as { port: number };
  await new Promise((resolve) => probe.close(resolve));
  const host = await prepared(t, { store: `postgresql://nobody@127.0.0.1:${port}/nothing` });
  const ended = await serve(host);
  assert.equal(ended.code, 69, ended.stderr);
  assert.equal((await patchbay("token", "create", "--config", host.configFile, "--name", "x", "--scope", "admin")).code, 69);
});

async function databaseFile(host: Patchbay): Promise<string> {
  const names = await readdir(join(host.folder, "state"));
  const name = names.find((candidate) => /\.(db|sqlite3?)$/.test(candidate));
  assert.ok(name, `no database in ${names.join(", ")}`);
  return join(host.folder, "state", name);
}

function digest(bytes: Buffer | string): string {
  return createHash("sha256").update(bytes).digest("hex");
}

// A host that has kept a secret and has ended.
async function withSecret(t: TestContext, options: Parameters<typeof Patchbay.prepare>[0] = {}): Promise<Patchbay> {
  const host = await prepared(t, options);
  host.token = await host.createToken("test", "admin");
  await host.serve();
  await host.integrate("echo", "Kept", { account: "kept", signing_key: KEY });
  assert.equal(await host.kill("SIGTERM"), 0);
  return host;
}

const keyFile = (host: Patchbay): string => join(host.folder, "state", "vault.key");

test("with a wrong key the host ends with 78 and writes nothing", async (t) => { // ACC-4, bar 17
  const host = await withSecret(t);
  const file = await databaseFile(host);
  const key = await readFile(keyFile(host));
  const before = digest(await readFile(file));
  await writeFile(keyFile(host), randomBytes(32));
  const wrong = await serve(host);
  assert.equal(wrong.code, 78, wrong.stderr);
  assert.match(wrong.stderr, /vault\.key/);
  assert.equal(digest(await readFile(file)), before);
  await writeFile(keyFile(host), key.subarray(0, 31));
  assert.equal((await serve(host)).code, 78);
  assert.equal(digest(await readFile(file)), before);
  await writeFile(keyFile(host), key);
  await host.serve();
});

test("with a wrong key a migration that is due is not written, nor a database made", async (t) => {
  const host = await withSecret(t);
  const file = await databaseFile(host);
  const key = await readFile(keyFile(host));
  const database = new DatabaseSync(file);
  database.exec("delete from schema_version where version = (select max(version) from schema_version)");
  database.close();
  const before = digest(await readFile(file));
  for (const wrong of [randomBytes(32), key.subarray(0, 31)]) {
    await writeFile(keyFile(host), wrong);
    assert.equal((await serve(host)).code, 78);
    assert.equal(digest(await readFile(file)), before);
  }
  await rm(file);
  assert.equal((await serve(host)).code, 78);
  await assert.rejects(readFile(file));
});

test("a key that is missing beside kept secrets is 78, and no new one is made", async (t) => {
  const host = await withSecret(t);
  await rm(keyFile(host));
  const ended = await serve(host);
  assert.equal(ended.code, 78, ended.stderr);
  assert.match(ended.stderr, /backup/);
  await assert.rejects(readFile(keyFile(host)));
});

test("on PostgreSQL a wrong key changes nothing either", async (t) => {
  const server = await Postgres.start();
  t.after(() => server.stop());
  const host = await withSecret(t, { store: server.url });
  const before = await server.dump();
  assert.match(before, /COPY public\.secrets/);
  await writeFile(keyFile(host), randomBytes(32));
  assert.equal((await serve(host)).code, 78);
  assert.equal(await server.dump(), before);
});
