// Signed webhooks for the echo plugin, and the other side that it posts messages to.
import { createHmac } from "node:crypto";
import { Agent, createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export const KEY = "a signing key that is only used in tests";

export interface Webhook {
  id: string;
  chat: string;
  author: string;
  text: string;
}

export function sign(body: string | Buffer, key = KEY): string {
  return createHmac("sha256", key).update(body).digest("hex");
}

export interface Reply {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: string;
}

// One request as it is told, nothing added: with fetch neither Connection nor a wrong length can be sent.
export function send(url: string, options: { method?: string; headers?: Record<string, string>; body?: string | Buffer; agent?: Agent } = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const call = request(url, { method: options.method ?? "POST", headers: options.headers ?? {}, agent: options.agent ?? false, timeout: 20_000 }, (response) => {
      let body = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => (body += piece));
      response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, body }));
      response.on("error", reject);
    });
    call.on("error", reject);
    call.on("timeout", () => call.destroy(new Error("no answer within 20 s")));
    call.end(options.body);
  });
}

// Posts a webhook once.
export function post(address: string, integration: string, webhook: Webhook | string, agent?: Agent): Promise<Reply> {
  const body = typeof webhook === "string" ? webhook : JSON.stringify(webhook);
  const headers = { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)), "x-echo-signature": sign(body) };
  return send(`${address}/hooks/echo/${integration}/in`, { headers, body, ...(agent ? { agent } : {}) });
}

// What the echo plugin sends messages to. Knows Idempotency-Key, and counts how often each was used.
export class OtherSide {
  readonly received: { key: string; id: string; chat: string; text: string }[] = [];
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  static async start(): Promise<OtherSide> {
    const server = createServer((incoming, outgoing) => {
      if (incoming.method === "GET") return void outgoing.writeHead(404).end(); // it keeps no history
      let body = "";
      incoming.on("data", (piece) => (body += piece));
      incoming.on("end", () => {
        side.received.push({ key: String(incoming.headers["idempotency-key"]), ...JSON.parse(body) });
        outgoing.writeHead(200, { "content-type": "application/json" }).end("{}");
      });
    });
    const side = new OtherSide(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return side;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
