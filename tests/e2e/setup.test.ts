// Setting up: forms, drafts, choices, steps, prompts, export, import, files that declare (SETUP-1, 2, 3, 6).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { KEY, post } from "./support/echo.ts";
import { Oidc, Person } from "./support/oidc.ts";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";

const SITE = "http://127.0.0.1:9/app";
const CALLBACK = `${SITE}/oauth/callback`;

async function come(host: Patchbay, address: string): Promise<void> {
  const person = new Person("alice");
  const at = await person.visit(address, (url) => url.startsWith(CALLBACK));
  assert.equal((await person.visit(host.address + "/oauth/callback" + new URL(at.url).search)).status, 200);
}

async function pagesHost(): Promise<{ oidc: Oidc; host: Patchbay; profile: string }> {
  const oidc = await Oidc.start(CALLBACK);
  const host = await Patchbay.start({ siteUrl: SITE, allow: oidc.allow, folders: [join(BUILD, "test_plugins")] });
  const made = await host.post("/api/v1/profiles", { plugin: "pages", name: "Our app", settings: oidc.profile });
  return { oidc, host, profile: made.body.id };
}

// The command line with somebody who types; `answers` may wait for what was printed.
async function typed(host: Patchbay, args: string[], answers: (string | ((printed: () => string) => Promise<void>))[]): Promise<{ code: number; out: string }> {
  const child = spawn(join(BUILD, "bin/patchbay"), [...args, "--config", host.configFile], { stdio: "pipe", env: { ...process.env, LANG: "C" } });
  let out = "";
  child.stdout.on("data", (piece: Buffer) => (out += piece.toString()));
  child.stderr.on("data", (piece: Buffer) => (out += piece.toString()));
  const ended = new Promise<number>((resolve) => child.on("exit", (code) => resolve(code ?? -1)));
  try {
    for (const answer of answers) await say(answer);
  } catch (error) {
    child.kill();
    throw new Error(`${String(error)}, after: ${out}`);
  }
  child.stdin.end();
  return { code: await ended, out };

  async function say(answer: string | ((printed: () => string) => Promise<void>)): Promise<void> {
    if (typeof answer === "string") {
      const from = out.length;
      child.stdin.write(`${answer}\n`);
      await Promise.race([ended, eventually("it asks again", async () => out.length > from, 10).catch(() => undefined)]);
    } else {
      await answer(() => out);
    }
  }
}

test("a form says everything that a screen needs, in the reader's language", async () => { // SETUP-1
  const { oidc, host } = await pagesHost();
  try {
    const english = (await host.get("/api/v1/plugins/pages")).body;
    const { page, mode, signature } = english.setup_schema.properties;
    assert.deepEqual([page["x-choices"], page["x-group"], mode["x-titles"].full, signature["x-when"].equals, signature["x-placeholder"]],
      ["pages", "page", "With a signature", "full", "Your shop"]);
    assert.equal(english.profile_schema.properties.client_secret["x-secret"], true);
    assert.deepEqual(english.grants, [{ name: "account", title: "Account", ways: ["code", "device"] }]);
    assert.equal(english.has_steps, true);
    const russian = (await host.call("GET", "/api/v1/plugins/pages", undefined, { "accept-language": "ru" })).body;
    assert.equal(russian.setup_schema.properties.page.title, "Страница");
    assert.equal(russian.setup_schema.properties.mode["x-titles"].full, "С подписью");
    assert.equal(russian.setup_schema["x-groups"][1].title, "Ответы");
    assert.equal(russian.profile_schema.properties.issuer.title, "Где входят");
  } finally {
    await host.stop();
    await oidc.stop();
  }
});

