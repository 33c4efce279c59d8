// Every command of patchbay, on the real executable.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, cp, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { KEY, post } from "./support/echo.ts";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";

let host: Patchbay;
before(async () => {
  host = await Patchbay.start();
});
after(() => host?.stop());

async function json(...args: string[]): Promise<any> {
  const done = await host.cli(...args, "--json");
  assert.equal(done.code, 0, `${args.join(" ")}: ${done.stderr}`);
  return JSON.parse(done.stdout);
}

async function fails(code: number, words: RegExp, ...args: string[]): Promise<void> {
  const done = await host.cli(...args);
  assert.equal(done.code, code, `${args.join(" ")}: ${done.stderr}`);
  assert.match(done.stderr, words);
  assert.equal(done.stdout, "");
}

// Standard input, for settings with secrets.
function withInput(input: string, ...args: string[]): Promise<{ code: number | null; stdout: string }> {
  return new Promise((resolve) => {
    const child = spawn(join(BUILD, "bin/patchbay"), [...args, "--config", host.configFile], { stdio: ["pipe", "pipe", "inherit"] });
    let stdout = "";
    child.stdout.on("data", (piece: Buffer) => (stdout += piece.toString()));
    child.on("close", (code) => resolve({ code, stdout }));
    child.stdin.end(input);
  });
}

const COMMANDS = [
  ["serve"], ["check-config"], ["migrate"], ["token", "create"], ["token", "list"], ["token", "revoke"], ...["list", "use", "enable", "disable", "remove", "keygen", "sign", "verify"].map((name) => ["plugins", name]),
  ["health"], ["hosts"], ["doctor"], ["diagnostics"], ["secrets", "rotate"], ["backup"], ["restore"], ["completion"], ["man"],
  ...["list", "show", "runs", "run", "pause", "resume", "reset"].map((name) => ["jobs", name]),
  ...["list", "show", "create", "change", "check", "activate", "deactivate"].map((name) => ["integrations", name]),
  ...["list", "show", "replay", "discard"].map((name) => ["inbox", name]),
];

test("migrate says what it would do, and leaves a database alone that a host works on", async () => { // OPS-4, OPS-10
  const checked = await json("migrate", "--check");
  assert.equal(checked.schema, checked.newest);
  assert.deepEqual(checked.pending, []);
  const other = await Patchbay.prepare();
  const other_json = async (...args: string[]): Promise<any> => JSON.parse((await other.cli("migrate", ...args, "--json")).stdout);
  try {
    const before = await other_json("--check");
    assert.equal(before.schema, 0);
    assert.equal(before.pending.length, checked.newest);
    assert.equal((await other_json("--check")).schema, 0, "a check changes nothing");
    assert.deepEqual(await other_json(), checked);
    assert.deepEqual(await other_json(), checked);
  } finally {
    await other.stop();
  }
});

test("with --json errors are JSON too, and commands that print nothing say what they did", async () => { // OPS-4
  const failed = await host.cli("jobs", "show", "1", "--json");
  assert.equal(failed.code, 65);
  const told = JSON.parse(failed.stderr);
  assert.equal(told.exit_code, 65);
  assert.equal(told.code, "not_found");
  assert.match(told.error, /1/);
  const made = await json("token", "create", "--name", "passing", "--scope", "read");
  assert.deepEqual(await json("token", "revoke", made.id), { revoked: made.id });
  const id = await host.connect("echo", "Passing", { account: "passing", signing_key: KEY });
  assert.equal((await host.call("DELETE", `/api/v1/integrations/${id}`)).status, 409);
});

test("--help of every command shows an example and ends with 0", async () => {
  for (const command of COMMANDS) {
    const done = await host.cli(...command, "--help");
    assert.equal(done.code, 0, command.join(" "));
    assert.match(done.stdout, new RegExp(`Example: patchbay ${command.join(" ")}`));
  }
  assert.match((await host.cli("--help")).stdout, /Exit codes:.*64 usage/);
  assert.match((await host.cli("--version")).stdout, /^patchbay \d+\.\d+\.\d+$/m);
});

