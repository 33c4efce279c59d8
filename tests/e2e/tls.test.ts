// The listener with TLS and its certificate (OPS-12).
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { Agent, request } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import { KEY, sign } from "./support/echo.ts";
import { eventually, Patchbay } from "./support/patchbay.ts";

const run = promisify(execFile);

async function certificate(host: Patchbay, name: string): Promise<{ certificate: string; key: string }> {
  const made = { certificate: join(host.folder, `${name}.pem`), key: join(host.folder, `${name}.key`) };
  await run("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", `/CN=${name}`,
    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", made.key, "-out", made.certificate]);
  return made;
}

async function start(): Promise<{ host: Patchbay; port: number; ca: string }> {
  const host = await Patchbay.prepare({ config: { listen: { port: 0, tls: { address: "127.0.0.1", port: 0, certificate: "shown.pem", key: "shown.key" } } } });
  const made = await certificate(host, "first");
  await copyFile(made.certificate, join(host.folder, "shown.pem"));
  await copyFile(made.key, join(host.folder, "shown.key"));
  host.token = await host.createToken("test", "admin");
  await host.serve();
  const port = Number(/listening with TLS.*?"port":"(\d+)"/.exec(host.output)?.[1]);
  assert.ok(port > 0, host.output);
  return { host, port, ca: await readFile(made.certificate, "utf8") };
}

interface Got { status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer; shown: string }

function ask(port: number, ca: string, path: string, options: { method?: string; headers?: Record<string, string>; body?: Buffer | string; agent?: Agent } = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, path, ca, method: options.method ?? "GET", headers: options.headers ?? {}, agent: options.agent ?? new Agent({ keepAlive: false }) }, (response) => {
      const pieces: Buffer[] = [];
      const socket = response.socket as import("node:tls").TLSSocket;
      response.on("data", (piece: Buffer) => pieces.push(piece));
      response.on("end", () => resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(pieces), shown: socket.getPeerCertificate()?.subject?.CN as string ?? "" }));
      response.on("error", reject);
    });
    call.on("error", reject);
    call.end(options.body);
  });
}

test("webhooks, API and files pass over TLS as they do without", async () => {
  const { host, port, ca } = await start();
  try {
    const alive = await ask(port, ca, "/healthz");
    assert.equal(alive.status, 200);
    assert.match(String(alive.headers["strict-transport-security"]), /max-age=\d{8}/);
    assert.equal((await fetch(`${host.address}/healthz`)).headers.get("strict-transport-security"), null);

    const id = await host.connect("echo", "Shop", { account: "shop", signing_key: KEY });
    const agent = new Agent({ keepAlive: true, maxSockets: 20 });
    const sent = await Promise.all(Array.from({ length: 300 }, (_, i) => {
      const body = JSON.stringify({ id: `w${i}`, chat: `c${i % 10}`, author: "Ana", text: "x".repeat(i * 50) });
      return ask(port, ca, `/hooks/echo/${id}/in`, { method: "POST", headers: { "content-type": "application/json", "x-echo-signature": sign(body) }, body, agent });
    }));
    assert.deepEqual([...new Set(sent.map((each) => each.status))], [200]);
    agent.destroy();
    await eventually("all have come", async () => (await Promise.all((await host.chats(id)).map((chat: any) => host.messages(chat.id)))).flat().length === 300);

    // Larger than every buffer on the way, there and back.
    const bytes = randomBytes(9 << 20);
    const edge = "----x";
    const form = Buffer.concat([Buffer.from(`--${edge}\r\ncontent-disposition: form-data; name="file"; filename="a.bin"\r\ncontent-type: application/octet-stream\r\n\r\n`), bytes, Buffer.from(`\r\n--${edge}--\r\n`)]);
    const stored = await ask(port, ca, "/api/v1/files", { method: "POST", headers: { authorization: `Bearer ${host.token}`, "content-type": `multipart/form-data; boundary=${edge}` }, body: form });
    assert.equal(stored.status, 201, stored.body.toString());
    const back = await ask(port, ca, `/api/v1/files/${JSON.parse(stored.body.toString()).id}`, { headers: { authorization: `Bearer ${host.token}` } });
    assert.ok(back.body.equals(bytes));
  } finally {
    await host.stop();
  }
});

