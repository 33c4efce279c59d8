// Webhooks with bearer tokens (plugin-needs N6), signed by an independent library with keys that the other side publishes.
import assert from "node:assert/strict";
import { cp, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { exportJWK, generateKeyPair, SignJWT, type JWK } from "jose";
import { send, type Reply } from "./support/echo.ts";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";

const SITE = "http://127.0.0.1:9/app";
const ISSUER = "https://id.example";
const SENDER = "push@project.example";

class Signer {
  readonly jwk: JWK;
  private readonly key: CryptoKey;
  private readonly algorithm: string;
  private readonly id: string;

  private constructor(jwk: JWK, key: CryptoKey, algorithm: string, id: string) {
    this.jwk = jwk;
    this.key = key;
    this.algorithm = algorithm;
    this.id = id;
  }

  static async make(algorithm: string, id: string): Promise<Signer> {
    const pair = await generateKeyPair(algorithm, { extractable: true });
    return new Signer({ ...(await exportJWK(pair.publicKey)), kid: id, use: "sig" }, pair.privateKey, algorithm, id);
  }

  token = (audience: string, claims: object = {}): Promise<string> =>
    new SignJWT({ email: SENDER, ...claims }).setProtectedHeader({ alg: this.algorithm, kid: this.id }).setIssuer(ISSUER).setAudience(audience)
      .setIssuedAt().setExpirationTime("5m").sign(this.key);
}

test("N6: tokens are taken by published keys, RS256 and ES256, and while those cannot be had the provider is to repeat", async () => {
  const published: JWK[] = [];
  let asked = 0;
  let away = true;
  const server = createServer((_, response) => {
    ++asked;
    response.writeHead(away ? 500 : 200, { "content-type": "application/json" }).end(JSON.stringify({ keys: published }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const keys = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const host = await Patchbay.prepare({ siteUrl: SITE, allow: [keys] });
  try {
    const folder = join(host.folder, "state/plugins/feeds");
    await cp(join(BUILD, "test_plugins/feeds"), folder, { recursive: true });
    const manifest = JSON.parse(await readFile(join(folder, "plugin.json"), "utf8"));
    manifest.routes[0].verify = { type: "jwt", issuer: ISSUER, audience: "url", keys: `http://${keys}/keys`, claims: { email: `text:${SENDER}` } };
    await writeFile(join(folder, "plugin.json"), JSON.stringify(manifest));
    host.token = await host.createToken("test", "admin");
    await host.serve();
    const profile = (await host.post("/api/v1/profiles", { plugin: "feeds", settings: { client_secret: "not used by this route" } })).body;
    const audience: string = profile.routes.feed;
    const made = await host.post("/api/v1/integrations", { plugin: "feeds", settings: { page: "p1" } });
    assert.equal((await host.post(`/api/v1/integrations/${made.body.id}/activate`)).status, 200);

    let sent = 0;
    const push = (token: string): Promise<Reply> => {
      const body = JSON.stringify({ id: `r${++sent}`, items: [{ page: "p1", id: `m${sent}`, chat: "c", text: "x" }] });
      return send(`${host.address}/hooks/feeds/-/${profile.id}/feed`, {
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) }, body,
      });
    };
    const first = await Signer.make("RS256", "first");
    published.push(first.jwk);
    const refused = await push(await first.token(audience));
    assert.equal(refused.status, 503);
    assert.ok(Number(refused.headers["retry-after"]) > 0);

    away = false;
    await eventually("the keys are there", async () => (await push(await first.token(audience))).status === 200);
    const before = asked;
    const second = await Signer.make("ES256", "second"); // the other side changes its keys
    published[0] = second.jwk;
    assert.equal((await push(await second.token(audience))).status, 200);
    assert.equal(asked, before + 1);
    assert.equal((await push(await first.token(audience))).status, 401, "the old key is gone, which is looked up once");

    const forger = await Signer.make("ES256", "second");
    for (const token of [await forger.token(audience), await second.token("https://other.example"), await second.token(audience, { email: "evil@project.example" }), "a.b.c", ""])
      assert.equal((await push(token)).status, 401, token);
    assert.equal(asked, before + 2, "strangers make it ask nothing");
    await eventually("what was taken has its effect", async () => (await host.chats(made.body.id)).length === 1);
    assert.ok(!host.output.includes("eyJ"), "no token is in the log");
  } finally {
    await host.stop();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
