// Records over REST (REC-1, REC-2, REC-6), also with a CRM outside as the master.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { eventually, Patchbay, type Answer, type Browser } from "./support/patchbay.ts";

let host: Patchbay;
let ana: Browser;
let admin: Browser;
let crm = ""; // the token of a machine

before(async () => {
  host = await Patchbay.start();
  ana = await host.signIn("ana");
  admin = await host.signIn("admin", ["CanManageAdministration"]);
  crm = await host.createToken("crm", "records");
});
after(async () => { await host.stop(); });

const as = (who: Browser | string): Record<string, string> => (typeof who === "string" ? { authorization: `Bearer ${who}` } : who.headers);
const ask = (who: Browser | string, method: string, path: string, body?: unknown, more: Record<string, string> = {}): Promise<Answer> =>
  host.call(method, `/api/v1${path}`, body, { ...as(who), ...more });
const etag = (answer: Answer): Record<string, string> => ({ "if-match": answer.headers.get("etag")! });
const list = (object: string, query: Record<string, unknown>): Promise<Answer> =>
  ask(ana, "GET", `/records/${object}?${new URLSearchParams(Object.entries(query).map(([name, value]) => [name, typeof value === "object" ? JSON.stringify(value) : String(value)]))}`);
async function add(object: string, fields: object): Promise<Answer> {
  const made = await ask(ana, "POST", `/records/${object}`, { fields });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made;
}

test("a record is changed by whoever has seen its version", async () => { // REC-2
  const made = await add("contact", { name: "Ana Lima", phones: ["+49 30 901820"] });
  assert.equal(made.headers.get("etag"), '"1"');
  const path = `/records/contact/${made.body.id}`;
  assert.equal(made.headers.get("location"), `/api/v1${path}`);
  assert.deepEqual(made.body.fields.phones, [{ value: "+4930901820" }]);

  const blind = await ask(ana, "PATCH", path, { fields: { job: "Buyer" } });
  assert.equal(blind.status, 428);
  assert.match(blind.body.detail, /If-Match/);
  const changed = await ask(ana, "PATCH", path, { fields: { job: "Buyer" } }, etag(made));
  assert.equal(changed.status, 200);
  const late = await ask(ana, "PATCH", path, { fields: { job: "Cook" } }, etag(made));
  assert.equal(late.status, 412);
  assert.match(late.body.detail, /version 2/);
  assert.equal((await ask(ana, "PATCH", path, { fields: {} }, { "if-match": "W/\"2\"" })).status, 412, "weak");
  assert.equal((await ask(ana, "DELETE", path, undefined, etag(made))).status, 412);

  const read = await ask(ana, "GET", path);
  assert.equal(read.headers.get("etag"), changed.headers.get("etag"));
  assert.equal(read.body.fields.job, "Buyer");
  const history = await ask(ana, "GET", `${path}/history`);
  assert.deepEqual(history.body.items.map((one: any) => [one.actor, one.changes]), [["user:ana", { job: { old: null, new: "Buyer" } }]]);
  assert.equal((await ask(ana, "DELETE", path, undefined, etag(read))).status, 204);
  assert.equal((await ask(ana, "GET", path)).status, 404);
});

test("what is wrong is said field by field in the reader's language", async () => {
  const wrong = { fields: { nam: "x", emails: ["ana@"], birthday: "yesterday" } };
  const english = await ask(ana, "POST", "/records/contact", wrong);
  assert.equal(english.status, 422);
  assert.deepEqual(english.body.errors.map((one: any) => one.pointer), ["/fields/nam", "/fields/name", "/fields/emails/0", "/fields/birthday"]);
  assert.match(english.body.errors[0].detail, /Did you mean name/);
  const russian = await ask(ana, "POST", "/records/contact", wrong, { "accept-language": "ru" });
  assert.match(russian.body.errors[1].detail, /заполнено/);
});

