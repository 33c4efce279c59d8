// Profiles, signing in, refreshing (SETUP-4, bar 10), against a real authorisation server.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { CLIENT, Oidc, Person } from "./support/oidc.ts";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";
import { Postgres } from "./support/postgres.ts";

const SITE = "http://127.0.0.1:9/app"; // where people's browsers reach the host; nothing listens there
const CALLBACK = `${SITE}/oauth/callback`;
const FULL = process.env["PB_FULL"] === "1";

class Place {
  readonly oidc: Oidc;
  readonly host: Patchbay;
  profile = "";

  constructor(oidc: Oidc, host: Patchbay) {
    this.oidc = oidc;
    this.host = host;
  }

  static async start(store?: string): Promise<Place> {
    const oidc = await Oidc.start(CALLBACK);
    const host = await Patchbay.start({ siteUrl: SITE, allow: oidc.allow, folders: [join(BUILD, "test_plugins")], ...(store ? { store } : {}) });
    const place = new Place(oidc, host);
    const made = await host.post("/api/v1/profiles", { plugin: "pages", name: "Our app", settings: oidc.profile });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    place.profile = made.body.id;
    return place;
  }

  // Where a browser would go; the host is not at its public address, so the last step is done by hand.
  async come(person: Person, address: string, host = this.host): Promise<{ status: number; text: string }> {
    const at = await person.visit(address, (url) => url.startsWith(CALLBACK));
    return person.visit(host.address + "/oauth/callback" + new URL(at.url).search);
  }

  async signIn(wanted: object, login = "alice"): Promise<any> {
    const begun = await this.host.post("/api/v1/sign-ins", { grant: "account", ...wanted });
    assert.equal(begun.status, 201, JSON.stringify(begun.body));
    const seen = await this.come(new Person(login), begun.body.address);
    assert.equal(seen.status, 200, seen.text);
    const done = (await this.host.get(`/api/v1/sign-ins/${begun.body.id}`)).body;
    assert.equal(done.state, "done", JSON.stringify(done));
    return done;
  }

  async connect(page = "p1"): Promise<{ id: string; grant: string }> {
    const made = await this.host.post("/api/v1/integrations", { plugin: "pages", name: page, settings: { page } });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.equal(made.body.profile, this.profile, "the only profile is taken");
    const { grant } = await this.signIn({ integration: made.body.id });
    const active = await this.host.post(`/api/v1/integrations/${made.body.id}/activate`);
    assert.equal(active.status, 200, JSON.stringify(active.body));
    return { id: made.body.id, grant };
  }

  check = async (id: string): Promise<any> => (await this.host.post(`/api/v1/integrations/${id}/check`)).body;
  state = async (id: string): Promise<any> => (await this.host.get(`/api/v1/integrations/${id}`)).body;

  async stop(): Promise<void> {
    await this.host.stop();
    await this.oidc.stop();
  }
}

// Expires what the host holds, as the provider sees it: the next request meets a 401.
async function expireTokens(oidc: Oidc): Promise<() => void> {
  const before = Date.now() / 1000;
  await new Promise((resolve) => setTimeout(resolve, 1100)); // issued times are whole seconds
  oidc.takes = (issued) => issued > before;
  return () => (oidc.takes = () => true);
}