test("a draft takes what is there, survives a restart, and is complete only when it is", async () => { // SETUP-2, SETUP-3
  const { oidc, host, profile } = await pagesHost();
  try {
    const draft = await host.post("/api/v1/integrations", { plugin: "pages", draft: true });
    assert.equal(draft.status, 201, JSON.stringify(draft.body));
    assert.equal(draft.body.state, "draft");
    assert.equal(draft.body.profile, profile);
    const path = `/api/v1/integrations/${draft.body.id}`;
    assert.equal((await host.call("PATCH", path, { settings: { pag: "x" } })).body.errors[0].pointer, "/pag");
    assert.equal((await host.call("PATCH", path, { settings: { mode: "loud" } })).body.errors[0].pointer, "/mode");
    assert.equal((await host.post(`${path}/choices`, { path: "/page" })).status, 422, "nobody has signed in");
    const begun = await host.post("/api/v1/sign-ins", { integration: draft.body.id, grant: "account" });
    await come(host, begun.body.address);
    assert.deepEqual((await host.post(`${path}/choices`, { path: "/page" })).body.choices, [{ value: "p1", title: "Bakery" }, { value: "p2", title: "Books" }]);
    assert.equal((await host.call("PATCH", path, { settings: { mode: "full" } })).status, 200);

    await host.kill("SIGKILL");
    await host.serve();
    const lacking = await host.post(`${path}/activate`);
    assert.equal(lacking.status, 422);
    assert.deepEqual(lacking.body.errors.map((each: any) => each.pointer).sort(), ["/page", "/signature"], "asked for, as mode is full");
    assert.equal((await host.get(path)).body.state, "draft");
    // As it is asked for no more, it is not required.
    assert.equal((await host.call("PATCH", path, { settings: { mode: "short", page: "p9" } })).status, 200);
    const report = (await host.post(`${path}/check`)).body;
    assert.deepEqual([report.ok, report.diagnostics[0].path, report.diagnostics[0].remedy], [false, "/page", "Choose another one"]);
    await host.call("PATCH", path, { settings: { page: "p2" } });
    const active = await host.post(`${path}/activate`);
    assert.equal(active.status, 200, JSON.stringify(active.body));
    assert.deepEqual([active.body.state, active.body.name, active.body.identity], ["active", "Books", "page:p2"]);
    assert.equal((await host.call("DELETE", path)).status, 409, "it is no draft any more");

    const other = (await host.post("/api/v1/integrations", { plugin: "pages", draft: true })).body.id;
    assert.equal((await host.call("DELETE", `/api/v1/integrations/${other}`)).status, 204);
    assert.equal((await host.get(`/api/v1/integrations/${other}`)).status, 404);
  } finally {
    await host.stop();
    await oidc.stop();
  }
});

test("steps lead from signing in to one integration for each page, over a restart", async () => { // SETUP-3
  const { oidc, host } = await pagesHost();
  try {
    const draft = (await host.post("/api/v1/integrations", { plugin: "pages", draft: true })).body.id;
    const path = `/api/v1/integrations/${draft}/step`;
    const first = await host.get(path);
    assert.equal(first.status, 200, JSON.stringify(first.body));
    assert.deepEqual([first.body.step.id, first.body.step.sign_in, first.body.step.schema], ["account", "account", null]);
    assert.equal((await host.call("GET", path, undefined, { "accept-language": "ru" })).body.step.title, "Войдите");
    assert.equal((await host.post(path, { input: {} })).status, 422, "nobody has signed in");
    await come(host, (await host.post("/api/v1/sign-ins", { integration: draft, grant: "account" })).body.address);
    const second = await host.post(path, { input: {} });
    assert.equal(second.body.step.id, "choose", JSON.stringify(second.body));
    await host.kill("SIGKILL");
    await host.serve();
    assert.deepEqual((await host.get(path)).body.step, second.body.step);
    const wrong = await host.post(path, { input: { pages: ["p7"] } });
    assert.equal(wrong.status, 422);
    assert.match(wrong.body.errors[0].pointer, /^\/pages/);
    const done = await host.post(path, { input: { pages: ["p1", "p2"] } });
    assert.equal(done.status, 200, JSON.stringify(done.body));
    assert.deepEqual(done.body.made.map((each: any) => [each.name, each.state]), [["Bakery", "inactive"], ["Books", "inactive"]]);
    assert.equal(done.body.made[0].id, draft);
    for (const each of done.body.made) assert.equal((await host.post(`/api/v1/integrations/${each.id}/activate`)).status, 200);
    assert.ok(!JSON.stringify(done.body).includes("token-of-"), "secrets stay in the vault");

    // Who goes through it again gets only what is new.
    oidc.pages.push({ id: "p3", name: "Cakes" });
    const again = (await host.post("/api/v1/integrations", { plugin: "pages", draft: true })).body.id;
    await host.get(`/api/v1/integrations/${again}/step`);
    await come(host, (await host.post("/api/v1/sign-ins", { integration: again, grant: "account" })).body.address);
    await host.post(`/api/v1/integrations/${again}/step`, { input: {} });
    const more = await host.post(`/api/v1/integrations/${again}/step`, { input: { pages: ["p1", "p3"] } });
    assert.deepEqual([more.body.known, more.body.made.map((each: any) => [each.id, each.name])], [["Bakery"], [[again, "Cakes"]]]);
  } finally {
    await host.stop();
    await oidc.stop();
  }
});