test("required fields are asked of a person, not of a machine", async () => { // REC-6
  const path = "/objects/lead";
  const object = await ask(ana, "GET", path);
  assert.equal((await ask(ana, "PATCH", path, { fields: [] }, etag(object))).status, 403, "not an administrator");
  const changed = await ask(admin, "PATCH", path, { fields: [{ code: "company", required: true }] }, etag(object));
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  assert.equal((await ask(admin, "PATCH", path, { title: "x" }, etag(object))).status, 412);

  const came = await ask(crm, "POST", "/records/lead", { fields: { person: "Eva" } });
  assert.equal(came.status, 201);
  assert.deepEqual(came.body.missing, ["company"]);
  assert.equal(came.body.fields.number, "Lead-1");
  const edited = await ask(ana, "PATCH", `/records/lead/${came.body.id}`, { fields: { person: "Eva M." } }, etag(came));
  assert.deepEqual(edited.body.errors?.map((one: any) => one.pointer), ["/fields/company"]);
  assert.equal((await ask(ana, "PATCH", `/records/lead/${came.body.id}`, { fields: { company: "Acme" } }, etag(came))).status, 200);
});

test("an admin adds an object with a lookup, and it behaves as ours do", async () => { // REC-1
  assert.equal((await ask(admin, "POST", "/lookups", { code: "fuel", title: { en: "Fuel", ru: "Топливо" }, values: [{ code: "gas", title: "Gas" }, { code: "oil", title: "Oil" }] })).status, 201);
  const car = { code: "car", title: { en: "Car", ru: "Машина" }, fields: [
    { code: "number", type: "text", title: "No.", mask: "C{0:4}" },
    { code: "fuel", type: "lookup", target: "fuel", title: "Fuel", default: "oil" },
    { code: "driver", type: "link", target: "contact", title: "Driver" },
    { code: "plate", type: "text", title: "Plate", unique: true }] };
  assert.equal((await ask(admin, "POST", "/objects", car)).status, 201);
  const driver = await add("contact", { name: "Driver" });
  const made = await add("car", { driver: driver.body.id, plate: "AB 1" });
  assert.deepEqual(made.body.fields, { number: "C0001", fuel: "oil", driver: driver.body.id, plate: "AB 1" });
  const double = await ask(ana, "POST", "/records/car", { fields: { plate: "ab 1" } });
  assert.equal(double.status, 409);
  assert.equal(double.body.errors[0].pointer, "/fields/plate");
  assert.match((await ask(ana, "POST", "/records/car", { fields: { fuel: "coal" } })).body.errors[0].detail, /gas, oil/);
  assert.deepEqual((await list("car", { filter: { driver: driver.body.id } })).body.items.map((one: any) => one.id), [made.body.id]);
  assert.equal((await ask(admin, "DELETE", "/lookups/fuel", undefined, { "if-match": "*" })).status, 409);
  assert.equal((await ask(admin, "DELETE", "/objects/contact", undefined, { "if-match": "*" })).status, 409);
  const searchable = await ask(admin, "PATCH", "/objects/contact", { fields: [{ code: "job", searchable: true }] }, { "if-match": "*" });
  assert.equal(searchable.status, 200);
  await eventually("the keys of a field that came later are there", async () => (await list("contact", { filter: { job: null }, order: "job" })).status === 200);
});

test("paging shows each once while others insert", async () => { // REC-2
  const items = Array.from({ length: 60 }, (_, i) => ({ external_id: `p${i}`, fields: { name: `Paged ${i % 7}`, priority: i % 2 ? "low" : "high" } }));
  const stored = await ask(crm, "POST", "/records/case/upsert", { source: "pager", items });
  assert.equal(stored.body.results.length, 60);
  const low = new Set(stored.body.results.filter((_: any, i: number) => i % 2).map((one: any) => one.id));
  for (const order of ["name", "-name", "id", "-id", "-updated_at"]) {
    const seen: string[] = [];
    for (let cursor = ""; ;) {
      const page = await list("case", { filter: { priority: "low", name: { starts: "paged" } }, order, limit: 8, cursor });
      assert.equal(page.status, 200, JSON.stringify(page.body));
      seen.push(...page.body.items.map((one: any) => one.id));
      await add("case", { name: "Paged between", priority: "medium" });
      cursor = page.body.next;
      if (!cursor) break;
    }
    assert.deepEqual([...seen].sort(), [...low].sort(), order);
  }
  assert.equal((await list("case", { filter: { nam: 1 } })).body.errors[0].pointer, "/filter/nam");
  assert.equal((await list("case", { filter: [1] })).status, 422);
  assert.equal((await list("case", { cursor: "?" })).status, 422);
});

