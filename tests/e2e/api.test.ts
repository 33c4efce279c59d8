// The API as its own OpenAPI document describes it: who may do what, and what the answers look like.
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { KEY, OtherSide, post } from "./support/echo.ts";
import { Oidc, Person } from "./support/oidc.ts";
import { BUILD, eventually, Patchbay, type Answer } from "./support/patchbay.ts";
import { Receiver } from "./support/receiver.ts";

interface Route { verb: string; path: string; operation: string; text: any }

// What a token may do, as the guide for admins says it. "admin" may everything.
const ADMIN = ["tokens:manage", "secrets:manage", "access:manage", "session:own", "chat-settings:manage", "settings:manage", "objects:manage", "processes:manage", "subscriptions:manage"]; // nobody else's
const SCOPES: Record<string, string[]> = {
  read: ["chats:read", "files:read", "integrations:read", "plugins:read", "inbox:read", "status:read", "access:read", "chat-settings:read", "settings:read", "records:read", "processes:read"],
  records: ["records:read", "records:write"],
  processes: ["processes:read", "processes:run"],
  chats: ["chats:read", "chats:write", "files:read", "files:write"],
  integrations: ["integrations:read", "integrations:manage", "plugins:read"],
  plugins: ["plugins:read", "plugins:manage"],
  inbox: ["inbox:read", "inbox:manage"],
  status: ["status:read"],
  audit: ["audit:read"],
};
// What every user may.
const EVERYBODY = ["session:own", "records:read", "records:write", "processes:read", "processes:run"];
// What a user may who is granted one operation.
const GRANTS: Record<string, string[]> = {
  CanManageAdministration: ["access:read", "access:manage", "tokens:manage", "status:read", "settings:read", "settings:manage", "objects:manage", "processes:manage", "subscriptions:manage", "audit:read"],
  CanManageChats: [...SCOPES["chats"]!, "chat-settings:read", "chat-settings:manage", "settings:read", "settings:manage"],
  CanManagePlugins: ["plugins:read", "plugins:manage", "integrations:read", "integrations:manage", "inbox:read", "inbox:manage", "secrets:manage", "status:read", "settings:read", "settings:manage"],
};

let host: Patchbay;
let side: OtherSide;
const outside = new Receiver();
let oidc: Oidc;
let draft = { id: "", profile: "", grant: "", signIn: "" };
let integration = "";
let document: any;
let routes: Route[] = [];
const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);

before(async () => {
  side = await OtherSide.start();
  await outside.start();
  const site = "http://127.0.0.1:9";
  oidc = await Oidc.start(`${site}/oauth/callback`);
  host = await Patchbay.start({ siteUrl: site, allow: [`127.0.0.1:${side.port}`, `127.0.0.1:${outside.port}`, ...oidc.allow], folders: [join(BUILD, "test_plugins")] });
  document = (await host.get("/api/v1/openapi.json")).body;
  ajv.addSchema({ $id: "api", ...document });
  routes = Object.entries<any>(document.paths).flatMap(([path, verbs]) =>
    Object.entries<any>(verbs).map(([verb, text]) => ({ verb: verb.toUpperCase(), path, operation: text["x-operation"], text })));
  integration = await host.connect("echo", "Walked", { account: "walked", signing_key: KEY, api_base: side.address });
  await post(host.address, integration, { id: "1", chat: "a", author: "Ana", text: "hello" });
  draft.profile = (await host.post("/api/v1/profiles", { plugin: "pages", settings: oidc.profile })).body.id;
  draft.id = (await host.post("/api/v1/integrations", { plugin: "pages", draft: true })).body.id;
  const begun = await host.post("/api/v1/sign-ins", { integration: draft.id, grant: "account" });
  const at = await new Person("alice").visit(begun.body.address, (url) => url.startsWith(site));
  await fetch(host.address + at.url.slice(site.length));
  draft.signIn = begun.body.id;
  draft.grant = (await host.get(`/api/v1/sign-ins/${begun.body.id}`)).body.grant;
});
after(async () => {
  await oidc?.stop();
  await host?.stop();
  await side?.stop();
  outside.stop();
});

