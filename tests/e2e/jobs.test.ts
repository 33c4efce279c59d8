// Jobs from outside: a history is fetched page by page while everything is killed (JOB-1 to JOB-4, bars 1 and 9).
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { KEY } from "./support/echo.ts";
import { eventually, Patchbay } from "./support/patchbay.ts";
import { Postgres } from "./support/postgres.ts";

const MESSAGES = 2_000;
const PAGE = 40;
const CHATS = 20;
const MALFORMED_EVERY = 100; // one in a hundred

// An other side that keeps a history: GET /history?after=N.
class Archive {
  readonly asked: string[] = [];
  answer: number | undefined; // a status that it answers instead
  retryAfter = "1";
  pause = 10; // ms
  count = MESSAGES;
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  static async start(): Promise<Archive> {
    const server = createServer((incoming, outgoing) => {
      const after = Number(new URL(incoming.url!, "http://archive").searchParams.get("after") || "0");
      archive.asked.push(String(after));
      const messages = Array.from({ length: Math.max(0, Math.min(PAGE, archive.count - after)) }, (_, i) => archive.message(after + i));
      const next = after + messages.length;
      const body = JSON.stringify({ messages, next: String(next), last: next >= archive.count });
      setTimeout(() => {
        if (archive.answer) outgoing.writeHead(archive.answer, { "retry-after": archive.retryAfter }).end();
        else outgoing.writeHead(200, { "content-type": "application/json" }).end(body);
      }, archive.pause);
    });
    const archive = new Archive(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return archive;
  }

  private message(number: number): object {
    const whole = { id: `h${number}`, chat: `chat-${number % CHATS}`, author: `client-${number % CHATS}`, text: `message ${number}`, at_ms: 1_700_000_000_000 + number };
    const { text, ...without } = whole;
    return number % MALFORMED_EVERY === 0 ? without : whole;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }
  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }
  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

const jobOf = async (host: Patchbay, integration: string): Promise<any> => (await host.all(`/api/v1/jobs?integration=${integration}`))[0];
const finished = (host: Patchbay, integration: string, seconds = 60): Promise<any> =>
  eventually("the job is done", async () => {
    const job = await jobOf(host, integration);
    return job?.last_run?.outcome === "done" && job;
  }, seconds);

async function ordeal(store?: string): Promise<void> {
  const archive = await Archive.start();
  const host = await Patchbay.start({ ...(store ? { store } : {}), allow: [`127.0.0.1:${archive.port}`], config: { log: { level: "warn", format: "json" } } });
  try {
    const integration = await host.connect("echo", "History", { account: "history", signing_key: KEY, api_base: archive.address });
    for (let strike = 1; strike <= 6; ++strike) {
      await eventually(`page ${strike * 6} was asked for`, async () => archive.asked.length >= strike * 6, 60);
      if (strike % 2) {
        await host.kill("SIGKILL");
        await host.serve();
      } else {
        await eventually("a worker is hit", async () => (await host.workers()).some((pid) => process.kill(pid, "SIGKILL")), 30);
      }
    }
    const job = await finished(host, integration);
    assert.equal(job.state, "waiting");
    assert.equal(job.schedule, "every 10m");
    await eventually("everything is processed", async () => (await host.get("/api/v1/inbox?state=new&limit=1")).body.items.length === 0, 60);
    const dead = await host.all("/api/v1/inbox?state=dead");
    assert.equal(dead.length, MESSAGES / MALFORMED_EVERY, "each malformed one is kept with its reason");
    assert.ok(dead.every((entry) => entry.reason.includes("text")), dead[0].reason);
    const texts: string[] = [];
    for (const chat of await host.chats(integration)) texts.push(...(await host.messages(chat.id)).map((message) => message.text));
    assert.equal(texts.length, MESSAGES - dead.length, "none is lost and none doubled");
    assert.equal(new Set(texts).size, texts.length);
    const runs = await host.all(`/api/v1/jobs/${job.id}/runs`);
    const records = runs.reduce((sum, run) => sum + run.records, 0);
    assert.equal(records, MESSAGES, "history counts what was stored");
    console.log(`  ${archive.asked.length} pages asked for of ${MESSAGES / PAGE}, runs: ${runs.map((run) => run.outcome).reverse().join(", ")}`);
  } finally {
    await host.stop();
    await archive.stop();
  }
}

test("JOB-2: kill -9 of host and worker while a history is fetched loses and doubles nothing, on SQLite", () => ordeal());

test("JOB-2, JOB-5: the same on PostgreSQL", async () => {
  const server = await Postgres.start();
  try {
    await ordeal(server.url);
  } finally {
    await server.stop();
  }
});

test("JOB-3, JOB-4: run now, pause, resume, reset, history and failures, by API and command line", async () => {
  const archive = await Archive.start();
  archive.count = 120;
  const host = await Patchbay.start({ allow: [`127.0.0.1:${archive.port}`] });
  try {
    const integration = await host.connect("echo", "By hand", { account: "hand", signing_key: KEY, api_base: archive.address });
    const job = await finished(host, integration);
    assert.equal(job.last_run.records, 120);
    assert.equal(job.last_run.pages, 3);
    assert.equal(job.last_run.cause, "schedule");

    archive.count = 130;
    const ran = await host.cli("jobs", "run", job.id, "--json");
    assert.equal(ran.code, 0, ran.stderr);
    await eventually("what is new was fetched", async () => (await host.all(`/api/v1/jobs/${job.id}/runs`))[0].records === 10);
    assert.equal((await host.all(`/api/v1/jobs/${job.id}/runs`))[0].cause, "request");
    assert.equal(archive.asked.at(-1), "120", "it went on where it was");

    assert.equal((await host.post(`/api/v1/jobs/${job.id}/pause`)).body.state, "paused");
    const refused = await host.post(`/api/v1/jobs/${job.id}/run`);
    assert.equal(refused.status, 409);
    assert.match(refused.body.detail, /paused/);
    assert.equal((await host.cli("jobs", "resume", job.id)).code, 0);

    await host.post(`/api/v1/jobs/${job.id}/reset`);
    await host.post(`/api/v1/jobs/${job.id}/run`);
    await eventually("all was fetched again", async () => (await host.all(`/api/v1/jobs/${job.id}/runs`))[0].known === 130);
    let messages = 0;
    for (const chat of await host.chats(integration)) messages += (await host.messages(chat.id)).length;
    assert.equal(messages, 130 - 2, "what was known was not taken twice");

    archive.answer = 429;
    archive.retryAfter = "2";
    await host.post(`/api/v1/jobs/${job.id}/run`);
    const limited = await eventually("the pause is obeyed", async () => {
      const now = await jobOf(host, integration);
      return now.last_run.outcome === "limited" && now;
    });
    assert.equal(limited.failures, 0);
    archive.answer = undefined;
    await finished(host, integration);

    archive.answer = 403;
    await host.post(`/api/v1/jobs/${job.id}/run`);
    const degraded = await eventually("the failure shows at the integration", async () => {
      const now = (await host.get(`/api/v1/integrations/${integration}`)).body;
      return now.state === "degraded" && now;
    });
    assert.match(degraded.reason.text, /403/);
    assert.match((await host.get("/metrics")).body as string, /patchbay_integrations\{plugin="echo",state="degraded"\} 1/);
    const failed = await jobOf(host, integration);
    assert.equal(failed.last_run.outcome, "failed");
    assert.equal(failed.last_run.reason.code, "invalid");
    archive.answer = undefined;
    await host.post(`/api/v1/jobs/${job.id}/run`);
    await eventually("it is well again", async () => (await host.get(`/api/v1/integrations/${integration}`)).body.state === "active");

    const listed = await host.cli("jobs", "list");
    assert.match(listed.stdout, /history +every 10m +waiting/);
    const runs = await host.cli("jobs", "runs", job.id);
    assert.match(runs.stdout, /request +failed/);
    assert.equal((await host.cli("jobs", "show", "12345")).code, 65);
    const metrics = (await host.get("/metrics")).body as string;
    assert.match(metrics, /patchbay_job_runs_total\{outcome="failed",plugin="echo"\} 1/);

    await host.post(`/api/v1/integrations/${integration}/deactivate`);
    assert.equal((await jobOf(host, integration)).state, "off");
    assert.equal((await host.post(`/api/v1/jobs/${job.id}/run`)).status, 409);
  } finally {
    await host.stop();
    await archive.stop();
  }
});

test("JOB-3: stopping the host ends a run after its page, and the next start goes on there", async () => {
  const archive = await Archive.start();
  archive.pause = 150;
  const host = await Patchbay.start({ allow: [`127.0.0.1:${archive.port}`] });
  try {
    const integration = await host.connect("echo", "Stop", { account: "stop", signing_key: KEY, api_base: archive.address });
    await eventually("some pages", async () => archive.asked.length >= 4);
    const began = Date.now();
    assert.equal(await host.kill("SIGTERM"), 0);
    assert.ok(Date.now() - began < 4_000, "a page is not waited for longer than it takes");
    const before = archive.asked.length;
    archive.pause = 1;
    await host.serve();
    const job = await finished(host, integration);
    assert.ok(Number(archive.asked[before]) >= (before - 1) * PAGE, `it began at ${archive.asked[before]} after ${before} pages`);
    const runs = await host.all(`/api/v1/jobs/${job.id}/runs`);
    assert.deepEqual(runs.map((run) => run.outcome).reverse(), ["more", "done"]);
    assert.equal(runs[0].cause, "more");
  } finally {
    await host.stop();
    await archive.stop();
  }
});
