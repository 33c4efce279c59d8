// A Bot API server for tests. telegram/grammy.test.ts drives it with a client library that we did not write.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { readCall } from "./arguments.ts";
import { Bot, type BotOptions } from "./bot.ts";
import { perform } from "./methods.ts";
import { ApiError, type Call, type Fault, type Fields } from "./types.ts";

export class TelegramSimulator {
  readonly #bots = new Map<string, Bot>();
  readonly #server: Server;
  readonly traces: string[] = []; // `traceparent` of requests, in order

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response));
    this.#server.requestTimeout = 0;
  }

  static async start(port = 0): Promise<TelegramSimulator> {
    const simulator = new TelegramSimulator();
    await new Promise<void>((resolve) => simulator.#server.listen(port, "127.0.0.1", resolve));
    return simulator;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  addBot(options: BotOptions): Bot {
    const bot = new Bot(options);
    this.#bots.set(options.token, bot);
    return bot;
  }

  async stop(): Promise<void> {
    for (const bot of this.#bots.values()) bot.stop();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  // Telegram goes away: connections are cut, none is taken; start again with resume().
  async pause(): Promise<number> {
    const port = this.port;
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    return port;
  }

  async resume(port: number): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://simulator");
    const trace = request.headers["traceparent"];
    if (typeof trace === "string") this.traces.push(trace);
    const closed = new AbortController();
    response.on("close", () => closed.abort());
    try {
      const file = /^\/file\/bot([^/]+)\/(.+)$/.exec(url.pathname);
      if (file) return this.#download(this.#botOf(file[1] ?? ""), decodeURIComponent(file[2] ?? ""), response);
      const parts = /^\/bot([^/]*)\/(?:test\/)?([^/]+)$/.exec(url.pathname);
      if (!parts) throw new ApiError(404, "Not Found");
      const bot = this.#botOf(decodeURIComponent(parts[1] ?? ""));
      const call = await readCall((parts[2] ?? "").toLowerCase(), request, url.searchParams);
      bot.calls.push(call);
      const fault = takeFault(bot, call);
      if (fault?.dropBefore) return void request.socket.destroy();
      if (fault?.error) throw fault.error;
      const answer = await perform(bot, call, closed.signal);
      if (fault?.hangAfterAccept) return;
      reply(response, 200, { ok: true, ...answer });
    } catch (error) {
      if (!(error instanceof ApiError)) {
        reply(response, 500, { ok: false, error_code: 500, description: `Internal Server Error: ${String(error)}` });
        return;
      }
      const body: Fields = { ok: false, error_code: error.code, description: error.message };
      if (error.parameters) body["parameters"] = error.parameters;
      const wait = error.parameters?.["retry_after"];
      if (wait !== undefined) response.setHeader("retry-after", String(wait));
      reply(response, error.code, body);
    }
  }

  #botOf(token: string): Bot {
    if (token.startsWith("0") || token.length > 80 || !token.includes(":")) throw new ApiError(401, "Unauthorized: invalid token specified");
    const bot = this.#bots.get(token);
    if (!bot || bot.revoked) throw new ApiError(401, "Unauthorized");
    return bot;
  }

  #download(bot: Bot, path: string, response: ServerResponse): void {
    const file = [...bot.files.values()].find((candidate) => candidate.path === path && !candidate.expired);
    if (!file) throw new ApiError(404, "Not Found");
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": file.upload.bytes.length });
    response.end(file.upload.bytes);
  }
}

function takeFault(bot: Bot, call: Call): Fault | undefined {
  const chat = String(call.args["chat_id"] ?? "");
  const at = bot.faults.findIndex((fault) => (fault.method === "*" || fault.method === call.method) && (!fault.chat || fault.chat === chat));
  const fault = bot.faults[at];
  if (fault && --fault.times <= 0) bot.faults.splice(at, 1);
  return fault;
}

function reply(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