test("the document is valid OpenAPI 3.1", async () => {
  const checked = await new Validator().validate(structuredClone(document));
  assert.deepEqual(checked.errors ?? [], []);
  assert.equal(document.openapi, "3.1.0");
  const ids = routes.map((route) => route.text.operationId);
  assert.equal(new Set(ids).size, ids.length);
});

// An id that nothing has: what may pass changes nothing, and is told apart from 401 and 403 by 404 or 422.
function knock(route: Route, authorization?: string, more: Record<string, string> = {}): Promise<Answer> {
  const headers: Record<string, string> = { authorization: authorization ?? "", ...more };
  if (route.text.requestBody?.content["multipart/form-data"]) headers["content-type"] = "multipart/form-data; boundary=x";
  return host.call(route.verb, route.path.replace(/\{\w+\}/g, "999999999"), ["GET", "DELETE"].includes(route.verb) ? undefined : {}, headers);
}

test("every route is open to exactly the scopes that hold its operation", async () => { // ACC-3
  assert.ok(routes.length >= 25, `${routes.length} routes`);
  const held = new Set(Object.values(SCOPES).flat());
  for (const route of routes) {
    const name = `${route.verb} ${route.path}`;
    if (route.operation === "public") {
      assert.deepEqual(route.text.security, [], name);
      const open = await knock(route);
      assert.ok(![401, 403].includes(open.status), `${name}: ${open.status}`);
      continue;
    }
    assert.ok(held.has(route.operation) || ADMIN.includes(route.operation), `${name}: ${route.operation}`);
    assert.deepEqual(route.text.security, [{ bearer: [] }, { session: [] }], name);
    for (const wrong of [undefined, "Bearer", "Basic YWRtaW46YWRtaW4="]) assert.equal((await knock(route, wrong)).status, 401, `${name} with ${wrong}`);
  }
  const bare = await fetch(`${host.address}/api/v1/chats`);
  assert.equal(bare.status, 401);
  assert.ok(bare.headers.get("www-authenticate"));
  assert.deepEqual(routes.filter((route) => route.operation === "public").map((route) => route.path).sort(), ["/api/v1/openapi.json", "/api/v1/session", "/api/v1/session/ways", "/healthz", "/readyz"]);

  for (const [scope, operations] of Object.entries({ ...SCOPES, admin: [...held, ...ADMIN] })) {
    const token = await host.createToken(`walks as ${scope}`, scope);
    for (const route of routes.filter((one) => one.operation !== "public")) {
      const { status, body } = await knock(route, `Bearer ${token}`);
      const name = `${route.verb} ${route.path} as ${scope}: ${status} ${JSON.stringify(body)}`;
      if (operations.includes(route.operation)) {
        assert.ok(status < 500 && ![401, 403].includes(status), name);
      } else {
        assert.equal(status, 403, name);
        assert.match(body.detail, new RegExp(route.operation), name); // says what is missing
      }
    }
  }
});

test("every route is open to exactly the users who are granted its operation", async () => { // ACC-1, ACC-3
  for (const [code, operations] of Object.entries({ ...GRANTS, none: [] as string[] })) {
    const browser = await host.signIn(`walker-${code.toLowerCase()}`, code === "none" ? [] : [code]);
    // Signing out comes last.
    const out = (route: Route): boolean => route.verb === "DELETE" && route.path === "/api/v1/session";
    const closed = routes.filter((one) => one.operation !== "public");
    for (const route of [...closed.filter((one) => !out(one)), ...closed.filter(out)]) {
      const { status, body } = await knock(route, undefined, browser.headers);
      const name = `${route.verb} ${route.path} with ${code}: ${status} ${JSON.stringify(body)}`;
      if ([...EVERYBODY, ...operations].includes(route.operation)) {
        assert.ok(status < 500 && ![401, 403].includes(status), name);
      } else {
        assert.equal(status, 403, name);
        const granting = Object.keys(GRANTS).filter((one) => GRANTS[one]!.includes(route.operation));
        assert.match(body.detail, new RegExp(granting.join(", ")), name); // says what an administrator grants
      }
    }
  }
});

