import i18next from "i18next";
import { beforeAll, expect, test } from "vitest";
import type { ChatChange, Message } from "../src/api/client.ts";
import { EventParser } from "../src/api/event_parser.ts";
import { waitBefore } from "../src/api/live.ts";
import { Problem } from "../src/api/problem.ts";
import { slashAt } from "../src/desk/Composer.tsx";
import { troubleOf } from "../src/desk/channel.ts";
import { timeline } from "../src/desk/timeline.ts";
import { isNewer, unreadOf } from "../src/desk/unread.ts";
import { day, size, span } from "../src/i18n/format.ts";
import { initials } from "../src/ui/pieces.tsx";
import { nameOf } from "../src/ui/shortcuts.ts";
import { themeVariables } from "../vite/theme_variables.ts";

beforeAll(async () => {
  await i18next.init({
    lng: "en",
    resources: {
      en: { translation: { time: { today: "Today", yesterday: "Yesterday", hours: "{{hours}} h {{minutes}} min" } } },
    },
  });
});

const message = (id: string, more: Partial<Message> = {}): Message => ({
  id,
  direction: "in",
  text: id,
  attachments: [],
  state: "received",
  created_at: "2026-07-01T09:00:00Z",
  operator: null,
  ...more,
});

test("events come whole, in whatever pieces they arrive", () => {
  const text = 'retry: 1000\n\n: beat\n\nid: 7\nevent: chat.changed\ndata: {"a":\ndata: 1}\n\nid: 8\r\ndata: x\r\n\r\n';
  for (const length of [1, 3, text.length]) {
    const parser = new EventParser();
    const events = [];
    for (let at = 0; at < text.length; at += length) events.push(...parser.push(text.slice(at, at + length)));
    expect(events).toEqual([
      { id: "7", type: "chat.changed", data: '{"a":\n1}' },
      { id: "8", type: "message", data: "x" },
    ]);
  }
});

test("a broken stream is tried after 1, 2, 4, 8 and then every 10 s, a little scattered", () => {
  expect([0, 1, 2, 3, 4, 50].map((attempt) => waitBefore(attempt, 0.5))).toEqual([
    1000, 2000, 4000, 8000, 10000, 10000,
  ]);
  expect(waitBefore(9, 0)).toBeCloseTo(8000);
  expect(waitBefore(9, 1)).toBeCloseTo(12000);
});

test("unread is what came after one looked, and after the last answer", () => {
  expect(isNewer("10", "9")).toBe(true);
  expect(isNewer("9", "10")).toBe(false);
  const all = [message("8"), message("9", { direction: "out", operator: "1" }), message("10"), message("11")];
  expect(unreadOf(all, undefined)).toBe(2);
  expect(unreadOf(all, "10")).toBe(1);
  expect(unreadOf(all, "11")).toBe(0);
  expect(unreadOf([message("8"), message("9", { direction: "out" })], undefined)).toBe(1); // a greeting is no answer
  expect(unreadOf(undefined, undefined)).toBe(0);
});

test("a conversation has its days, what became of it, and the ends of runs", () => {
  const at = (time: string) => ({ provider_at: `2026-07-0${time}:00Z` });
  const change = {
    id: "1",
    at: "2026-07-01T09:01:30Z",
    state: "in_progress",
    reason: "accepted",
    actor: "user:ana",
  } as ChatChange;
  const all = [
    message("1", at("1T09:00")),
    message("2", at("1T09:01")),
    message("3", at("1T09:20")),
    message("4", { ...at("2T12:00"), direction: "out" }),
  ];
  const outgoing = [{ key: "k", chat: "1", text: "x", files: [], at: "2026-07-02T12:01:00Z" }];
  const items = timeline(all, [change], outgoing);
  expect(
    items.map((item) => (item.kind === "message" ? `${item.message.id}${item.endsRun ? "." : ""}` : item.kind)),
  ).toEqual(["day", "1", "2.", "change", "3.", "day", "4.", "outgoing"]);
});

test("a slash opens quick replies at the start of a line only", () => {
  expect(slashAt("/th", 3)).toEqual({ from: 0, typed: "th" });
  expect(slashAt("Hello\n/", 7)).toEqual({ from: 6, typed: "" });
  expect(slashAt("and/or", 6)).toBeNull();
  expect(slashAt("/th", 0)).toBeNull();
});

test("files are judged as the host will judge them", () => {
  const limits = [
    { kind: "image", types: ["image/jpeg", "image/png"], max_bytes: 10 },
    { kind: "document", types: ["application/pdf"], max_bytes: 100 },
  ];
  expect(troubleOf({ type: "image/png", size: 10 }, limits)).toBeNull();
  expect(troubleOf({ type: "image/png", size: 11 }, limits)).toEqual({ kind: "size", max: 10 });
  expect(troubleOf({ type: "application/pdf", size: 100 }, limits)).toBeNull();
  expect(troubleOf({ type: "", size: 1 }, limits)).toEqual({ kind: "type" });
  expect(troubleOf({ type: "image/webp", size: 1 }, limits)).toEqual({ kind: "type" });
  expect(troubleOf({ type: "image/webp", size: 1 }, [{ kind: "document", types: ["*/*"], max_bytes: 0 }])).toBeNull();
});

test("times, sizes and names are short", () => {
  expect([0, 48_000, 725_000, 12_000_000].map(span)).toEqual(["0:00", "0:48", "12:05", "3 h 20 min"]);
  expect(size(50 << 20)).toBe("50 MB");
  expect(size(1536)).toBe("1.5 kB");
  const noon = new Date(2026, 6, 2, 12).getTime();
  expect([day(noon, noon), day(noon - 86_400_000, noon)]).toEqual(["Today", "Yesterday"]);
  expect(["Ingrid Solheim", "Александра", "+46 70", "", "Ana María López"].map(initials)).toEqual([
    "IS",
    "АЛ",
    "+7",
    "?",
    "AL",
  ]);
});

test("keys are those of the keyboard, in whatever alphabet", () => {
  const key = (more: object) =>
    nameOf({ ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more } as KeyboardEvent);
  expect(key({ key: "ф", code: "KeyA" })).toBe("a");
  expect(key({ key: "F", code: "KeyF", shiftKey: true })).toBe("Shift+F");
  expect(key({ key: "ArrowUp", code: "ArrowUp", altKey: true })).toBe("Alt+ArrowUp");
  expect(key({ key: "?", code: "Slash", shiftKey: true })).toBe("?");
});

test("a finding is a sentence", () => {
  const problem = new Problem(422, {
    detail: "x",
    errors: [{ pointer: "/old", detail: "is not the present password" }],
  });
  expect(problem.of("/old")).toBe("Is not the present password.");
  expect(problem.reason).toBe("Is not the present password.");
  expect(new Problem(409, { detail: "Somebody has it" }).reason).toBe("Somebody has it");
});

test("the variables of the theme stand for both schemes", () => {
  const css = themeVariables();
  const scheme = (name: string) => css.split(`[data-mantine-color-scheme="${name}"]{`)[1]?.split("}")[0] ?? "";
  expect(scheme("dark").includes("--pb-canvas: #121416;")).toBe(true);
  expect(scheme("light").includes("--mantine-color-body: #f6f6f3;")).toBe(true);
  expect(css.includes("undefined")).toBe(false);
});
