// Identity servers: a real one (the npm package oidc-provider) whose people have roles, and one that forges.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT, type JWK, type JWTPayload } from "jose";
import Provider, { type Configuration } from "oidc-provider";

export const CLIENT = { id: "patchbay", secret: "only for tests: %/+" };

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

function listen(server: Server, port = 0): Promise<string> {
  return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)));
}

async function close(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

export class IdentityServer {
  issuer = "";
  people: Record<string, object> = {}; // claims by login
  private server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  // `site`: the public address of the hosts.
  static async start(site: string): Promise<IdentityServer> {
    let handle: Handler | undefined;
    const self = new IdentityServer(createServer((request, response) => handle!(request, response)));
    self.issuer = await listen(self.server);
    const configuration: Configuration = {
      clients: [{
        client_id: CLIENT.id, client_secret: CLIENT.secret, response_types: ["code"], grant_types: ["authorization_code"],
        redirect_uris: [`${site}/sign-in/openid/callback`], post_logout_redirect_uris: [`${site}/`],
      }],
      pkce: { required: () => true },
      claims: { openid: ["sub"], profile: ["name", "preferred_username", "locale", "roles"], email: ["email", "email_verified"] },
      features: { devInteractions: { enabled: true } },
      findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: `subject-of-${id}`, preferred_username: id, name: id.toUpperCase(), ...self.people[id] }) }),
      cookies: { keys: ["only for tests"] },
    };
    handle = new Provider(self.issuer, configuration).callback() as unknown as Handler;
    return self;
  }

  get allow(): string {
    return this.issuer.slice("http://".length);
  }

  async stop(): Promise<void> {
    await close(this.server);
  }
}

// What the forger gives for a code.
export interface Forgery {
  claims?: (good: JWTPayload) => JWTPayload;
  token?: (good: string, claims: JWTPayload) => Promise<string> | string;
  info?: object;
}

// Everything is in order but for what `forgery` does. It asks nobody to sign in.
export class Forger {
  issuer = "";
  forgery: Forgery = {};
  private keys: JWK[] = [];
  private sign!: (claims: JWTPayload) => Promise<string>;
  private readonly nonces = new Map<string, string>();
  private readonly server: Server = createServer((request, response) => void this.serve(request, response).catch(() => response.destroy()));

  static async start(): Promise<Forger> {
    const self = new Forger();
    self.issuer = await listen(self.server);
    const pair = await generateKeyPair("ES256");
    self.keys = [{ ...(await exportJWK(pair.publicKey)), kid: "k1", alg: "ES256", use: "sig" }];
    self.sign = (claims) => new SignJWT(claims).setProtectedHeader({ alg: "ES256", kid: "k1" }).sign(pair.privateKey);
    return self;
  }

  get allow(): string {
    return this.issuer.slice("http://".length);
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url!, this.issuer);
    let body = "";
    for await (const piece of request) body += piece;
    const reply = (value: object): void => void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
    if (url.pathname === "/.well-known/openid-configuration")
      return reply({ issuer: this.issuer, authorization_endpoint: `${this.issuer}/auth`, token_endpoint: `${this.issuer}/token`, jwks_uri: `${this.issuer}/keys`, userinfo_endpoint: `${this.issuer}/me` });
    if (url.pathname === "/keys") return reply({ keys: this.keys });
    if (url.pathname === "/me") return reply(this.forgery.info ?? { sub: "7" });
    if (url.pathname === "/auth") {
      const code = `code-${this.nonces.size}`;
      this.nonces.set(code, url.searchParams.get("nonce")!);
      const back = new URL(url.searchParams.get("redirect_uri")!);
      back.search = new URLSearchParams({ code, state: url.searchParams.get("state")! }).toString();
      return void response.writeHead(303, { location: back.href }).end();
    }
    const now = Math.floor(Date.now() / 1000);
    const good: JWTPayload = { iss: this.issuer, aud: CLIENT.id, sub: "7", iat: now, exp: now + 300, nonce: this.nonces.get(new URLSearchParams(body).get("code")!), preferred_username: "forged" };
    const claims = this.forgery.claims?.(good) ?? good;
    const token = await this.sign(claims);
    return reply({ access_token: "any", token_type: "Bearer", id_token: (await this.forgery.token?.(token, claims)) ?? token });
  }

  async stop(): Promise<void> {
    await close(this.server);
  }
}