test("forged and revoked tokens open nothing", async () => { // ACC-2, ACC-3
  const token = await host.createToken("soon gone", "admin");
  const found = (await host.all("/api/v1/tokens")).find((one) => one.name === "soon gone");
  assert.equal((await host.call("DELETE", `/api/v1/tokens/${found.id}`)).status, 204);
  // A few: who guesses 30 times a minute is told 429 instead.
  for (const route of routes.filter((one) => one.operation !== "public").slice(0, 5)) {
    for (const wrong of [token, `${host.token}x`]) assert.equal((await knock(route, `Bearer ${wrong}`)).status, 401, `${route.verb} ${route.path}`);
  }
});

// The answer's status and body are what the document promises for this route.
function promised(route: Route, status: number, answer: Answer): void {
  const name = `${route.verb} ${route.path} ${answer.status}`;
  assert.equal(answer.status, status, `${name}: ${JSON.stringify(answer.body)}`);
  const said = route.text.responses[String(answer.status)];
  assert.ok(said, `${name} is not in the document: ${JSON.stringify(answer.body)}`);
  const type = (answer.headers.get("content-type") ?? "").split(";")[0]!;
  if (!type) return assert.equal(said.content, undefined, name);
  if (said.content?.["*/*"]) return;
  assert.ok(said.content?.[type], `${name} came as ${type}`);
  if (!said.content[type].schema) return;
  const pointer = ["paths", route.path, route.verb.toLowerCase(), "responses", String(answer.status), "content", type, "schema"]
    .map((step) => encodeURIComponent(step.replaceAll("~", "~0").replaceAll("/", "~1"))).join("/");
  const valid = ajv.getSchema(`api#/${pointer}`)!;
  assert.ok(valid(answer.body), `${name}: ${ajv.errorsText(valid.errors)} in ${JSON.stringify(answer.body)}`);
}

