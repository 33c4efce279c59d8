// Reasons that are kept and read later come in the language of whoever reads them.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { KEY, post } from "./support/echo.ts";
import { eventually, Patchbay } from "./support/patchbay.ts";

// The other side takes neither messages nor questions.
const side = createServer((incoming, outgoing) => void incoming.resume().on("end", () => outgoing.writeHead(400).end()));
const NOBODY_LIKES = { en: "The other side answered 400", ru: "Другая сторона ответила кодом 400" };
let host: Patchbay;
let integration = "";

before(async () => {
  await new Promise<void>((resolve) => side.listen(0, "127.0.0.1", resolve));
  const port = (side.address() as AddressInfo).port;
  host = await Patchbay.start({ allow: [`127.0.0.1:${port}`] });
  integration = await host.connect("echo", "Spoken", { account: "spoken", signing_key: KEY, api_base: `http://127.0.0.1:${port}` });
});
after(async () => {
  await host?.stop();
  await new Promise((resolve) => side.close(resolve));
});

async function read(path: string): Promise<{ en: any; ru: any }> {
  const inEach = await Promise.all(["en", "ru-RU, en;q=0.5"].map((language) => host.call("GET", path, undefined, { "accept-language": language })));
  for (const answer of inEach) assert.equal(answer.status, 200, path);
  return { en: inEach[0]!.body, ru: inEach[1]!.body };
}

test("a dead letter", async () => { // HOOK-3
  await post(host.address, integration, JSON.stringify({ id: "1", chat: "c", author: "a" }));
  const [dead] = await eventually("it is dead", async () => {
    const all = await host.all("/api/v1/inbox?state=dead");
    return all.length > 0 && all;
  });
  const shown = await read(`/api/v1/inbox/${dead.id}`);
  assert.equal(shown.en.reason, 'invalid: The webhook\'s body has no text "text"');
  assert.equal(shown.ru.reason, "invalid: В теле вебхука нет текстового поля «text»");
  const listed = await read("/api/v1/inbox?state=dead");
  assert.equal(listed.ru.items[0].reason, shown.ru.reason);

  host.environment = { LANG: "ru_RU.UTF-8" };
  const inRussian = await host.cli("inbox", "show", dead.id, "--json");
  host.environment = {};
  assert.equal(JSON.parse(inRussian.stdout).reason, shown.ru.reason);

  await host.post(`/api/v1/inbox/${dead.id}/discard`);
  const discarded = await read(`/api/v1/inbox/${dead.id}`);
  assert.equal(discarded.en.reason, "Discarded by token:test");
  assert.equal(discarded.ru.reason, "Отброшено: token:test");
});

test("a message that failed", async () => { // OUT-1
  await post(host.address, integration, { id: "2", chat: "c", author: "a", text: "hello" });
  const [chat] = await eventually("the chat is there", async () => {
    const chats = await host.chats(integration);
    return chats.length > 0 && chats;
  });
  const sent = await host.post(`/api/v1/chats/${chat.id}/messages`, { text: "an answer" });
  await eventually("it failed", async () => (await host.get(`/api/v1/messages/${sent.body.id}`)).body.state === "failed");
  const shown = await read(`/api/v1/messages/${sent.body.id}`);
  assert.deepEqual([shown.en.reason, shown.ru.reason], [NOBODY_LIKES.en, NOBODY_LIKES.ru]);
});

test("a job that failed, and the integration that it troubles", async () => { // JOB-4, HOST-8
  const job = await eventually("the job failed", async () => {
    const [found] = await host.all(`/api/v1/jobs?integration=${integration}`);
    return found?.last_run?.outcome === "failed" && found;
  });
  for (const path of [`/api/v1/jobs/${job.id}`, `/api/v1/jobs/${job.id}/runs`]) {
    const runs = await read(path);
    const reason = (body: any) => (body.last_run ?? body.items[0]).reason;
    assert.deepEqual([reason(runs.en), reason(runs.ru)], [{ code: "invalid", text: NOBODY_LIKES.en }, { code: "invalid", text: NOBODY_LIKES.ru }]);
  }
  await eventually("it is degraded", async () => (await host.get(`/api/v1/integrations/${integration}`)).body.state === "degraded");
  const troubled = await read(`/api/v1/integrations/${integration}`);
  assert.deepEqual([troubled.en.reason.text, troubled.ru.reason.text], [NOBODY_LIKES.en, NOBODY_LIKES.ru]);
  const history = await read(`/api/v1/health/${integration}/history`);
  assert.ok(history.ru.items.some((one: any) => one.reason?.text === NOBODY_LIKES.ru));
});

test("what the log says stays English", async () => {
  assert.ok(host.output.includes(NOBODY_LIKES.en));
  assert.ok(!host.output.includes(NOBODY_LIKES.ru));
});
