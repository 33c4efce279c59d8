// A plugin that was dropped in runs nothing until somebody enables it or does what needs it (HOST-1).
import assert from "node:assert/strict";
import { cp, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";

let host: Patchbay;
before(async () => (host = await Patchbay.start()));
after(() => host?.stop());

async function drop(name: string): Promise<void> {
  const plugins = join(host.folder, "state/plugins");
  await mkdir(plugins, { recursive: true });
  await cp(join(BUILD, "test_plugins", name), join(plugins, name), { recursive: true });
}
const shown = async (id: string): Promise<any> => (await host.get(`/api/v1/plugins/${id}`)).body;
const becomes = (id: string, state: string, version?: string): Promise<any> => eventually(`${id} is ${state}`, async () => {
  const now = await shown(id);
  return now.state === state && (version === undefined || now.version === version) && now;
});

test("HOST-1: what is dropped in is found at once, in API and CLI, and runs with its first integration", async () => {
  await drop("mover1");
  const found = await becomes("mover", "found");
  assert.match(found.reason.text, /not enabled.*patchbay plugins enable mover/);
  const russian = await host.call("GET", "/api/v1/plugins/mover", undefined, { "accept-language": "ru" });
  assert.match(russian.body.reason.text, /не включён/);
  assert.match((await host.cli("plugins", "list")).stdout, /^mover +1\.0\.0 +found .*not enabled/m);
  assert.match((await host.cli("doctor")).stdout, /not enabled: .*mover/);

  const refused = await host.post("/api/v1/integrations", { plugin: "mover", settings: {} });
  assert.equal(refused.status, 422, "what is refused enables nothing");
  assert.equal((await shown("mover")).state, "found");
  const id = await host.connect("mover", "Mover", { account: "one", key: "k" });
  assert.equal((await shown("mover")).state, "ready");

  await host.kill("SIGKILL");
  await host.serve();
  assert.equal((await shown("mover")).state, "ready");
  await eventually("it works again", async () => (await host.get(`/api/v1/health/${id}`)).body.state === "ready");
  await drop("mover2");
  await becomes("mover", "ready", "2.0.0");
});

test("HOST-1: one that is found serves nothing; enabled by hand it does, until it is removed", async () => {
  await drop("visitors");
  await becomes("visitors", "found");
  const page = "/plugins/visitors/web/widget.js";
  assert.equal((await host.get(page)).status, 404);
  const enabled = await host.cli("plugins", "enable", "visitors", "--json");
  assert.equal(JSON.parse(enabled.stdout).state, "ready", enabled.stderr);
  assert.equal((await host.get(page)).status, 200);
  await host.kill("SIGKILL");
  await host.serve();
  assert.equal((await shown("visitors")).state, "ready");
  assert.equal((await host.cli("plugins", "remove", "visitors")).code, 0);
  assert.equal((await host.get("/api/v1/plugins/visitors")).status, 404);
  await drop("visitors");
  await becomes("visitors", "found");
});

test("HOST-1, SETUP-6: a profile, a draft and an import enable what they are of", async () => {
  await drop("pages");
  await becomes("pages", "found");
  const draft = await host.post("/api/v1/integrations", { plugin: "pages", draft: true });
  assert.equal(draft.status, 201, JSON.stringify(draft.body));
  assert.equal((await shown("pages")).state, "ready");
  assert.equal((await shown("echo")).state, "found");
  const settings = { account: "a", signing_key: "k" };
  const done = await host.post("/api/v1/setup", { format: "patchbay-setup-1", integrations: [{ plugin: "echo", name: "Imported", settings: { account: "a" }, secrets: { signing_key: settings.signing_key } }] });
  assert.equal(done.body.applied[0].error, null, JSON.stringify(done.body));
  assert.equal((await shown("echo")).state, "ready");
});
