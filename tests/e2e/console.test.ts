// The console in a real browser, below a path, under its policy (UI-3, UI-9, UI-10, UI-11).
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { CONSOLE, Room, type Desk } from "./support/console.ts";
import { eventually, PASSWORD } from "./support/patchbay.ts";

const SOURCE = resolve(import.meta.dirname, "../../host/console");
const SHOP = "http://shop.example";
const PNG = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
const HOSTILE = `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`;

let room: Room;
let anna = "", johan = "";
const desks: Desk[] = [];

before(async () => {
  room = await Room.open();
  anna = await room.addPerson("anna", "Anna Lindqvist");
  johan = await room.addPerson("johan", "Johan Ek");
  await room.addChannel("Harbor Support", "Support", [anna, johan]);
});
after(() => room?.close());

async function accepted(desk: Desk, client: string, text = "Hello, is anybody there?"): Promise<void> {
  await room.write(client, text);
  await desk.page.getByRole("button", { name: `Accept ${client}` }).click();
  await desk.log().getByText(text).waitFor();
}

const chatOf = (client: string, channel = room.channel): Promise<any> =>
  eventually(`the chat of ${client}`, async () => (await room.host.chats(channel)).find((chat) => chat.conversation === client && chat.state !== "finished"));

test("the types of the console are those that this host serves", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pb-schema-"));
  const { body } = await room.host.get("/api/v1/openapi.json");
  await writeFile(join(folder, "openapi.json"), JSON.stringify(body));
  await promisify(execFile)(join(SOURCE, "node_modules/.bin/openapi-typescript"), [join(folder, "openapi.json"), "-o", join(folder, "schema.d.ts")]);
  const [made, kept] = await Promise.all([join(folder, "schema.d.ts"), join(SOURCE, "src/api/schema.d.ts")].map((path) => readFile(path, "utf8")));
  await rm(folder, { recursive: true });
  assert.ok(made === kept, "run tools/console_types: the API is another one now");
});

test("UI-10: the first load is small, kept for ever where it can be, and everything comes with the policy", async () => {
  const desk = await room.visit();
  await desk.signIn("anna");
  await desk.page.getByRole("heading", { name: "Desk", exact: true }).waitFor();
  const bytes = desk.loaded.reduce((sum, each) => sum + each.bytes, 0);
  const names = desk.loaded.map((each) => each.name);
  console.log(`first load: ${(bytes / 1000).toFixed(0)} kB in ${names.length} files`);
  assert.ok(bytes > 50_000 && bytes < 300_000, `${bytes} bytes: ${names.join(" ")}`);
  await desk.close();

  const page = await fetch(`${room.host.address}/app/desk`, { headers: { accept: "text/html" } });
  assert.equal(page.status, 200);
  assert.equal(page.headers.get("cache-control"), "no-cache");
  assert.match(page.headers.get("content-security-policy")!, /^default-src 'none'; script-src 'self'; style-src 'self';/);
  const html = await page.text();
  assert.match(html, /<base href="\/app\/"/);
  const script = /src="\.\/(assets\/[^"]+\.js)"/.exec(html)![1]!;
  const asset = await fetch(`${room.host.address}/app/${script}`, { method: "HEAD", headers: { "accept-encoding": "br" } });
  assert.equal(asset.headers.get("cache-control"), "public, max-age=31536000, immutable");
  assert.equal(asset.headers.get("content-encoding"), "br");
  assert.equal((await fetch(`${room.host.address}/app/desk`, { headers: { accept: "application/json" } })).status, 404);
  assert.equal((await fetch(`${room.host.address}/api/v1/nothing`, { headers: { accept: "text/html" } })).status, 404);
});

