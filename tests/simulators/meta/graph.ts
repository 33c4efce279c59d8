// The core of Meta's platform for tests: an app, the sign-in, tokens, permissions, subscriptions, errors. What a product adds
// (Messenger, WhatsApp) is a Product.
import { createHmac, randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Deliverer, escapedJson } from "./delivery.ts";
import { readArguments } from "./request.ts";
import { type Call, type Fault, type Fields, GraphError, type Json, type Product, type Token } from "./types.ts";

const HOUR_S = 3600;

const bearerOf = (request: IncomingMessage): string => /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "";

export interface Subscription {
  callback: string;
  fields: string[];
}

export class GraphSimulator {
  readonly appId: string;
  readonly appSecret: string;
  readonly faults: Fault[] = [];
  readonly calls: Call[] = [];
  readonly deliverer = new Deliverer();
  readonly subscriptions = new Map<string, Subscription>(); // by object
  requireProof = true; // App settings, Advanced, "Require App Secret"
  readonly declined = new Set<string>(); // permissions that the next person leaves out
  resolve: (url: string) => string = (url) => url; // from a public address to the one that is really listened on
  readonly #granted = new Set<string>();
  readonly #tokens = new Map<string, Token>();
  readonly #codes = new Map<string, string>(); // to redirect_uri
  readonly #products: Product[] = [];
  readonly #server: Server;
  #skewMs = 0;

  private constructor(appId: string, appSecret: string) {
    this.appId = appId;
    this.appSecret = appSecret;
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  static async start(appId = "123456789", appSecret = "app_secret_test"): Promise<GraphSimulator> {
    const simulator = new GraphSimulator(appId, appSecret);
    await new Promise<void>((resolve) => simulator.#server.listen(0, "127.0.0.1", resolve));
    return simulator;
  }

  async stop(): Promise<void> {
    this.deliverer.stop();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get address(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  now(): number {
    return Date.now() + this.#skewMs;
  }

  pass(ms: number): void {
    this.#skewMs += ms;
  }

  add(product: Product): void {
    this.#products.push(product);
  }

  fail(fault: Partial<Fault> & { path: string }): void {
    this.faults.push({ method: "POST", times: 1, ...fault });
  }

  newToken(token: Token): string {
    const text = `EAA${randomBytes(30).toString("hex")}`;
    this.#tokens.set(text, token);
    return text;
  }

  // A changed password, a removed app: every token that was ever given is dead.
  killTokens(subcode = 460): void {
    for (const token of this.#tokens.values()) token.dead = subcode;
  }

  // To the address that the app has for this object, or to another that was set over it, if the app wants the field.
  async deliver(object: string, field: string, entry: Fields[], instead = ""): Promise<void> {
    const subscription = this.subscriptions.get(object);
    if (!subscription?.fields.includes(field)) return;
    await this.deliverer.deliver(this.resolve(instead || subscription.callback), escapedJson({ object, entry }), this.appSecret);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://simulator");
    let fault: Fault | undefined;
    try {
      if (url.pathname.startsWith("/files/")) return this.#file(url.pathname, this.#tokens.get(bearerOf(request)), response);
      const parts = /^\/v\d+\.\d+\/(.+)$/.exec(url.pathname);
      if (!parts) throw new GraphError(2500, "Unknown path components");
      if (parts[1] === "dialog/oauth") return this.#dialog(url.searchParams, response);
      const { args, files } = await readArguments(request, url.searchParams);
      const call: Call = { method: request.method ?? "GET", path: decodeURIComponent(parts[1] ?? ""), args, files, token: undefined };
      this.calls.push(call);
      fault = this.#fault(call);
      if (fault?.dropBefore) return void request.socket.destroy();
      if (fault?.afterMs) await new Promise((resolve) => setTimeout(resolve, fault?.afterMs).unref());
      if (fault?.error) throw fault.error;
      call.token = this.#tokenOf(request, call);
      const answer = await this.#answer(call);
      if (fault?.dropAfter) return void request.socket.destroy();
      this.#reply(response, 200, answer);
    } catch (error) {
      const failed = error instanceof GraphError ? error : new GraphError(1, String(error), 0, 500);
      for (const [name, value] of Object.entries(fault?.headers ?? {})) response.setHeader(name, value);
      const body: Fields = { message: failed.message, type: "OAuthException", code: failed.code, fbtrace_id: "AbCdEf" };
      if (failed.subcode) body["error_subcode"] = failed.subcode;
      this.#reply(response, failed.status, { error: body });
    }
  }

  #reply(response: ServerResponse, status: number, body: Json): void {
    response.writeHead(status, { "content-type": "application/json; charset=UTF-8", "facebook-api-version": "v26.0" });
    response.end(JSON.stringify(body));
  }

  #file(path: string, token: Token | undefined, response: ServerResponse): void {
    for (const product of this.#products) {
      const found = product.file?.(path, token);
      if (found === undefined) continue;
      if (found === "expired") break;
      response.writeHead(200, { "content-type": found.type, "content-length": found.bytes.length });
      return void response.end(found.bytes);
    }
    response.writeHead(403).end("URL signature expired");
  }

  #fault(call: Call): Fault | undefined {
    const at = this.faults.findIndex((each) => each.method === call.method && call.path.endsWith(each.path));
    const fault = this.faults[at];
    if (fault && --fault.times <= 0) this.faults.splice(at, 1);
    return fault;
  }

  // Dead tokens and wrong proofs are refused whatever was asked.
  #tokenOf(request: IncomingMessage, call: Call): Token | undefined {
    const text = bearerOf(request) || (typeof call.args["access_token"] === "string" ? call.args["access_token"] : "");
    if (!text) return undefined;
    if (text === `${this.appId}|${this.appSecret}`) return { kind: "app", long: true };
    const token = this.#tokens.get(text);
    if (!token || token.dead) throw new GraphError(190, "Error validating access token", token?.dead ?? 0, 400);
    const proof = createHmac("sha256", this.appSecret).update(text).digest("hex");
    if (this.requireProof && call.args["appsecret_proof"] === undefined) throw new GraphError(100, "API calls from the server require an appsecret_proof argument");
    if (call.args["appsecret_proof"] !== undefined && call.args["appsecret_proof"] !== proof) throw new GraphError(100, "Invalid appsecret_proof provided in the API argument");
    return token;
  }

  async #answer(call: Call): Promise<Json> {
    if (call.path === "oauth/access_token") return this.#exchange(call.args);
    if (!call.token) throw new GraphError(2500, "An active access token must be used to query information about the current user.", 0, 400);
    if (call.path === "app") return { id: this.appId, name: "Our app" };
    if (call.path === "me/permissions") return this.#permissions();
    if (call.path === "debug_token") return this.#debug(call.args);
    if (call.path === `${this.appId}/subscriptions`) return this.#subscribe(call);
    for (const product of this.#products) {
      const answer = await product.handle(call);
      if (answer !== undefined) return answer;
    }
    throw new GraphError(100, `Unsupported ${call.method.toLowerCase()} request. Object with ID '${call.path}' does not exist`, 33);
  }