test("the command line asks for the same, from the schema alone", async () => { // SETUP-1, OPS-4
  const { oidc, host } = await pagesHost();
  try {
    const broken = await typed(host, ["integrations", "setup", "--plugin", "echo"], ["NOT ALLOWED", "typed"]);
    assert.equal(broken.code, 65, broken.out);
    const draft = /--draft (\d+)/.exec(broken.out)?.[1];
    assert.ok(draft, broken.out);
    // What was typed before it broke off is not asked again.
    const echo = await typed(host, ["integrations", "setup", "--draft", draft], ["", KEY]);
    assert.equal(echo.code, 0, echo.out);
    assert.match(broken.out, /A name of your choice/);
    assert.match(broken.out, /expected form/);
    const [made] = (await host.get("/api/v1/integrations")).body.items;
    assert.deepEqual([made.id, made.state, made.settings.account], [draft, "active", "typed"]);
    assert.equal((await post(host.address, draft, { id: "1", chat: "c", author: "Ana", text: "x" })).status, 200);

    const pages = await typed(host, ["integrations", "setup", "--plugin", "pages"], [
      async (printed) => {
        await come(host, await eventually("it says where to sign in", async () => /Sign in here: (\S+)/.exec(printed())?.[1]));
        await eventually("it asks for pages", async () => printed().includes("Choose pages"));
      },
      "1, Books",
    ]);
    assert.equal(pages.code, 0, pages.out);
    assert.match(pages.out, /Bakery/);
    assert.match(pages.out, /Books/);
  } finally {
    await host.stop();
    await oidc.stop();
  }
});