test("somebody signs in with PKCE and state, and the integration works with the token", async () => { // SETUP-4
  const place = await Place.start();
  try {
    const { host, oidc } = place;
    const secretless = await host.get(`/api/v1/profiles/${place.profile}`);
    assert.equal(secretless.body.settings.client_secret, undefined);
    const { id, grant } = await place.connect();
    const shown = (await host.get(`/api/v1/grants/${grant}`)).body;
    assert.equal(shown.title, "alice@shop.example");
    assert.equal(shown.state, "active");
    assert.ok(shown.renewable);
    assert.match(shown.scopes, /offline_access/);
    assert.deepEqual((await place.state(id)).grants, { account: [grant] });
    assert.equal((await place.state(id)).title, "Bakery");

    // A code works once, a state is ours or none.
    const begun = await host.post("/api/v1/sign-ins", { grant: "account", profile: place.profile });
    const url = new URL(begun.body.address);
    assert.equal(url.searchParams.get("code_challenge_method"), "S256");
    assert.equal(url.searchParams.get("redirect_uri"), CALLBACK);
    const person = new Person("alice");
    const at = await person.visit(begun.body.address, (address) => address.startsWith(CALLBACK));
    const back = host.address + "/oauth/callback" + new URL(at.url).search;
    assert.equal((await person.visit(back)).status, 200);
    const again = await person.visit(back);
    assert.equal(again.status, 400);
    assert.match(again.text, /used already/);
    assert.equal((await person.visit(`${host.address}/oauth/callback?state=made-up&code=x`)).status, 400);
    assert.equal((await fetch(`${host.address}/oauth/callback?state=x`, { headers: { "accept-language": "ru" } }).then((r) => r.text())).includes("Войти не удалось"), true);
    assert.equal((await host.get("/api/v1/grants")).body.items.length, 1, "the same person gives the same grant");

    // Who says no is told, and so is the administrator.
    const no = await host.post("/api/v1/sign-ins", { grant: "account", profile: place.profile });
    const state = new URL(no.body.address).searchParams.get("state");
    const refused = await person.visit(`${host.address}/oauth/callback?state=${state}&error=access_denied&error_description=${encodeURIComponent("<b>No</b>")}`);
    assert.equal(refused.status, 400);
    assert.ok(refused.text.includes("&lt;b&gt;No") && !refused.text.includes("<b>No"));
    assert.equal((await host.get(`/api/v1/sign-ins/${no.body.id}`)).body.state, "failed");

    // Nothing of all that is readable anywhere.
    for (const canary of [CLIENT.secret, url.searchParams.get("state")!]) assert.ok(!host.output.includes(canary), "in the log");
    assert.equal(oidc.asked.filter((each) => each.status !== 200).length, 0);
  } finally {
    await place.stop();
  }
});

test("64 calls with one expired token make one refresh, on one host and on two", async () => { // bar 10
  const server = await Postgres.start();
  const place = await Place.start(server.url);
  const two = await Patchbay.prepare({ siteUrl: SITE, allow: place.oidc.allow, folders: [join(BUILD, "test_plugins")], store: server.url });
  try {
    const { host, oidc } = place;
    const { copyFile, mkdir } = await import("node:fs/promises");
    await mkdir(join(two.folder, "state"), { recursive: true, mode: 0o700 });
    await copyFile(join(host.folder, "state/vault.key"), join(two.folder, "state/vault.key"));
    two.token = host.token;
    await two.serve();
    oidc.pages = Array.from({ length: 8 }, (_, i) => ({ id: `p${i}`, name: `Page ${i}` }));
    const first = await place.connect("p0");
    const ids = [first.id];
    for (let i = 1; i < 8; ++i) {
      const made = await host.post("/api/v1/integrations", { plugin: "pages", name: `p${i}`, settings: { page: `p${i}` }, grants: { account: [first.grant] } });
      assert.equal((await host.post(`/api/v1/integrations/${made.body.id}/activate`)).status, 200);
      ids.push(made.body.id);
    }
    const before = oidc.refreshes();
    const restore = await expireTokens(oidc);
    const choose = (on: Patchbay, id: string) => on.post(`/api/v1/integrations/${id}/choices`, { path: "/page" });
    const calls = Array.from({ length: 64 }, (_, i) => choose(i % 2 ? host : two, ids[i % 8]!));
    for (const answer of await Promise.all(calls)) assert.equal(answer.status, 200, JSON.stringify(answer.body));
    restore();
    assert.equal(oidc.refreshes() - before, 1);
    console.log("  64 calls with one expired token over two hosts: 1 refresh");
  } finally {
    await two.stop();
    await place.stop();
    await server.stop();
  }
});

test("a token that has run out by its time is refreshed before it is used", async () => {
  const place = await Place.start();
  try {
    place.oidc.seconds = 4;
    const { id } = await place.connect();
    const before = place.oidc.asked.length;
    await new Promise((resolve) => setTimeout(resolve, 3500));
    assert.equal((await place.check(id)).ok, true);
    assert.equal(place.oidc.asked.length, before + 1, "one refresh, and nothing was refused before it");
  } finally {
    await place.stop();
  }
});

