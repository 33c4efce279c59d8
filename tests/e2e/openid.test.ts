// Sign-in at an identity server as a browser does it (ACC-2): a real server, a forging one, two hosts.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { copyFile, mkdir } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT, type JWTPayload } from "jose";
import { CLIENT, Forger, IdentityServer, type Forgery } from "./support/identity_server.ts";
import { Person } from "./support/oidc.ts";
import { eventually, Patchbay, type Answer } from "./support/patchbay.ts";
import { Postgres } from "./support/postgres.ts";

const SITE = "http://desk.example/app"; // nobody listens there: the browser is led to a host by hand

let host: Patchbay;
let server: IdentityServer;
let forger: Forger;
const silent = createServer(() => undefined); // takes calls and never answers
let silentAt = "";
before(async () => {
  await new Promise<void>((done) => silent.listen(0, "127.0.0.1", done));
  silentAt = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  server = await IdentityServer.start(SITE);
  forger = await Forger.start();
  host = await Patchbay.start({ allow: [server.allow, forger.allow, silentAt] });
  await set("SiteUrl", SITE);
  await use(server.issuer);
});
after(async () => {
  await host?.stop();
  await server?.stop();
  await forger?.stop();
  silent.close();
});

async function set(code: string, value: unknown, at = host): Promise<void> {
  const answer = await at.call("PUT", `/api/v1/settings/${code}`, { value });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
}

async function use(issuer: string, at = host): Promise<void> {
  await set("IdentityServerUrl", issuer, at);
  await set("IdentityServerClientId", CLIENT.id, at);
  await set("IdentityServerClientSecret", CLIENT.secret, at);
}

interface Begun { address: string; cookie: string }
interface Seen { status: number; location: string; text: string; session: string; cleared: boolean }

async function begin(at = host, query = ""): Promise<Begun> {
  const answer = await fetch(`${at.address}/sign-in/openid${query}`, { redirect: "manual" });
  assert.equal(answer.status, 303, await answer.text());
  const set = answer.headers.get("set-cookie")!;
  assert.match(set, /^pb_sign_in=[\w.-]+; Path=\/app\/sign-in; HttpOnly; SameSite=Lax; Max-Age=600$/);
  return { address: answer.headers.get("location")!, cookie: set.split(";")[0]! };
}

// Through the pages of the identity server, as `login`; the address that the browser is sent back to.
async function signInThere(begun: Begun, login: string): Promise<string> {
  return (await new Person(login).visit(begun.address, (url) => url.startsWith(SITE))).url;
}

async function comeBack(url: string, cookie: string, at = host): Promise<Seen> {
  const answer = await fetch(at.address + url.slice("http://desk.example".length), { redirect: "manual", headers: { cookie, "accept-language": "en" } });
  const cookies = answer.headers.getSetCookie();
  const session = cookies.find((one) => one.startsWith("pb_session="));
  return { status: answer.status, location: answer.headers.get("location") ?? "", text: await answer.text(), session: session?.split(";")[0] ?? "", cleared: cookies.some((one) => one.startsWith("pb_sign_in=;")) };
}

async function signIn(login: string, at = host, query = ""): Promise<Seen> {
  const begun = await begin(at, query);
  return comeBack(await signInThere(begun, login), begun.cookie, at);
}

const whoAmI = (cookie: string, at = host): Promise<Answer> => at.call("GET", "/api/v1/session", undefined, { authorization: "", cookie });

async function rolesOf(login: string): Promise<string[]> {
  const names: string[] = [];
  for (const role of await host.all("/api/v1/roles"))
    if ((await host.all(`/api/v1/roles/${role.id}/members`)).some((user) => user.login === login)) names.push(role.name);
  return names.sort();
}

