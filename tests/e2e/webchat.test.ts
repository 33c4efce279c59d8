// Web chat (CHAT-30; CHAT-12, 13, 21, 25): over HTTP as a page does it, and in a browser on somebody's site.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import axe from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { launch, Relay, Site } from "./support/browser.ts";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";
import { Stream } from "./support/stream.ts";

const SHOP = "http://shop.example";
const BAY = "http://bay.example";
const POLICY = `default-src 'none'; script-src ${BAY}; connect-src ${BAY}; img-src ${BAY}; base-uri 'none'; form-action 'none'`;
const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");

let host: Patchbay;
let integration = "";
before(async () => {
  host = await Patchbay.start({ folders: [join(BUILD, "plugins")], siteUrl: BAY });
  integration = await host.connect("webchat", "Shop", { origins: [SHOP], title: "Nordic Outdoor" });
});
after(() => host?.stop());

interface Visitor {
  token: string;
  session: string;
}

const hook = (route: string, of = integration): string => `${host.address}/hooks/webchat/${of}/${route}`;

async function visitor(of = integration): Promise<Visitor> {
  const made = await fetch(hook("session", of), { method: "POST", headers: { origin: SHOP } });
  assert.equal(made.status, 200);
  return (await made.json()) as Visitor;
}

const headers = (who: Visitor, type: string): Record<string, string> => ({ authorization: `Bearer ${who.token}`, "content-type": type, origin: SHOP });

async function frame(who: Visitor, body: object, of = integration): Promise<number> {
  return (await fetch(hook("in", of), { method: "POST", headers: headers(who, "application/json"), body: JSON.stringify(body) })).status;
}

async function sendFile(who: Visitor, id: string, name: string, type: string, bytes: Buffer): Promise<number> {
  const query = new URLSearchParams({ id, file: name });
  return (await fetch(hook(`file?${query}`), { method: "POST", headers: headers(who, type), body: new Uint8Array(bytes) })).status;
}

const follow = (who: Visitor): Promise<Stream> => Stream.open(hook("events"), { authorization: `Bearer ${who.token}`, origin: SHOP });

// The chat in which somebody has written this.
async function chatWith(text: string): Promise<string> {
  return eventually(`"${text}" is in a chat`, async () => {
    for (const chat of await host.chats(integration)) if ((await host.messages(chat.id)).some((message) => message.text === text)) return chat.id as string;
    return undefined;
  }, 60);
}

async function answer(chat: string, body: object): Promise<void> {
  const sent = await host.post(`/api/v1/chats/${chat}/messages`, body);
  assert.equal(sent.status, 202, JSON.stringify(sent.body));
}

async function upload(name: string, type: string, bytes: Buffer): Promise<string> {
  const form = new FormData();
  form.append("file", new Blob([new Uint8Array(bytes)], { type }), name);
  const made = await fetch(`${host.address}/api/v1/files`, { method: "POST", headers: { authorization: `Bearer ${host.token}` }, body: form });
  assert.equal(made.status, 201);
  return ((await made.json()) as { id: string }).id;
}

const texts = async (chat: string): Promise<string[]> => (await host.messages(chat)).map((message) => message.text);

test("CHAT-25: set-up without sites is refused, naming the setting", async () => {
  for (const origins of [undefined, [], ["shop.example"], ["https://shop.example/path"]]) {
    const made = await host.post("/api/v1/integrations", { plugin: "webchat", name: "Wrong", settings: origins ? { origins } : {} });
    assert.equal(made.status, 422, JSON.stringify(origins));
    assert.match(JSON.stringify(made.body), /origins/);
  }
});

test("CHAT-30: pages of listed sites are told how the chat looks, and nothing else", async () => {
  const shown = await fetch(hook("session"), { headers: { origin: SHOP } });
  assert.equal(shown.headers.get("access-control-allow-origin"), SHOP);
  const { settings } = (await shown.json()) as { settings: Record<string, unknown> };
  assert.equal(settings["title"], "Nordic Outdoor");
  assert.equal(settings["colour"], "#2350c8");
  assert.equal(settings["origins"], undefined);
  assert.equal((await fetch(hook("session"), { headers: { origin: "http://evil.example" } })).status, 403);
});

