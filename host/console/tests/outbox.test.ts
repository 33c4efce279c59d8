import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { signIn } from "../src/api/session.ts";
import { readKept } from "../src/desk/kept.ts";
import { sendMessage, sendWhatIsLeft } from "../src/desk/outbox.ts";

const session = {
  user: { id: "1", login: "ana", name: "Ana", language: "en", active: true, operations: [] },
  operations: [],
  csrf_token: "t",
  expires_at: "2027-01-01T00:00:00Z",
};
const answer = (status: number, body: object) =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });

let posts: { key: string | null; text: string }[] = [];
let answers: (() => Response)[] = [];

beforeEach(async () => {
  vi.useFakeTimers();
  localStorage.clear();
  posts = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    if (request.url.endsWith("/session")) return answer(201, session);
    posts.push({
      key: request.headers.get("idempotency-key"),
      text: ((await request.json()) as { text: string }).text,
    });
    return (answers.shift() ?? (() => answer(202, { id: "9" })))();
  });
  await signIn("ana", "x");
});
afterEach(() => vi.useRealTimers());

const left = () => readKept<{ text: string; failed?: string }[]>("outbox", []);

test("a message that does not get through is tried again under its key, and the next waits for it", async () => {
  answers = [
    () => {
      throw new TypeError("no network");
    },
    () => answer(503, { detail: "later" }),
  ];
  sendMessage("5", "one", []);
  sendMessage("5", "two", []);
  await vi.advanceTimersByTimeAsync(500);
  expect(left().map(({ text }) => text)).toEqual(["one", "two"]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(posts.map(({ text }) => text)).toEqual(["one", "one", "one", "two"]);
  expect(new Set(posts.slice(0, 3).map(({ key }) => key)).size).toBe(1);
  expect(posts[3]?.key).not.toBe(posts[0]?.key);
  expect(left()).toEqual([]);
});

test("what the host refuses stays, says why and holds nothing up", async () => {
  answers = [() => answer(422, { detail: "no", errors: [{ pointer: "/text", detail: "is too long" }] })];
  sendMessage("5", "long", []);
  sendMessage("5", "short", []);
  await vi.advanceTimersByTimeAsync(100);
  expect(left()).toMatchObject([{ text: "long", failed: "Is too long." }]);
  expect(posts.map(({ text }) => text)).toEqual(["long", "short"]);
});

test("what a reload left is sent", async () => {
  localStorage.setItem(
    "pb.1.outbox",
    JSON.stringify([{ key: "k", chat: "5", text: "kept", files: [], at: "2026-07-01T00:00:00Z" }]),
  );
  sendWhatIsLeft();
  await vi.advanceTimersByTimeAsync(100);
  expect(posts).toEqual([{ key: "k", text: "kept" }]);
  expect(left()).toEqual([]);
});