test("ACC-2: signing in says what is wrong, keeps what was typed, and leads to the wanted address", async () => {
  const desk = await room.visit("nowhere?x=1");
  const { page } = desk;
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await desk.shoot("sign-in");
  await desk.expectSound("sign-in");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByText("Enter your login.").waitFor();
  await desk.signIn("anna", "not this one");
  await page.getByRole("alert").filter({ hasText: "Login or password is wrong." }).waitFor();
  assert.equal(await page.getByLabel("Login", { exact: true }).inputValue(), "anna");
  await desk.shoot("sign-in-wrong");
  await desk.expectSound("sign-in, wrong");
  room.relay.cut();
  await desk.signIn("anna");
  await page.getByRole("alert").filter({ hasText: "The host does not answer." }).waitFor();
  assert.equal(await page.getByLabel("Password", { exact: true }).inputValue(), PASSWORD);
  room.relay.target = room.host.address;
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByText("There is no such page").waitFor();
  assert.equal(page.url(), `${CONSOLE}nowhere?x=1`);
  await page.getByRole("button", { name: "To the desk" }).click();
  await page.getByRole("heading", { name: "Desk", exact: true }).waitFor();
  assert.equal(page.url(), `${CONSOLE}desk`);
  await desk.close();

  await room.addPerson("mia", "Mia");
  for (let i = 0; i < 10; ++i) await room.host.call("POST", "/api/v1/session", { login: "mia", password: `guess ${i}` }, { authorization: "" });
  const locked = await room.visit();
  await locked.signIn("mia");
  await locked.page.getByRole("alert").filter({ hasText: /Too many wrong attempts\. Try again in 1\d minutes/ }).waitFor();
  await locked.close();
});

test("UI-3: a chat from offer to finish, by keys alone", async () => {
  const desk = await room.signIn("anna");
  const { page } = desk;
  const press = (keys: string): Promise<void> => page.keyboard.press(keys);
  await page.getByText("You are inactive").waitFor();
  await desk.shoot("desk-inactive");
  await desk.expectSound("an inactive desk");
  await press("Alt+s");
  await page.getByText("Nobody waits").waitFor();
  await room.write("Ingrid Solheim", "Hi! The buckle of my Fjell 40 backpack broke on the second trip. Is that under warranty?");
  await page.getByRole("article", { name: "Offer: Ingrid Solheim" }).getByText("The buckle of my").waitFor();
  await eventually("the title counts", async () => (await page.title()) === "(1) Desk · Patchbay");
  await desk.shoot("desk-offer");
  await press("a");
  await desk.log().getByText("Is that under warranty?").waitFor();
  await desk.log().getByText("You accepted the chat").waitFor();
  assert.match(page.url(), /\/app\/desk\/chats\/\d+$/);
  assert.equal(await page.evaluate(() => document.activeElement?.id), "composer");
  await page.keyboard.type("Yes, the warranty is two years.");
  await press("Shift+Enter");
  await page.keyboard.type("Could you send me a photo?");
  await press("Enter");
  await desk.log().getByText("Could you send me a photo?").waitFor();
  await desk.log().getByText("sent", { exact: false }).last().waitFor();
  const chat = await chatOf("Ingrid Solheim");
  assert.equal((await room.host.messages(chat.id)).at(-1).text, "Yes, the warranty is two years.\nCould you send me a photo?");
  await press("Escape");
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await press("?");
  await page.getByRole("dialog", { name: "Keyboard" }).waitFor();
  await desk.expectSound("the list of keys");
  await press("Escape");
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  await press("t");
  const dialog = page.getByRole("dialog", { name: "Transfer Ingrid Solheim" });
  await dialog.getByText("Johan Ek").waitFor();
  await desk.shoot("transfer");
  await desk.expectSound("the transfer");
  await press("Escape");
  await dialog.waitFor({ state: "hidden" });
  await press("c");
  await page.getByText(/Case \S+ created/).waitFor();
  await press("Shift+F");
  await page.getByText("Chat with Ingrid Solheim finished").waitFor();
  await press("z");
  await desk.log().getByText("Could you send me a photo?").waitFor();
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await press("Shift+F");
  await page.getByText("Nobody waits").waitFor();
  await eventually("it is finished", async () => (await room.host.get(`/api/v1/chats/${chat.id}`)).body.state === "finished");
  await desk.close();
});