test("a CRM outside is the master", async () => { // REC-2, REC-6
  const send = (items: object[]): Promise<Answer> => ask(crm, "POST", "/records/account/upsert", { source: "crm", items });
  const first = await send([
    { external_id: "a1", fields: { name: "Acme", emails: ["info@acme.example"] } },
    { external_id: "a2", fields: { name: "Broken", emails: ["no address"] } },
    { external_id: "a3", fields: { web: "nameless.example" } }]);
  assert.equal(first.status, 200, JSON.stringify(first.body));
  assert.deepEqual(first.body.results.map((one: any) => one.outcome), ["created", "refused", "created"]);
  assert.deepEqual(first.body.results[1].error.errors.map((one: any) => one.pointer), ["/fields/emails/0"]);
  assert.equal(first.body.results[1].error.request_id, first.headers.get("x-request-id"));

  // Somebody changes it here; the master's next word counts, and what was is in the history.
  const id = first.body.results[0].id;
  await ask(ana, "PATCH", `/records/account/${id}`, { fields: { name: "Acme here" } }, { "if-match": "*" });
  const again = await send([{ external_id: "a1", fields: { name: "Acme Ltd" } }, { external_id: "a3", fields: { web: "nameless.example" } }]);
  assert.deepEqual(again.body.results.map((one: any) => [one.outcome, one.version]), [["changed", 3], ["unchanged", 1]]);
  const history = await ask(ana, "GET", `/records/account/${id}/history`);
  assert.deepEqual(history.body.items.map((one: any) => one.changes.name.new), ["Acme here", "Acme Ltd"]);
  const found = await list("account", { source: "crm", external_id: "a1" });
  assert.equal(found.body.items[0].id, id);
  assert.deepEqual((await ask(ana, "GET", `/records/account/${id}`)).body.sources, [{ source: "crm", external_id: "a1" }]);
  // What changed since it looked last.
  const since = await list("account", { order: "updated_at", filter: { updated_at: { from: history.body.items[1].at } } });
  assert.ok(since.body.items.some((one: any) => one.id === id));
  assert.equal((await send(Array.from({ length: 501 }, (_, i) => ({ external_id: `${i}`, fields: {} })))).status, 422);
});

test("numbers have no gap when many write at once, and merging keeps both ids", async () => { // REC-1, CHAT-15
  const made = await Promise.all(Array.from({ length: 20 }, (_, i) =>
    ask(ana, "POST", "/records/invoice", { fields: { amount: i % 4 ? i : "wrong" } })));
  const numbers = made.filter((one) => one.status === 201).map((one) => one.body.fields.number);
  assert.deepEqual(numbers.sort(), Array.from({ length: 15 }, (_, i) => `Inv-${i + 1}`).sort());

  const kept = await add("contact", { name: "Ben" });
  const other = await add("contact", { name: "Benny", emails: ["ben@example.com"] });
  const issue = await add("case", { name: "of Benny", contact: other.body.id });
  const merged = await ask(ana, "POST", `/records/contact/${kept.body.id}/merge`, { other: other.body.id }, { "if-match": "*" });
  assert.equal(merged.status, 200, JSON.stringify(merged.body));
  const third = await add("contact", { name: "Bo" });
  assert.equal((await ask(ana, "POST", `/records/contact/${kept.body.id}/merge`, { other: third.body.id }, etag(kept))).status, 412, "changed by the merge");
  assert.equal((await ask(ana, "POST", `/records/contact/${kept.body.id}/merge`, { other: third.body.id })).status, 428);
  assert.deepEqual(merged.body.fields, { name: "Ben", emails: [{ value: "ben@example.com" }] });
  assert.equal((await ask(ana, "GET", `/records/contact/${other.body.id}`)).body.id, kept.body.id);
  assert.equal((await ask(ana, "GET", `/records/case/${issue.body.id}`)).body.fields.contact, kept.body.id);
});
