// A secret of webhooks is replaced while the provider still signs with the one before (plugin-needs N4).
import assert from "node:assert/strict";
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { KEY, send, sign } from "./support/echo.ts";
import { eventually, Patchbay } from "./support/patchbay.ts";
import { Postgres } from "./support/postgres.ts";

const RENEWED = "another signing key that is only used in tests";

test("what a signing key was before is accepted for a day, over a restart, until an administrator ends it", async () => {
  const host = await Patchbay.start();
  try {
    const id = await host.connect("echo", "Renewed", { account: "renewed", signing_key: KEY });
    let count = 0;
    const status = async (key: string): Promise<number> => {
      const body = JSON.stringify({ id: `${++count}`, chat: "c", author: "a", text: "hello" });
      return (await send(`${host.address}/hooks/echo/${id}/in`, { headers: { "x-echo-signature": sign(body, key) }, body })).status;
    };
    const changed = await host.call("PATCH", `/api/v1/integrations/${id}`, { settings: { signing_key: RENEWED } });
    assert.equal(changed.status, 200, JSON.stringify(changed.body));
    const until = Date.parse(changed.body.former_secrets.signing_key) - Date.now();
    assert.ok(until > 23 * 3600_000 && until <= 24 * 3600_000, `${until} ms`);
    assert.deepEqual([await status(RENEWED), await status(KEY), await status("neither of them")], [200, 200, 401]);

    await host.kill("SIGKILL");
    await host.serve();
    assert.deepEqual([await status(RENEWED), await status(KEY)], [200, 200]);

    const ended = await host.cli("integrations", "change", id, "--end-former-secrets", "--json");
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(JSON.parse(ended.stdout).former_secrets, {});
    assert.deepEqual([await status(RENEWED), await status(KEY)], [200, 401]);
    assert.ok(!host.output.includes(KEY) && !host.output.includes(RENEWED));
  } finally {
    await host.stop();
  }
});

test("on two hosts a replaced key is accepted by both, and ended on both", async () => {
  const server = await Postgres.start();
  const one = await Patchbay.start({ store: server.url });
  const two = await Patchbay.prepare({ store: server.url });
  try {
    two.token = one.token;
    await mkdir(join(two.folder, "state"), { recursive: true, mode: 0o700 });
    await copyFile(join(one.folder, "state/vault.key"), join(two.folder, "state/vault.key"));
    await two.serve();
    const id = await one.connect("echo", "Renewed", { account: "renewed", signing_key: KEY });
    let count = 0;
    const status = async (host: Patchbay, key: string): Promise<number> => {
      const body = JSON.stringify({ id: `${++count}`, chat: "c", author: "a", text: "hello" });
      return (await send(`${host.address}/hooks/echo/${id}/in`, { headers: { "x-echo-signature": sign(body, key) }, body })).status;
    };
    const both = (what: string, of: [string, number][]): Promise<unknown> => eventually(what, async () => {
      const seen = await Promise.all([one, two].map((host) => Promise.all(of.map(([key]) => status(host, key)))));
      assert.deepEqual(seen, [one, two].map(() => of.map(([, wanted]) => wanted)));
      return true;
    });
    await both("the route is on both", [[KEY, 200]]);
    let before = KEY;
    for (const host of [one, two]) {
      const next = `${RENEWED}, by ${host.address}`;
      assert.equal((await host.call("PATCH", `/api/v1/integrations/${id}`, { settings: { signing_key: next } })).status, 200);
      await both("both are accepted", [[before, 200], [next, 200]]);
      assert.equal((await host.call("PATCH", `/api/v1/integrations/${id}`, { end_former_secrets: true })).status, 200);
      await both("the one before is ended", [[before, 401], [next, 200]]);
      before = next;
    }
  } finally {
    await one.stop();
    await two.stop();
    await server.stop();
  }
});
