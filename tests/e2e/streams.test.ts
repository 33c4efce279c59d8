// Sessions, logins by challenge, and answers that are read while they come (plugin-needs N7).
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";

const USER = "CORP\\ann";
const PASSWORD = "pa55-of-ann";
const COOKIE = "X-BackEndOverrideCookie=be7";
const md5 = (text: string): string => createHash("md5").update(text).digest("hex");

// The user name in a type 3 message (MS-NLMP 2.2.1.3), without its domain.
function userIn(type3: Buffer): string {
  const [length, offset] = [type3.readUInt16LE(36), type3.readUInt32LE(40)];
  return type3.subarray(offset, offset + length).toString(type3.readUInt32LE(60) & 1 ? "utf16le" : "latin1");
}

// NTLMSSP, type 2, Unicode and NTLM, a challenge, no target.
function challenge(): Buffer {
  const message = Buffer.alloc(48);
  message.write("NTLMSSP\0", "latin1");
  message.writeUInt32LE(2, 8);
  message.writeUInt32LE(48, 16);
  message.writeUInt32LE(0x201, 20);
  message.write("0123456789abcdef", 24, "hex");
  return message;
}

// Lets in by digest, and by NTLM one connection at a time; events go to who is signed in and has the cookie.
class MailServer {
  readonly subscribers = new Set<ServerResponse>();
  readonly steps: string[] = []; // of NTLM
  subscriptions = 0;
  private readonly signedIn = new Map<Socket, string>();
  private readonly server = createServer((request, response) => this.serve(request, response));

  static async start(t: TestContext): Promise<MailServer> {
    const made = new MailServer();
    await new Promise<void>((resolve) => made.server.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      made.server.closeAllConnections();
      made.server.close();
    });
    return made;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  say(line: string): void {
    for (const subscriber of this.subscribers) subscriber.write(line + "\n");
  }

  private serve(request: IncomingMessage, response: ServerResponse): void {
    if (request.url === "/digest") return this.digest(request, response);
    const name = this.ntlm(request, response);
    if (name === undefined) return;
    if (request.url === "/who") return void response.setHeader("Set-Cookie", `${COOKIE}; Path=/`).end(name);
    if (request.headers.cookie !== COOKIE) return void response.writeHead(403).end("no cookie");
    this.subscriptions++;
    this.subscribers.add(response);
    response.on("close", () => this.subscribers.delete(response)).writeHead(200, { "Content-Type": "text/event-stream" }).flushHeaders();
  }

  private digest(request: IncomingMessage, response: ServerResponse): void {
    const said = request.headers.authorization ?? "";
    const field = (name: string): string => new RegExp(`[ ,]${name}="?((?:[^",\\\\]|\\\\.)*)`).exec(said)?.[1]?.replace(/\\(.)/g, "$1") ?? "";
    const proof = [md5(`${USER}:mail:${PASSWORD}`), field("nonce"), field("nc"), field("cnonce"), "auth", md5(`GET:${request.url}`)].join(":");
    if (field("username") === USER && field("uri") === request.url && field("response") === md5(proof)) return void response.end("digest");
    response.writeHead(401, { "WWW-Authenticate": 'Digest realm="mail", nonce="n1", qop="auth"' }).end();
  }

  // The name, once the connection is signed in.
  private ntlm(request: IncomingMessage, response: ServerResponse): string | undefined {
    const known = this.signedIn.get(request.socket);
    const message = Buffer.from(/^NTLM (.+)$/.exec(request.headers.authorization ?? "")?.[1] ?? "", "base64");
    const type = message.length > 8 ? message.readUInt32LE(8) : 0;
    if (type === 0 && known !== undefined) return known;
    this.steps.push(String(type));
    if (type === 3) {
      this.signedIn.set(request.socket, userIn(message));
      return userIn(message);
    }
    response.writeHead(401, { "WWW-Authenticate": type === 1 ? `NTLM ${challenge().toString("base64")}` : "NTLM" }).end();
    return undefined;
  }
}

test("a plugin signs in by challenge and reads events while they come, until it ends", async (t) => {
  const server = await MailServer.start(t);
  const host = await Patchbay.start({ folders: [join(BUILD, "test_plugins")], allow: [`127.0.0.1:${server.port}`] });
  t.after(() => host.stop());
  const id = await host.integrate("notified", "Mail", { base: `http://127.0.0.1:${server.port}`, user: USER, password: PASSWORD });
  const active = await host.post(`/api/v1/integrations/${id}/activate`);
  assert.equal(active.status, 200, JSON.stringify(active.body));
  assert.equal(active.body.identity, "ann");
  assert.deepEqual(server.steps.slice(0, 2), ["1", "3"]);

  const texts = async (): Promise<string[]> => {
    const [chat] = await host.chats(id);
    return chat ? (await host.messages(chat.id)).map((message) => message.text) : [];
  };
  await eventually("it has subscribed", async () => server.subscribers.size === 1);
  server.say("first");
  await eventually("the event is a message", async () => (await texts()).includes("first"));

  const before = server.subscriptions;
  process.kill((await host.get(`/api/v1/health/${id}`)).body.worker.pid, "SIGKILL");
  await eventually("the dead worker's stream is closed and the new one's open", async () => server.subscriptions > before && server.subscribers.size === 1);
  server.say("second");
  await eventually("events go on", async () => (await texts()).includes("second"));

  assert.equal((await host.post(`/api/v1/integrations/${id}/deactivate`)).status, 200);
  await eventually("the stream ends with the instance", async () => server.subscribers.size === 0);
  assert.ok(!host.output.includes(PASSWORD));
});

test("a wrong password is what the server says", async (t) => {
  const server = await MailServer.start(t);
  const host = await Patchbay.start({ folders: [join(BUILD, "test_plugins")], allow: [`127.0.0.1:${server.port}`] });
  t.after(() => host.stop());
  const id = await host.integrate("notified", "Mail", { base: `http://127.0.0.1:${server.port}`, user: USER, password: "wrong" });
  const checked = await host.post(`/api/v1/integrations/${id}/check`);
  assert.match(JSON.stringify(checked.body), /The server said 401/);
  assert.deepEqual(server.steps, []);
});