test("what is no TLS, or an old one, is refused and disturbs nobody", async () => {
  const { host, port, ca } = await start();
  try {
    await assert.rejects(new Promise((resolve, reject) => {
      const old = connectTls({ host: "127.0.0.1", port, ca, minVersion: "TLSv1.1", maxVersion: "TLSv1.1", ciphers: "DEFAULT@SECLEVEL=0" }, () => resolve(old.end()));
      old.on("error", reject);
    }));
    const refused = (bytes: Buffer | string): Promise<string> => new Promise((resolve) => {
      let got = "";
      const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
      socket.on("data", (piece) => (got += piece.toString("latin1")));
      socket.on("error", () => undefined);
      socket.on("close", () => resolve(got));
    });
    assert.ok(!(await refused("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")).includes("200"));
    for (let i = 0; i < 50; ++i) await refused(randomBytes(200));
    await refused(Buffer.concat([Buffer.from("1603010200010001fc0303", "hex"), randomBytes(508)]));
    // Whoever says nothing is cut; whoever leaves in the middle is gone.
    const silent = connect(port, "127.0.0.1");
    const cut = new Promise<number>((resolve) => silent.on("close", () => resolve(Date.now())));
    const began = Date.now();
    for (let i = 0; i < 50; ++i) {
      const half = connect(port, "127.0.0.1", () => half.write(Buffer.from("160301", "hex"), () => half.destroy()));
      half.on("error", () => undefined);
    }
    assert.equal((await ask(port, ca, "/healthz")).status, 200);
    const seconds = ((await cut) - began) / 1000;
    assert.ok(seconds > 5 && seconds < 14, `${seconds} s`);
    const http2 = connectTls({ host: "127.0.0.1", port, ca, ALPNProtocols: ["http/1.1", "h2"] });
    await new Promise((resolve) => http2.on("secureConnect", resolve));
    assert.equal(http2.alpnProtocol, "http/1.1");
    http2.destroy();
  } finally {
    await host.stop();
  }
});

test("a new certificate is shown from the next connection on, and a broken one never", async () => {
  const { host, port, ca } = await start();
  try {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    assert.equal((await ask(port, ca, "/healthz", { agent })).shown, "first");
    const second = await certificate(host, "second");
    // The key is there before its certificate: they do not go together.
    await copyFile(second.key, join(host.folder, "shown.key"));
    host.process!.kill("SIGHUP");
    await eventually("the fault is told", async () => /the certificate stays as it was/.test(host.output));
    assert.equal((await ask(port, ca, "/healthz")).shown, "first");
    await copyFile(second.certificate, join(host.folder, "shown.pem"));
    host.process!.kill("SIGHUP");
    const both = ca + (await readFile(second.certificate, "utf8"));
    await eventually("the new one is shown", async () => (await ask(port, both, "/healthz")).shown === "second");
    assert.equal((await ask(port, ca, "/healthz", { agent })).shown, "first", "who is connected stays so");
    agent.destroy();
    const metrics = await host.get("/metrics");
    assert.match(metrics.body, /patchbay_tls_certificate_expires_timestamp_seconds 1\.\d+e\+09|patchbay_tls_certificate_expires_timestamp_seconds \d{10}/);
    assert.match((await host.cli("doctor")).stdout, /certificate +ok +.*(29|30) days/);
  } finally {
    await host.stop();
  }
});

test("a certificate that cannot be used stops the start, and names the file", async () => {
  const host = await Patchbay.prepare({ config: { listen: { port: 0, tls: { address: "127.0.0.1", port: 0, certificate: "shown.pem", key: "shown.key" } } } });
  try {
    await assert.rejects(host.serve(), /shown\.pem/);
    const made = await certificate(host, "first");
    await copyFile(made.certificate, join(host.folder, "shown.pem"));
    await writeFile(join(host.folder, "shown.key"), "no key");
    await assert.rejects(host.serve(), /shown\.key/);
    await writeFile(host.configFile, JSON.stringify({ state_dir: "state", listen: { port: 0, tls: { certificate: "shown.pem" } } }));
    const half = await host.cli("check-config");
    assert.equal(half.code, 78);
    assert.match(half.stderr, /\/listen\/tls\/key/);
  } finally {
    await host.stop();
  }
});