test("what is exported makes the same elsewhere, and names the secrets that it lacks", async () => { // SETUP-6
  const { oidc, host } = await pagesHost();
  const other = await Patchbay.start({ folders: [join(BUILD, "test_plugins")], allow: oidc.allow });
  try {
    await host.connect("echo", "Shop", { account: "shop", signing_key: KEY });
    await host.integrate("mover", "Moved", { accounts: ["m"], key: "a key" });
    const done = await host.cli("integrations", "export");
    assert.equal(done.code, 0, done.stderr);
    const document = JSON.parse(done.stdout);
    for (const secret of [KEY, "a key", "an app's secret"]) assert.ok(!done.stdout.includes(secret));
    assert.deepEqual(document.profiles[0].secrets, { client_secret: null });
    assert.deepEqual(document.integrations.map((each: any) => [each.name, each.active, each.secrets]), [["Shop", true, {}], ["Moved", false, { key: null }]]);

    const file = join(other.folder, "setup.json");
    await writeFile(file, done.stdout);
    const lacking = await other.cli("integrations", "import", file, "--json");
    assert.equal(lacking.code, 65);
    const applied = JSON.parse(lacking.stdout);
    assert.deepEqual(applied.map((each: any) => [each.name, each.result, each.missing]), [["Our app", "failed", []], ["Shop", "created", []], ["Moved", "created", ["key"]]]);
    assert.equal((await other.get("/api/v1/integrations")).body.items.find((each: any) => each.name === "Moved").state, "draft");
    assert.equal((await other.get("/api/v1/integrations")).body.items.find((each: any) => each.name === "Shop").state, "active");

    document.profiles[0].secrets.client_secret = "given by hand";
    document.integrations = document.integrations.filter((each: any) => each.name === "Shop");
    const second = (await other.post("/api/v1/setup", document)).body.applied;
    assert.deepEqual(second.map((each: any) => each.result), ["created", "unchanged"]);
    // Again, with the secret that it lacked; and once more.
    const given = { format: "patchbay-setup-1", integrations: [{ plugin: "mover", name: "Moved", settings: { accounts: ["m"] }, secrets: { key: "a key" } }] };
    assert.deepEqual((await other.post("/api/v1/setup", given)).body.applied.map((each: any) => [each.result, each.missing]), [["changed", []]]);
    assert.equal((await other.get("/api/v1/integrations")).body.items.filter((each: any) => each.name === "Moved").length, 1);
    assert.equal((await other.get("/api/v1/integrations")).body.items.find((each: any) => each.name === "Moved").state, "inactive");
    assert.equal((await other.post("/api/v1/setup", given)).body.applied[0].result, "unchanged");
    const twice = await other.post("/api/v1/setup", { format: "patchbay-setup-1", integrations: [given.integrations[0], given.integrations[0]] });
    assert.deepEqual(twice.body.applied.map((each: any) => each.result), ["failed", "failed"]);
    const odd = await other.post("/api/v1/setup", { format: "patchbay-setup-1", integrations: [{ plugin: "echo", name: "Odd", settings: { account: "odd" }, secrets: { "a~x": "v" } }] });
    assert.match(odd.body.applied[0].error.text, /a~x/);
    const bad = await other.post("/api/v1/setup", { format: "patchbay-setup-1", integrations: [{ plugin: "echo" }] });
    assert.equal(bad.status, 422);
    assert.equal(bad.body.errors[0].pointer, "/integrations/0/name");
    const byReference = await other.post("/api/v1/setup", { format: "patchbay-setup-1", integrations: [{ plugin: "echo", name: "X", settings: { account: "x" }, secrets: { signing_key: { file: "/etc/passwd" } } }] });
    assert.equal(byReference.body.applied[0].result, "failed", "no file of the host is read for whoever asks");
  } finally {
    await host.stop();
    await other.stop();
    await oidc.stop();
  }
});

