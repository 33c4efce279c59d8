// ACC-5: who changed which integration, setting, right and plugin, when and from where; and who may read that.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { KEY } from "./support/echo.ts";
import { Patchbay } from "./support/patchbay.ts";

let host: Patchbay;
before(async () => { host = await Patchbay.start(); });
after(async () => { await host.stop(); });

const ok = (answer: { status: number; body: unknown }): any => {
  assert.ok(answer.status < 300, `${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
};
const lines = (query: string): Promise<any[]> => host.all(`/api/v1/audit?${query}`);
const actions = async (object: string): Promise<string[]> => (await lines(`object=${object}`)).reverse().map((line) => line.action);

test("an integration from its making to its end", async () => {
  const kim = await host.signIn("kim", ["CanManagePlugins"]);
  const ask = async (method: string, path: string, body?: object) => ok(await host.call(method, path, body, kim.headers));
  const { id } = await ask("POST", "/api/v1/integrations", { plugin: "echo", name: "Shop", settings: { account: "shop", signing_key: KEY } });
  await ask("POST", `/api/v1/integrations/${id}/activate`, {});
  const wanted = { name: "Store", settings: { signing_key: "another key that is used in tests only" } };
  assert.equal((await host.call("PATCH", `/api/v1/integrations/${id}`, wanted, kim.headers)).status, 200);
  await ask("POST", `/api/v1/integrations/${id}/deactivate`, {});
  assert.deepEqual(await actions(`integration:${id}`), ["integration.create", "integration.activate", "integration.change", "integration.deactivate"]);
  const [made] = await lines(`object=integration:${id}&action=integration.create`);
  assert.deepEqual([made.actor, made.address, made.detail], ["user:kim", "127.0.0.1", { new: { plugin: "echo", name: "Shop" } }]);
  assert.ok(Math.abs(Date.parse(made.at) - Date.now()) < 60_000);
  const [changed] = await lines(`object=integration:${id}&action=integration.change`);
  assert.deepEqual(changed.detail, { old: { name: "Shop" }, new: { name: "Store" }, secrets: ["signing_key"] });
  const draft = await ask("POST", "/api/v1/integrations", { plugin: "echo", draft: true });
  await ask("DELETE", `/api/v1/integrations/${draft.id}`);
  assert.deepEqual(await actions(`integration:${draft.id}`), ["integration.create", "integration.remove"]);
});

test("a change that the provider refuses is there with its refusal", async () => {
  const id = await host.connect("echo", "Refused", { account: "refused", signing_key: KEY });
  const refused = await host.call("PATCH", `/api/v1/integrations/${id}`, { settings: { account: "another" } });
  assert.equal(refused.status, 422, JSON.stringify(refused.body));
  assert.deepEqual(await actions(`integration:${id}`), ["integration.create", "integration.activate", "integration.change", "integration.change_refused"]);
});

test("who signed in, and from where", async () => {
  const { answer } = await host.signIn("ida");
  const [line] = await lines(`object=user:${answer.body.user.id}&action=session.create`);
  assert.deepEqual([line.actor, line.address], ["user:ida", "127.0.0.1"]);
});

test("tokens, settings, rights and plugins", async () => {
  const { id } = ok(await host.post("/api/v1/tokens", { name: "robot", scopes: "chats" }));
  assert.equal((await host.call("DELETE", `/api/v1/tokens/${id}`)).status, 204);
  assert.deepEqual(await actions(`token:${id}`), ["token.create", "token.revoke"]);
  assert.deepEqual((await lines(`object=token:${id}&action=token.create`))[0].detail, { new: { name: "robot", scopes: "chats" } });
  const [first] = await lines("action=token.create&actor=command line");
  assert.deepEqual([first.detail.new.name, first.address], ["test", ""], "the first one, before the host ran");
  ok(await host.call("PUT", "/api/v1/settings/SimultaneousChats", { value: 7 }));
  assert.deepEqual((await lines("object=setting:SimultaneousChats"))[0].detail, { old: 5, new: 7 });
  const user = await host.addUser("leo", ["CanManageChats"]);
  assert.ok((await actions(`user:${user}`)).includes("user.create"));
  ok(await host.post("/api/v1/plugins/echo/disable"));
  assert.equal((await actions("plugin:echo")).at(-1), "plugin.disable");
});

test("it is paged, and by time; who may not read it learns nothing", async () => {
  const all = await lines("limit=500");
  const byPages: any[] = [];
  for (let path: string | null = "/api/v1/audit?limit=3"; path !== null; ) {
    const page: any = ok(await host.get(path));
    byPages.push(...page.items);
    path = page.next === null ? null : `/api/v1/audit?limit=3&cursor=${page.next}`;
  }
  assert.deepEqual(byPages, all);
  assert.deepEqual(all.map((line) => BigInt(line.id)), all.map((line) => BigInt(line.id)).sort((a, b) => (a < b ? 1 : -1)));
  const at = all[2].at;
  const since = await lines(`from=${encodeURIComponent(at)}`);
  assert.ok(since.length >= 3 && since.every((line) => line.at >= at));
  const until = await lines(`to=${encodeURIComponent(at)}`);
  assert.ok(until.length > 0 && until.every((line) => line.at < at));
  assert.equal((await host.get("/api/v1/audit?from=yesterday")).status, 422);
  const eva = await host.signIn("eva", ["CanManageChats", "CanManagePlugins"]);
  assert.equal((await host.call("GET", "/api/v1/audit", undefined, eva.headers)).status, 403);
  const auditor = ok(await host.post("/api/v1/tokens", { name: "auditor", scopes: "audit" })).token;
  assert.equal((await host.call("GET", "/api/v1/audit", undefined, { authorization: `Bearer ${auditor}` })).status, 200);
});