test("CHAT-12, CHAT-13: text, presses and receipts over HTTP, each once", async () => {
  const ann = await visitor();
  const stream = await follow(ann);
  assert.equal(await frame(ann, { type: "about", id: "a1", name: "Ann", email: "ann@example.org", page: `${SHOP}/tents` }), 200);
  for (let i = 0; i < 2; ++i) assert.equal(await frame(ann, { type: "message", id: "m1", text: "Is it in stock, said Ann?", name: "Ann" }), 200);
  const chat = await chatWith("Is it in stock, said Ann?");
  await answer(chat, { text: "It is. Keep one?", buttons: [[{ title: "Yes", data: "y" }]] });
  await stream.until((events) => events.length === 1);
  const told = stream.events[0]!.data;
  assert.deepEqual([told.type, told.text, told.buttons], ["message", "It is. Keep one?", [[{ title: "Yes", data: "y" }]]]);
  assert.equal(await frame(ann, { type: "press", id: "p1", message: told.id, data: "y", title: "Yes", name: "Ann" }), 200);
  assert.equal(await frame(ann, { type: "receipt", id: "r1", state: "read", messages: [told.id] }), 200);
  await eventually("the answer is read", async () => (await host.messages(chat)).some((message) => message.text === "It is. Keep one?" && message.state === "read"));
  await eventually("the press is there", async () => (await texts(chat)).includes("Yes"));
  assert.deepEqual(await texts(chat), [`Ann · ann@example.org · ${SHOP}/tents`, "Is it in stock, said Ann?", "It is. Keep one?", "Yes"]);
  assert.equal((await host.chats(integration)).find((each) => each.id === chat)!.title, "Ann");
  stream.close();
});

test("CHAT-21: files of visitors are checked, kept, and handed back as what cannot run", async () => {
  const ben = await visitor();
  const stream = await follow(ben);
  assert.equal(await sendFile(ben, "f1", "Палатка.png", "image/png", PNG), 200);
  assert.equal(await sendFile(ben, "f2", "page.html", "text/html", Buffer.from("<script>1</script>")), 200);
  assert.equal(await sendFile(ben, "f3", "tent.png", "image/png", Buffer.from("<script>1</script>")), 200);
  assert.equal(await sendFile(ben, "f4", "big.png", "image/png", Buffer.concat([PNG, Buffer.alloc(11 << 20)])), 200);
  assert.equal(await sendFile(ben, "f5", "huge.png", "image/png", Buffer.alloc(17 << 20)).catch(() => 413), 413);
  await stream.until((events) => events.length === 4);
  assert.deepEqual(stream.events.map(({ data }) => [data.type, data.id, data.reason]), [
    ["taken", "f1", undefined], ["refused", "f2", "file_type"], ["refused", "f3", "file_content"], ["refused", "f4", "file_size"],
  ]);
  const { url } = stream.events[0]!.data.files[0];
  const shared = await fetch(url.replace(BAY, host.address));
  assert.deepEqual(Buffer.from(await shared.arrayBuffer()), PNG);
  const attachment = await eventually("the file is in the chat", async () => {
    for (const chat of await host.chats(integration)) {
      const found = (await host.messages(chat.id)).flatMap((message) => message.attachments).find((each) => each.name === "Палатка.png");
      if (found?.state === "ready") return found;
    }
    return undefined;
  });
  assert.deepEqual([attachment.kind, attachment.type, attachment.size], ["image", "image/png", PNG.length]);
  stream.close();
});

