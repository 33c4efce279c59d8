// CHAT-12, CHAT-20: operators send their own files and read those of their chats, no others.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, type Answer, type Browser } from "./support/patchbay.ts";
import { ANA, Stage } from "./support/telegram.ts";

let stage: Stage;
let eva: Browser, ben: Browser;

before(async () => {
  stage = await Stage.open();
  eva = await stage.host.signIn("eva");
  ben = await stage.host.signIn("ben");
});
after(() => stage?.close());

const ask = (who: Browser, method: string, path: string, body?: unknown): Promise<Answer> => stage.host.call(method, path, body, who.headers);
const id = (who: Browser): string => who.answer.body.user.id;
async function upload(who: Browser, name: string): Promise<string> {
  const form = new FormData();
  form.append("file", new Blob(["pdf"], { type: "application/pdf" }), name);
  const answer = await fetch(`${stage.host.address}/api/v1/desk/files`, { method: "POST", body: form, headers: who.headers });
  assert.equal(answer.status, 201);
  return ((await answer.json()) as any).id;
}

test("an operator sends one's own files and reads those of one's chats", async () => {
  const integration = await stage.connect();
  const queue = await stage.host.post("/api/v1/queues", { name: "All", rule: "broadcast", operators: [id(eva), id(ben)] });
  await stage.host.call("PATCH", `/api/v1/channels/${integration}`, { active: true, queue: queue.body.id });
  await ask(eva, "PATCH", "/api/v1/desk", { status: "active" });
  const bytes = Buffer.from("a report");
  const file = stage.bot.addFile({ name: "report.pdf", type: "application/pdf", bytes });
  stage.bot.message(ANA, { document: { file_id: file.id, file_unique_id: file.unique, file_name: "report.pdf", mime_type: "application/pdf", file_size: bytes.length } });
  const received = await eventually("the file is there", async () => {
    const [first] = (await stage.messages(integration, 1))[0].attachments;
    return first?.state === "ready" && first;
  });
  const chat = (await stage.onlyChat(integration)).id;
  assert.equal((await ask(eva, "POST", `/api/v1/desk/chats/${chat}/accept`)).status, 200);

  const got = await fetch(`${stage.host.address}/api/v1/desk/chats/${chat}/files/${received.id}`, { headers: eva.headers });
  assert.equal(await got.text(), "a report");
  assert.equal((await ask(ben, "GET", `/api/v1/desk/chats/${chat}/files/${received.id}`)).status, 404);
  assert.equal((await ask(eva, "GET", `/api/v1/desk/chats/${BigInt(chat) + 1n}/files/${received.id}`)).status, 404);
  assert.equal((await ask(eva, "GET", `/api/v1/files/${received.id}`)).status, 403);

  const [own, foreign] = [await upload(eva, "own.pdf"), await upload(ben, "his.pdf")];
  const refused = await ask(eva, "POST", `/api/v1/desk/chats/${chat}/messages`, { attachments: [foreign] });
  assert.match(JSON.stringify(refused.body.errors), /no uploaded file/);
  const sent = await ask(eva, "POST", `/api/v1/desk/chats/${chat}/messages`, { text: "here", attachments: [own, received.id] });
  assert.equal(sent.status, 202, JSON.stringify(sent.body));
  await stage.reaches(chat, sent.body.id, "sent");
});