  // The person agrees at once.
  #dialog(query: URLSearchParams, response: ServerResponse): void {
    const redirect = query.get("redirect_uri") ?? "";
    const code = randomBytes(16).toString("hex");
    this.#granted.clear();
    for (const scope of (query.get("scope") ?? "").split(/[ ,]+/)) if (!this.declined.has(scope)) this.#granted.add(scope);
    this.#codes.set(code, redirect);
    const to = new URL(redirect);
    to.searchParams.set("code", code);
    to.searchParams.set("state", query.get("state") ?? "");
    response.writeHead(302, { location: query.get("client_id") === this.appId ? `${to.href}#_=_` : `${redirect}?error=invalid_client` }).end();
  }

  #exchange(args: Fields): Json {
    if (args["client_id"] !== this.appId || args["client_secret"] !== this.appSecret) throw new GraphError(1, "Error validating client secret.");
    if (args["grant_type"] === "fb_exchange_token") {
      const given = this.#tokens.get(String(args["fb_exchange_token"]));
      if (!given || given.dead || given.kind !== "user") throw new GraphError(190, "Error validating access token", given?.dead ?? 0);
      return { access_token: this.newToken({ kind: "user", long: true }), token_type: "bearer", expires_in: 60 * 24 * HOUR_S };
    }
    const code = String(args["code"]);
    if (this.#codes.get(code) !== args["redirect_uri"]) throw new GraphError(100, "This authorization code has been used.", 36009);
    this.#codes.delete(code);
    return { access_token: this.newToken({ kind: "user", long: false }), token_type: "bearer", expires_in: 2 * HOUR_S };
  }

  #permissions(): Json {
    const data: Json[] = [...this.#granted].map((permission) => ({ permission, status: "granted" }));
    for (const permission of this.declined) data.push({ permission, status: "declined" });
    return { data };
  }

  #debug(args: Fields): Json {
    const token = this.#tokens.get(String(args["input_token"]));
    if (!token) throw new GraphError(100, "The access token could not be decrypted");
    const expires = token.long ? 0 : Math.floor(this.now() / 1000) + HOUR_S;
    return { data: { app_id: this.appId, is_valid: !token.dead, expires_at: expires, data_access_expires_at: Math.floor(this.now() / 1000) + 90 * 24 * HOUR_S, scopes: token.scopes ?? [...this.#granted] } };
  }

  async #subscribe(call: Call): Promise<Json> {
    if (call.token?.kind !== "app") throw new GraphError(15, "This method must be called with an app access_token.");
    if (call.method === "GET") {
      return { data: [...this.subscriptions].map(([object, { callback, fields }]) => ({ object, callback_url: callback, active: true, fields: fields.map((name) => ({ name, version: "v26.0" })) })) };
    }
    const object = String(call.args["object"]);
    const callback = String(call.args["callback_url"]);
    await this.verify(callback, String(call.args["verify_token"]));
    this.subscriptions.set(object, { callback, fields: String(call.args["fields"]).split(",") });
    return { success: true };
  }

  // Meta asks an address for a challenge before it is taken.
  async verify(callback: string, token: string): Promise<void> {
    const challenge = String(1_000_000_000 + Math.floor(Math.random() * 1_000_000_000));
    const url = new URL(this.resolve(callback));
    for (const [name, value] of [["hub.mode", "subscribe"], ["hub.challenge", challenge], ["hub.verify_token", token]] as const) url.searchParams.set(name, value);
    const answer = await fetch(url, { signal: AbortSignal.timeout(20_000) }).catch(() => undefined);
    const said = await answer?.text();
    if (answer?.status !== 200 || said !== challenge) throw new GraphError(2200, `Callback verification failed with the following errors: HTTP Status Code = ${answer?.status ?? 0}`);
  }
}
