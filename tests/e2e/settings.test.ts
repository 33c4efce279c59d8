// System settings: every type, in effect at once and on all hosts (SET-1, SET-2, SET-3, CHAT-19, MAIL-8).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, before, test } from "node:test";
import { BUILD, eventually, Patchbay, type Answer } from "./support/patchbay.ts";

let host: Patchbay;
before(async () => { host = await Patchbay.start(); });
after(async () => { await host.stop(); });

const SOUND = "/api/v1/settings/OmniChatNotificationSound";
const MP3 = "ID3\u0004 a bell";
const set = (code: string, value: unknown, headers: Record<string, string> = {}): Promise<Answer> => host.call("PUT", `/api/v1/settings/${code}`, { value }, headers);

function audited(code: string): unknown[] {
  const database = new DatabaseSync(join(host.folder, "state/patchbay.db"), { readOnly: true });
  const rows = database.prepare("select detail from audit where object = ? order by id").all(`setting:${code}`);
  database.close();
  return rows.map((row) => JSON.parse(String(row["detail"])));
}

test("all that the product speaks of are there, in both languages", async () => { // SET-2
  const { settings } = (await host.get("/api/v1/settings")).body;
  const codes = settings.map((one: any) => one.code);
  for (const code of ["SiteUrl", "SimultaneousChats", "OmniChatOperatorAcceptChatTimeout", "OmniChatNotificationSound", "MailboxSyncInterval", "MaxFileSize",
    "EmailProcessTag", "IdentityServerUrl", "IdentityServerClientId", "IdentityServerClientSecret", "ContactGroupName"]) assert.ok(codes.includes(code), code);
  const russian = (await host.call("GET", "/api/v1/settings/MaxFileSize", undefined, { "accept-language": "ru" })).body;
  assert.match(russian.title, /[а-я]/);
  assert.equal(russian.value, 10);
});

test("a secret goes in and never comes out", async () => { // SET-1, ACC-4
  const secret = "never-to-be-seen";
  const changed = await set("IdentityServerClientSecret", secret);
  assert.deepEqual([changed.status, changed.body.value, changed.body.is_set], [200, null, true]);
  assert.ok(changed.body.updated_at);
  for (const path of ["/api/v1/settings", "/api/v1/settings/IdentityServerClientSecret"]) assert.ok(!JSON.stringify((await host.get(path)).body).includes(secret));
  assert.ok(!host.output.includes(secret), "nor into the log");
  assert.deepEqual(audited("IdentityServerClientSecret"), [{ old: "not set", new: "set" }]);
  assert.equal((await set("IdentityServerClientSecret", null)).body.is_set, false);
});

test("the sound is for whoever is signed in, and is sent once", async () => { // CHAT-19
  const browser = await host.signIn("ana");
  assert.equal((await host.call("GET", `${SOUND}/file`, undefined, browser.headers)).status, 404);
  const stored = await host.upload("PUT", `${SOUND}/file`, "bell.mp3", MP3);
  assert.equal(stored.status, 200, JSON.stringify(stored.body));
  assert.deepEqual([stored.body.value.name, stored.body.value.type], ["bell.mp3", "audio/mpeg"]);
  const heard = await host.call("GET", `${SOUND}/file`, undefined, browser.headers);
  assert.deepEqual([heard.status, heard.body, heard.headers.get("content-type")], [200, MP3, "audio/mpeg"]);
  const etag = heard.headers.get("etag")!;
  assert.equal((await host.call("GET", `${SOUND}/file`, undefined, { ...browser.headers, "if-none-match": etag })).status, 304);
  assert.equal((await host.call("GET", `${SOUND}/file`, undefined, { authorization: "" })).status, 401);
  await host.upload("PUT", `${SOUND}/file`, "other.ogg", "OggS another bell");
  assert.notEqual((await host.call("GET", `${SOUND}/file`, undefined, { ...browser.headers, "if-none-match": etag })).headers.get("etag"), etag);
  assert.equal((await set("OmniChatNotificationSound", null)).body.value, null);
  assert.equal((await host.call("GET", `${SOUND}/file`, undefined, browser.headers)).status, 404);
});

test("a file that is no sound, or too large, is refused in words that help", async () => { // CHAT-19
  const wrong = await host.upload("PUT", `${SOUND}/file`, "bell.mp3", "<!doctype html><script>");
  assert.equal(wrong.status, 422);
  assert.match(wrong.body.detail, /bell\.mp3 is no audio file.*MP3, Ogg/);
  assert.equal((await set("MaxFileSize", 1)).status, 200);
  const large = await host.upload("PUT", `${SOUND}/file`, "long.mp3", MP3 + "x".repeat(1 << 20));
  assert.equal(large.status, 413);
  assert.match(large.body.detail, /long\.mp3 is larger than 1 MB, which the setting MaxFileSize allows/);
  assert.equal((await host.get(SOUND)).body.value, null);
  assert.equal((await host.upload("PUT", "/api/v1/settings/SiteUrl/file", "bell.mp3", MP3)).status, 422);
});

