// How plugins and integrations are: API, command line, metrics (HOST-8); and what a worker may take (HOST-5).
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { KEY, post, send } from "./support/echo.ts";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";

const SMALL_MB = 48; // the plugin that misbehaves takes 64 MiB when it is told to

let host: Patchbay;
let folder = "";
let good = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "pb-health-"));
  await cp(join(BUILD, "test_plugins/misbehave"), join(folder, "misbehave"), { recursive: true });
  const manifest = join(folder, "misbehave/plugin.json");
  const { routes: _, ...rest } = JSON.parse(await readFile(manifest, "utf8")); // nobody consents to its open route
  await writeFile(manifest, JSON.stringify(rest));
  host = await Patchbay.start({ config: { plugins: { folders: [folder], memory_mb: SMALL_MB } } });
  good = await host.connect("echo", "Good", { account: "good", signing_key: KEY });
});
after(async () => {
  await host?.stop();
  await rm(folder, { recursive: true, force: true });
});

const health = async (id: string): Promise<any> => (await host.get(`/api/v1/health/${id}`)).body;

async function metric(name: string, labels: string): Promise<number> {
  const text = String((await host.get("/metrics")).body);
  return Number(new RegExp(`^${name}\\{${labels}\\} (\\S+)$`, "m").exec(text)?.[1] ?? NaN);
}

test("health tells state, worker, calls and latency of every running integration", async () => { // HOST-8
  assert.equal((await post(host.address, good, { id: "1", chat: "c", author: "Ana", text: "hello" })).status, 200);
  await eventually("its message", async () => (await host.chats(good)).length === 1);
  const shown = await health(good);
  assert.equal(shown.state, "ready");
  assert.equal(shown.plugin, "echo");
  assert.equal(shown.last_error, null);
  assert.ok(shown.calls > 0 && shown.latency_ms.p99 >= shown.latency_ms.p50);
  assert.ok(shown.worker.memory_bytes > 1 << 20 && shown.worker.memory_bytes < SMALL_MB << 20, JSON.stringify(shown.worker));
  assert.ok((await host.workers()).includes(shown.worker.pid));
  const all = await host.all("/api/v1/health");
  assert.deepEqual(all.map((one) => one.integration), [good]);
  assert.equal((await host.get("/api/v1/health/1")).status, 404);
  const table = (await host.cli("health")).stdout;
  assert.match(table, /^INTEGRATION +PLUGIN +VERSION +STATE +SINCE/m);
  assert.match(table, new RegExp(`^${good} +echo +\\S+ +ready`, "m"));
  assert.equal(await metric("patchbay_instances", 'plugin="echo",state="ready"'), 1);
  assert.ok(await metric("patchbay_worker_memory_bytes", 'plugin="echo"') > 1 << 20);
  assert.ok(await metric("patchbay_plugin_call_seconds_count", 'plugin="echo"') >= shown.calls - 1, "all but the run of its job");
});

test("health of a plugin is that of all its integrations together", async () => { // HOST-8
  const second = await host.connect("echo", "Second", { account: "second", signing_key: KEY });
  const plugin = await eventually("both are ready", async () => {
    const [found, ...others] = (await host.get("/api/v1/plugin-health")).body.items;
    assert.deepEqual(others, []);
    return found.integrations.ready === 2 && found;
  });
  const each = [await health(good), await health(second)];
  assert.equal(plugin.plugin, "echo");
  assert.equal(plugin.state, "ready");
  assert.equal(plugin.workers, 1, "they share it");
  assert.ok(plugin.calls >= 2 && plugin.calls <= each[0].calls + each[1].calls);
  assert.ok(plugin.memory_bytes > 1 << 20 && plugin.memory_bytes < SMALL_MB << 20);
  assert.equal(plugin.since, each.map((one) => one.since).sort()[0]);
  assert.match((await host.cli("health", "--plugins")).stdout, /^echo +ready +\S+ +.*ready.*2/m);
  await host.post(`/api/v1/integrations/${second}/deactivate`);
  await eventually("one is left", async () => (await host.get("/api/v1/plugin-health")).body.items[0].integrations.ready === 1);
});

