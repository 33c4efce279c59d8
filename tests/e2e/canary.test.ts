// Bar 17: a canary in every secret that can be given, then everything that happens to a host. None of what it writes, says,
// keeps or leaves behind shows one: in clear, in Base64, in hex or escaped for an address.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { OtherSide, send } from "./support/echo.ts";
import { CLIENT, Oidc, Person } from "./support/oidc.ts";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";
import { Postgres } from "./support/postgres.ts";

const SITE = "http://127.0.0.1:9";
const canary = (name: string): string => `canary/${name}+7Qz&never seen`; // changes in every escaping

// Every way in which a secret may be written down.
function spellings(secret: string): Buffer[] {
  const bytes = Buffer.from(secret);
  const shifted = [0, 1, 2].map((n) => Buffer.concat([Buffer.alloc(n, "x"), bytes]).toString("base64").slice(n === 0 ? 0 : 4, -4));
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), encodeURIComponent(secret).replaceAll("%20", "+"), bytes.toString("hex"),
    ...shifted, ...shifted.map((text) => text.replaceAll("+", "-").replaceAll("/", "_"))].map((text) => Buffer.from(text));
}

async function files(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true });
  return found.filter((each) => each.isFile()).map((each) => join(each.parentPath, each.name));
}

async function ordeal(server?: Postgres): Promise<void> {
  const side = await OtherSide.start();
  const oidc = await Oidc.start(`${SITE}/oauth/callback`);
  const host = await Patchbay.prepare({ siteUrl: SITE, allow: [`127.0.0.1:${side.port}`, ...oidc.allow], folders: [join(BUILD, "test_plugins")], ...(server ? { store: server.url } : {}) });
  const secrets: Record<string, string> = { signing_key: canary("signing key"), replaced_key: canary("replaced key"), draft_key: canary("draft key"), client_secret: CLIENT.secret,
    wrong_client_secret: canary("client secret"), proxy: "canary-proxy-7Qz" };
  const shown = new Map<string, string | Buffer>();
  try {
    const config = JSON.parse(await readFile(host.configFile, "utf8"));
    config.log = { level: "debug", format: "json", file: join(host.folder, "patchbay.log") };
    await writeFile(host.configFile, JSON.stringify(config));
    const credentials = join(host.folder, "credentials");
    await mkdir(credentials);
    await writeFile(join(credentials, "egress.proxy"), `http://somebody:${secrets.proxy}@127.0.0.1:9\n`);
    host.environment["CREDENTIALS_DIRECTORY"] = credentials;
    host.token = secrets["token"] = await host.createToken("test", "admin");
    await host.serve();

    // Everything that takes a secret, rightly and wrongly.
    const id = await host.connect("echo", "Kept", { account: "kept", signing_key: secrets.signing_key, api_base: side.address });
    const changed = await host.call("PATCH", `/api/v1/integrations/${id}`, { settings: { signing_key: secrets.replaced_key } });
    assert.equal(changed.status, 200, JSON.stringify(changed.body));
    shown.set("the answer to a change", JSON.stringify(changed.body));
    const draft = (await host.post("/api/v1/integrations", { plugin: "echo", name: "Draft", draft: true })).body.id;
    shown.set("a draft", JSON.stringify((await host.call("PATCH", `/api/v1/integrations/${draft}`, { settings: { signing_key: secrets.draft_key } })).body));
    shown.set("a refused set-up", JSON.stringify((await host.post("/api/v1/integrations", { plugin: "echo", name: "No", settings: { signing_key: secrets.draft_key, account: 7, nonsense: 1 } })).body));
    const profile = await host.post("/api/v1/profiles", { plugin: "pages", name: "App", settings: oidc.profile });
    assert.equal(profile.status, 201, JSON.stringify(profile.body));
    const pages = (await host.post("/api/v1/integrations", { plugin: "pages", name: "p1", settings: { page: "p1" } })).body.id;
    const begun = (await host.post("/api/v1/sign-ins", { integration: pages, grant: "account" })).body;
    secrets["state"] = new URL(begun.address).searchParams.get("state")!;
    const at = await new Person("alice").visit(begun.address, (url) => url.startsWith(SITE));
    secrets["code"] = new URL(at.url).searchParams.get("code")!;
    await fetch(host.address + at.url.slice(SITE.length));
    assert.equal((await host.get(`/api/v1/sign-ins/${begun.id}`)).body.state, "done");
    assert.equal((await host.post(`/api/v1/integrations/${pages}/activate`)).status, 200);
    shown.set("a wrong client secret", JSON.stringify((await host.call("PATCH", `/api/v1/profiles/${profile.body.id}`, { settings: { client_secret: secrets.wrong_client_secret } })).body));
    await host.post(`/api/v1/integrations/${pages}/check`);

    // What happens to a host: webhooks, right and forged, messages, deaths, rotation.
    const deliver = (name: string, key: string): Promise<number> => {
      const body = JSON.stringify({ id: name, chat: "c", author: "Ana", text: name });
      const signature = createHmac("sha256", key).update(body).digest("hex");
      return send(`${host.address}/hooks/echo/${id}/in`, { headers: { "content-type": "application/json", "content-length": String(body.length), "x-echo-signature": signature }, body }).then((reply) => reply.status);
    };
    assert.equal(await deliver("one", secrets.replaced_key!), 200);
    assert.equal(await deliver("forged", "another"), 401);
    const chat = await eventually("the chat", async () => (await host.chats(id))[0]);
    await host.post(`/api/v1/chats/${chat.id}/messages`, { text: "an answer" });
    await eventually("it is sent", async () => side.received.length === 1);
    for (const signal of ["SIGABRT", "SIGSEGV"] as const) {
      const { worker } = (await host.get(`/api/v1/health/${id}`)).body;
      process.kill(worker.pid, signal);
      await eventually("another worker", async () => {
        const now = (await host.get(`/api/v1/health/${id}`)).body;
        return now.state === "ready" && now.worker.pid !== worker.pid;
      }, 30);
    }
    assert.equal((await host.cli("secrets", "rotate")).code, 0);
    await host.kill("SIGABRT");
    await host.serve();
    assert.equal(await deliver("two", secrets.replaced_key!), 200);
    await eventually("its effect", async () => (await host.messages(chat.id)).length === 3);

    // What it shows, leaves and keeps.
    const document = (await host.get("/api/v1/openapi.json")).body;
    const known: Record<string, string> = { "/api/v1/integrations/{id}": id, "/api/v1/profiles/{id}": profile.body.id, "/api/v1/chats/{id}": chat.id };
    for (const path of Object.keys(document.paths).filter((each) => "get" in document.paths[each])) {
      const whole = path.replace("{id}", known[path] ?? known[path.replace(/\/[^/]*$/, "")] ?? id);
      if (!whole.includes("{") && !whole.endsWith("/events")) shown.set(whole, JSON.stringify((await host.get(whole)).body) ?? "");
    }
    for (const list of ["integrations", "profiles", "grants", "sign-ins", "inbox", "health", "audit"]) shown.set(`every one of ${list}`, JSON.stringify((await host.get(`/api/v1/${list}?limit=500`)).body) ?? "");
    const command = async (...words: string[]): Promise<void> => {
      const done = await host.cli(...words);
      shown.set(words.join(" "), done.stdout + done.stderr);
    };
    await command("doctor", "--json");
    await command("check-config");
    await command("integrations", "export");
    await command("integrations", "show", id, "--json");
    await command("diagnostics", join(host.folder, "fault.json"));
    await command("backup", join(host.folder, "all.backup"));
    shown.set("the log on standard error", host.output);
    if (server) shown.set("the database", await server.dump());
    await host.kill("SIGTERM");
    const left = await files(host.folder);
    assert.ok(left.some((file) => file.endsWith("all.backup")) && left.some((file) => file.endsWith("patchbay.log")) && left.some((file) => file.endsWith("fault.json")));
    for (const file of left.filter((each) => !each.startsWith(credentials))) shown.set(file, await readFile(file));
    assert.ok(!left.some((file) => /(^|\/)core(\.|$)/.test(file)), "no core is left behind");

    let bytes = 0;
    for (const [where, what] of shown) {
      const text = Buffer.from(what);
      bytes += text.length;
      for (const [name, secret] of Object.entries(secrets)) {
        for (const spelling of spellings(secret)) assert.ok(!text.includes(spelling), `${name} is in ${where} as ${spelling}`);
      }
    }
    console.log(`  ${server ? "PostgreSQL" : "SQLite"}: ${Object.keys(secrets).length} canaries, none found in ${shown.size} places, ${(bytes / 1e6).toFixed(1)} MB`);
  } finally {
    await host.stop();
    await oidc.stop();
    await side.stop();
  }
}

test("no canary is found in what a host on SQLite shows, writes, keeps and leaves behind", () => ordeal());

test("no canary is found in what a host on PostgreSQL shows, writes, keeps and leaves behind", async () => {
  const server = await Postgres.start();
  try {
    await ordeal(server);
  } finally {
    await server.stop();
  }
});