test("who comes first becomes a user with the roles that the server tells, and comes back to where he was", async () => {
  await host.post("/api/v1/roles", { name: "Support", operations: ["CanManageChats"] });
  await host.post("/api/v1/roles", { name: "Sales" });
  server.people["ana"] = { name: "Ana Lima", email: "ana@shop.example", locale: "ru-RU", roles: ["Support", "Elsewhere"] };
  const seen = await signIn("ana", host, "?return_to=%2Fdesk%3Fchat%3D7");
  assert.equal(seen.status, 303, seen.text);
  assert.equal(seen.location, "/app/desk?chat=7");
  assert.ok(seen.cleared);
  const me = (await whoAmI(seen.session)).body;
  assert.deepEqual([me.user.login, me.user.name, me.user.email, me.user.language, me.operations], ["ana", "Ana Lima", "ana@shop.example", "ru", ["CanManageChats"]]);
  assert.deepEqual(await rolesOf("ana"), ["Support"]);
});

test("what the server does not tell any more is taken back, what was given by hand stays", async () => {
  const [ana] = (await host.all("/api/v1/users")).filter((user) => user.login === "ana");
  const byHand = (await host.post("/api/v1/roles", { name: "Night shift" })).body.id;
  assert.equal((await host.call("PUT", `/api/v1/roles/${byHand}/members/${ana.id}`)).status, 204);
  server.people["ana"] = { roles: ["Sales"] };
  const seen = await signIn("ana");
  assert.equal((await whoAmI(seen.session)).body.user.id, ana.id);
  assert.deepEqual(await rolesOf("ana"), ["Night shift", "Sales"]);
});

test("a user who is not active, or whom nobody added where that is asked for, stays out", async () => {
  const [ana] = (await host.all("/api/v1/users")).filter((user) => user.login === "ana");
  await host.call("PATCH", `/api/v1/users/${ana.id}`, { active: false });
  const off = await signIn("ana");
  assert.deepEqual([off.status, off.session], [403, ""]);
  assert.match(off.text, /ana is not active here/);
  await host.call("PATCH", `/api/v1/users/${ana.id}`, { active: true });
  await set("IdentityServerAddsUsers", false);
  const stranger = await signIn("stranger");
  assert.equal(stranger.status, 403);
  assert.match(stranger.text, /no user stranger here.*Ask an administrator/);
  await host.addUser("stranger");
  const locked = await signIn("stranger");
  assert.deepEqual([locked.status, locked.session], [403, ""], "a password is here already");
  assert.match(locked.text, /IdentityServerLinksUsers/);
  await set("IdentityServerLinksUsers", true);
  assert.equal((await signIn("stranger")).status, 303, "found by login");
  await set("IdentityServerLinksUsers", null);
  await set("IdentityServerAddsUsers", null);
});

test("nobody is signed in by an answer that his browser did not ask for", async () => { // login CSRF
  const attackers = await begin();
  const url = await signInThere(attackers, "mallory");
  const without = await comeBack(url, "");
  assert.deepEqual([without.status, without.session], [400, ""]);
  assert.match(without.text, /No sign-in is on its way in this browser/);
  const victims = await begin();
  const forced = await comeBack(url, victims.cookie);
  assert.deepEqual([forced.status, forced.session], [400, ""]);
  assert.match(forced.text, /belongs to no sign-in of this browser/);
  assert.equal((await comeBack(url, attackers.cookie)).status, 303, "only who began it ends it");
});

test("an answer counts once", async () => {
  const begun = await begin();
  const url = await signInThere(begun, "ben");
  assert.equal((await comeBack(url, begun.cookie)).status, 303);
  const again = await comeBack(url, begun.cookie);
  assert.deepEqual([again.status, again.session], [400, ""]);
  assert.match(again.text, /is over already\. Start again/);
});

test("one that took too long begins again", async () => {
  const begun = await begin();
  const url = await signInThere(begun, "ben");
  const [secret, , back] = begun.cookie.slice("pb_sign_in=".length).split(".");
  const late = `${Date.now() - 11 * 60_000}`;
  // As a browser has it that kept the cookie all that time.
  const state = createHmac("sha256", secret!).update(`state.${late}.${back}`).digest("base64url");
  const seen = await comeBack(url.replace(/state=[^&]+/, `state=${state}`), `pb_sign_in=${secret}.${late}.${back}`);
  assert.equal(seen.status, 400);
  assert.match(seen.text, /longer than ten minutes/);
});