test("N15: forged, altered and foreign tokens send nothing, neither words nor files", async () => {
  const own = await visitor();
  const other = await host.connect("webchat", "Other", { origins: [SHOP] });
  const [of, session, until, signature] = own.token.split(".");
  const forged = [
    "", "x", (await visitor(other)).token, [of, "A".repeat(22), until, signature].join("."), [of, session, String(Number(until) + 1), signature].join("."),
    [other, session, until, signature].join("."), [of, session, until, "A".repeat(signature!.length)].join("."), [of, session, until, ""].join("."), `${own.token}=`,
  ];
  for (const token of forged) {
    const liar = { token, session: own.session };
    assert.equal(await frame(liar, { type: "message", id: "m1", text: "Forged" }), 401, token);
    assert.equal(await sendFile(liar, "f1", "a.png", "image/png", PNG), 401, token);
    await assert.rejects(follow(liar), /401/, token);
  }
  // Nor does a visitor's receipt reach another's messages.
  const [eva, mallory] = [await visitor(), await visitor()];
  await frame(eva, { type: "message", id: "m1", text: "Hello from Eva" });
  const chat = await chatWith("Hello from Eva");
  const stream = await follow(eva);
  await answer(chat, { text: "Hello Eva" });
  await stream.until((events) => events.length === 1);
  for (const id of [stream.events[0]!.data.id, `../${eva.session}/${stream.events[0]!.data.id}`]) await frame(mallory, { type: "receipt", id: `r-${id.length}`, state: "read", messages: [id] });
  await frame(mallory, { type: "message", id: "m2", text: "Mallory was here" });
  await chatWith("Mallory was here"); // after the receipts: one lane
  assert.equal((await host.messages(chat)).find((message) => message.text === "Hello Eva")!.state, "sent");
  stream.close();
});

test("CHAT-30: the script is small", async () => {
  const script = await readFile(join(BUILD, "plugins/webchat/web/webchat.js"));
  assert.ok(gzipSync(script, { level: 9 }).length < 15_000, `${gzipSync(script).length} bytes`);
  const served = await fetch(`${host.address}/plugins/webchat/web/webchat.js`);
  assert.deepEqual(Buffer.from(await served.arrayBuffer()), script);
});

// A browser, the shop's page and a way to the host that can be cut.
class Shop {
  readonly relay: Relay;
  readonly site: Site;
  readonly browser: Browser;

  private constructor(relay: Relay, site: Site, browser: Browser) {
    this.relay = relay;
    this.site = site;
    this.browser = browser;
  }

  static async open(options: { attributes?: string; trusted?: string; of?: string; language?: string } = {}): Promise<Shop> {
    const relay = await Relay.start();
    relay.target = host.address;
    const page = `<!doctype html><html lang="${options.language ?? "en"}"><title>Shop</title><body><h1>Tents</h1><a href="#x">A link</a>
      <script async src="${BAY}/plugins/webchat/web/webchat.js" data-integration="${options.of ?? integration}" ${options.attributes ?? ""}></script></body></html>`;
    const site = await Site.start(page, POLICY);
    return new Shop(relay, site, await launch({ "shop.example": site.port, "bay.example": relay.port }, options.trusted));
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.site.stop();
    await this.relay.stop();
  }
}

// What the page complains of, but for a host that is away.
function complaints(page: Page): string[] {
  const all: string[] = [];
  page.on("pageerror", (error) => all.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) all.push(message.text());
  });
  return all;
}

async function visit(context: BrowserContext, path = "/tents?order=secret"): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  await page.goto(SHOP + path);
  return page;
}

const launcher = (page: Page) => page.getByRole("button", { name: /^Open chat/ });
const field = (page: Page) => page.getByRole("textbox", { name: "Write a message…" });
const bubble = (page: Page, text: string) => page.locator(".bubble", { hasText: text });