test("CHAT-3: of two who accept at once one has the chat, and the other is told who was faster", async () => {
  const [one, two] = [await room.signIn("anna"), await room.signIn("johan")];
  for (const desk of [one, two]) await desk.becomeActive();
  await room.write("Camille Fontaine", "The tracking link says delivered");
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const button = (desk: Desk) => desk.page.getByRole("button", { name: "Accept Camille Fontaine" });
  await Promise.all([one, two].map((desk) => button(desk).waitFor()));
  // Neither learns of the other before both have clicked.
  for (const { page } of [one, two]) await page.route("**/api/v1/desk", (route) => released.then(() => route.continue()));
  await Promise.all([one, two].map((desk) => button(desk).click()));
  release();
  const chat = await eventually("somebody has it", async () => {
    const found = await chatOf("Camille Fontaine");
    return found.operator !== null && found;
  });
  const [winner, loser, name] = chat.operator === anna ? [one, two, "Anna Lindqvist"] : [two, one, "Johan Ek"];
  await loser.page.getByText(`${name} was faster`).waitFor();
  await loser.shoot("slower");
  await winner.log().getByText("The tracking link says delivered").waitFor();
  // And on to the other, with a note.
  await winner.page.getByRole("button", { name: "Transfer" }).click();
  const dialog = winner.page.getByRole("dialog");
  await dialog.getByRole("radio", { name: new RegExp(name === "Johan Ek" ? "Anna Lindqvist" : "Johan Ek") }).check();
  await dialog.getByLabel("Note").fill("She has waited since Monday");
  await dialog.getByRole("button", { name: "Transfer" }).click();
  await loser.page.getByRole("button", { name: "Accept Camille Fontaine" }).click();
  await loser.log().getByText("She has waited since Monday").waitFor();
  await loser.log().getByText(`${name} passed this chat to you`).waitFor();
  await loser.shoot("transferred");
  await loser.page.getByRole("button", { name: "Finish" }).click();
  await loser.page.getByText("Chat with Camille Fontaine finished").waitFor();
  await eventually("it is finished when that cannot be undone any more", async () => (await room.host.get(`/api/v1/chats/${chat.id}`)).body.state === "finished");
  await two.page.getByRole("radio", { name: "Inactive" }).check();
  await one.close();
  await two.close();
});

test("what clients write is text, and long words stay inside", async () => {
  const desk = await room.signIn("anna");
  await desk.becomeActive();
  await accepted(desk, HOSTILE, `${HOSTILE} ${"W".repeat(400)}`);
  await desk.page.getByRole("heading", { name: HOSTILE }).first().waitFor();
  assert.equal(await desk.page.locator("img[src=x]").count(), 0);
  assert.doesNotMatch(await desk.page.title(), /^owned/);
  await desk.shoot("hostile");
  await desk.expectSound("hostile text");
  await desk.page.setViewportSize({ width: 360, height: 780 });
  await desk.expectSound("hostile text on a phone");
  await desk.shoot("hostile-360");
  await desk.close();
});

test("UI-9: a connection that breaks is shown, loses nothing that is typed, and sends it once when it is back", async () => {
  const desk = await room.signIn("anna");
  const { page } = desk;
  await desk.becomeActive();
  await accepted(desk, "Tomasz Wieczorek", "Do you have size 43?");
  room.relay.cut();
  await desk.composer().fill("Yes, size 43 is here");
  await desk.composer().press("Enter");
  await desk.composer().fill("Half a sen");
  await page.getByText(/No connection for \d+ s\./).waitFor();
  await desk.log().getByText("queued").waitFor();
  await desk.shoot("broken");
  await desk.expectSound("without connection");
  await room.write("Tomasz Wieczorek", "Hello? Are you there?");
  room.relay.target = room.host.address;
  await desk.log().getByText("Hello? Are you there?").waitFor();
  await page.getByText("1 message came in meanwhile.").waitFor();
  const chat = await chatOf("Tomasz Wieczorek");
  await eventually("it is sent", async () => (await room.host.messages(chat.id)).some((message) => message.text === "Yes, size 43 is here"));
  assert.equal(await desk.composer().inputValue(), "Half a sen");
  assert.equal((await room.host.messages(chat.id)).filter((message) => message.text === "Yes, size 43 is here").length, 1);
  await desk.log().getByText("queued").waitFor({ state: "hidden" });
  assert.equal(await desk.log().getByText("Yes, size 43 is here").count(), 1);
  // Nor does a reload lose it, or the end of the session.
  await page.reload();
  await desk.log().getByText("Yes, size 43 is here").waitFor();
  assert.equal(await desk.composer().inputValue(), "Half a sen");
  assert.equal((await room.host.call("DELETE", `/api/v1/users/${anna}/sessions`)).status, 204);
  await page.getByRole("dialog", { name: "Sign in again" }).waitFor();
  await desk.shoot("session-ended");
  await desk.expectSound("an ended session");
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByRole("dialog").waitFor({ state: "hidden" });
  assert.equal(await desk.composer().inputValue(), "Half a sen");
  await desk.composer().press("End");
  await desk.composer().pressSequentially("tence");
  await desk.composer().press("Enter");
  await eventually("the rest is sent", async () => (await room.host.messages(chat.id)).some((message) => message.text === "Half a sentence"));
  await desk.close();
});

