// Connections of plugins (N11, HOST-6): made by the host, used in the worker.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { KEY, post } from "./support/echo.ts";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";

const run = promisify(execFile);

interface Identity {
  cert: string;
  key: string;
}

type Security = "none" | "tls" | "starttls";
const SAID = { none: "in clear", tls: "in TLS", starttls: "in TLS after STARTTLS" };

// Says in which way it was spoken to.
class LineServer {
  readonly open = new Set<Socket>();
  accepted = 0;
  private readonly server = createServer();

  static async start(t: TestContext, identity: Identity, security: Security): Promise<LineServer> {
    const made = new LineServer();
    made.server.on("connection", (socket) => {
      made.accepted++;
      made.open.add(socket);
      socket.on("close", () => made.open.delete(socket)).on("error", () => undefined);
      if (security === "tls") return secure(socket, identity, security);
      socket.once("data", () => {
        socket.write(security === "none" ? SAID.none : "OK\n");
        if (security === "starttls") secure(socket, identity, security);
      });
    });
    await new Promise<void>((resolve) => made.server.listen(0, "127.0.0.1", resolve));
    t.after(() => made.stop());
    return made;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  stop(): void {
    for (const socket of this.open) socket.destroy();
    this.server.close();
  }
}

function secure(socket: Socket, identity: Identity, security: Security): void {
  const safe = new TLSSocket(socket, { isServer: true, ...identity });
  safe.on("data", () => safe.write(SAID[security])).on("error", () => socket.destroy());
}

async function identity(host: Patchbay): Promise<Identity> {
  const [key, cert] = [join(host.folder, "server.key"), join(host.folder, "server.pem")];
  await run("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=test",
    "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert]);
  return { cert: await readFile(cert, "utf8"), key: await readFile(key, "utf8") };
}

async function start(t: TestContext): Promise<{ host: Patchbay; servers: Record<Security, LineServer>; ca: string }> {
  const host = await Patchbay.prepare({ folders: [join(BUILD, "test_plugins")] });
  t.after(() => host.stop());
  const shown = await identity(host);
  const server = (security: Security): Promise<LineServer> => LineServer.start(t, shown, security);
  const servers = { none: await server("none"), tls: await server("tls"), starttls: await server("starttls") };
  const config = JSON.parse(await readFile(host.configFile, "utf8"));
  config.egress.allow = Object.values(servers).map((each) => `localhost:${each.port}`);
  await writeFile(host.configFile, JSON.stringify(config));
  host.token = await host.createToken("test", "admin");
  await host.serve();
  return { host, servers, ca: shown.cert };
}

test("a plugin talks to a server in clear, in TLS and by STARTTLS", async (t) => {
  const { host, servers, ca } = await start(t);
  for (const security of ["none", "tls", "starttls"] as const) {
    const id = await host.integrate("dialler", `By ${security}`, { host: "localhost", port: servers[security].port, security, ca });
    const active = await host.post(`/api/v1/integrations/${id}/activate`);
    assert.equal(active.status, 200, JSON.stringify(active.body));
    assert.equal(active.body.identity, SAID[security], JSON.stringify(active.body));
    await eventually("the connection ends with the call", async () => servers[security].open.size === 0);
  }
  const shown = (await host.get("/api/v1/plugins/dialler")).body;
  assert.deepEqual(shown.net, [{ host: "mail.example", ports: ["143", "993"] }, { host: "setting:/host", ports: ["setting:/port"] }]);
});

test("whom the administrator trusts, a plugin does, and nobody else", async (t) => {
  const { host, servers, ca } = await start(t);
  await host.kill("SIGTERM");
  const config = JSON.parse(await readFile(host.configFile, "utf8"));
  config.egress.ca_file = join(host.folder, "authorities.pem");
  await writeFile(host.configFile, JSON.stringify(config));
  await assert.rejects(host.serve(), /authorities\.pem/);
  await writeFile(config.egress.ca_file, ca);
  await host.serve();
  for (const security of ["tls", "starttls"] as const) {
    const id = await host.integrate("dialler", `By ${security}`, { host: "localhost", port: servers[security].port, security });
    const active = await host.post(`/api/v1/integrations/${id}/activate`);
    assert.equal(active.body.identity, SAID[security], JSON.stringify(active.body));
  }
});

test("a certificate of nobody known, and an address that nobody opened, are refused with what to do", async (t) => {
  const { host, servers } = await start(t);
  const check = async (settings: object): Promise<string> => {
    const id = await host.integrate("dialler", JSON.stringify(settings), settings);
    return JSON.stringify((await host.post(`/api/v1/integrations/${id}/check`)).body);
  };
  assert.match(await check({ host: "localhost", port: servers.tls.port, security: "tls" }), /certificate of localhost was not accepted/);
  assert.match(await check({ host: "127.0.0.1", port: servers.none.port }), /egress\.allow/);
  assert.equal(servers.none.accepted, 0);
});

test("with a proxy connections and requests go through it, but where an administrator opened a way", async (t) => { // OPS-15, N11
  const asked: { target: string; login: string | undefined }[] = [];
  const proxy = createHttpServer();
  proxy.on("connect", (request, socket: Socket) => {
    asked.push({ target: request.url!, login: request.headers["proxy-authorization"] });
    socket.on("error", () => undefined);
    if (request.url !== "mail.example:143") return void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    socket.once("data", () => socket.write(SAID.none));
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  t.after(() => proxy.close());
  const { host, servers, ca } = await start(t);
  await host.kill("SIGTERM");
  const config = JSON.parse(await readFile(host.configFile, "utf8"));
  config.egress.proxy = `http://ana:p%40ss@127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  await writeFile(host.configFile, JSON.stringify(config));
  await host.serve();

  const through = await host.integrate("dialler", "Through", { host: "mail.example", port: 143, security: "none" });
  const active = await host.post(`/api/v1/integrations/${through}/activate`);
  assert.equal(active.body.identity, SAID.none, JSON.stringify(active.body));
  const direct = await host.integrate("dialler", "Direct", { host: "localhost", port: servers.tls.port, security: "tls", ca });
  assert.equal((await host.post(`/api/v1/integrations/${direct}/check`)).body.ok, true);
  const refused = await host.integrate("dialler", "Refused", { host: "mail.example", port: 993, security: "tls" });
  const report = JSON.stringify((await host.post(`/api/v1/integrations/${refused}/check`)).body);
  assert.match(report, /does not connect to mail\.example, port 993 \(status 403\)/);
  const echo = await host.connect("echo", "Requests", { account: "requests", signing_key: KEY, api_base: "https://api.example.org" });
  await post(host.address, echo, { id: "1", chat: "c", author: "Ana", text: "hello" });
  const chat = await eventually("the chat", async () => (await host.chats(echo))[0]);
  await host.post(`/api/v1/chats/${chat.id}/messages`, { text: "an answer" });
  await eventually("the request", async () => asked.some((each) => each.target === "api.example.org:443"));
  assert.deepEqual([...new Set(asked.map((each) => each.target))].sort(), ["api.example.org:443", "mail.example:143", "mail.example:993"]);
  assert.ok(asked.every((each) => each.login === `Basic ${Buffer.from("ana:p@ss").toString("base64")}`));
  const doctor = (await host.cli("doctor", "--json")).stdout;
  assert.match(doctor, /127\.0\.0\.1/);
  for (const text of [doctor, host.output]) assert.ok(!text.includes("p%40ss") && !text.includes("p@ss"));
});
