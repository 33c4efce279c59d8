// Grants by password, and secrets that belong to a grant (plugin-needs N1, N4).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";

// Gives a key for a user name and a password, and shows its shelves for a key.
class Lockers {
  readonly passwords = new Map([["ann", "pass:word one"], ["bob", "of bob"]]);
  readonly logins: string[] = [];
  readonly keys = new Map<string, string>();
  private readonly server: Server = createServer((request, response) => this.serve(request, response));
  address = "";
  told: unknown;

  static async start(): Promise<Lockers> {
    const self = new Lockers();
    await new Promise<void>((resolve) => self.server.listen(0, "127.0.0.1", resolve));
    self.address = `http://127.0.0.1:${(self.server.address() as AddressInfo).port}`;
    return self;
  }

  private serve(request: IncomingMessage, response: ServerResponse): void {
    const reply = (status: number, value: object): void => void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    if (request.url === "/key") {
      const login = Buffer.from((request.headers.authorization ?? "").slice("Basic ".length), "base64").toString();
      const [user] = login.split(":");
      if (this.passwords.get(user!) === undefined || login !== `${user}:${this.passwords.get(user!)}`) return reply(401, {});
      if (request.headers["x-user"] !== user) return reply(400, {});
      this.logins.push(user!);
      this.keys.set(user!, `key-${this.logins.length}-of-${user}`);
      return reply(200, { key: this.keys.get(user!) });
    }
    this.told = request.headers["x-password"] ?? this.told;
    return reply([...this.keys.values()].includes(String(request.headers["x-key"])) ? 200 : 401, {});
  }

  // Another password, and what was signed in with the old one is over.
  change(user: string, password: string): void {
    this.passwords.set(user, password);
    this.keys.delete(user);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

async function start(): Promise<{ lockers: Lockers; host: Patchbay }> {
  const lockers = await Lockers.start();
  const host = await Patchbay.start({ allow: [lockers.address.slice("http://".length)], folders: [join(BUILD, "test_plugins")] });
  const made = await host.post("/api/v1/profiles", { plugin: "lockers", settings: { api_base: lockers.address } });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return { lockers, host };
}

const make = async (host: Patchbay, shelf: string, more: object = {}): Promise<string> => {
  const made = await host.post("/api/v1/integrations", { plugin: "lockers", name: shelf, settings: { shelf }, ...more });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body.id;
};
const signIn = (host: Patchbay, wanted: object, user: string, password: string): Promise<any> =>
  host.post("/api/v1/sign-ins", { way: "password", user, password, ...wanted });

// The command line with somebody who types.
async function typed(host: Patchbay, args: string[], lines: string): Promise<{ code: number; out: string }> {
  const child = spawn(join(BUILD, "bin/patchbay"), [...args, "--config", host.configFile], { stdio: "pipe", env: { ...process.env, LANG: "C" } });
  let out = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece: Buffer) => (out += piece.toString()));
  child.stdin.end(lines);
  return { code: await new Promise((resolve) => child.on("exit", (code) => resolve(code ?? -1))), out };
}