test("CHAT-12, CHAT-16, CHAT-21: quick replies, files, unread messages, drafts", async () => {
  const shop = await room.host.connect("webchat", "Nordic shop", { origins: [SHOP] });
  await room.serveBy(shop, room.queue);
  const hook = (route: string): string => `${room.host.address}/hooks/webchat/${shop}/${route}`;
  const visitor = (await (await fetch(hook("session"), { method: "POST", headers: { origin: SHOP } })).json()) as { token: string };
  const say = async (id: string, text: string): Promise<void> => {
    const headers = { authorization: `Bearer ${visitor.token}`, "content-type": "application/json", origin: SHOP };
    assert.equal((await fetch(hook("in"), { method: "POST", headers, body: JSON.stringify({ type: "message", id, text, name: "Visitor 4821" }) })).status, 200);
  };
  for (const [name, text] of [["Thank you, done", "Thank you {{client}}, it is done."], ["Delivery in 2 days", "It comes within two days."], ["Anything else?", "Anything else?"], ["Returns", "Returns are free."]])
    assert.equal((await room.host.post("/api/v1/quick-replies", { name, text, language: "en" })).status, 201);

  const desk = await room.signIn("anna");
  const { page } = desk;
  await desk.becomeActive();
  await say("m1", "Do you ship tents to Iceland?");
  await page.getByRole("button", { name: "Accept Visitor 4821" }).click();
  await desk.log().getByText("Do you ship tents to Iceland?").waitFor();
  await desk.composer().fill("/deliv");
  const list = page.getByRole("listbox", { name: "Quick replies" });
  await list.getByRole("option").first().waitFor();
  await desk.shoot("quick-replies");
  await desk.expectSound("quick replies");
  await desk.composer().press("Enter");
  assert.equal(await desk.composer().inputValue(), "It comes within two days.");
  const choose = (name: string, mimeType: string, buffer: Buffer): Promise<void> => page.locator("input[type=file]").setInputFiles({ name, mimeType, buffer });
  await choose("none.png", "image/png", Buffer.alloc(0));
  await page.getByText("The file is empty.").waitFor();
  await page.getByRole("button", { name: "Remove none.png" }).click();
  const folder = await mkdtemp(join(tmpdir(), "pb-files-"));
  await writeFile(join(folder, "film.mp4"), "");
  await truncate(join(folder, "film.mp4"), 61 << 20);
  await page.locator("input[type=file]").setInputFiles(join(folder, "film.mp4"));
  await page.getByText(/This channel takes 50 MB at most; this file has 61 MB\./).waitFor();
  await desk.shoot("file-too-big");
  await desk.expectSound("a file that is too big");
  await page.getByRole("button", { name: "Remove film.mp4" }).click();
  await rm(folder, { recursive: true });
  await choose("map.png", "image/png", PNG);
  await page.getByRole("button", { name: "Send", exact: true }).click();
  const picture = desk.log().getByRole("img", { name: "Picture map.png" });
  await eventually("the picture is there", () => picture.evaluate((image) => (image as HTMLImageElement).naturalWidth === 1));
  await page.getByRole("button", { name: "Enlarge map.png" }).click();
  await page.getByRole("dialog", { name: "map.png" }).waitFor();
  await page.keyboard.press("Escape");

  // Somewhere else it is unread, and what is half written is said.
  await desk.composer().fill("We could also");
  await accepted(desk, "Ingrid Solheim", "Here I am again");
  await page.getByRole("link", { name: /Visitor 4821/ }).getByText("Draft:").waitFor();
  await say("m2", "Hello?");
  await page.getByRole("link", { name: /Visitor 4821.*1 unread/ }).waitFor();
  await desk.shoot("desk");
  await desk.expectSound("a desk at work");
  await page.getByRole("link", { name: /img.*1 unread/ }).waitFor(); // of an earlier test: new to this browser
  await page.keyboard.press("Alt+u");
  await desk.log().getByText("onerror").waitFor();
  await page.keyboard.press("Alt+u");
  await desk.log().getByText("Hello?").waitFor();
  await page.getByRole("link", { name: /Visitor 4821.*1 unread/ }).waitFor({ state: "hidden" });
  assert.equal(await desk.composer().inputValue(), "We could also");
  desks.push(desk);
});

