// The other side of signed calls: says what it is told to, in that order, and 200 afterwards.
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";

export interface Got { headers: Record<string, string>; body: string }
export interface Said { status: number; body?: string; headers?: Record<string, string> }

export class Receiver {
  readonly got: Got[] = [];
  answers: Said[] = [];
  otherwise: Said = { status: 200, body: '{"ok": true}' };
  port = 0;
  private server: Server | undefined;

  // On the same port as before.
  async start(): Promise<void> {
    const server = (this.server = createServer((request, response) => void this.take(request).then((got) => {
      this.got.push(got);
      const next = this.answers.shift() ?? this.otherwise;
      response.writeHead(next.status, { "content-type": "application/json", ...next.headers }).end(next.body ?? "");
    })));
    await new Promise<void>((resolve) => server.listen(this.port, "127.0.0.1", resolve));
    this.port = (server.address() as AddressInfo).port;
  }
  stop(): void {
    this.server?.closeAllConnections();
    this.server?.close();
  }
  get address(): string { return `http://127.0.0.1:${this.port}/hook`; }

  private async take(request: IncomingMessage): Promise<Got> {
    let body = "";
    for await (const piece of request) body += String(piece);
    return { headers: request.headers as Record<string, string>, body };
  }
}
