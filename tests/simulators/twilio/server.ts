// Twilio for tests: its API at one address, files at another. twilio/twilio.test.ts drives it with Twilio's own library.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Account, type AccountOptions } from "./account.ts";
import { type Call, perform } from "./methods.ts";
import { ApiError, type Fault, type Fields } from "./types.ts";

export class TwilioSimulator {
  readonly #accounts = new Map<string, Account>();
  readonly #api: Server;
  readonly #files: Server; // as a content network: whoever sends credentials along is refused

  private constructor() {
    this.#api = createServer((request, response) => void this.#serve(request, response));
    this.#files = createServer((request, response) => this.#file(request, response));
  }

  static async start(): Promise<TwilioSimulator> {
    const simulator = new TwilioSimulator();
    for (const server of [simulator.#api, simulator.#files]) await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return simulator;
  }

  // Both listen on 127.0.0.1; the files have a port of their own.
  get ports(): number[] {
    return [this.#api, this.#files].map((server) => (server.address() as AddressInfo).port);
  }
  get address(): string {
    return `http://127.0.0.1:${this.ports[0]}`;
  }

  addAccount(options: AccountOptions = {}): Account {
    const account = new Account(options);
    account.home = this.address;
    this.#accounts.set(account.sid, account);
    return account;
  }

  async stop(): Promise<void> {
    for (const server of [this.#api, this.#files]) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://simulator");
    try {
      const account = this.#accountOf(request);
      account.requests.push(`${request.method} ${url.pathname}`);
      const owner = /^\/2010-04-01\/Accounts\/(\w+?)(\.json|\/|$)/.exec(url.pathname)?.[1];
      if (owner && owner !== account.sid) throw new ApiError(404, 20404, `The requested resource ${url.pathname} was not found`);
      const file = /\/Media\/(ME\w+)$/.exec(url.pathname)?.[1];
      if (file) return void response.writeHead(307, { location: `http://127.0.0.1:${this.ports[1]}/${account.sid}/${file}` }).end();
      const call = await read(request, url, `http://${request.headers.host}`);
      const fault = takeFault(account, call);
      if (fault?.dropBefore) return void request.socket.destroy();
      if (fault?.error) {
        if (fault.retryAfter) response.setHeader("retry-after", String(fault.retryAfter));
        throw fault.error;
      }
      const done = perform(account, call);
      if (!fault?.hangAfterAccept) reply(response, done.status, done.body);
      await done.then?.();
    } catch (error) {
      const known = error instanceof ApiError ? error : new ApiError(500, 20500, String(error));
      reply(response, known.status, { code: known.code, message: known.message, more_info: `https://www.twilio.com/docs/errors/${known.code}`, status: known.status });
    }
  }

  #accountOf(request: IncomingMessage): Account {
    const [user, password] = Buffer.from((request.headers.authorization ?? "").replace(/^Basic /, ""), "base64").toString().split(":");
    const account = this.#accounts.get(user ?? "");
    if (!account || account.token !== password) throw new ApiError(401, 20003, "Authenticate");
    return account;
  }

  #file(request: IncomingMessage, response: ServerResponse): void {
    const [, sid, wanted] = (request.url ?? "").split("/");
    const file = this.#accounts.get(sid ?? "")?.messages.flatMap((message) => message.media).find((each) => each.sid === wanted);
    if (request.headers.authorization) return void response.writeHead(400).end("Only one auth mechanism allowed");
    if (!file) return void response.writeHead(404).end();
    const named: Record<string, string> = file.name ? { "content-disposition": `inline; filename="${file.name}"` } : {};
    response.writeHead(200, { "content-type": file.type, ...named }).end(file.bytes);
  }
}

async function read(request: IncomingMessage, url: URL, home: string): Promise<Call> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const body = Buffer.concat(pieces).toString();
  const isJson = (request.headers["content-type"] ?? "").includes("json");
  const form: Fields = isJson ? {} : Object.fromEntries(new URLSearchParams(body));
  return { method: request.method ?? "GET", path: url.pathname, query: url.searchParams, form, json: isJson && body ? JSON.parse(body) : undefined, home };
}

function takeFault(account: Account, call: Call): Fault | undefined {
  const at = account.faults.findIndex((fault) => call.path.includes(fault.path) && (!fault.method || fault.method === call.method));
  const fault = account.faults[at];
  if (fault && --fault.times <= 0) account.faults.splice(at, 1);
  return fault;
}

function reply(response: ServerResponse, status: number, body: object): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