test("UI-10: in both schemes and languages, wide and narrow, axe finds nothing", async () => {
  const wide = desks.pop()!;
  const path = new URL(wide.page.url()).pathname.slice("/app/".length);
  await room.write("Александра Константинопольская", "Здравствуйте! Подскажите, когда привезут заказ? Ждём его уже неделю, а в письме было написано, что он придёт за два дня.");
  for (const [locale, login] of [["en-GB", undefined], ["ru-RU", { login: "Логин", password: "Пароль", button: "Войти" }]] as const) {
    for (const colorScheme of ["light", "dark"] as const) {
      for (const width of [1440, 1000, 360]) {
        const name = `${locale.slice(0, 2)}-${colorScheme}-${width}`;
        const desk = await room.visit("desk", { locale, colorScheme, viewport: { width, height: width === 360 ? 780 : 900 }, hasTouch: width === 360 });
        await desk.page.locator("form").waitFor();
        await desk.expectSound(`${name}, signing in`);
        await desk.signIn("anna", PASSWORD, login);
        await desk.page.getByRole("article").getByText("Здравствуйте").waitFor();
        assert.equal(await desk.page.evaluate(() => document.documentElement.lang), locale.slice(0, 2));
        await desk.page.locator("a[href*='chats/']").first().waitFor();
        await desk.shoot(`list-${name}`);
        await desk.expectSound(`${name}, the list`);
        await desk.page.locator(`a[href$='${path}']`).click();
        await desk.log().getByText("Do you ship tents to Iceland?").waitFor();
        await desk.shoot(`chat-${name}`);
        await desk.expectSound(`${name}, a chat`);
        await desk.close();
      }
    }
  }
  await wide.close();
});

test("UI-7: oneself: language, theme, password, and out", async () => {
  const desk = await room.signIn("johan");
  const { page } = desk;
  await page.keyboard.press("[");
  await page.getByText("Johan Ek", { exact: true }).waitFor();
  await desk.shoot("rail-wide");
  await page.getByRole("button", { name: /Notifications/ }).first().click();
  await page.getByRole("dialog", { name: "Notifications" }).waitFor();
  await desk.shoot("notifications");
  await desk.expectSound("notifications");
  await page.keyboard.press("Escape");
  const menu = async (item: string): Promise<void> => {
    if (!(await page.getByRole("menu").isVisible())) await page.getByRole("button", { name: "Johan Ek" }).first().click();
    await page.getByRole("menu").waitFor();
    await page.getByText(item, { exact: true }).click();
  };
  await page.getByRole("button", { name: "Johan Ek" }).first().click();
  await page.getByRole("menu").waitFor();
  await desk.shoot("me");
  await desk.expectSound("the menu");
  await page.keyboard.press("Escape");
  await menu("Dark");
  assert.equal(await page.evaluate(() => document.documentElement.dataset["mantineColorScheme"]), "dark");
  await menu("Русский");
  await page.getByRole("heading", { name: "Чаты", exact: true }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Чаты", exact: true }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.dataset["mantineColorScheme"]), "dark");
  await menu("English");
  await menu("Change password…");
  const dialog = page.getByRole("dialog", { name: "Change password" });
  await dialog.getByLabel("Current password", { exact: true }).fill("not this one at all");
  await dialog.getByLabel("New password", { exact: true }).fill("another battery staple");
  await dialog.getByLabel("New password again", { exact: true }).fill("another battery");
  await dialog.getByRole("button", { name: "Change password" }).click();
  await dialog.getByText("This is not the same as above.").waitFor();
  await dialog.getByLabel("New password again", { exact: true }).fill("another battery staple");
  await dialog.getByRole("button", { name: "Change password" }).click();
  await dialog.locator("[class*=Input-error]").first().waitFor();
  await desk.shoot("password");
  await desk.expectSound("a wrong password");
  await dialog.getByLabel("Current password", { exact: true }).fill(PASSWORD);
  await dialog.getByRole("button", { name: "Change password" }).click();
  await page.getByText("Password changed").waitFor();
  await menu("Sign out");
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await desk.signIn("johan", "another battery staple");
  await page.getByRole("heading", { name: "Desk", exact: true }).waitFor();
  await desk.close();
});
