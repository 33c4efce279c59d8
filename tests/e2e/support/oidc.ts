// A real authorisation server (the npm package oidc-provider, with rotation of refresh tokens and detection of their reuse), the API
// behind it, and people with browsers. What the host asks the token endpoint passes a gate that can be shut.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import Provider, { type Configuration } from "oidc-provider";

export const CLIENT = { id: "patchbay", secret: "an app's secret, only for tests: %/+" };

interface Page {
  id: string;
  name: string;
}

export interface Gate {
  // What happens to a request for a token: an answer of the gate's own instead of the provider's.
  before?: (form: URLSearchParams) => Promise<number | undefined> | number | undefined;
  // Called when the provider has answered; the answer goes out when it returns true.
  after?: (form: URLSearchParams) => Promise<boolean> | boolean;
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)));
}

async function read(request: IncomingMessage): Promise<string> {
  let body = "";
  for await (const piece of request) body += piece;
  return body;
}

export class Oidc {
  issuer = "";
  tokenBase = "";
  apiBase = "";
  gate: Gate = {};
  seconds = 3600; // an access token lives
  pages: Page[] = [{ id: "p1", name: "Bakery" }, { id: "p2", name: "Books" }];
  takes: (issued: number) => boolean = () => true; // whether the API takes a token that was issued then, in seconds
  readonly asked: { type: string; status: number }[] = []; // of the token endpoint
  readonly sent: { key: string; text: string; who: string }[] = [];
  provider!: Provider;
  private readonly servers: Server[] = [];

  // `callback`: the host's address that people come back to.
  static async start(callback: string): Promise<Oidc> {
    const self = new Oidc();
    let handle: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
    const server = createServer((request, response) => handle!(request, response));
    self.issuer = await listen(server);
    const configuration: Configuration = {
      clients: [{
        client_id: CLIENT.id, client_secret: CLIENT.secret, redirect_uris: [callback], response_types: ["code"],
        grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
      }],
      pkce: { required: () => true },
      scopes: ["openid", "email", "offline_access"],
      claims: { openid: ["sub"], email: ["email"] },
      conformIdTokenClaims: false,
      features: { deviceFlow: { enabled: true }, revocation: { enabled: true }, devInteractions: { enabled: true } },
      rotateRefreshToken: true,
      ttl: { AccessToken: () => self.seconds, RefreshToken: 86400, DeviceCode: 600, Grant: 86400, IdToken: 3600, Interaction: 600, Session: 600 },
      findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@shop.example` }) }),
      cookies: { keys: ["only for tests"] },
    };
    self.provider = new Provider(self.issuer, configuration);
    handle = self.provider.callback() as unknown as typeof handle;
    const gate = createServer((request, response) => void self.pass(request, response).catch(() => response.destroy()));
    self.tokenBase = await listen(gate);
    const api = createServer((request, response) => void self.serve(request, response).catch(() => response.destroy()));
    self.apiBase = await listen(api);
    self.servers.push(server, gate, api);
    return self;
  }

  get profile(): object {
    return { issuer: this.issuer, token_base: this.tokenBase, api_base: this.apiBase, client_id: CLIENT.id, client_secret: CLIENT.secret };
  }

  get allow(): string[] {
    return [this.issuer, this.tokenBase, this.apiBase].map((address) => address.slice("http://".length));
  }

  refreshes(): number {
    return this.asked.filter((each) => each.type === "refresh_token" && each.status === 200).length;
  }

  private async pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(request);
    const form = new URLSearchParams(body);
    const own = await this.gate.before?.(form);
    if (own !== undefined) {
      this.asked.push({ type: form.get("grant_type")!, status: own });
      return void response.writeHead(own, { "content-type": "text/plain" }).end("not now");
    }
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => ["authorization", "content-type", "accept"].includes(name))) as Record<string, string>;
    const answer = await fetch(`${this.issuer}/token`, { method: "POST", headers, body });
    const text = await answer.text();
    this.asked.push({ type: form.get("grant_type")!, status: answer.status });
    if (this.gate.after && !(await this.gate.after(form))) return void response.destroy();
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "application/json" }).end(text);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await read(request);
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    const known = token ? await this.provider.AccessToken.find(token) : undefined;
    const reply = (status: number, value: unknown): void => void response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    if (!known || !this.takes(known.iat!)) return reply(401, { error: "invalid_token" });
    if (request.url === "/pages") return reply(200, this.pages);
    if (request.url === "/messages" && request.method === "POST") {
      const key = String(request.headers["idempotency-key"]);
      if (!this.sent.some((each) => each.key === key)) this.sent.push({ key, text: JSON.parse(body).text, who: known.accountId! });
      return reply(200, {});
    }
    return reply(404, {});
  }

  async stop(): Promise<void> {
    for (const server of this.servers) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }
}

function unescape(text: string): string {
  return text.replaceAll("&amp;", "&").replaceAll("&quot;", '"').replaceAll("&#39;", "'").replaceAll("&lt;", "<").replaceAll("&gt;", ">");
}

// Somebody with a browser: follows redirects, keeps cookies, fills in the forms of the provider.
export class Person {
  private readonly cookies = new Map<string, string>();
  private readonly login: string;

  constructor(login: string) {
    this.login = login;
  }

  private async open(url: string, form?: URLSearchParams): Promise<Response> {
    const { host } = new URL(url);
    const cookie = [...this.cookies].filter(([name]) => name.startsWith(`${host} `)).map(([name, value]) => `${name.slice(host.length + 1)}=${value}`).join("; ");
    const response = await fetch(url, { redirect: "manual", method: form ? "POST" : "GET", headers: { cookie, "accept-language": "en" }, ...(form ? { body: form } : {}) });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
      this.cookies.set(`${host} ${name}`, value!);
    }
    return response;
  }

  // Goes on until nothing is to be done any more, or `stop` says so of an address; what is seen then.
  async visit(url: string, stop: (url: string) => boolean = () => false): Promise<{ url: string; status: number; text: string }> {
    let form: URLSearchParams | undefined;
    for (let i = 0; i < 30; ++i) {
      if (stop(url)) return { url, status: 0, text: "" };
      const response = await this.open(url, form);
      const text = await response.text();
      form = undefined;
      const location = response.headers.get("location");
      if (location) {
        url = new URL(location, url).href;
        continue;
      }
      const found = /<form[^>]*action="([^"]+)"[^>]*>([\s\S]*?)<\/form>/.exec(text);
      if (!found) return { url, status: response.status, text };
      form = new URLSearchParams();
      for (const [input] of found[2]!.matchAll(/<input[^>]*>/g)) {
        const name = /name="([^"]+)"/.exec(input)?.[1];
        if (name) form.set(name, unescape(/value="([^"]*)"/.exec(input)?.[1] ?? ""));
      }
      if (form.has("login")) form.set("login", this.login);
      if (form.has("password")) form.set("password", "any");
      if (form.has("user_code") && !form.get("confirm")) form.set("confirm", "yes");
      url = new URL(unescape(found[1]!), url).href;
    }
    throw new Error(`no end at ${url}`);
  }
}
