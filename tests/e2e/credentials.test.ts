// The master key and the address of the database from credentials of the service (ACC-4, OPS-5).
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { access, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { KEY, post } from "./support/echo.ts";
import { eventually, Patchbay } from "./support/patchbay.ts";
import { Postgres } from "./support/postgres.ts";

test("key and database come from credentials, and nothing of them is copied", async () => {
  const server = await Postgres.start();
  const host = await Patchbay.prepare();
  try {
    const folder = join(host.folder, "credentials");
    await mkdir(folder, { mode: 0o700 });
    await writeFile(join(folder, "vault.key"), randomBytes(32), { mode: 0o400 });
    await writeFile(join(folder, "store.url"), `${server.url}\n`, { mode: 0o400 });
    host.environment = { CREDENTIALS_DIRECTORY: folder };
    process.env["CREDENTIALS_DIRECTORY"] = folder; // of the command line
    host.token = await host.createToken("test", "admin");
    await host.serve();
    const id = await host.connect("echo", "Shop", { account: "shop", signing_key: KEY });
    assert.equal((await post(host.address, id, { id: "1", chat: "c", author: "Ana", text: "x" })).status, 200);
    await eventually("it is stored", async () => (await host.chats(id)).length === 1);
    assert.equal(await server.sql("select count(*) from integrations"), "1");
    for (const file of ["state/vault.key", "state/patchbay.db"]) await assert.rejects(access(join(host.folder, file)), file);
    await host.kill("SIGTERM");
    // Without its key it does not start, and makes no other.
    await writeFile(join(folder, "vault.key"), randomBytes(32), { mode: 0o600 }).catch(() => undefined);
    const other = await Patchbay.prepare({ store: server.url });
    try {
      await assert.rejects(other.serve(), /key/);
      await assert.rejects(access(join(other.folder, "state/vault.key")));
    } finally {
      await other.stop();
    }
  } finally {
    delete process.env["CREDENTIALS_DIRECTORY"];
    await host.stop();
    await server.stop();
  }
});
