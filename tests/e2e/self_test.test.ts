// Whether webhooks get through the proxy in front of the host as they were sent (HOOK-6).
import assert from "node:assert/strict";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { KEY, send } from "./support/echo.ts";
import { Patchbay } from "./support/patchbay.ts";

type Change = (request: { path: string; headers: Record<string, string>; body: string }) => void;

let host: Patchbay;
let integration: string;
let change: Change = () => {};

const proxy = createServer(async (request: IncomingMessage, response: ServerResponse) => {
  let body = "";
  for await (const piece of request) body += String(piece);
  const passed = { path: request.url ?? "/", headers: request.headers as Record<string, string>, body };
  change(passed);
  delete passed.headers["content-length"];
  const answer = await send(host.address + passed.path, { method: request.method!, headers: passed.headers, body: passed.body });
  response.writeHead(answer.status, answer.headers);
  response.end(answer.body);
});

before(async () => {
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  host = await Patchbay.start({ siteUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` });
  integration = await host.connect("echo", "Tested", { account: "tested", signing_key: KEY });
});
after(async () => {
  await host?.stop();
  proxy.closeAllConnections();
  proxy.close();
});

async function outcome(made: Change): Promise<{ outcome: string; text: string }> {
  change = made;
  const { status, body } = await host.post(`/api/v1/integrations/${integration}/self-test`, {});
  assert.equal(status, 200, JSON.stringify(body));
  const [route, ...others] = body.routes;
  assert.equal(others.length, 0);
  assert.equal(route.id, "in");
  return route;
}

test("a request that arrives as it was sent is verified and not stored", async () => {
  assert.equal((await outcome(() => {})).outcome, "verified");
  assert.equal((await host.get("/api/v1/inbox")).body.items.length, 0);
  const done = await host.cli("integrations", "self-test", integration);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /verified/);
  const looked = await host.cli("doctor", "--outward", "--json");
  assert.match(looked.stdout, /1 routes were tried/);
});

test("what the proxy changes is named", async () => {
  const body = await outcome((request) => (request.body = request.body.replaceAll(" ", "")));
  assert.equal(body.outcome, "differs", body.text);
  assert.match(body.text, /: body;/);
  const header = await outcome((request) => delete request.headers["x-echo-signature"]);
  assert.match(header.text, /: x-echo-signature;/);
  const path = await outcome((request) => (request.path = request.path.replace("/hooks/", "/hooks/app/")));
  assert.equal(path.outcome, "differs");
  assert.match(path.text, /\/hooks\/app\/echo/);
  const done = await host.cli("integrations", "self-test", integration);
  assert.equal(done.code, 65);
});

test("another that answers, and nobody, are told apart", async () => {
  assert.equal((await outcome((request) => (request.path = "/elsewhere"))).outcome, "elsewhere");
  proxy.closeAllConnections();
  await new Promise((resolve) => proxy.close(resolve));
  assert.equal((await outcome(() => {})).outcome, "unreachable");
});

test("an integration that is not there is not tested", async () => {
  assert.equal((await host.post("/api/v1/integrations/1/self-test", {})).status, 404);
});
