// Signed plugin packages, from the key to a host that runs nothing else (HOST-7).
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { appendFile, cp, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";

let host: Patchbay;
let folder = "";
let plugin = "";
before(async () => {
  host = await Patchbay.prepare({ config: { plugins: { folders: ["plugins"], only_trusted: true } } });
  folder = join(host.folder, "plugins");
  plugin = join(folder, "misbehave");
  await mkdir(folder);
  await cp(join(BUILD, "test_plugins/misbehave"), plugin, { recursive: true });
  host.token = await host.createToken("test", "admin");
  await host.serve();
});
after(() => host?.stop());

// Commands that need no configuration.
async function plugins(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return promisify(execFile)(join(BUILD, "bin/patchbay"), ["plugins", ...args], { env: { ...process.env, LANG: "C" } })
    .then((done) => ({ code: 0, ...done }), (failed) => ({ code: failed.code, stdout: failed.stdout, stderr: failed.stderr }));
}

const shown = async (): Promise<any> => (await host.get("/api/v1/plugins/misbehave")).body;
const becomes = (state: string, reason: RegExp | null): Promise<any> => eventually(`${state} ${reason ?? ""}`, async () => {
  const now = await shown();
  return now.state === state && (reason === null || reason.test(now.reason?.text ?? "")) && now;
});

test("an unsigned plugin is refused, those that came with the host run", async () => {
  await becomes("broken", /not signed/);
  assert.equal((await host.post("/api/v1/plugins/echo/enable")).body.state, "ready");
  assert.equal((await host.post("/api/v1/plugins/misbehave/enable")).body.state, "broken");
});

test("a signed plugin runs once its key is trusted, and no longer once it is changed", async () => {
  const key = join(host.folder, "acme");
  const made = await plugins("keygen", key, "--json");
  assert.equal(made.code, 0, made.stderr);
  assert.equal((await stat(key)).mode & 0o777, 0o600);
  assert.ok(!made.stdout.includes((await readFile(key, "utf8")).split(" ")[1]!.trim()));
  const again = await plugins("keygen", key);
  assert.equal(again.code, 65);
  assert.match(again.stderr, /exists already/);

  assert.equal((await plugins("sign", plugin, "--key", key)).code, 0);
  await becomes("broken", new RegExp(`key ${JSON.parse(made.stdout).key}, which this host does not trust`));
  const refused = await host.cli("plugins", "verify", plugin);
  assert.equal(refused.code, 77, refused.stderr);

  const keys = join(host.folder, "state/trusted_keys");
  await mkdir(keys);
  await cp(`${key}.pub`, join(keys, "acme.pub"));
  assert.equal((await becomes("ready", null)).signed_by, "acme");
  assert.match((await host.cli("plugins", "verify", plugin)).stdout, /signed_by: acme/);

  await appendFile(join(plugin, "misbehave.so"), "x");
  await becomes("broken", /not what "acme" has signed/);
  await rm(join(plugin, "plugin.sig"));
  await becomes("broken", /not signed/);
  assert.equal((await plugins("sign", plugin, "--key", key)).code, 0);
  await becomes("ready", null);
  await rename(join(keys, "acme.pub"), join(host.folder, "gone.pub"));
  await becomes("broken", /does not trust/);
});

test("wrong use of the commands names what is wrong", async () => {
  const text = join(host.folder, "text");
  await writeFile(text, "no key");
  const noKey = await plugins("sign", plugin, "--key", text);
  assert.equal(noKey.code, 65);
  assert.match(noKey.stderr, /holds no private key/);
  const noFolder = await plugins("sign", host.folder, "--key", text);
  assert.equal(noFolder.code, 65);
  assert.match(noFolder.stderr, /no folder with a plugin.json/);
});