test("files declare integrations: made at the start, changed on SIGHUP, theirs alone", async () => { // SETUP-6, OPS-5
  const host = await Patchbay.prepare({ config: { setup: { folder: "declared" } } });
  const folder = join(host.folder, "declared");
  const write = (document: object, name = "shop.json"): Promise<void> => writeFile(join(folder, name), JSON.stringify({ format: "patchbay-setup-1", ...document }));
  const entry = { plugin: "echo", name: "Shop", settings: { account: "shop" }, secrets: { signing_key: { file: "key.txt" } }, active: true };
  const find = async (name: string): Promise<any> => (await host.get("/api/v1/integrations")).body.items.find((each: any) => each.name === name);
  try {
    await mkdir(folder);
    await writeFile(join(folder, "key.txt"), `${KEY}\n`);
    await write({ integrations: [entry] });
    host.token = await host.createToken("test", "admin");
    await host.serve();
    const shop = await eventually("it is made and connected", async () => { const found = await find("Shop"); return found?.state === "active" ? found : undefined; });
    assert.equal(shop.declared, "echo/Shop");
    assert.equal((await post(host.address, shop.id, { id: "1", chat: "c", author: "Ana", text: "x" })).status, 200);
    for (const refused of [await host.call("PATCH", `/api/v1/integrations/${shop.id}`, { name: "Mine" }), await host.post(`/api/v1/integrations/${shop.id}/deactivate`)]) {
      assert.equal(refused.status, 409);
      assert.match(refused.body.detail, /echo\/Shop/);
    }

    // A restart makes nothing twice; a broken file changes nothing.
    await host.kill("SIGKILL");
    await host.serve();
    await write({ integrations: "no list" }, "broken.json");
    await write({ integrations: [{ plugin: "echo", name: "Third", settings: { account: "third" } }] });
    host.process!.kill("SIGHUP");
    await eventually("the broken file is named", async () => /broken\.json/.test(host.output));
    await eventually("the other file is applied", async () => await find("Third"));
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal((await host.get("/api/v1/integrations")).body.items.length, 2);
    assert.equal((await find("Shop")).state, "active", "nothing is disconnected while a file cannot be read");

    await rm(join(folder, "broken.json"));
    await write({ integrations: [{ ...entry, settings: { account: "shop2" } }, { plugin: "echo", name: "Second", settings: { account: "second" } }] });
    host.process!.kill("SIGHUP");
    // Another account is another identity: an integration stays with the one that it has.
    await eventually("the refusal is told", async () => /echo\/Shop.*belongs to|belongs to.*echo/.test(host.output.split("broken.json").at(-1)!));
    await eventually("the second is there", async () => await find("Second"));
    assert.equal((await find("Shop")).settings.account, "shop");
    await write({ integrations: [{ plugin: "echo", name: "Second", settings: { account: "second" }, active: true }] });
    host.process!.kill("SIGHUP");
    await eventually("what no file declares is disconnected", async () => (await find("Shop")).state === "inactive");
    await eventually("and declared by none", async () => (await find("Shop")).declared === null);
    await eventually("and the other connected", async () => (await find("Second")).state === "active");
    assert.ok(!(await readFile(join(host.folder, "state/patchbay.log"), "utf8")).includes(KEY));
  } finally {
    await host.stop();
  }
});

test("a profile that a file declares is changed there only, until no file declares it", async () => { // SETUP-6, OPS-5
  const host = await Patchbay.prepare({ config: { setup: { folder: "declared" }, plugins: { folders: [join(BUILD, "test_plugins")] } } });
  const folder = join(host.folder, "declared");
  const entry = { plugin: "feeds", name: "Our app", secrets: { client_secret: { file: "secret.txt" } } };
  const profiles = async (): Promise<any[]> => (await host.get("/api/v1/profiles")).body.items;
  try {
    await mkdir(folder);
    await writeFile(join(folder, "secret.txt"), "an app's secret\n");
    await writeFile(join(folder, "app.json"), JSON.stringify({ format: "patchbay-setup-1", profiles: [entry] }));
    host.token = await host.createToken("test", "admin");
    await host.serve();
    const app = await eventually("it is made", async () => (await profiles())[0]);
    assert.equal(app.declared, "feeds/Our app");
    assert.match((await host.cli("profiles", "list")).stdout, /^\d+ +feeds +Our app +feeds\/Our app/m);
    const path = `/api/v1/profiles/${app.id}`;
    for (const refused of [await host.call("PATCH", path, { name: "Mine" }), await host.call("DELETE", path)]) {
      assert.equal(refused.status, 409);
      assert.match(refused.body.detail, /file of the configuration declares.*feeds\/Our app/);
    }
    const imported = await host.post("/api/v1/setup", { format: "patchbay-setup-1", profiles: [{ ...entry, secrets: { client_secret: "another" } }] });
    assert.match(imported.body.applied[0].error.text, /feeds\/Our app/);
    assert.equal((await host.call("PATCH", path, { settings: { client_secret: "given by hand" } })).status, 200, "a secret may be given");

    await host.kill("SIGKILL");
    await host.serve();
    await writeFile(join(folder, "app.json"), JSON.stringify({ format: "patchbay-setup-1" }));
    host.process!.kill("SIGHUP");
    await eventually("it is declared by none", async () => (await profiles())[0].declared === null);
    assert.equal((await host.call("PATCH", path, { name: "Mine" })).body.name, "Mine");
    assert.equal((await host.call("DELETE", path)).status, 204);
  } finally {
    await host.stop();
  }
});

