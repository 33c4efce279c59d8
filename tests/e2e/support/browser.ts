// A real browser on pages of other sites: Debian's Chromium, names of our own, nothing from the network.
import { createServer, type Server } from "node:http";
import { connect, createServer as createRelay, type AddressInfo, type Server as RelayServer, type Socket } from "node:net";
import { chromium, type Browser } from "playwright-core";

const portOf = (server: Server | RelayServer): number => (server.address() as AddressInfo).port;
const listening = (server: Server | RelayServer): Promise<void> => new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));

// A fixed port before a host that has another one after each start, and that can be cut.
export class Relay {
  target = ""; // "http://127.0.0.1:8420"; empty: nobody is there
  readonly port: number;
  private readonly open = new Set<Socket>();
  private readonly server: RelayServer;

  private constructor(server: RelayServer) {
    this.server = server;
    this.port = portOf(server);
  }

  static async start(): Promise<Relay> {
    const server = createRelay((near) => relay.pass(near));
    await listening(server);
    const relay = new Relay(server);
    return relay;
  }

  cut(): void {
    this.target = "";
    for (const socket of this.open) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private pass(near: Socket): void {
    near.on("error", () => undefined);
    if (!this.target) return void near.destroy();
    const far = connect(Number(new URL(this.target).port), "127.0.0.1");
    for (const [one, other] of [[near, far], [far, near]] as const) {
      this.open.add(one);
      one.pipe(other);
      one.on("error", () => undefined);
      one.on("close", () => {
        this.open.delete(one);
        other.destroy();
      });
    }
  }
}

// Somebody's site: one page for all paths, under a policy that allows the host's script and little else.
export class Site {
  readonly port: number;
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
    this.port = portOf(server);
  }

  static async start(page: string, policy: string): Promise<Site> {
    const server = createServer((_, reply) => {
      reply.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy });
      reply.end(page);
    });
    await listening(server);
    return new Site(server);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

// `names`: "shop.example" to a port of this machine. Cookies of other sites are blocked. `trusted`: an origin that is treated
// as if it were https.
export function launch(names: Record<string, number>, trusted = "http://localhost"): Promise<Browser> {
  const rules = Object.entries(names).map(([name, port]) => `MAP ${name}:80 127.0.0.1:${port}`);
  return chromium.launch({
    executablePath: process.env["PB_CHROMIUM"] ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--no-proxy-server", "--test-third-party-cookie-phaseout", `--unsafely-treat-insecure-origin-as-secure=${trusted}`,
      `--host-resolver-rules=${rules.join(",")},MAP * ~NOTFOUND`],
  });
}
