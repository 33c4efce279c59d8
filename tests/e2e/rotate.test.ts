// The master key is replaced while everything runs (ACC-4, bar 17).
import assert from "node:assert/strict";
import { copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { KEY, post } from "./support/echo.ts";
import { eventually, Patchbay } from "./support/patchbay.ts";
import { Postgres } from "./support/postgres.ts";

const FULL = process.env["PB_FULL"] === "1";
const keyFile = (host: Patchbay): string => join(host.folder, "state/vault.key");

test("rotation under load: no webhook and no change is refused, and the old key opens nothing any more", async () => {
  const host = await Patchbay.start();
  try {
    const ids: string[] = [];
    for (let i = 0; i < 20; ++i) ids.push(await host.connect("echo", `r${i}`, { account: `r${i}`, signing_key: KEY }));
    // So many secrets more, of integrations that do not run.
    const others = FULL ? 10_000 : 40;
    let made = 0;
    await Promise.all(Array.from({ length: 8 }, async () => {
      for (let i = made++; i < others; i = made++) {
        const kept = await host.post("/api/v1/integrations", { plugin: "echo", name: `k${i}`, settings: { account: `k${i}`, signing_key: KEY } });
        assert.equal(kept.status, 201, JSON.stringify(kept.body));
      }
    }));
    let running = true;
    let sent = 0;
    const traffic = (async () => {
      while (running) {
        const id = ids[sent % ids.length]!;
        assert.equal((await post(host.address, id, { id: `w${sent}`, chat: "c", author: "Ana", text: "x" })).status, 200);
        if (sent % 5 === 0) assert.equal((await host.call("PATCH", `/api/v1/integrations/${id}`, { settings: { signing_key: KEY } })).status, 200);
        ++sent;
      }
    })();
    const before = await readFile(keyFile(host));
    const began = performance.now();
    for (let i = 0; i < 5; ++i) {
      const rotated = await host.cli("secrets", "rotate", "--json");
      assert.equal(rotated.code, 0, rotated.stderr);
      assert.equal(JSON.parse(rotated.stdout).damaged, 0);
    }
    const each = (performance.now() - began) / 5000;
    running = false;
    await traffic;
    assert.ok(sent > 20);
    assert.notDeepEqual(await readFile(keyFile(host)), before);
    await host.kill("SIGKILL");
    await host.serve();
    for (const id of ids) assert.equal((await post(host.address, id, { id: "after", chat: "c", author: "Ana", text: "x" })).status, 200);
    console.log(`  ${sent} webhooks and ${Math.ceil(sent / 5)} changes during 5 rotations of ${others + ids.length} secrets, ${each.toFixed(1)} s each`);
  } finally {
    await host.stop();
  }
});

test("with several hosts the new key is used when all of them have it", async () => { // OPS-8
  const server = await Postgres.start();
  const one = await Patchbay.prepare({ store: server.url });
  const two = await Patchbay.prepare({ store: server.url });
  try {
    one.token = two.token = await one.createToken("test", "admin");
    await one.serve();
    await mkdir(join(two.folder, "state"), { recursive: true, mode: 0o700 });
    await copyFile(keyFile(one), keyFile(two));
    await two.serve();
    const id = await one.connect("echo", "Two", { account: "two", signing_key: KEY });
    const refused = await one.cli("secrets", "rotate");
    assert.equal(refused.code, 65, refused.stderr);
    assert.ok(refused.stderr.includes(two.address), refused.stderr);
    await copyFile(keyFile(one), keyFile(two));
    two.process!.kill("SIGHUP");
    await eventually("the other host has read it", async () => (await one.cli("secrets", "rotate")).code === 0);
    for (const host of [one, two]) {
      assert.equal((await host.call("PATCH", `/api/v1/integrations/${id}`, { settings: { signing_key: KEY } })).status, 200);
      await host.kill("SIGTERM");
    }
    // The other one still has both keys in its file, which does no harm.
    for (const host of [one, two]) await host.serve();
    assert.equal((await post(two.address, id, { id: "1", chat: "c", author: "Ana", text: "x" })).status, 200);
  } finally {
    await one.stop();
    await two.stop();
    await server.stop();
  }
});