test("it leads nowhere else", async () => {
  for (const wrong of ["https://evil.example", "//evil.example", "/\\evil.example", "desk"]) {
    const seen = await signIn("ben", host, `?return_to=${encodeURIComponent(wrong)}`);
    assert.equal(seen.location, "/app/", wrong);
  }
});

test("what the server refuses is told in its words", async () => {
  const begun = await begin();
  const state = new URL(begun.address).searchParams.get("state")!;
  const query = new URLSearchParams({ error: "access_denied", error_description: "<b>not today</b>", state, iss: server.issuer });
  const seen = await comeBack(`${SITE}/sign-in/openid/callback?${query}`, begun.cookie);
  assert.equal(seen.status, 400);
  assert.match(seen.text, /refused the sign-in: .*&lt;b&gt;not today&lt;\/b&gt;/);
  await set("IdentityServerClientSecret", "wrong");
  const wrong = await signIn("ben");
  assert.equal(wrong.status, 400);
  assert.match(wrong.text, /IdentityServerClientSecret/);
  await set("IdentityServerClientSecret", CLIENT.secret);
});

test("signing out here goes on to the server; who signed in with a password stays with us", async () => {
  const seen = await signIn("ben");
  const me = (await whoAmI(seen.session)).body;
  const out = await host.call("DELETE", "/api/v1/session", undefined, { authorization: "", cookie: seen.session, "x-csrf-token": me.csrf_token });
  assert.equal(out.status, 200);
  const next = new URL(out.body.continue);
  assert.equal(next.origin, server.issuer);
  assert.equal(next.searchParams.get("post_logout_redirect_uri"), `${SITE}/`);
  assert.equal((await new Person("ben").visit(next.href, (url) => url.startsWith(SITE))).url, `${SITE}/`);
  assert.equal((await whoAmI(seen.session)).status, 401);
  const local = await host.signIn("local");
  assert.equal((await host.call("DELETE", "/api/v1/session", undefined, local.headers)).status, 204);
});

test("signing out here waits for no server", async () => { // ACC-2
  const seen = await signIn("ben");
  const me = (await whoAmI(seen.session)).body;
  await set("IdentityServerUrl", `http://${silentAt}`);
  const leaving = host.call("DELETE", "/api/v1/session", undefined, { authorization: "", cookie: seen.session, "x-csrf-token": me.csrf_token });
  let over = false;
  void leaving.then(() => { over = true; });
  await eventually("the session has ended", async () => (await whoAmI(seen.session)).status === 401);
  assert.ok(!over, "the server has not answered yet");
  await leaving;
  await use(server.issuer);
});

test("every wrong ID token is refused, and nobody is made a user", async () => {
  await use(forger.issuer);
  const stolen = await generateKeyPair("ES256");
  const other = await exportJWK(stolen.publicKey);
  const changed = (more: JWTPayload): Forgery => ({ claims: (good) => ({ ...good, ...more }) });
  const without = (name: string): Forgery => ({ claims: (good) => Object.fromEntries(Object.entries(good).filter(([key]) => key !== name)) });
  const now = Math.floor(Date.now() / 1000);
  const wrong: [string, Forgery, RegExp][] = [
    ["no signature", { token: (_good, claims) => new UnsecuredJWT(claims).encode() }, /none of its keys/],
    ["no signature, in capitals", { token: (good) => `${Buffer.from('{"alg":"NONE","kid":"k1"}').toString("base64url")}.${good.split(".")[1]}.` }, /none of its keys/],
    ["another key of the same name", { token: (_good, claims) => new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: "k1" }).sign(stolen.privateKey) }, /none of its keys/],
    ["a key that came along", { token: (_good, claims) => new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: "k2", jwk: other }).sign(stolen.privateKey) }, /none of its keys/],
    ["the public key as a password", { token: (_good, claims) => new SignJWT(claims).setProtectedHeader({ alg: "HS256", kid: "k1" }).sign(Buffer.from(JSON.stringify(other))) }, /none of its keys/],
    ["changed claims", { token: (good) => good.replace(/\.[^.]+\./, `.${Buffer.from(JSON.stringify({ sub: "1" })).toString("base64url")}.`) }, /none of its keys/],
    ["another issuer", changed({ iss: "https://evil.example" }), /iss is wrong/],
    ["for another client", changed({ aud: "another" }), /aud is wrong/],
    ["for several, without saying for whom", changed({ aud: [CLIENT.id, "another"] }), /azp is wrong/],
    ["asked for by another", changed({ azp: "another" }), /azp is wrong/],
    ["of the past", changed({ exp: now - 3600 }), /exp is wrong/],
    ["without an end", without("exp"), /exp is wrong/],
    ["of another sign-in", changed({ nonce: "replayed" }), /nonce is wrong/],
    ["without a nonce", without("nonce"), /nonce is wrong/],
    ["about nobody", without("sub"), /sub is wrong/],
    ["with somebody else's details", { info: { sub: "8", preferred_username: "chief" } }, /not about who has signed in/],
    ["without a login", without("preferred_username"), /tells no login/],
  ];
  for (const [what, forgery, words] of wrong) {
    forger.forgery = forgery;
    const seen = await signIn("anybody");
    assert.deepEqual([seen.status, seen.session], [400, ""], what);
    assert.match(seen.text, words, what);
  }
  const made = async (): Promise<boolean> => (await host.all("/api/v1/users")).some((user) => user.login === "forged");
  assert.ok(!(await made()));
  forger.forgery = {};
  assert.equal((await signIn("anybody")).status, 303, "all in order");
  assert.ok(await made());
  await use(server.issuer);
});