test("what people upload obeys MaxFileSize, and the next upload the next value", async () => { // MAIL-8, SET-3
  const upload = (): Promise<Answer> => host.upload("POST", "/api/v1/files", "plan.pdf", "x".repeat((1 << 20) + 1));
  await set("MaxFileSize", 1);
  assert.equal((await upload()).status, 413);
  await set("MaxFileSize", 2);
  assert.equal((await upload()).status, 201);
  assert.equal((await host.upload("POST", "/api/v1/files", "fits.bin", "x".repeat(2 << 20))).status, 201, "exactly the limit");
});

test("each is read and changed by whom it is for", async () => { // SET-1, ACC-3
  const agent = await host.signIn("agent", ["CanManageChats"]);
  const seen = (await host.call("GET", "/api/v1/settings", undefined, agent.headers)).body.settings.map((one: any) => one.code);
  assert.ok(seen.includes("SimultaneousChats") && !seen.includes("IdentityServerUrl"), seen.join());
  assert.equal((await host.call("GET", "/api/v1/settings/IdentityServerUrl", undefined, agent.headers)).status, 403);
  assert.equal((await set("SimultaneousChats", 6, agent.headers)).status, 200);
  const refused = await set("SiteUrl", "https://elsewhere.example", agent.headers);
  assert.equal(refused.status, 403);
  assert.match(refused.body.detail, /CanManageAdministration/);
  assert.equal((await host.upload("PUT", `${SOUND}/file`, "bell.mp3", MP3, agent.headers)).status, 200);
  assert.deepEqual(audited("SimultaneousChats"), [{ old: 5, new: 6 }]);
});

test("the command line lists, shows and changes them", async () => { // SET-1
  assert.match((await host.cli("settings", "list")).stdout, /EmailProcessTag +text +Email Process/);
  assert.equal((await host.cli("settings", "set", "EmailProcessTag", "Mail")).code, 0);
  assert.equal(JSON.parse((await host.cli("settings", "get", "EmailProcessTag", "--json")).stdout).value, "Mail");
  assert.equal((await host.cli("settings", "set", "EmailProcessTag", "--clear")).code, 0);
  assert.equal((await host.get("/api/v1/settings/EmailProcessTag")).body.value, "Email Process");
  const bad = await host.cli("settings", "set", "MaxFileSize", "lots");
  assert.equal(bad.code, 65);
  assert.match(bad.stderr, /whole number from 1 to 100/);
  const file = join(host.folder, "ding.ogg");
  await writeFile(file, "OggS ding");
  assert.match((await host.cli("settings", "set", "OmniChatNotificationSound", "--file", file, "--json")).stdout, /"audio\/ogg"/);
  const typing = spawn(join(BUILD, "bin/patchbay"), ["settings", "set", "IdentityServerClientSecret", "--config", host.configFile], { stdio: ["pipe", "ignore", "inherit"] });
  typing.stdin.end("typed in\n");
  assert.deepEqual(await once(typing, "exit"), [0, null]);
  assert.equal((await host.get("/api/v1/settings/IdentityServerClientSecret")).body.is_set, true);
});

test("a plugin that runs here adds its own, in its words", async () => { // SET-1
  const folder = join(host.folder, "state/plugins/feeds");
  const manifest = JSON.parse(await readFile(join(BUILD, "test_plugins/feeds/plugin.json"), "utf8"));
  manifest.settings = [
    { code: "FeedsLimit", type: "number", title: "Feeds at once", about: "No more than so many", default: 3, minimum: 1, maximum: 9 },
    { code: "FeedsKey", type: "secret", title: "Key" },
    { code: "SiteUrl", type: "text", title: "Not the host's" },
  ];
  await cp(join(BUILD, "test_plugins/feeds"), folder, { recursive: true });
  await writeFile(join(folder, "plugin.json"), JSON.stringify(manifest));
  await eventually("it is found", async () => (await host.get("/api/v1/plugins/feeds")).status === 200);
  assert.equal((await host.get("/api/v1/settings/FeedsLimit")).status, 404, "nobody has enabled it");
  assert.equal((await host.cli("plugins", "enable", "feeds")).code, 0);
  const shown = (await host.get("/api/v1/settings/FeedsLimit")).body;
  assert.deepEqual([shown.plugin, shown.title, shown.about, shown.value, shown.minimum, shown.operation], ["feeds", "Feeds at once", "No more than so many", 3, 1, "CanManagePlugins"]);
  assert.deepEqual((await set("FeedsKey", "s3cret")).body.value, null);
  assert.equal((await host.get("/api/v1/settings/FeedsKey")).body.is_set, true);
  assert.equal((await host.get("/api/v1/settings/SiteUrl")).body.plugin, null);
  const keeper = await host.signIn("keeper", ["CanManagePlugins"]);
  assert.equal((await set("FeedsLimit", 10, keeper.headers)).status, 422);
  assert.equal((await set("FeedsLimit", 4, keeper.headers)).body.value, 4);
  assert.equal((await set("SimultaneousChats", 9, keeper.headers)).status, 403);
  assert.deepEqual(audited("FeedsLimit"), [{ old: 3, new: 4 }]);
});