test("an import opens routes that verify nothing only when it is told to; a file may", async () => { // SETUP-6, HOOK-6
  const host = await Patchbay.prepare({ config: { setup: { folder: "declared" }, plugins: { folders: [join(BUILD, "test_plugins")] } } });
  const entry = (name: string, more: object = {}): object => ({ plugin: "misbehave", name, settings: {}, active: true, accepts_unverified: true, ...more });
  const document = (...integrations: object[]): object => ({ format: "patchbay-setup-1", integrations });
  const find = async (name: string): Promise<any> => (await host.get("/api/v1/integrations")).body.items.find((each: any) => each.name === name);
  const hook = async (id: string): Promise<number> => (await fetch(`${host.address}/hooks/misbehave/${id}/in`, { method: "POST", body: "{}" })).status;
  try {
    await mkdir(join(host.folder, "declared"));
    await writeFile(join(host.folder, "declared/wild.json"), JSON.stringify(document(entry("Declared"))));
    host.token = await host.createToken("test", "admin");
    await host.serve();
    const declared = await eventually("what a file opens is open", async () => { const found = await find("Declared"); return found?.state === "active" && found; });
    assert.equal(declared.accepts_unverified, true);
    assert.match(host.output, /a file opens routes that verify nothing to anybody/);
    await writeFile(join(host.folder, "declared/wild.json"), JSON.stringify(document()));
    host.process!.kill("SIGHUP");
    await eventually("it makes room", async () => (await find("Declared")).state === "inactive");

    const file = join(host.folder, "wild.json");
    await writeFile(file, JSON.stringify(document(entry("Wild"))));
    const silent = await host.cli("integrations", "import", file, "--json");
    assert.equal(silent.code, 65);
    const [kept] = JSON.parse(silent.stdout);
    assert.deepEqual([kept.result, kept.opened], ["created", false]);
    const wild = await find("Wild");
    assert.deepEqual([wild.accepts_unverified, wild.state], [false, "inactive"]);
    const told = await host.post("/api/v1/setup", document(entry("Wild", { active: false })));
    assert.match(told.body.applied[0].error.text, /not taken over/);
    assert.match(told.body.applied[0].error.errors[0].remedy, /--accept-unverified/);

    const agreed = await host.cli("integrations", "import", file, "--accept-unverified");
    assert.equal(agreed.code, 0, agreed.stdout + agreed.stderr);
    assert.match(agreed.stdout, /^KIND +PLUGIN +NAME +ID +RESULT +OPENED/m);
    assert.equal((await find("Wild")).accepts_unverified, true);
    const [same] = (await host.post("/api/v1/setup?accept_unverified=true", document(entry("Wild")))).body.applied;
    assert.deepEqual([same.result, same.opened, same.error], ["unchanged", false, null]);
    assert.equal((await host.post("/api/v1/setup", document(entry("Wild")))).body.applied[0].error, null, "what is open already is not opened");
    assert.equal(await hook(wild.id), 200);
    const exported = JSON.parse((await host.cli("integrations", "export")).stdout);
    assert.equal(exported.integrations.find((each: any) => each.name === "Wild").accepts_unverified, true);

    const [withdrawn] = (await host.post("/api/v1/setup", document(entry("Wild", { accepts_unverified: false })))).body.applied;
    assert.equal(withdrawn.result, "changed");
    assert.match(withdrawn.error.text, /verifies nothing/);
    assert.equal((await find("Wild")).accepts_unverified, false);
    assert.equal(await hook(wild.id), 503);
  } finally {
    await host.stop();
  }
});