// WCAG 2.0 to 2.2, A and AA, of what is ours in the page.
async function expectAccessible(page: Page, where: string): Promise<void> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
    const { violations, incomplete } = await (window as unknown as { axe: typeof axe }).axe.run(document, { runOnly: { type: "tag", values: tags } });
    return [...violations, ...incomplete].map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(" ")}`);
  });
  assert.deepEqual(found, [], where);
}

async function write(page: Page, text: string): Promise<void> {
  await field(page).fill(text);
  await field(page).press("Enter");
}

test("CHAT-30: in a browser under a strict policy, over a restart of the host and a reload, nothing is lost or doubled", async () => {
  const shop = await Shop.open();
  try {
    const context = await shop.browser.newContext({ viewport: { width: 1000, height: 800 } });
    const page = await visit(context);
    const wrong = complaints(page);
    await launcher(page).click();
    await write(page, "Do you have the Northwind?");
    const chat = await chatWith("Do you have the Northwind?");
    assert.equal((await texts(chat))[0], `${SHOP}/tents`, "the page, without what stands behind ?");

    shop.relay.cut();
    await host.kill("SIGKILL");
    await write(page, "Are you there?");
    await page.getByText("No connection").waitFor();
    await host.serve();
    shop.relay.target = host.address;
    await chatWith("Are you there?");
    await answer(chat, { text: "We are, and we have it." });
    await bubble(page, "We are, and we have it.").waitFor();
    await page.getByText("No connection").waitFor({ state: "hidden" });

    await page.locator("input[type=file]").setInputFiles({ name: "mine.png", mimeType: "image/png", buffer: PNG });
    await eventually("the picture is in the chat", async () => (await host.messages(chat)).some((message) => message.attachments?.[0]?.name === "mine.png"));
    await answer(chat, { text: "Here it is", attachments: [await upload("ours.png", "image/png", PNG), await upload("manual.html", "text/html", Buffer.from("<script>1</script>"))] });
    const ours = page.getByRole("img", { name: "ours.png" });
    await eventually("the picture is shown", () => ours.evaluate((image) => (image as HTMLImageElement).naturalWidth === 1));
    const manual = await page.getByRole("link", { name: "manual.html" }).getAttribute("href");
    const offered = await fetch(manual!.replace(BAY, host.address));
    assert.match(offered.headers.get("content-disposition")!, /^attachment;/, "a page is saved, not opened");

    // The page has lost its place in the stream: it is told everything again.
    const key = `patchbay.webchat.${integration}`;
    const place = await page.evaluate((of) => {
      const saved = JSON.parse(localStorage.getItem(of)!);
      localStorage.setItem(of, JSON.stringify({ ...saved, after: "" }));
      return saved.after as string;
    }, key);
    await page.reload();
    await launcher(page).click();
    await bubble(page, "Here it is").waitFor();
    const kept = (): Promise<any> => page.evaluate((of) => JSON.parse(localStorage.getItem(of)!), key);
    await eventually("all is told again", async () => (await kept()).after === place);
    assert.equal((await kept()).items.length, 5);
    const shown = await page.locator(".item .bubble").allTextContents();
    assert.deepEqual(shown, ["Hello! How can we help?", "Do you have the Northwind?", "Are you there?", "We are, and we have it.", "Here it is"]);
    const mine = page.getByRole("img", { name: "mine.png" });
    await eventually("one's own picture is back", () => mine.evaluate((image) => (image as HTMLImageElement).naturalWidth === 1));
    assert.deepEqual(await texts(chat), [`${SHOP}/tents`, "Do you have the Northwind?", "Are you there?", "We are, and we have it.", "", "Here it is"]);
    await eventually("the answers are read", async () => (await host.messages(chat)).filter((message) => message.state === "read").length === 2);
    assert.deepEqual(await context.cookies(), []);
    assert.deepEqual(wrong, []);
  } finally {
    await shop.close();
  }
});

test("CHAT-30: a file that a proxy takes for too large fails with clear words, and what was written after it goes out", async () => {
  const shop = await Shop.open();
  try {
    const page = await visit(await shop.browser.newContext());
    await launcher(page).click();
    await write(page, "I send a picture");
    const chat = await chatWith("I send a picture");
    // Its answer may not be read by the page, which sees a lost connection; the stream is cut as well.
    for (const path of ["file", "events"]) await page.route(new RegExp(`/hooks/webchat/.*/${path}`), (route) => route.abort());
    await page.locator("input[type=file]").setInputFiles({ name: "mine.png", mimeType: "image/png", buffer: PNG });
    await write(page, "Did you get it?");
    await page.getByText("The file did not get through").waitFor();
    await chatWith("Did you get it?");
    assert.deepEqual((await texts(chat)).slice(1), ["I send a picture", "Did you get it?"]);
  } finally {
    await shop.close();
  }
});

test("CHAT-30: an answer of days ago is fetched when the page is opened again", async () => {
  const shop = await Shop.open();
  try {
    const context = await shop.browser.newContext();
    const page = await visit(context);
    await launcher(page).click();
    await write(page, "Tell me when it is there");
    const chat = await chatWith("Tell me when it is there");
    await page.evaluate((of) => {
      const saved = JSON.parse(localStorage.getItem(of)!);
      for (const item of saved.items) item.at -= 3 * 24 * 3600_000;
      localStorage.setItem(of, JSON.stringify(saved));
    }, `patchbay.webchat.${integration}`);
    await page.close();
    await answer(chat, { text: "It is there" });
    await (await visit(context)).getByRole("button", { name: "Open chat, 1 unread" }).waitFor();
  } finally {
    await shop.close();
  }
});

test("CHAT-30: what operators write is text; keys and roles are enough; unread is counted", async () => {
  const shop = await Shop.open({ attributes: 'data-title="<b>Sale</b>"' });
  try {
    const context = await shop.browser.newContext({ viewport: { width: 360, height: 640 } });
    const page = await visit(context);
    const wrong = complaints(page);
    await launcher(page).focus();
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog", { name: "<b>Sale</b>" });
    const box = (await dialog.boundingBox())!;
    assert.deepEqual([box.width, box.height].map(Math.round), [360, 640], "all of a phone");
    await page.keyboard.type("Hello by keys");
    await page.keyboard.press("Enter");
    const chat = await chatWith("Hello by keys");
    for (let i = 0; i < 6; ++i) {
      await page.keyboard.press("Tab");
      assert.ok(await page.evaluate(() => Boolean(document.activeElement?.shadowRoot?.activeElement?.closest(".panel"))), "the focus stays inside");
    }
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    assert.equal(await page.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.className), "launch");

    await answer(chat, { text: `<img src=x onerror="document.title='owned'"> javascript:alert(1) https://shop.example/a?b=1, ${"W".repeat(400)}` });
    await page.getByRole("button", { name: "Open chat, 1 unread" }).click();
    const last = bubble(page, "onerror");
    await last.waitFor();
    assert.equal(await last.locator("img").count(), 0);
    assert.deepEqual(await last.locator("a").evaluateAll((links) => links.map((each) => each.getAttribute("href"))), ["https://shop.example/a?b=1"]);
    assert.ok((await last.boundingBox())!.width < 340, "long words wrap");
    assert.equal(await page.title(), "Shop");
    await page.evaluate(() => document.body.replaceWith(document.createElement("body"))); // as pages do that load others into themselves
    await last.waitFor();
    assert.equal(await page.getByRole("log", { name: "Messages" }).count(), 1);
    assert.deepEqual(wrong, []);
  } finally {
    await shop.close();
  }
});

