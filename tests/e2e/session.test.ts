// Local sign-in as a browser does it (ACC-2, OPS-12).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { BUILD, PASSWORD, Patchbay, type Browser } from "./support/patchbay.ts";

let host: Patchbay;
before(async () => { host = await Patchbay.start({ siteUrl: "https://desk.example/app" }); });
after(async () => { await host.stop(); });

const ask = (browser: Browser, method: string, path: string, body?: unknown, headers: Record<string, string> = {}, at = host) =>
  at.call(method, path, body, { ...browser.headers, ...headers });

test("the first admin comes from the command line", async () => {
  const made = await host.cli("user", "create", "--login", "chief", "--grant", "CanManageAdministration", "--json");
  assert.equal(made.code, 0, made.stderr);
  const typing = spawn(join(BUILD, "bin/patchbay"), ["user", "password", "chief", "--config", host.configFile], { stdio: ["pipe", "ignore", "inherit"] });
  typing.stdin.end(`${PASSWORD}\n`);
  assert.deepEqual(await once(typing, "exit"), [0, null]);
  const { answer } = await host.browse("Chief");
  assert.equal(answer.body.user.login, "chief");
  assert.deepEqual(answer.body.operations, ["CanManageAdministration"]);
  assert.match((await host.cli("user", "list")).stdout, /chief/);
  assert.equal((await host.cli("user", "password", "nobody")).code, 65);
  assert.equal((await host.cli("user", "create", "--login", "chief")).code, 65);
});

test("the cookie is for this host's requests alone", async () => {
  const browser = await host.signIn("ana");
  assert.match(browser.cookie, /^pb_session=[\w-]{43}; Path=\/app; HttpOnly; SameSite=Lax; Secure; Max-Age=2592000$/);
  assert.equal(browser.answer.headers.get("cache-control"), "no-store");
  const shown = await ask(browser, "GET", "/api/v1/session");
  assert.equal(shown.status, 200);
  assert.equal(shown.body.csrf_token, browser.headers["x-csrf-token"]);
  assert.ok(!JSON.stringify(shown.body).includes(browser.headers["cookie"]!.split("=")[1]!));
});

test("what changes something needs the session's own CSRF token", async () => {
  const browser = await host.signIn("ben", ["CanManageAdministration"]);
  const other = await host.signIn("eva", ["CanManageAdministration"]);
  const role = (token: string) => ask(browser, "POST", "/api/v1/roles", { name: "Made by a page of others" }, { "x-csrf-token": token });
  for (const wrong of ["", "x", other.headers["x-csrf-token"]!]) {
    const refused = await role(wrong);
    assert.equal(refused.status, 403);
    assert.match(refused.body.detail, /X-CSRF-Token/);
  }
  const names = (await host.all("/api/v1/roles")).map((one: any) => one.name);
  assert.ok(!names.includes("Made by a page of others"), "none was made");
  assert.equal((await ask(browser, "GET", "/api/v1/roles", undefined, { "x-csrf-token": "" })).status, 200);
  assert.equal((await role(browser.headers["x-csrf-token"]!)).status, 201);
  // Nor can a form of another page sign somebody in.
  const form = await fetch(`${host.address}/api/v1/session`, { method: "POST", body: new URLSearchParams({ login: "ben", password: PASSWORD }) });
  assert.equal(form.status, 415);
});

test("what a user does is in the audit log under the own name", async () => {
  const browser = await host.signIn("kim", ["CanManageAdministration"]);
  const made = await ask(browser, "POST", "/api/v1/roles", { name: "Night shift" });
  const database = new DatabaseSync(join(host.folder, "state/patchbay.db"), { readOnly: true });
  const rows = database.prepare("select actor, action from audit where object = ?").all(`role:${made.body.id}`);
  database.close();
  assert.deepEqual(rows.map((row) => ({ ...row })), [{ actor: "user:kim", action: "role.create" }]);
});

test("signing out takes the cookie and the session", async () => {
  const browser = await host.signIn("leo");
  const out = await ask(browser, "DELETE", "/api/v1/session");
  assert.equal(out.status, 204);
  assert.match(out.headers.get("set-cookie")!, /^pb_session=; .*Max-Age=0$/);
  const gone = await ask(browser, "GET", "/api/v1/session");
  assert.equal(gone.status, 401);
  assert.match(gone.body.detail, /sign in again/);
});

test("who guesses is locked out, and told for how long", async () => {
  await host.addUser("mia");
  const guess = (password: string) => host.call("POST", "/api/v1/session", { login: "mia", password }, { authorization: "" });
  for (let i = 0; i < 10; ++i) assert.equal((await guess(`guess ${i}`)).status, 401);
  const locked = await guess(PASSWORD);
  assert.equal(locked.status, 429);
  assert.ok(Number(locked.headers.get("retry-after")) > 800);
  assert.match(locked.body.detail, /15 min/);
  assert.ok(!host.output.includes("guess 3"), "what was typed is in no log");
});

test("who guesses keeps nobody else behind the same address out", async () => { // ACC-2
  await host.addUser("zoe");
  for (let i = 0; i < 31; ++i)
    assert.equal((await host.call("POST", "/api/v1/session", { login: `guess${i}`, password: "wrong" }, { authorization: "" })).status, 401);
  await host.browse("zoe");
});

test("a person is told which operation an administrator grants, a machine which scope", async () => { // ACC-3
  const browser = await host.signIn("lea");
  const refused = await ask(browser, "GET", "/api/v1/users");
  assert.deepEqual([refused.status, refused.body.detail], [403, "You may not do this; it needs CanManageAdministration, which an administrator grants"]);
  const token = (await host.post("/api/v1/tokens", { name: "user:lea", scopes: "processes" })).body.token;
  const machine = await host.call("GET", "/api/v1/users", undefined, { authorization: `Bearer ${token}` });
  assert.match(machine.body.detail, /needs a scope with access:read/);
});

test("one's password is changed with the old one", async () => {
  const here = await host.signIn("noa");
  const there = await host.browse("noa");
  const wrong = await ask(here, "POST", "/api/v1/session/password", { old: "not this", new: "a longer one than this" });
  assert.equal(wrong.status, 422);
  assert.equal(wrong.body.errors[0].pointer, "/old");
  assert.equal((await ask(here, "POST", "/api/v1/session/password", { old: PASSWORD, new: "a longer one than this" })).status, 204);
  assert.equal((await ask(here, "GET", "/api/v1/session")).status, 200);
  assert.equal((await ask(there, "GET", "/api/v1/session")).status, 401);
  await host.browse("noa", "a longer one than this");
});

test("sessions outlive a crash of the host", async () => {
  const browser = await host.signIn("pia");
  await host.kill("SIGKILL");
  await host.serve();
  assert.equal((await ask(browser, "GET", "/api/v1/session")).status, 200);
});