test("answers are what the document promises, right and wrong ones", async () => {
  const form = new FormData();
  form.set("file", new Blob(["text"], { type: "text/plain" }), "note.txt");
  const uploaded = await fetch(`${host.address}/api/v1/files`, { method: "POST", body: form, headers: { authorization: `Bearer ${host.token}` } });
  const file = (await uploaded.json()) as { id: string };
  const chat = await eventually("the chat is there", async () => (await host.chats(integration))[0]);
  const sent = await host.post(`/api/v1/chats/${chat.id}/messages`, { text: "an answer" });
  await eventually("the answer arrived", async () => side.received.length > 0);
  const [stored] = await host.all("/api/v1/inbox");
  const [token] = await host.all("/api/v1/tokens");
  const user = await host.post("/api/v1/users", { login: "ana", name: "Ana", operations: ["CanManageChats"] });
  const role = await host.post("/api/v1/roles", { name: "Support" });
  const queue = await host.post("/api/v1/queues", { name: "Sales", rule: "least_busy", idle_minutes: 30, operators: [user.body.id] });
  const quick = await host.post("/api/v1/quick-replies", { name: "hi", language: "en", text: "Hello {{client}}" });
  const action = await host.post("/api/v1/chat-actions", { name: "Case", queue: queue.body.id, process: "CreateCaseFromChat" });
  const member = await host.call("PUT", `/api/v1/roles/${role.body.id}/members/${user.body.id}`);
  const contact = await host.post("/api/v1/records/contact", { fields: { name: "Ana" } });
  const changed = await host.call("PATCH", `/api/v1/records/contact/${contact.body.id}`, { fields: { job: "Buyer" } }, { "if-match": contact.headers.get("etag")! });
  const run = await host.post("/api/v1/processes/CreateCaseFromChat/runs", { parameters: { ChatId: chat.id } });
  const subscription = await host.post("/api/v1/subscriptions", { url: outside.address, types: ["*"], active: true });
  const delivery = await host.post(`/api/v1/subscriptions/${subscription.body.id}/test`);
  const job = await eventually("its job has run", async () => (await host.all("/api/v1/jobs")).find((one) => one.last_run?.outcome === "done"));

  const ids: [RegExp, string][] = [[/\/chats\//, chat.id], [/\/messages\//, sent.body.id], [/\/files\//, file.id], [/\/step$/, draft.id], [/\/integrations\//, integration],
    [/\/profiles\//, draft.profile], [/\/grants\//, draft.grant], [/\/sign-ins\//, draft.signIn],
    [/\/health\//, integration], [/\/plugins\//, "echo"], [/\/inbox\//, stored.id], [/\/jobs\//, job.id], [/\/tokens\//, token.id],
    [/\/users\//, user.body.id], [/\/roles\//, role.body.id], [/\/queues\//, queue.body.id], [/\/quick-replies\//, quick.body.id], [/\/chat-actions\//, action.body.id], [/\/channels\//, integration], [/\/settings\/.*\/file$/, "OmniChatNotificationSound"], [/\/settings\//, "SimultaneousChats"],
    [/\/records\//, contact.body.id], [/\/objects\//, "contact"], [/\/lookups\//, "priority"], [/\/processes\//, "CreateCaseFromChat"], [/\/process-runs\//, run.body.id],
    [/\/subscriptions\//, subscription.body.id], [/\/subscription-deliveries\//, delivery.body.id]];
  const browser = await host.signIn("reader", ["CanManageChats", "CanManageAdministration"]);
  outside.answers = [{ status: 410 }];
  const lost = await host.post("/api/v1/subscriptions", { url: outside.address, types: ["*"] });
  await host.post(`/api/v1/subscriptions/${lost.body.id}/test`);
  await eventually("somebody is told", async () => (await host.call("GET", "/api/v1/notifications/unread", undefined, browser.headers)).body.unread === 1);
  const sound = await host.upload("PUT", "/api/v1/settings/OmniChatNotificationSound/file", "bell.mp3", "ID3 and more");
  let lists = 0;
  // This channel carries no files: desk_files.test.ts.
  for (const route of routes.filter((one) => one.verb === "GET" && one.path !== "/api/v1/desk/chats/{id}/files/{file}")) {
    const path = route.path.replace("{object}", "contact").replace(/\{\w+\}/, ids.find(([kind]) => kind.test(route.path))?.[1] ?? "");
    const headers = route.operation === "session:own" ? browser.headers : {};
    const answer = await host.call("GET", path, undefined, headers);
    promised(route, 200, answer);
    if (answer.body.items) {
      lists += 1;
      assert.ok(answer.body.items.length > 0, `${path} shows nothing`);
      promised(route, 200, await host.call("GET", `${path}?limit=1`, undefined, headers));
      promised(route, 422, await host.call("GET", `${path}?limit=0`, undefined, headers));
      promised(route, 422, await host.call("GET", `${path}?limti=1`, undefined, headers));
    }
    const open = route.operation === "public" ? 200 : 401;
    promised(route, open, await knock(route));
    if (route.path.includes("{")) promised(route, 404, await knock(route, `Bearer ${host.token}`));
  }
  assert.ok(lists >= 6, `${lists} lists`);
  for (const route of routes.filter((one) => one.verb !== "GET")) {
    promised(route, route.operation === "public" ? 422 : 401, await knock(route));
    const answer = await knock(route, `Bearer ${host.token}`);
    assert.ok([400, 404, 422, 428].includes(answer.status), `${route.verb} ${route.path} ${answer.status}`);
    promised(route, answer.status, answer);
  }
  const route = (verb: string, path: string): Route => routes.find((one) => one.verb === verb && one.path === path)!;
  promised(route("POST", "/api/v1/chats/{id}/messages"), 202, sent);
  for (const action of ["check", "deactivate", "activate"]) promised(route("POST", `/api/v1/integrations/{id}/${action}`), 200, await host.post(`/api/v1/integrations/${integration}/${action}`));
  promised(route("POST", "/api/v1/integrations"), 201, await host.post("/api/v1/integrations", { plugin: "echo", name: "Second", settings: { account: "second", signing_key: KEY } }));
  promised(route("PATCH", "/api/v1/integrations/{id}"), 200, await host.call("PATCH", `/api/v1/integrations/${integration}`, { name: "Renamed" }));
  promised(route("POST", "/api/v1/tokens"), 201, await host.post("/api/v1/tokens", { name: "made", scopes: "read" }));
  promised(route("POST", "/api/v1/users"), 201, user);
  promised(route("POST", "/api/v1/users"), 409, await host.post("/api/v1/users", { login: "ANA", name: "Another" }));
  promised(route("PATCH", "/api/v1/users/{id}"), 200, await host.call("PATCH", `/api/v1/users/${user.body.id}`, { active: false }));
  promised(route("POST", "/api/v1/roles"), 201, role);
  promised(route("PATCH", "/api/v1/roles/{id}"), 409, await host.call("PATCH", `/api/v1/roles/${role.body.id}`, { parent: role.body.id }));
  promised(route("PUT", "/api/v1/roles/{id}/members/{user}"), 204, member);
  promised(route("DELETE", "/api/v1/roles/{id}"), 204, await host.call("DELETE", `/api/v1/roles/${role.body.id}`));
  promised(route("POST", "/api/v1/queues"), 201, queue);
  promised(route("POST", "/api/v1/queues"), 409, await host.post("/api/v1/queues", { name: "Sales" }));
  promised(route("POST", "/api/v1/quick-replies"), 201, quick);
  promised(route("POST", "/api/v1/quick-replies"), 409, await host.post("/api/v1/quick-replies", { name: "hi", language: "en", text: "again" }));
  promised(route("PATCH", "/api/v1/quick-replies/{id}"), 200, await host.call("PATCH", `/api/v1/quick-replies/${quick.body.id}`, { queue: queue.body.id }));
  promised(route("DELETE", "/api/v1/quick-replies/{id}"), 204, await host.call("DELETE", `/api/v1/quick-replies/${quick.body.id}`));
  promised(route("POST", "/api/v1/chat-actions"), 201, action);
  promised(route("POST", "/api/v1/chat-actions"), 409, await host.post("/api/v1/chat-actions", { name: "Case", queue: queue.body.id, process: "CreateCaseFromChat" }));
  promised(route("PATCH", "/api/v1/chat-actions/{id}"), 200, await host.call("PATCH", `/api/v1/chat-actions/${action.body.id}`, { name: "Make a case" }));
  promised(route("POST", "/api/v1/chats/{id}/actions/{action}"), 409, await host.post(`/api/v1/chats/${chat.id}/actions/${action.body.id}`));
  promised(route("PATCH", "/api/v1/queues/{id}"), 200, await host.call("PATCH", `/api/v1/queues/${queue.body.id}`, { idle_minutes: null }));
  promised(route("PATCH", "/api/v1/channels/{id}"), 200, await host.call("PATCH", `/api/v1/channels/${integration}`, { active: true, queue: queue.body.id }));
  const again = await host.chats(integration);
  promised(route("POST", "/api/v1/desk/chats/{id}/actions/{action}"), 202, await host.call("POST", `/api/v1/desk/chats/${again[0]!.id}/actions/${action.body.id}`, undefined, browser.headers));
  promised(route("DELETE", "/api/v1/chat-actions/{id}"), 204, await host.call("DELETE", `/api/v1/chat-actions/${action.body.id}`));
  promised(route("DELETE", "/api/v1/queues/{id}"), 409, await host.call("DELETE", `/api/v1/queues/${queue.body.id}`));
  promised(route("PATCH", "/api/v1/desk"), 200, await host.call("PATCH", "/api/v1/desk", { status: "active" }, browser.headers));
  promised(route("POST", "/api/v1/desk/present"), 204, await host.call("POST", "/api/v1/desk/present", undefined, browser.headers));
  promised(route("POST", "/api/v1/desk/chats/{id}/accept"), 403, await host.call("POST", `/api/v1/desk/chats/${chat.id}/accept`, undefined, browser.headers));
  promised(route("PUT", "/api/v1/settings/{code}"), 200, await host.call("PUT", "/api/v1/settings/SimultaneousChats", { value: 7 }));
  promised(route("PUT", "/api/v1/settings/{code}"), 422, await host.call("PUT", "/api/v1/settings/SimultaneousChats", { value: "many" }));
  promised(route("PUT", "/api/v1/settings/{code}/file"), 200, sound);
  promised(route("PUT", "/api/v1/settings/{code}/file"), 422, await host.upload("PUT", "/api/v1/settings/OmniChatNotificationSound/file", "bell.mp3", "<html>"));
  promised(route("POST", "/api/v1/session"), 401, await host.post("/api/v1/session", { login: "ana", password: "wrong" }));
  promised(route("POST", "/api/v1/users/{id}/password"), 204, await host.post(`/api/v1/users/${user.body.id}/password`, { password: "long enough for this" }));
  promised(route("POST", "/api/v1/users/{id}/password"), 422, await host.post(`/api/v1/users/${user.body.id}/password`, { password: "short" }));
  promised(route("DELETE", "/api/v1/users/{id}/sessions"), 204, await host.call("DELETE", `/api/v1/users/${user.body.id}/sessions`));
  promised(route("POST", "/api/v1/records/{object}"), 201, contact);
  promised(route("PATCH", "/api/v1/records/{object}/{id}"), 200, changed);
  promised(route("PATCH", "/api/v1/records/{object}/{id}"), 412, await host.call("PATCH", `/api/v1/records/contact/${contact.body.id}`, { fields: {} }, { "if-match": '"1"' }));
  promised(route("POST", "/api/v1/records/{object}/upsert"), 200, await host.post("/api/v1/records/contact/upsert", { source: "crm", items: [{ external_id: "1", fields: { nam: "x" } }, { external_id: "2", fields: {} }] }));
  promised(route("POST", "/api/v1/objects"), 201, await host.post("/api/v1/objects", { code: "car", title: "Car", fields: [{ code: "plate", type: "text", title: "Plate" }] }));
  promised(route("POST", "/api/v1/lookups"), 201, await host.post("/api/v1/lookups", { code: "fuel", title: "Fuel", values: [{ code: "gas", title: "Gas" }] }));
  promised(route("POST", "/api/v1/processes"), 201, await host.post("/api/v1/processes", { code: "Tell", title: "Tell", url: "https://example.com/" }));
  promised(route("POST", "/api/v1/processes/{code}/runs"), 202, run);
  promised(route("PUT", "/api/v1/chats/{id}/contact"), 200, await host.call("PUT", `/api/v1/chats/${chat.id}/contact`, { contact: contact.body.id }));
  promised(route("PUT", "/api/v1/chats/{id}/contact"), 404, await host.call("PUT", `/api/v1/chats/${chat.id}/contact`, { contact: "5" }));
  promised(route("DELETE", "/api/v1/chats/{id}/contact"), 204, await host.call("DELETE", `/api/v1/chats/${chat.id}/contact`));
  promised(route("POST", "/api/v1/chats/{id}/contact"), 200, await host.post(`/api/v1/chats/${chat.id}/contact`));
  promised(route("POST", "/api/v1/desk/chats/{id}/contact"), 200, await host.call("POST", `/api/v1/desk/chats/${chat.id}/contact`, undefined, browser.headers));
  promised(route("POST", "/api/v1/subscriptions"), 201, subscription);
  promised(route("POST", "/api/v1/subscriptions/{id}/test"), 202, delivery);
  promised(route("POST", "/api/v1/subscriptions/{id}/secret"), 200, await host.post(`/api/v1/subscriptions/${subscription.body.id}/secret`));
  promised(route("POST", "/api/v1/subscriptions/{id}/replay"), 202, await host.post(`/api/v1/subscriptions/${subscription.body.id}/replay`, { delivered: true }));
  promised(route("PATCH", "/api/v1/subscriptions/{id}"), 200, await host.call("PATCH", `/api/v1/subscriptions/${subscription.body.id}`, { active: false }, { "if-match": "*" }));
  promised(route("POST", "/api/v1/subscriptions/{id}/test"), 409, await host.post(`/api/v1/subscriptions/${subscription.body.id}/test`));
  promised(route("DELETE", "/api/v1/subscriptions/{id}"), 204, await host.call("DELETE", `/api/v1/subscriptions/${subscription.body.id}`, undefined, { "if-match": "*" }));
  promised(route("POST", "/api/v1/notifications/read"), 204, await host.call("POST", "/api/v1/notifications/read", undefined, browser.headers));
  promised(route("POST", "/api/v1/inbox/{id}/replay"), 200, await host.post(`/api/v1/inbox/${stored.id}/replay`));
});
