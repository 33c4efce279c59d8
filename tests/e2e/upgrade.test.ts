// Another version of a plugin while it works: forwards, back, refused, disabled (HOST-4, SETUP-5, JOB-2).
import assert from "node:assert/strict";
import { cp, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { send, type Reply } from "./support/echo.ts";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const KEY = "mover-key";

const drop = async (host: Patchbay, version: 1 | 2 | 3): Promise<void> => {
  const plugins = join(host.folder, "state/plugins");
  await mkdir(plugins, { recursive: true });
  await cp(join(BUILD, `test_plugins/mover${version}`), join(plugins, `mover-${version}`), { recursive: true });
};
const hook = (host: Patchbay, id: string, number: number): Promise<Reply> => {
  const body = JSON.stringify({ id: `w${number}`, chat: "clients", text: `hook ${number}` });
  return send(`${host.address}/hooks/mover/${id}/in`, { headers: { "content-type": "application/json", "content-length": String(body.length), "x-key": KEY }, body });
};
const integration = async (host: Patchbay, id: string): Promise<any> => (await host.get(`/api/v1/integrations/${id}`)).body;
const version = (host: Patchbay, id: string, wanted: string): Promise<any> =>
  eventually(`version ${wanted} runs`, async () => {
    const now = await integration(host, id);
    const health = (await host.get(`/api/v1/health/${id}`)).body;
    return now.version === wanted && health.version === wanted && health.state === "ready" && now;
  }, 30);

// Webhooks until stopped; each is answered 2xx.
class Traffic {
  count = 0;
  private running = true;
  private readonly done: Promise<void>;

  constructor(host: Patchbay, id: string) {
    this.done = (async () => {
      while (this.running) {
        const reply = await hook(host, id, this.count);
        assert.equal(reply.status, 200, "a webhook is taken whatever happens to the plugin");
        ++this.count;
        await sleep(15);
      }
    })();
  }
  async stop(): Promise<void> {
    this.running = false;
    await this.done;
  }
}

async function texts(host: Patchbay, id: string, conversation: string): Promise<string[]> {
  const chat = (await host.chats(id)).find((one) => one.conversation === conversation);
  return chat ? (await host.messages(chat.id)).map((message) => message.text as string) : [];
}

// Every number once, in order, whoever made it.
async function whole(host: Patchbay, id: string, traffic: Traffic): Promise<void> {
  await traffic.stop();
  await eventually("every webhook has its effect", async () => (await texts(host, id, "clients")).length === traffic.count, 30);
  const hooks = await texts(host, id, "clients");
  hooks.forEach((text, i) => assert.ok(text.startsWith(`hook ${i} by`), `${text} stands at ${i}`));
  const ticks = await texts(host, id, "ticks");
  ticks.forEach((text, i) => assert.ok(text.startsWith(`tick ${i} by`), `${text} stands at ${i}`));
  assert.ok(ticks.length > 20);
  assert.deepEqual(await host.all("/api/v1/inbox?state=dead"), []);
}

test("HOST-4: a plugin is upgraded, taken back and upgraded while webhooks and a job run; nothing is lost or doubled", async () => {
  const host = await Patchbay.start();
  try {
    await drop(host, 1);
    await eventually("it is found", async () => (await host.get("/api/v1/plugins/mover")).status === 200);
    const id = await host.connect("mover", "Mover", { account: "one", key: KEY });
    const traffic = new Traffic(host, id);
    await eventually("the job works", async () => (await texts(host, id, "ticks")).length > 5);

    await drop(host, 2);
    const upgraded = await version(host, id, "2.0.0");
    assert.equal(upgraded.state, "active");
    assert.deepEqual(upgraded.settings, { accounts: ["one"] });
    await eventually("the new version works", async () => (await texts(host, id, "ticks")).some((text) => text.endsWith("by 2")));
    await eventually("and translates", async () => (await texts(host, id, "clients")).some((text) => text.endsWith("by 2")));

    const used = await host.cli("plugins", "use", "mover", "1.0.0", "--json");
    assert.equal(used.code, 0, used.stderr);
    assert.equal(JSON.parse(used.stdout).version, "1.0.0");
    const back = await version(host, id, "1.0.0");
    assert.deepEqual(back.settings, { account: "one" });
    await sleep(500);

    assert.equal((await host.cli("plugins", "use", "mover", "newest")).code, 0);
    await version(host, id, "2.0.0");
    await sleep(500);
    // Going back repeats what came after the copy of the checkpoint; its events are known already.
    await whole(host, id, traffic);

    await drop(host, 3);
    const refused = await eventually("version 3 is refused", async () => {
      const now = await integration(host, id);
      return now.notice ? now : undefined;
    });
    assert.equal(refused.notice.version, "3.0.0");
    assert.match(refused.notice.text, /Mover|check/i);
    assert.equal(refused.version, "2.0.0");
    assert.equal(refused.state, "active");
    assert.equal((await hook(host, id, traffic.count)).status, 200);
    await eventually("version 2 works on", async () => (await texts(host, id, "clients")).length === traffic.count + 1);

    await host.kill();
    await host.serve();
    const kept = await version(host, id, "2.0.0");
    assert.equal(kept.state, "active");
    assert.deepEqual(kept.notice, refused.notice);

    const wrong = await host.cli("plugins", "use", "mover", "9.9.9");
    assert.equal(wrong.code, 65);
    assert.match(wrong.stderr, /9\.9\.9/);
    assert.equal((await host.call("DELETE", "/api/v1/plugins/mover")).status, 409);
  } finally {
    await host.stop();
  }
});

test("HOST-4, HOOK-1: the webhooks of a disabled plugin wait until it is enabled; one without integrations is removed", async () => {
  const host = await Patchbay.start();
  try {
    await drop(host, 1);
    await eventually("it is found", async () => (await host.get("/api/v1/plugins/mover")).status === 200);
    const id = await host.connect("mover", "Mover", { account: "one", key: KEY });
    assert.equal((await host.cli("plugins", "disable", "mover")).code, 0);
    await eventually("it has ended", async () => (await host.get(`/api/v1/health/${id}`)).status === 404);
    await eventually("it says why", async () => /disabled/.test((await integration(host, id)).reason?.text));
    for (let i = 0; i < 5; ++i) assert.equal((await hook(host, id, i)).status, 200);
    // Also after a start.
    await host.kill("SIGKILL");
    await host.serve();
    assert.equal((await hook(host, id, 5)).status, 200);
    await sleep(300);
    assert.deepEqual(await texts(host, id, "clients"), []);
    assert.match((await host.cli("plugins", "list")).stdout, /mover +1\.0\.0 +disabled/);
    assert.equal((await host.cli("plugins", "enable", "mover")).code, 0);
    await eventually("all have their effect", async () => (await texts(host, id, "clients")).length === 6);
    assert.equal((await integration(host, id)).state, "active");

    const other = await Patchbay.start();
    try {
      await drop(other, 1);
      await eventually("it is found", async () => (await other.get("/api/v1/plugins/mover")).status === 200);
      await drop(other, 2);
      await eventually("it is newer", async () => (await other.get("/api/v1/plugins/mover")).body.version === "2.0.0");
      await other.post("/api/v1/plugins/mover/use", { version: "1.0.0" });
      assert.equal((await other.cli("plugins", "remove", "mover")).code, 0);
      assert.equal((await other.get("/api/v1/plugins/mover")).status, 404);
      await other.kill();
      await other.serve();
      assert.equal((await other.get("/api/v1/plugins/mover")).status, 404);
      await drop(other, 1);
      await drop(other, 2);
      await eventually("what was chosen is forgotten", async () => (await other.get("/api/v1/plugins/mover")).body.version === "2.0.0");
    } finally {
      await other.stop();
    }
  } finally {
    await host.stop();
  }
});

test("HOST-4: killed in the middle of upgrades, the host comes back with settings and version that fit together", async () => {
  const host = await Patchbay.start({ config: { log: { level: "info", format: "json" } } });
  try {
    await drop(host, 1);
    await eventually("it is found", async () => (await host.get("/api/v1/plugins/mover")).status === 200);
    const id = await host.connect("mover", "Mover", { account: "one", key: KEY });
    await drop(host, 2);
    await version(host, id, "2.0.0");
    for (let round = 0; round < 12; ++round) {
      const wanted = round % 2 ? "2.0.0" : "1.0.0";
      await host.post("/api/v1/plugins/mover/use", { version: wanted });
      await sleep(round * 8);
      await host.kill("SIGKILL");
      await host.serve();
      const now = await version(host, id, wanted);
      assert.deepEqual(now.settings, wanted === "1.0.0" ? { account: "one" } : { accounts: ["one"] });
    }
    const ticks = await texts(host, id, "ticks");
    ticks.forEach((text, i) => assert.ok(text.startsWith(`tick ${i} by`), `${text} stands at ${i}`));
    await rm(join(host.folder, "state/plugins/mover-2"), { recursive: true });
  } finally {
    await host.stop();
  }
});
