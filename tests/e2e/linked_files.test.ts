// Files that a plugin publishes for a provider to fetch (plugin-needs N14).
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { after, before, test } from "node:test";
import { ask, misbehaving, OWN_KEY, type Answer } from "./support/misbehave.ts";
import { Patchbay } from "./support/patchbay.ts";

const SITE = "https://patchbay.example.org/app";
let host: Patchbay;
let folder = "";
let id = "";
before(async () => {
  folder = await misbehaving();
  host = await Patchbay.start({ folders: [folder], siteUrl: SITE });
  id = await host.connect("misbehave", "Files", { key: OWN_KEY });
});
after(async () => {
  await host?.stop();
  await rm(folder, { recursive: true, force: true });
});

const call = (verb: string, body: object): Promise<Answer> => ask(host, id, `pb.blob/1:${verb}`, body);

async function published(name: string, type: string): Promise<{ url: string; bytes: string }> {
  const { blob } = (await call("create", { name, type })).reply;
  const body = { blob, offset: 0 };
  assert.equal((await call("write", body)).code, 0); // the webhook that says so
  const open = await call("publish", { blob, ttl_s: 3600 });
  assert.notEqual(open.code, 0);
  assert.match(open.text, /close it first/);
  const { size } = (await call("close", { blob })).reply;
  const link = (await call("publish", { blob, ttl_s: 3600 })).reply;
  assert.ok(link.url.startsWith(`${SITE}/files/`), link.url);
  const minutes = (Date.parse(link.expires_at) - Date.now()) / 60_000;
  assert.ok(minutes > 58 && minutes <= 60, link.expires_at);
  const url = link.url.replace(SITE, host.address);
  const bytes = await (await fetch(url)).text();
  assert.equal(bytes.length, size);
  assert.match(bytes, /"pb.blob\/1:write"/);
  return { url, bytes };
}

test("whoever has the address fetches the file, whole or in part, and nothing else", async () => {
  const { url, bytes } = await published("Счёт 1.pdf", "application/pdf");
  const whole = await fetch(url);
  assert.equal(whole.status, 200);
  assert.equal(whole.headers.get("content-type"), "application/pdf");
  assert.equal(whole.headers.get("content-disposition"), `inline; filename="${"_".repeat(8)}_1.pdf"; filename*=UTF-8''${encodeURIComponent("Счёт 1.pdf")}`);
  assert.equal(whole.headers.get("x-content-type-options"), "nosniff");
  const part = await fetch(url, { headers: { range: "bytes=2-5" } });
  assert.equal(part.status, 206);
  assert.equal(await part.text(), bytes.slice(2, 6));
  assert.equal(part.headers.get("content-range"), `bytes 2-5/${bytes.length}`);
  const head = await fetch(url, { method: "HEAD" });
  assert.equal(head.headers.get("content-length"), String(bytes.length));
  assert.equal((await fetch(url, { method: "POST", body: "" })).status, 405);
  assert.equal((await fetch(url.replace("/files/", "/app/files/"))).status, 200, "with the path of the public address, as a proxy may pass it on");

  const [, , , , blob, until, signature, name] = url.split("/");
  for (const changed of [
    [blob, until, "A".repeat(43), name], [blob, String(Number(until) + 1), signature, name], [String(Number(blob!.slice(0, 15)) + 1) + blob!.slice(15), until, signature, name],
    [blob, until, signature!.slice(0, -1), name], [blob, until], ["..", "..", signature, name], [blob, until, "", ""], [blob, "", signature, name],
  ]) {
    const answer = await fetch(`${host.address}/files/${changed.join("/")}`);
    assert.equal(answer.status, 404, changed.join("/"));
  }
});

test("what a browser could run is offered for saving", async () => {
  const { url } = await published("page.html", "text/html");
  assert.match((await fetch(url)).headers.get("content-disposition")!, /^attachment;/);
});

test("an address that is too short, too long or of another's file is refused", async () => {
  const { blob } = (await call("create", { name: "a", type: "text/plain" })).reply;
  await call("close", { blob });
  for (const ttl_s of [0, 59, 604801, -1]) assert.notEqual((await call("publish", { blob, ttl_s })).code, 0, String(ttl_s));
  assert.notEqual((await call("publish", { blob: "17", ttl_s: 60 })).code, 0);
  assert.equal((await call("publish", { blob, ttl_s: 60 })).code, 0);
});