test("CHAT-21, CHAT-30: files are checked before they go, a failed one says why", async () => {
  const shop = await Shop.open();
  try {
    const page = await visit(await shop.browser.newContext());
    await launcher(page).click();
    const choose = (name: string, mimeType: string, buffer: Buffer): Promise<void> => page.locator("input[type=file]").setInputFiles({ name, mimeType, buffer });
    await choose("setup.exe", "application/x-msdownload", Buffer.from("MZ"));
    await page.getByRole("alert").filter({ hasText: "setup.exe: Files of this type cannot be sent here." }).waitFor();
    await choose("big.png", "image/png", Buffer.alloc((10 << 20) + 1));
    await page.getByRole("alert").filter({ hasText: "big.png: The file is larger than 10 MB." }).waitFor();
    await choose("none.png", "image/png", Buffer.alloc(0));
    await page.getByRole("alert").filter({ hasText: "The file is empty." }).waitFor();
    await choose("smuggled.png", "image/png", Buffer.from("<script>1</script>"));
    await page.getByText("The file is not what its name says").waitFor();
    await page.getByRole("button", { name: "Remove" }).click();
    await page.getByText("smuggled.png").waitFor({ state: "hidden" });

    shop.relay.cut();
    await choose("late.png", "image/png", PNG);
    await page.getByText("No connection").waitFor();
    await page.goto("about:blank");
    shop.relay.target = host.address;
    await page.goto(`${SHOP}/tents`);
    await launcher(page).click();
    await page.getByText("The page was reloaded before the file was sent.").waitFor();
  } finally {
    await shop.close();
  }
});

