// One integration whose listener ends its plugin's worker each time, beside one that works (HOST-5).
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { test } from "node:test";
import { ask, misbehaving, OWN_KEY } from "./support/misbehave.ts";
import { eventually, Patchbay } from "./support/patchbay.ts";

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test("HOST-5: a listener that ends its worker each time is left out, and the plugin's other integration goes on", async () => {
  const folder = await misbehaving();
  const host = await Patchbay.start({ folders: [folder] });
  try {
    const good = await host.connect("misbehave", "Good", { key: OWN_KEY, identity: "good", listen: "true" });
    const bad = await host.connect("misbehave", "Bad", { key: OWN_KEY, identity: "bad" });
    const shown = async (id: string): Promise<any> => (await host.get(`/api/v1/integrations/${id}`)).body;
    const health = async (id: string): Promise<any> => (await host.get(`/api/v1/health/${id}`)).body;

    await host.call("PATCH", `/api/v1/integrations/${bad}`, { settings: { listen: "true", misbehave: { "pb.listen/1:run": "crash" } } });
    const degraded = await eventually("it is left out", async () => {
      const now = await shown(bad);
      return /again and again/.test(now.reason?.text) && now;
    }, 60);
    assert.equal(degraded.state, "degraded");
    await eventually("both are ready again", async () => (await health(good)).state === "ready" && (await health(bad)).state === "ready", 60);
    const { restarts } = await health(good);
    assert.ok(restarts < 5, `${restarts} restarts`);
    assert.equal((await ask(host, good, "pb.state/1:get", { key: "k" })).code, 0);
    await eventually("the good one is well", async () => (await shown(good)).state === "active", 60);
    await sleep(5000);
    assert.equal((await health(good)).restarts, restarts, "nobody crashes any more");

    await host.call("PATCH", `/api/v1/integrations/${bad}`, { settings: { misbehave: { "pb.listen/1:run": "" } } });
    await eventually("mended, it listens", async () => (await shown(bad)).state === "active", 60);
    assert.equal((await health(good)).restarts, restarts);
  } finally {
    await host.stop();
    await rm(folder, { recursive: true });
  }
});