test("completion knows every command and its options; the manual page names them all", async () => { // OPS-4
  const bash = async (...words: string[]): Promise<string[]> => {
    const script = `source <(${join(BUILD, "bin/patchbay")} completion); COMP_WORDS=(patchbay ${words.join(" ")}); COMP_CWORD=${words.length}; _patchbay; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const done = await new Promise<string>((resolve) => {
      const child = spawn("bash", ["-c", script], { stdio: ["ignore", "pipe", "inherit"] });
      let out = "";
      child.stdout.on("data", (piece: Buffer) => (out += piece.toString()));
      child.on("close", () => resolve(out));
    });
    return done.split("\n").filter(Boolean);
  };
  assert.deepEqual(await bash("plug"), ["plugins"]);
  assert.deepEqual(await bash("plugins", "us"), ["use"]);
  assert.deepEqual(await bash("inbox", "replay", "--de"), ["--dead"]);
  const run = async (word: string): Promise<string> => new Promise((resolve) => {
    const child = spawn(join(BUILD, "bin/patchbay"), [word], { stdio: ["ignore", "pipe", "inherit"] });
    let out = "";
    child.stdout.on("data", (piece: Buffer) => (out += piece.toString()));
    child.on("close", () => resolve(out));
  });
  const page = await run("man");
  assert.match(page, /^\.TH PATCHBAY 1/);
  for (const command of COMMANDS) assert.ok(page.includes(`.SS ${command.join(" ").replaceAll("-", "\\-")}\n`), command.join(" "));
});

test("diagnostics help to find a fault and hold no secret, setting or message", async () => { // bar 17
  const canary = "canary-8VqL2";
  const id = await host.connect("echo", "Canary", { account: "canary-account", signing_key: canary });
  const body = JSON.stringify({ id: "d1", chat: "c", author: "Ana", text: "words-of-a-client" });
  const { createHmac } = await import("node:crypto");
  const sent = await fetch(`${host.address}/hooks/echo/${id}/in`, { method: "POST", body, headers: { "x-echo-signature": createHmac("sha256", canary).update(body).digest("hex") } });
  assert.equal(sent.status, 200);
  await eventually("its message", async () => (await host.chats(id)).length === 1);
  const file = join(host.folder, "fault.json");
  assert.equal((await host.cli("diagnostics", file)).code, 0);
  const text = await readFile(file, "utf8");
  const found = JSON.parse(text);
  for (const part of ["doctor", "plugins", "integrations", "health", "hosts", "jobs", "dead_letters", "log"]) assert.ok(part in found, part);
  assert.ok(found.integrations.some((one: any) => one.id === id));
  for (const secret of [canary, "words-of-a-client", host.token]) assert.ok(!text.includes(secret), secret);
  assert.equal((await stat(file)).mode & 0o077, 0);
  assert.equal((await host.cli("diagnostics", file)).code, 65);
  await host.post(`/api/v1/integrations/${id}/deactivate`);
});

test("check-config shows what the configuration means, without passwords", async () => {
  const shown = await json("check-config");
  assert.equal(shown.state_dir, join(host.folder, "state"));
  assert.match(shown.key_file, /vault\.key$/);
  const secret = await Patchbay.prepare({ store: "postgresql://patchbay:hunter2@db.example/patchbay" });
  const done = await secret.cli("check-config");
  assert.equal(done.code, 0, done.stderr);
  assert.ok(!done.stdout.includes("hunter2"));
  await secret.stop();
});

test("token create prints the token alone, while the host runs and while it does not", async () => {
  const running = await host.cli("token", "create", "--name", "running", "--scope", "admin");
  assert.equal(running.code, 0, running.stderr);
  assert.match(running.stdout, /^\S+\n$/);
  const works = (token: string) => host.call("GET", "/api/v1/chats", undefined, { authorization: `Bearer ${token}` }).then((answer) => answer.status);
  assert.equal(await works(running.stdout.trim()), 200);
  assert.equal(await host.kill("SIGTERM"), 0);
  const stopped = await host.cli("token", "create", "--name", "stopped", "--scope", "chats", "--expires-in", "90d");
  assert.match(stopped.stdout, /^\S+\n$/);
  await host.serve();
  assert.equal(await works(stopped.stdout.trim()), 200);
});

test("tokens are listed without their values and can be revoked", async () => {
  const made = await json("token", "create", "--name", "short", "--scope", "read");
  const listed = await json("token", "list");
  const mine = listed.find((token: any) => token.id === made.id);
  assert.equal(mine.name, "short");
  assert.ok(!JSON.stringify(listed).includes(made.token));
  assert.equal((await host.cli("token", "revoke", made.id)).code, 0);
  await eventually("the token is refused", async () =>
    (await host.call("GET", "/api/v1/chats", undefined, { authorization: `Bearer ${made.token}` })).status === 401, 10);
  await fails(65, /999/, "token", "revoke", "999");
  await fails(65, /scope/, "token", "create", "--name", "x", "--scope", "everything");
  await fails(65, /90d/, "token", "create", "--name", "x", "--scope", "read", "--expires-in", "soon");
});

test("plugins list names what was found", async () => {
  const plugins = await json("plugins", "list");
  const ids = plugins.map((plugin: any) => plugin.id);
  for (const id of ["echo", "messenger", "telegram", "webchat", "whatsapp-cloud", "whatsapp-twilio"]) assert.ok(ids.includes(id), `${id} is not in ${ids}`);
  assert.equal((await json("plugins", "enable", "echo")).state, "ready");
  const table = (await host.cli("plugins", "list")).stdout;
  assert.match(table, /^ID +VERSION +STATE +SIGNED_BY +TITLE/m);
  assert.match(table, /^echo +\d+\.\d+\.\d+ +ready/m);
});

test("an integration is made, changed, checked, connected and disconnected", async () => {
  const settings = JSON.stringify({ account: "cli", signing_key: KEY });
  const made = await withInput(settings, "integrations", "create", "--plugin", "echo", "--name", "By hand", "--settings", "-", "--json");
  assert.equal(made.code, 0);
  const { id } = JSON.parse(made.stdout);
  assert.ok(!made.stdout.includes(KEY));
  assert.equal((await json("integrations", "change", id, "--name", "Renamed", "--set", "account=other")).name, "Renamed");
  assert.equal((await json("integrations", "check", id)).identity, "echo:other");
  assert.equal((await json("integrations", "activate", id)).state, "active");
  assert.equal((await json("integrations", "show", id)).state, "active");
  assert.match((await host.cli("integrations", "list")).stdout, new RegExp(`^${id} +echo +Renamed +active`, "m"));
  const again = JSON.parse((await withInput(JSON.stringify({ account: "other" }), "integrations", "create", "--plugin", "echo", "--name", "Twice", "--settings", "-", "--json")).stdout);
  await fails(65, /Renamed/, "integrations", "activate", again.id);
  assert.equal((await json("integrations", "deactivate", id)).state, "inactive");
  await fails(65, /account/, "integrations", "create", "--plugin", "echo", "--name", "x", "--set", "acount=x");
  await fails(65, /999/, "integrations", "show", "999");
  await fails(64, /ID/, "integrations", "show");
});

test("dead letters are listed, shown, replayed and discarded", async () => {
  const integration = await host.connect("echo", "Inbox", { account: "inbox", signing_key: KEY });
  assert.equal((await post(host.address, integration, '{"id": "1", "chat": "a", "author": "Ana"}')).status, 200); // no text
  const [dead] = await eventually("a dead letter", async () => {
    const all = await json("inbox", "list", "--state", "dead", "--integration", integration);
    return all.length > 0 && all;
  }, 60);
  assert.match(dead.reason, /text/);
  const shown = await json("inbox", "show", dead.id);
  assert.match(shown.body, /"Ana"/);
  assert.equal(shown.route, "in");
  await json("inbox", "replay", dead.id);
  await eventually("it is dead again", async () => (await json("inbox", "show", dead.id)).state === "dead", 60);
  await fails(65, /999/, "inbox", "show", "999");
  assert.equal((await json("inbox", "discard", dead.id)).state, "done");
  await fails(65, new RegExp(dead.id), "inbox", "discard", dead.id);
});

test("doctor looks at everything and says what to do", async () => { // OPS-4, OPS-15
  const state = async (): Promise<Map<string, string>> => {
    const done = await host.cli("doctor", "--json");
    return new Map(JSON.parse(done.stdout).map((row: any) => [row.check, row.state] as const));
  };
  const well = await host.cli("doctor");
  assert.equal(well.code, 0, well.stdout + well.stderr);
  assert.match(well.stdout, /^sandbox +ok +Workers are shut in: system calls are filtered, Landlock version \d/m);
  assert.match(well.stdout, /^host +ok +The host runs and answers/m);
  assert.match(well.stdout, /^plugins +ok +Found and not enabled: [^.]*telegram[^.]*\..*\nplugins +ok +1 plugins can run/m);
  for (const check of ["configuration", "state_dir", "store", "key", "site_url", "egress", "plugins", "integrations"]) assert.equal((await state()).get(check), "ok", check);

  const key = join(host.folder, "state/vault.key");
  const bytes = await readFile(key);
  await writeFile(key, Buffer.alloc(32, 1));
  const wrong = await host.cli("doctor");
  await writeFile(key, bytes);
  assert.equal(wrong.code, 78);
  assert.match(wrong.stdout, /^key +fault +.*vault\.key/m);
  await chmod(key, 0o644);
  assert.match((await host.cli("doctor")).stdout, /^key +warning +Others than its owner may read/m);
  await chmod(key, 0o600);

  const fresh = await Patchbay.prepare();
  const before = await fresh.cli("doctor");
  assert.equal(before.code, 0, before.stdout);
  assert.match(before.stdout, /^store +warning +The database .* is not there yet/m);
  assert.match(before.stdout, /^host +warning +No host is running/m);
  await assert.rejects(stat(join(fresh.folder, "state")));
  await fresh.stop();
});

test("doctor looks outward when it is told to", async () => { // OPS-4
  const folder = await mkdtemp(join(tmpdir(), "pb-doctor-"));
  await cp(join(BUILD, "test_plugins/misbehave"), join(folder, "misbehave"), { recursive: true });
  const file = join(folder, "misbehave/plugin.json");
  const unknown = `${"a".repeat(64)}.example.org`; // too long for a name: nobody is asked
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, "utf8")), egress: ["localhost", unknown, "*.example.org", "setting:/x"] }));
  const server = createServer().listen(0, "127.0.0.1");
  const looking = await Patchbay.start({ config: { plugins: { folders: [folder] } } });
  try {
    await new Promise((resolve) => (server.listening ? resolve(undefined) : server.once("listening", resolve)));
    const open = (server.address() as AddressInfo).port;
    assert.equal((await looking.cli("plugins", "enable", "misbehave")).code, 0); // hosts of what is not enabled are not asked for
    const done = await looking.cli("doctor", "--outward", "--mail", `127.0.0.1:${open}`, "--mail", "127.0.0.1:1", "--mail", "a b");
    assert.equal(done.code, 78);
    assert.match(done.stdout, new RegExp(`^dns +warning +${unknown} has no address`, "m"));
    assert.doesNotMatch(done.stdout, /^dns .*localhost/m);
    assert.match(done.stdout, new RegExp(`^mail +ok +127\\.0\\.0\\.1 can be reached at port ${open}`, "m"));
    assert.match(done.stdout, /^mail +warning +127\.0\.0\.1 cannot be reached at port 1: Connection refused/m);
    assert.match(done.stdout, /^mail +fault +a b is no mail server: write host or host:port/m);
    assert.match(done.stdout, /^clock +(ok|warning) /m);
  } finally {
    server.close();
    await looking.stop();
    await rm(folder, { recursive: true, force: true });
  }
});

test("without a host the commands that need one say so with 69", async () => {
  const alone = await Patchbay.prepare();
  for (const command of [["plugins", "list"], ["integrations", "list"], ["inbox", "list"], ["token", "list"]]) {
    const done = await alone.cli(...command);
    assert.equal(done.code, 69, command.join(" "));
    assert.match(done.stderr, /patchbay serve/);
  }
  await alone.stop();
});

test("PATCHBAY_CONFIG stands for --config", async () => {
  const child = spawn(join(BUILD, "bin/patchbay"), ["check-config"], { stdio: ["ignore", "ignore", "inherit"], env: { ...process.env, PATCHBAY_CONFIG: host.configFile } });
  assert.equal(await new Promise((resolve) => child.once("exit", resolve)), 0);
});

test("beneath a running host no command changes the schema", async () => { // OPS-10
  const old = await Patchbay.start();
  try {
    const database = new DatabaseSync(join(old.folder, "state/patchbay.db"));
    database.exec("delete from schema_version where version = (select max(version) from schema_version)");
    const done = await old.cli("token", "create", "--name", "x", "--scope", "read");
    assert.equal(done.code, 75, done.stderr);
    assert.match(done.stderr, /schema/);
    database.close();
  } finally {
    await old.stop();
  }
});

test("a host that listens on IPv6 is found", async () => {
  const six = await Patchbay.prepare({ config: { listen: { address: "::1", port: 0 } } });
  try {
    await six.serve();
    assert.match(six.address, /^http:\/\/\[::1\]:\d+$/);
    const done = await six.cli("plugins", "list");
    assert.equal(done.code, 0, done.stderr);
  } finally {
    await six.stop();
  }
});

test("what came from outside cannot steer the terminal", async () => {
  const made = await host.post("/api/v1/integrations", { plugin: "echo", name: "evil\u001b[2J", settings: { account: "evil", signing_key: KEY } });
  const done = await host.cli("integrations", "show", made.body.id);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /evil \[2J/);
  assert.ok(!done.stdout.includes("\u001b"));
});

test("the environment's language is spoken", async () => {
  const done = await new Promise<string>((resolve) => {
    const child = spawn(join(BUILD, "bin/patchbay"), ["serve", "--config", "/nonexistent.json"], { env: { ...process.env, LANG: "ru_RU.UTF-8", LC_ALL: "" } });
    let stderr = "";
    child.stderr.on("data", (piece: Buffer) => (stderr += piece.toString()));
    child.on("close", () => resolve(stderr));
  });
  assert.match(done, /[а-я]{4}/i);
});
