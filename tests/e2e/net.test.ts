// Connections of plugins (N11, HOST-6): made by the host, used in the worker.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";

const run = promisify(execFile);

interface Identity {
  cert: string;
  key: string;
}

// Speaks a protocol of two words, in clear or in TLS, as the first byte or STARTTLS says.
class LineServer {
  readonly open = new Set<Socket>();
  accepted = 0;
  private readonly server: Server;
  private constructor(server: Server) {
    this.server = server;
  }

  static async start(t: TestContext, identity: Identity): Promise<LineServer> {
    const server = createServer();
    const made = new LineServer(server);
    server.on("connection", (socket) => {
      made.accepted++;
      made.open.add(socket);
      socket.on("close", () => made.open.delete(socket)).on("error", () => undefined);
      socket.once("data", (first: Buffer) => {
        if (first[0] === 0x16) return secure(socket, identity, first, "in TLS");
        if (first.toString() !== "STARTTLS\n") return void socket.write("in clear");
        socket.write("OK\n");
        socket.once("data", (hello: Buffer) => secure(socket, identity, hello, "in TLS after STARTTLS"));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
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

function secure(socket: Socket, identity: Identity, first: Buffer, name: string): void {
  socket.unshift(first);
  const safe = new TLSSocket(socket, { isServer: true, ...identity });
  safe.on("data", () => safe.write(name)).on("error", () => socket.destroy());
}

async function identity(host: Patchbay): Promise<Identity> {
  const [key, cert] = [join(host.folder, "server.key"), join(host.folder, "server.pem")];
  await run("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=test",
    "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert]);
  return { cert: await readFile(cert, "utf8"), key: await readFile(key, "utf8") };
}

async function start(t: TestContext, opened: (port: number) => string[]): Promise<{ host: Patchbay; server: LineServer; ca: string }> {
  const host = await Patchbay.prepare({ folders: [join(BUILD, "test_plugins")] });
  t.after(() => host.stop());
  const shown = await identity(host);
  const server = await LineServer.start(t, shown);
  const config = JSON.parse(await readFile(host.configFile, "utf8"));
  config.egress.allow = opened(server.port);
  await writeFile(host.configFile, JSON.stringify(config));
  host.token = await host.createToken("test", "admin");
  await host.serve();
  return { host, server, ca: shown.cert };
}

test("a plugin talks to a server in clear, in TLS and by STARTTLS", async (t) => {
  const { host, server, ca } = await start(t, (port) => [`localhost:${port}`]);
  for (const [security, said] of [["none", "in clear"], ["tls", "in TLS"], ["starttls", "in TLS after STARTTLS"]]) {
    const id = await host.integrate("dialler", `By ${security}`, { host: "localhost", port: server.port, security, ca });
    const active = await host.post(`/api/v1/integrations/${id}/activate`);
    assert.equal(active.status, 200, JSON.stringify(active.body));
    assert.equal(active.body.identity, said, JSON.stringify(active.body));
  }
  await eventually("connections end with the call", async () => server.open.size === 0);
  const shown = (await host.get("/api/v1/plugins/dialler")).body;
  assert.deepEqual(shown.net, [{ host: "mail.example", ports: ["143", "993"] }, { host: "setting:/host", ports: ["setting:/port"] }]);
});

test("a certificate of nobody known, and an address that nobody opened, are refused with what to do", async (t) => {
  const { host, server } = await start(t, (port) => [`localhost:${port}`]);
  const check = async (settings: object): Promise<string> => {
    const id = await host.integrate("dialler", JSON.stringify(settings), settings);
    return JSON.stringify((await host.post(`/api/v1/integrations/${id}/check`)).body);
  };
  assert.match(await check({ host: "localhost", port: server.port, security: "tls" }), /certificate of localhost was not accepted/);
  const accepted = server.accepted;
  assert.match(await check({ host: "127.0.0.1", port: server.port }), /egress\.allow/);
  assert.equal(server.accepted, accepted);
});