test("a worker that is killed is counted, and the reason is shown", async () => {
  const { worker } = await health(good);
  process.kill(worker.pid, "SIGKILL");
  const shown = await eventually("another worker", async () => {
    const now = await health(good);
    return now.state === "ready" && now.worker.pid !== worker.pid && now;
  });
  assert.equal(shown.restarts, 1);
  assert.match(shown.last_error, /signal 9 .* sent by somebody else/);
  assert.equal(await metric("patchbay_worker_deaths_total", 'fault="accident",plugin="echo"'), 1);
});

test("what became of an integration is kept, over restarts too", async () => { // HOST-8
  const states = (items: any[]): string[] => items.map((one) => `${one.what} ${one.state}`);
  const before = await eventually("the death is in the history", async () => {
    const { items } = (await host.get(`/api/v1/health/${good}/history`)).body;
    return states(items).join() === "instance ready,instance waiting,integration active,instance ready" && items;
  });
  assert.match(before[1].reason.text, /signal 9/);
  assert.equal(before[0].reason, null);
  const [newest, ...rest] = await host.all(`/api/v1/health/${good}/history?limit=1`);
  assert.deepEqual([newest, ...rest].map((one) => one.id), before.map((one: any) => one.id));
  await host.kill("SIGTERM");
  await host.serve();
  const after = await eventually("it runs again", async () => {
    const { items } = (await host.get(`/api/v1/health/${good}/history`)).body;
    return states(items)[0] === "instance ready" && items.length > before.length && items;
  });
  assert.deepEqual(after.slice(-before.length), before);
  const told = await host.cli("integrations", "history", good);
  assert.match(told.stdout, /^\S+ +instance +waiting .*signal 9/m, told.stderr);
  assert.equal((await host.get("/api/v1/health/1/history")).status, 404);
});

test("a worker that takes more memory than it may is ended, alone", async () => { // HOST-5
  const before = await health(good);
  const bad = await host.connect("misbehave", "Bad", { misbehave: { "pb.lifecycle/1:start": "memory" } });
  const shown = await eventually("it is ended", async () => {
    const now = await health(bad);
    return now.restarts > 0 && now;
  }, 30);
  assert.match(shown.last_error, new RegExp(`MiB of memory, ${SMALL_MB} MiB are allowed`));
  // It goes on dying meanwhile.
  await eventually("each of its deaths is counted", async () =>
    (await health(bad)).restarts === await metric("patchbay_worker_deaths_total", 'fault="plugin",plugin="misbehave"'));
  assert.equal((await health(good)).worker.pid, before.worker.pid);
});

test("a route that verifies nothing is open only when an administrator agrees, and shown", async () => { // HOOK-6
  const wild = await Patchbay.start({ folders: [join(BUILD, "test_plugins")] });
  try {
    const id = await wild.integrate("misbehave", "Wild", {});
    const refused = await wild.post(`/api/v1/integrations/${id}/activate`);
    assert.equal(refused.status, 422);
    assert.match(JSON.stringify(refused.body), /route in: it verifies nothing.*accept_unverified/);
    assert.equal((await wild.get(`/api/v1/integrations/${id}`)).body.accepts_unverified, false);
    assert.equal((await send(`${wild.address}/hooks/misbehave/${id}/in`, { body: "{}" })).status, 404);
    const agreed = await wild.cli("integrations", "activate", id, "--accept-unverified");
    assert.equal(agreed.code, 0, agreed.stderr);
    assert.equal((await send(`${wild.address}/hooks/misbehave/${id}/in`, { body: "{}" })).status, 200);
    assert.equal((await wild.get(`/api/v1/integrations/${id}`)).body.accepts_unverified, true);
    assert.match((await wild.cli("doctor")).stdout, /Wild takes webhooks from anybody/);
  } finally {
    await wild.stop();
  }
});

test("without sandbox a worker keeps its rights, with it it has none", async () => { // HOST-6
  const open = await Patchbay.start({ config: { plugins: { sandbox: false } } });
  try {
    const id = await open.connect("echo", "Open", { account: "open", signing_key: KEY });
    const mode = async (of: Patchbay, integration: string): Promise<string> => {
      const { pid } = (await of.get(`/api/v1/health/${integration}`)).body.worker;
      return /^Seccomp:\s*(\d)$/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))![1]!;
    };
    assert.equal(await mode(open, id), "0");
    assert.equal(await mode(host, good), "2");
  } finally {
    await open.stop();
  }
});