test("while the server is away or wrong, people are told, and the password still opens the door", async () => {
  for (const [url, words] of [["http://127.0.0.1:9", /egress\.allow|not public|private/i], [`${server.issuer}/nothing`, /HTTP 404/]] as [string, RegExp][]) {
    await set("IdentityServerUrl", url);
    const answer = await fetch(`${host.address}/sign-in/openid`, { redirect: "manual", headers: { "accept-language": "en" } });
    assert.equal(answer.status, 503);
    const text = await answer.text();
    assert.match(text, words);
    assert.match(text, /login and password/);
  }
  await host.signIn("chief", ["CanManageAdministration"]);
  await set("IdentityServerUrl", null);
  assert.deepEqual((await host.call("GET", "/api/v1/session/ways", undefined, { authorization: "" })).body, { password: true, openid: null });
  assert.equal((await fetch(`${host.address}/sign-in/openid`, { redirect: "manual" })).status, 404);
  await use(server.issuer);
  assert.equal((await host.call("GET", "/api/v1/session/ways", undefined, { authorization: "" })).body.openid, `${SITE}/sign-in/openid`);
});

test("what begins on one host ends on another", async () => { // OPS-8, SET-3
  const database = await Postgres.start();
  const hosts: Patchbay[] = [];
  try {
    for (let i = 0; i < 2; ++i) {
      const one = await Patchbay.prepare({ store: database.url, allow: [server.allow] });
      if (hosts[0]) {
        await mkdir(join(one.folder, "state"), { recursive: true, mode: 0o700 });
        await copyFile(join(hosts[0].folder, "state/vault.key"), join(one.folder, "state/vault.key"));
      }
      one.token = hosts[0]?.token ?? (await one.createToken("test", "admin"));
      await one.serve();
      hosts.push(one);
    }
    const [one, two] = hosts as [Patchbay, Patchbay];
    await set("SiteUrl", SITE, one);
    await use(server.issuer, one);
    await eventually("the other host knows", async () => (await two.get("/api/v1/session/ways")).body.openid === `${SITE}/sign-in/openid` && (await two.get("/api/v1/settings/IdentityServerClientSecret")).body.is_set);
    const begun = await begin(one);
    const url = await signInThere(begun, "kim");
    const seen = await comeBack(url, begun.cookie, two);
    assert.equal(seen.status, 303, seen.text);
    assert.equal((await whoAmI(seen.session, one)).body.user.login, "kim");
    assert.match((await comeBack(url, begun.cookie, one)).text, /is over already/, "once, on whatever host");
  } finally {
    for (const one of hosts) await one.stop();
    await database.stop();
  }
});