test("CHAT-30: two tabs are one conversation by one stream; without storage it lasts as long as the page", async () => {
  const shop = await Shop.open({ trusted: SHOP }); // only pages by https may ask for locks
  try {
    const context = await shop.browser.newContext();
    const [one, two] = [await visit(context), await visit(context, "/stoves")];
    await launcher(one).click();
    await write(one, "From the first tab");
    const chat = await chatWith("From the first tab");
    await launcher(two).click();
    await bubble(two, "From the first tab").waitFor();
    await write(two, "From the second tab");
    await answer(chat, { text: "To both tabs" });
    for (const page of [one, two]) await bubble(page, "To both tabs").waitFor();
    await eventually("one stream is open", async () => /patchbay_live_streams 1\b/.test((await host.get("/metrics")).body));
    await one.close();
    await answer(chat, { text: "To the one that is left" });
    await bubble(two, "To the one that is left").waitFor();
    assert.equal(await bubble(two, "To").count(), 2);

    const strict = await shop.browser.newContext();
    await strict.addInitScript(() => Object.defineProperty(window, "localStorage", { get: () => { throw new Error("refused"); } }));
    const page = await visit(strict);
    await launcher(page).click();
    await write(page, "Nothing is kept here");
    await answer(await chatWith("Nothing is kept here"), { text: "But it works" });
    await bubble(page, "But it works").waitFor();
    await page.reload();
    await launcher(page).click();
    await bubble(page, "How can we help?").waitFor();
    assert.equal(await page.locator(".bubble").count(), 1);
  } finally {
    await shop.close();
  }
});

test("CHAT-30: a visitor is asked for a name first, in the language of the page", async () => {
  const of = await host.connect("webchat", "Магазин", { origins: [SHOP], ask_name: "required", ask_email: "optional", position: "left", colour: "#f5c518" });
  const shop = await Shop.open({ of, language: "ru" });
  try {
    const page = await visit(await shop.browser.newContext());
    await page.getByRole("button", { name: "Открыть чат" }).click();
    await page.getByRole("button", { name: "Начать чат" }).click();
    await page.getByText("Заполните это поле").waitFor();
    await expectAccessible(page, "the form");
    await page.getByLabel("Имя").fill("Анна");
    await page.getByLabel("Электронная почта").fill("anna");
    await page.keyboard.press("Enter");
    await page.getByText("Адрес выглядит так").waitFor();
    await page.getByLabel("Электронная почта").fill("anna@example.org");
    await page.keyboard.press("Enter");
    await page.getByRole("textbox", { name: "Напишите сообщение…" }).fill("Здравствуйте");
    await page.keyboard.press("Enter");
    const [chat] = await eventually("the chat is there", async () => {
      const chats = await host.chats(of);
      return chats.length > 0 && (await host.messages(chats[0].id)).length === 2 && chats;
    });
    assert.equal(chat.title, "Анна");
    const [about, words] = await host.messages(chat.id);
    assert.deepEqual(about.content.contact, { name: "Анна", email: "anna@example.org" });
    assert.equal(words.text, "Здравствуйте");
  } finally {
    await shop.close();
  }
});

test("CHAT-30: axe finds nothing in the window, empty, talking and complaining, in light and dark", async () => {
  const shop = await Shop.open();
  try {
    for (const colorScheme of ["light", "dark"] as const) {
      const page = await visit(await shop.browser.newContext({ colorScheme, reducedMotion: "reduce" }));
      await expectAccessible(page, `${colorScheme}, closed`);
      await launcher(page).click();
      await expectAccessible(page, `${colorScheme}, empty`);
      await write(page, `Anybody there, in the ${colorScheme}?`);
      const chat = await chatWith(`Anybody there, in the ${colorScheme}?`);
      await answer(chat, { text: "See https://shop.example", buttons: [[{ title: "Yes", data: "y" }]] });
      await answer(chat, { text: "", attachments: [await upload("ours.png", "image/png", PNG), await upload("manual.pdf", "application/pdf", Buffer.from("%PDF-1.4"))] });
      await page.getByText("manual.pdf").waitFor();
      for (const [name, type] of [["setup.exe", "application/x-msdownload"], ["smuggled.png", "image/png"], ["setup.exe", "application/x-msdownload"]] as const)
        await page.locator("input[type=file]").setInputFiles({ name, mimeType: type, buffer: Buffer.from("MZ") });
      await page.getByText("The file is not what its name says").waitFor();
      await expectAccessible(page, `${colorScheme}, talking`);
    }
  } finally {
    await shop.close();
  }
});