test("errors of the provider never count as revoked, and it heals by itself", async () => { // bar 10
  const place = await Place.start();
  try {
    const { oidc } = place;
    const { id, grant } = await place.connect();
    const restore = await expireTokens(oidc);
    for (const status of [500, 503, 429, 502]) {
      oidc.gate.before = () => status;
      assert.equal((await place.check(id)).ok, false);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    await eventually("the trouble is shown", async () => (await place.state(id)).state === "degraded");
    assert.equal((await place.host.get(`/api/v1/grants/${grant}`)).body.state, "active");
    oidc.gate = {};
    await eventually("it works again", async () => (await place.check(id)).ok, 70);
    restore();
    await eventually("the trouble is gone", async () => (await place.state(id)).state === "active");
    assert.equal(oidc.refreshes(), 1);
  } finally {
    await place.stop();
  }
});

test("what was revoked says so, and works again when the person signs in", async () => { // bar 10, bar 11
  const place = await Place.start();
  try {
    const { oidc, host } = place;
    const { id, grant } = await place.connect();
    const restore = await expireTokens(oidc);
    oidc.gate.before = async (form) => {
      if (form.get("grant_type") !== "refresh_token") return undefined;
      await (await oidc.provider.RefreshToken.find(form.get("refresh_token")!))?.destroy();
      return undefined;
    };
    assert.equal((await place.check(id)).ok, false);
    await eventually("it says so", async () => (await place.state(id)).state === "sign_in_again");
    assert.match((await place.state(id)).reason.text, /invalid/i);
    assert.equal((await host.get(`/api/v1/grants/${grant}`)).body.state, "sign_in_again");
    oidc.gate = {};
    restore();

    // Another person is not taken for the first.
    const other = await host.post("/api/v1/sign-ins", { again: grant });
    assert.equal((await place.come(new Person("bob"), other.body.address)).status, 400);
    assert.match((await host.get(`/api/v1/sign-ins/${other.body.id}`)).body.reason, /bob@shop\.example/);
    const done = await place.signIn({ again: grant, grant: undefined });
    assert.equal(done.grant, grant);
    await eventually("it works again by itself", async () => (await place.state(id)).state === "active");
    assert.equal((await place.check(id)).ok, true);
  } finally {
    await place.stop();
  }
});

test("a host killed between the provider's answer and its commit works or says that somebody has to sign in", async () => { // bar 10
  const place = await Place.start();
  const rounds = FULL ? 1000 : 4;
  let working = 0;
  let told = 0;
  try {
    const { oidc, host } = place;
    const { id, grant } = await place.connect();
    for (let i = 0; i < rounds; ++i) {
      const restore = await expireTokens(oidc);
      let killed: Promise<unknown> | undefined;
      let at = 0;
      oidc.gate.after = (form) => {
        if (form.get("grant_type") !== "refresh_token" || killed) return true;
        at = Date.now();
        killed = host.kill("SIGKILL");
        return false;
      };
      await place.check(id).catch(() => undefined);
      await eventually("the host is killed", async () => killed);
      await killed;
      oidc.gate = {};
      restore();
      await host.serve();
      // Nobody asks: within a minute it is known all the same.
      await eventually("it is known", async () => {
        const shown = (await host.get(`/api/v1/grants/${grant}`)).body;
        if (shown.state === "sign_in_again") return (await place.state(id)).state === "sign_in_again";
        return new Date(shown.refreshed_at).getTime() > at && (await place.check(id)).ok === true;
      }, 60);
      if ((await place.state(id)).state === "sign_in_again") {
        ++told;
        await place.signIn({ again: grant, grant: undefined });
        await eventually("it works again", async () => (await place.state(id)).state === "active");
      } else {
        ++working;
      }
    }
    console.log(`  ${rounds} kills between answer and commit: ${working} work, ${told} say that somebody has to sign in, 0 silent`);
  } finally {
    await place.stop();
  }
});

test("a device without a browser gets a code", async () => { // SETUP-4, RFC 8628
  const place = await Place.start();
  try {
    const begun = await place.host.post("/api/v1/sign-ins", { grant: "account", profile: place.profile, way: "device" });
    assert.equal(begun.status, 201, JSON.stringify(begun.body));
    assert.ok(begun.body.user_code && begun.body.address);
    // It goes on after a restart.
    await place.host.kill("SIGKILL");
    await place.host.serve();
    const seen = await new Person("carol").visit(begun.body.complete_address || begun.body.address);
    assert.equal(seen.status, 200, seen.text);
    const done = await eventually("it is seen", async () => {
      const shown = (await place.host.get(`/api/v1/sign-ins/${begun.body.id}`)).body;
      return shown.state === "done" ? shown : undefined;
    }, 40);
    assert.equal((await place.host.get(`/api/v1/grants/${done.grant}`)).body.title, "carol@shop.example");
  } finally {
    await place.stop();
  }
});

test("a grant is taken back at the provider, but not under an integration that uses it", async () => {
  const place = await Place.start();
  try {
    const { host, oidc } = place;
    const { id, grant } = await place.connect();
    const refused = await host.call("DELETE", `/api/v1/grants/${grant}`);
    assert.equal(refused.status, 409);
    assert.match(refused.body.detail, /p1/);
    await host.post(`/api/v1/integrations/${id}/deactivate`);
    const revoked: string[] = [];
    oidc.provider.on("grant.revoked", () => revoked.push("grant"));
    const removed = await host.call("DELETE", `/api/v1/grants/${grant}`);
    assert.equal(removed.status, 200);
    assert.equal(removed.body.revoked, true);
    assert.deepEqual(revoked, ["grant"]);
    assert.equal((await host.get(`/api/v1/grants/${grant}`)).status, 404);
    assert.deepEqual((await place.state(id)).grants, {});
    // Somebody else signs in for it, and one more, and the first of them goes.
    const bob = await place.signIn({ integration: id }, "bob");
    const carol = await place.signIn({ integration: id }, "carol");
    assert.deepEqual((await place.state(id)).grants, { account: [bob.grant, carol.grant] });
    await host.call("DELETE", `/api/v1/grants/${bob.grant}`);
    const dave = await place.signIn({ integration: id }, "dave");
    assert.deepEqual((await place.state(id)).grants, { account: [carol.grant, dave.grant] });
    for (const each of [carol, dave]) await host.call("DELETE", `/api/v1/grants/${each.grant}`);
    assert.equal((await host.call("DELETE", `/api/v1/profiles/${place.profile}`)).status, 409);
    assert.equal((await place.check(id)).ok, false);
  } finally {
    await place.stop();
  }
});

test("a profile's new secret holds for what uses it, and goes nowhere else", async () => {
  const place = await Place.start();
  try {
    const { host, oidc } = place;
    const { id } = await place.connect();
    // Where tokens and secrets of those who use it go is not moved under them, whatever secret is given.
    const moved = await host.call("PATCH", `/api/v1/profiles/${place.profile}`, { settings: { api_base: "http://127.0.0.1:9", client_secret: "made up" } });
    assert.equal(moved.status, 422, JSON.stringify(moved.body));
    assert.deepEqual(moved.body.errors.map((each: any) => each.pointer), ["/api_base"]);
    const alone = await host.post("/api/v1/profiles", { plugin: "pages", name: "Unused", settings: oidc.profile });
    const address = { settings: { token_base: oidc.issuer, api_base: oidc.issuer } };
    assert.equal((await host.call("PATCH", `/api/v1/profiles/${alone.body.id}`, address)).body.errors[0].pointer, "/client_secret", "who moves it must know the secret");
    assert.equal((await host.call("DELETE", `/api/v1/profiles/${alone.body.id}`)).status, 204);
    const renamed = await host.call("PATCH", `/api/v1/profiles/${place.profile}`, { name: "Renamed", settings: { client_secret: "wrong" } });
    assert.equal(renamed.status, 200, JSON.stringify(renamed.body));
    const restore = await expireTokens(oidc);
    assert.equal((await place.check(id)).ok, false);
    await eventually("the reason is shown", async () => /invalid_client/.test((await place.state(id)).reason?.text ?? ""));
    assert.equal((await place.state(id)).state, "degraded", "nobody has to sign in for that");
    await host.call("PATCH", `/api/v1/profiles/${place.profile}`, { settings: { client_secret: CLIENT.secret } });
    await eventually("it works again", async () => (await place.check(id)).ok, 70);
    restore();
    const bad = await host.post("/api/v1/profiles", { plugin: "pages", name: "x", settings: { isuer: "https://x.example" } });
    assert.equal(bad.status, 422);
    assert.ok(bad.body.errors.some((each: any) => /issuer/.test(JSON.stringify(each))));
    const none = await host.post("/api/v1/profiles", { plugin: "echo", settings: {} });
    assert.equal(none.body.errors[0].pointer, "/plugin");
  } finally {
    await place.stop();
  }
});
