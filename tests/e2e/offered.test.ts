// From a client's webhook to the offer in operators' browsers, where many operators follow and many chats wait. Quick by default;
// PB_FULL=1 runs 500 operators and 5,000 waiting chats and prints the figures.
import assert from "node:assert/strict";
import { Agent } from "node:http";
import { test } from "node:test";
import { KEY, post } from "./support/echo.ts";
import { eventually, PASSWORD, Patchbay, type Browser } from "./support/patchbay.ts";
import { Postgres } from "./support/postgres.ts";
import { Stream } from "./support/stream.ts";

const FULL = process.env["PB_FULL"] === "1";
const OPERATORS = FULL ? 500 : 12;
const WAITING = FULL ? 5_000 : 60;
const RATE = 20; // new clients a second
const SECONDS = FULL ? 30 : 3;

const part = (sorted: number[], share: number): string => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!.toFixed(1);

// Signed in all, with the password of the first: hashing one for each would take longer than the test.
async function operators(host: Patchbay, database: Postgres): Promise<Browser[]> {
  const first = await host.signIn("operator0");
  const logins = Array.from({ length: OPERATORS - 1 }, (_, i) => `operator${i + 1}`);
  const ids: string[] = [];
  for (const login of logins) ids.push((await host.post("/api/v1/users", { login, name: login })).body.id);
  await database.sql(`update users set password = (select password from users where login = 'operator0') where id in (${ids.join(",")})`);
  const others: Browser[] = [];
  for (const login of logins) others.push(await host.browse(login, PASSWORD));
  return [first, ...others];
}

test(`${OPERATORS} operators are offered each new chat once, while ${WAITING} wait`, async () => { // CHAT-3, CHAT-10, CHAT-20
  const database = await Postgres.start();
  const host = await Patchbay.start({ store: database.url, config: { log: { level: "info", format: "json" } } });
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  const streams: Stream[] = [];
  try {
    const shop = await host.connect("echo", "Shop", { account: "shop", signing_key: KEY });
    const people = await operators(host, database);
    const ids = people.map((one) => one.answer.body.user.id as string);
    const queue = await host.post("/api/v1/queues", { name: "Everybody", rule: "broadcast", operators: ids });
    assert.equal(queue.status, 201, JSON.stringify(queue.body));
    assert.equal((await host.call("PATCH", `/api/v1/channels/${shop}`, { active: true, queue: queue.body.id })).status, 200);

    // When each client's chat was offered first, and how often, by reader.
    const offered = new Map<string, number[]>();
    for (const who of people) {
      const changed = await host.call("PATCH", "/api/v1/desk", { status: "active" }, who.headers);
      assert.equal(changed.body.status, "active", JSON.stringify(changed.body));
      streams.push(await Stream.open(`${host.address}/api/v1/desk/events`, who.headers, (event, stream) => {
        stream.events.length = 0;
        if (event.type !== "chat.created") return;
        const times = offered.get(event.data.chat) ?? [];
        times.push(performance.now());
        offered.set(event.data.chat, times);
      }));
    }
    const write = (client: string) => post(host.address, shop, { id: `m-${client}`, chat: client, author: client, text: "hello" }, agent);
    const everywhere = (count: number, seconds: number) => eventually(`${count} chats are offered to all`, async () =>
      offered.size === count && [...offered.values()].every((times) => times.length === OPERATORS), seconds);
    for (let i = 0; i < WAITING; i += 100)
      await Promise.all(Array.from({ length: Math.min(100, WAITING - i) }, async (_, j) => assert.equal((await write(`w${i + j}`)).status, 200)));
    await everywhere(WAITING, 600);

    // So many a second, whatever the answers: times count from when each was due.
    const began = performance.now();
    const due = new Map<string, number>();
    const answered: number[] = [];
    const all: Promise<void>[] = [];
    for (let i = 0; i < RATE * SECONDS; ++i) {
      const at = began + (i * 1000) / RATE;
      await new Promise((resolve) => setTimeout(resolve, at - performance.now()));
      due.set(`n${i}`, at);
      all.push(write(`n${i}`).then((answer) => {
        assert.equal(answer.status, 200);
        answered.push(performance.now() - at);
      }));
    }
    await Promise.all(all);
    await everywhere(WAITING + due.size, 120);

    const first: number[] = [];
    const each: number[] = [];
    for (const chat of await host.chats(shop)) {
      const at = due.get(chat.conversation);
      if (at === undefined) continue;
      const times = offered.get(chat.id)!;
      first.push(times[0]! - at);
      for (const time of times) each.push(time - at);
    }
    assert.equal(first.length, due.size);
    for (const times of [answered, first, each]) times.sort((x, y) => x - y);
    console.log(`  ${OPERATORS} operators follow, ${WAITING} chats wait, ${RATE} new ones a second: webhook answered p50 ${part(answered, 0.5)} ms, p99 ${part(answered, 0.99)} ms;`
      + ` offered in the first browser p50 ${part(first, 0.5)} ms, p99 ${part(first, 0.99)} ms; in any p50 ${part(each, 0.5)} ms, p99 ${part(each, 0.99)} ms`);
  } finally {
    for (const stream of streams) stream.close();
    agent.destroy();
    await host.stop();
    await database.stop();
  }
});