test("people sign in by password; what is found for one belongs to all who share it", async () => { // N1, N4
  const { lockers, host } = await start();
  try {
    assert.deepEqual((await host.get("/api/v1/plugins/lockers")).body.grants, [{ name: "locker", title: "Locker", ways: ["password"] }]);
    const first = await make(host, "A");
    assert.equal((await host.post("/api/v1/sign-ins", { integration: first, grant: "locker" })).status, 501, "no other way is offered");
    const half = await host.post("/api/v1/sign-ins", { integration: first, grant: "locker", way: "password", user: "ann" });
    assert.deepEqual([half.status, half.body.errors[0].pointer], [422, "/password"]);
    assert.equal((await host.post("/api/v1/sign-ins", { integration: first, grant: "locker", user: "ann" })).body.errors[0].pointer, "/user");

    const wrong = await signIn(host, { integration: first, grant: "locker" }, "ann", "mistyped");
    assert.deepEqual([wrong.status, wrong.body.state], [201, "done"], JSON.stringify(wrong.body));
    const refused = await host.post(`/api/v1/integrations/${first}/activate`);
    assert.notEqual(refused.status, 200);
    assert.match(JSON.stringify(refused.body), /takes the password no more/);
    const right = await signIn(host, { integration: first, grant: "locker" }, "ann", "pass:word one");
    assert.equal(right.body.grant, wrong.body.grant, "the same person, the same grant");
    const active = await host.post(`/api/v1/integrations/${first}/activate`);
    assert.equal(active.status, 200, JSON.stringify(active.body));
    const grant = right.body.grant;
    const shown = (await host.get(`/api/v1/grants/${grant}`)).body;
    assert.deepEqual([shown.title, shown.state, shown.renewable, shown.expires_at], ["ann", "active", false, null]);

    const second = await make(host, "B", { grants: { locker: [grant] } });
    assert.equal((await host.post(`/api/v1/integrations/${second}/activate`)).status, 200);
    assert.deepEqual(lockers.logins, ["ann"], "the key of the first served the second");
    await host.kill("SIGKILL");
    await host.serve();
    assert.equal((await host.post(`/api/v1/integrations/${second}/check`)).body.ok, true);
    assert.deepEqual(lockers.logins, ["ann"]);

    // Another person's grant has another key, and goes with it.
    const third = await make(host, "C");
    const bob = (await signIn(host, { integration: third, grant: "locker" }, "bob", "of bob")).body.grant;
    assert.equal((await host.post(`/api/v1/integrations/${third}/activate`)).status, 200);
    assert.deepEqual(lockers.logins, ["ann", "bob"]);
    assert.equal((await host.post(`/api/v1/integrations/${third}/deactivate`)).status, 200);
    assert.equal((await host.call("DELETE", `/api/v1/grants/${bob}`)).status, 200);
    await signIn(host, { integration: third, grant: "locker" }, "bob", "of bob");
    assert.equal((await host.post(`/api/v1/integrations/${third}/activate`)).status, 200);
    assert.deepEqual(lockers.logins, ["ann", "bob", "bob"]);
    const dump = JSON.stringify([(await host.get("/api/v1/grants")).body, (await host.get("/api/v1/integrations")).body]);
    for (const secret of ["pass:word one", "of bob", "mistyped", "-of-ann", "-of-bob"]) assert.ok(!(dump + host.output).includes(secret), secret);
  } finally {
    await host.stop();
    await lockers.stop();
  }
});

test("a changed password is asked for again, of the same person", async () => { // N1, SETUP-4
  const { lockers, host } = await start();
  try {
    const keeper = await host.signIn("keeper", ["CanManagePlugins"]);
    const draft = await typed(host, ["integrations", "setup", "--plugin", "lockers"], "ann\npass:word one\nA\n");
    assert.equal(draft.code, 0, draft.out + host.output);
    assert.match(draft.out, /Locker: user name/);
    const id = (await host.get("/api/v1/integrations")).body.items[0].id;
    const state = async (): Promise<string> => (await host.get(`/api/v1/integrations/${id}`)).body.state;
    assert.equal(await state(), "active");
    const grant = (await host.get(`/api/v1/integrations/${id}`)).body.grants.locker[0];

    const job = (await host.get("/api/v1/jobs")).body.items[0].id;
    const run = async (): Promise<void> => assert.equal((await host.post(`/api/v1/jobs/${job}/run`)).status, 200);
    await run();
    await eventually("the job knows key and password", async () => lockers.told === "pass:word one");

    lockers.change("ann", "pass:word two");
    await host.kill("SIGKILL");
    await host.serve();
    await run();
    await eventually("somebody has to sign in", async () => (await state()) === "sign_in_again");
    const [told] = (await host.call("GET", "/api/v1/notifications", undefined, keeper.headers)).body.items; // REC-5
    assert.equal(told.kind, "integration.sign_in_again");

    const other = (await signIn(host, { again: grant }, "bob", "of bob")).body;
    assert.equal(other.state, "failed");
    assert.match(other.reason, /grant of ann, and bob has signed in/);
    const again = await typed(host, ["grants", "sign-in", grant], "ann\npass:word two\n");
    assert.equal(again.code, 0, again.out);
    await eventually("it works again", async () => (await state()) === "active");
    await run();
    await eventually("and so does its job", async () => lockers.told === "pass:word two");
    assert.ok(!host.output.includes("pass:word"));
  } finally {
    await host.stop();
    await lockers.stop();
  }
});
