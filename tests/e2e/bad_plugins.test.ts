// A broken plugin that is dropped into a running host is shown with a reason, and nothing else is disturbed (HOST-3).
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, copyFile, cp, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { KEY, post } from "./support/echo.ts";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, "../..");
const SECONDS = 3;

let host: Patchbay;
let integration = "";
let count = 0;

before(async () => {
  host = await Patchbay.start();
  integration = await host.connect("echo", "Undisturbed", { account: "undisturbed", signing_key: KEY });
  await mkdir(join(host.folder, "making"));
});
after(() => host?.stop());

// What went on before goes on.
test.afterEach(async () => {
  const reply = await post(host.address, integration, { id: `m${++count}`, chat: "a", author: "Ana", text: "still here" });
  assert.equal(reply.status, 200);
  await eventually("the message", async () => {
    const [chat] = await host.chats(integration);
    return chat && (await host.messages(chat.id)).length === count;
  });
});

const MANIFEST = {
  id: "odd", version: "0.1.0", sdk: "0.0", kinds: ["channel"], title: "Odd", description: "A plugin that is wrong in one way.",
  licence: "MIT", library: "odd.so", offers: ["pb.channel/1"],
};

interface Parts {
  way?: string; // of tests/port/plugins/odd.c
  manifest?: object | string;
  files?: Record<string, string>;
}

// A plugin folder, made outside and moved in at once, as a package manager does.
async function drop(name: string, parts: Parts): Promise<void> {
  const folder = join(host.folder, "making", name);
  await mkdir(folder, { recursive: true });
  const manifest = parts.manifest ?? {};
  await writeFile(join(folder, "plugin.json"), typeof manifest === "string" ? manifest : JSON.stringify({ ...MANIFEST, id: name, ...manifest }));
  const defines = [`-DODD_ID="${name}"`, `-DODD_${(parts.way ?? "fine").toUpperCase()}=1`];
  await run("gcc", ["-shared", "-fPIC", "-fvisibility=hidden", "-I", join(ROOT, "sdk/include"), ...defines, join(ROOT, "tests/port/plugins/odd.c"), "-o", join(folder, "odd.so")]);
  for (const [file, text] of Object.entries(parts.files ?? {})) {
    await mkdir(join(folder, file, ".."), { recursive: true });
    await writeFile(join(folder, file), text);
  }
  await mkdir(join(host.folder, "state/plugins"), { recursive: true });
  await rename(folder, join(host.folder, "state/plugins", name));
}

async function shown(name: string): Promise<any> {
  return (await host.get("/api/v1/plugins")).body.items.find((plugin: any) => plugin.folder.endsWith(`/state/plugins/${name}`));
}

async function broken(name: string, parts: Parts): Promise<string> {
  await drop(name, parts);
  const plugin = await eventually(`${name} is shown as broken`, async () => {
    const found = await shown(name);
    return found?.state === "broken" && found;
  }, SECONDS);
  return plugin.reason.text;
}

test("a manifest that is no JSON names the place", async () => {
  assert.match(await broken("torn", { manifest: '{\n  "id": "torn",\n' }), /plugin\.json.*line 3/);
});

test("a manifest with a wrong field names it and what to do", async () => {
  assert.match(await broken("fields", { manifest: { titel: "x", version: "one" } }), /titel|version/);
});

test("a plugin that needs what the host has not names it", async () => {
  assert.match(await broken("needy", { manifest: { needs: ["pb.teleport/1"] } }), /pb\.teleport\/1/);
});

test("a route that could not be mounted names what is wrong with it", async () => { // HOST-3, HOOK-6
  const route = (verify: object): Parts => ({ manifest: { offers: ["pb.webhook/1"], routes: [{ id: "in", verify }] } });
  assert.match(await broken("mistyped", route({ type: "hmac-sha256" })), /Route "in".*"hmac-sha256".*header-equals/);
  assert.match(await broken("incomplete", route({ type: "header-equals", header: "X-Token" })), /"secret"/);
  assert.match(await broken("superfluous", route({ type: "none", secret: "secret:x" })), /secret/);
  assert.match(await broken("ownproof", route({ type: "plugin" })), /cannot verify requests itself/);
});

test("a folder without a manifest says so", async () => {
  await mkdir(join(host.folder, "state/plugins/empty"), { recursive: true });
  await eventually("it is shown", async () => /plugin\.json/.test((await shown("empty"))?.reason.text), SECONDS);
});

test("a schema that is no schema is named", async () => {
  const manifest = { offers: ["pb.channel/1"], setup: { schema: "schema/setup.json", version: 1 } };
  assert.match(await broken("schemaless", { manifest, files: { "schema/setup.json": '{"type": "objekt", "properties": 7}' } }), /schema\/setup\.json/);
});

test("a schema with a secret that would be stored in clear names its place", async () => { // ACC-4
  const manifest = { offers: ["pb.channel/1"], setup: { schema: "schema/setup.json", version: 1 } };
  const schema = '{"type": "object", "properties": {"keys": {"type": "array", "items": {"type": "string", "x-secret": true}}}}';
  assert.match(await broken("leaky", { manifest, files: { "schema/setup.json": schema } }), /x-secret at \/properties\/keys\/items/);
});

test("a library for another contract names both", async () => {
  const reason = await broken("abi", { way: "wrong_abi" });
  assert.match(reason, /contract 7/);
  assert.match(reason, /speaks 0/);
});

test("a library that misses a symbol names it", async () => {
  assert.match(await broken("symbol", { way: "missing_symbol" }), /frobnicate_the_widget/);
});

test("a library without the entry, a text, and none at all are told apart", async () => {
  assert.match(await broken("entry", { way: "no_entry" }), /patchbay_plugin_v0/);
  assert.match(await broken("nowhere", { manifest: { library: "nowhere.so" } }), /nowhere\.so/);
  assert.match(await broken("text", { manifest: { library: "text.so" }, files: { "text.so": "#!/bin/sh\n" } }), /not a shared library/);
});

test("a library that crashes while it is opened is shown as that", async () => {
  assert.match(await broken("crash", { way: "crash_on_load" }), /ended|signal|SIGABRT/i);
});

test("a plugin that is mended is ready again, and one that is taken out is gone", async () => {
  await broken("mended", { manifest: '{"id": ' });
  await cp(join(BUILD, "plugins/echo"), join(host.folder, "making/mended"), { recursive: true });
  const manifest = JSON.parse(await readFile(join(BUILD, "plugins/echo/plugin.json"), "utf8"));
  assert.equal(manifest.id, "echo");
  await copyFile(join(host.folder, "making/mended/echo.so"), join(host.folder, "state/plugins/mended/echo.so"));
  await cp(join(host.folder, "making/mended/schema"), join(host.folder, "state/plugins/mended/schema"), { recursive: true });
  await cp(join(host.folder, "making/mended/locales"), join(host.folder, "state/plugins/mended/locales"), { recursive: true });
  await writeFile(join(host.folder, "state/plugins/mended/plugin.json"), JSON.stringify(manifest));
  await chmod(join(host.folder, "state/plugins/mended/echo.so"), 0o755);
  // The same version as the one that came with the host, which goes on running.
  await eventually("it is not broken", async () => (await shown("mended"))?.state === "superseded", SECONDS);
  await rm(join(host.folder, "state/plugins/mended"), { recursive: true });
  await eventually("it is gone", async () => (await shown("mended")) === undefined, SECONDS);
});
