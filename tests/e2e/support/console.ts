// The console in a real browser: a host below a path, a relay before it that can be cut, people at their desks.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import axe from "axe-core";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launch, Relay } from "./browser.ts";
import { KEY, post } from "./echo.ts";
import { BUILD, PASSWORD, Patchbay } from "./patchbay.ts";

const BAY = "http://bay.example";
export const CONSOLE = `${BAY}/app/`;
const SCREENSHOTS = join(BUILD, "screenshots");

export class Room {
  readonly host: Patchbay;
  readonly relay: Relay;
  readonly browser: Browser;
  channel = "";
  queue = "";
  private last = 0;

  private constructor(host: Patchbay, relay: Relay, browser: Browser) {
    this.host = host;
    this.relay = relay;
    this.browser = browser;
  }

  static async open(): Promise<Room> {
    const host = await Patchbay.start({ siteUrl: `${BAY}/app`, folders: [join(BUILD, "plugins")] });
    const relay = await Relay.start();
    relay.target = host.address;
    return new Room(host, relay, await launch({ "bay.example": relay.port }, BAY));
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.relay.stop();
    await this.host.stop();
  }

  async addPerson(login: string, name: string, operations: string[] = []): Promise<string> {
    const made = await this.host.post("/api/v1/users", { login, name, operations });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    assert.equal((await this.host.post(`/api/v1/users/${made.body.id}/password`, { password: PASSWORD })).status, 204);
    return made.body.id as string;
  }

  // A channel of the echo plugin whose chats are offered to these.
  async addChannel(name: string, queue: string, operators: string[]): Promise<string> {
    this.channel = await this.host.connect("echo", name, { account: "harbor", signing_key: KEY });
    this.queue = await this.addQueue(queue, operators);
    await this.serveBy(this.channel, this.queue);
    return this.channel;
  }

  async addQueue(name: string, operators: string[], rule = "broadcast"): Promise<string> {
    const made = await this.host.post("/api/v1/queues", { name, rule, operators });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    return made.body.id as string;
  }

  async serveBy(channel: string, queue: string): Promise<void> {
    const changed = await this.host.call("PATCH", `/api/v1/channels/${channel}`, { active: true, queue });
    assert.equal(changed.status, 200, JSON.stringify(changed.body));
  }

  // A client writes.
  async write(client: string, text: string, channel = this.channel): Promise<void> {
    const answer = await post(this.host.address, channel, { id: `m${++this.last}`, chat: client, author: client, text });
    assert.equal(answer.status, 200);
  }

  async visit(path = "", options: BrowserContextOptions = {}): Promise<Desk> {
    const context = await this.browser.newContext({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce", locale: "en-GB", ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const desk = new Desk(page);
    await page.goto(CONSOLE + path);
    return desk;
  }

  async signIn(login: string, path = "", options: BrowserContextOptions = {}): Promise<Desk> {
    const desk = await this.visit(path, options);
    await desk.signIn(login);
    await desk.page.locator("nav").first().waitFor({ state: "attached" });
    return desk;
  }
}

// One browser window, and all that its page complained of: of its policy, too.
export class Desk {
  readonly page: Page;
  readonly complaints: string[] = [];
  readonly loaded: { name: string; bytes: number }[] = []; // of the console itself

  constructor(page: Page) {
    this.page = page;
    page.on("response", async (response) => {
      const url = response.url();
      if (!url.startsWith(CONSOLE) || url.includes("/api/")) return;
      this.loaded.push({ name: url.slice(CONSOLE.length), bytes: Number((await response.headerValue("content-length")) ?? 0) });
    });
    page.on("pageerror", (error) => this.complaints.push(error.message));
    page.on("console", (message) => {
      if ((message.type() === "error" || message.type() === "warning") && !message.text().startsWith("Failed to load resource")) this.complaints.push(message.text());
    });
  }

  async signIn(login: string, password = PASSWORD, names = { login: "Login", password: "Password", button: "Sign in" }): Promise<void> {
    await this.page.getByLabel(names.login, { exact: true }).fill(login);
    await this.page.getByLabel(names.password, { exact: true }).fill(password);
    await this.page.getByRole("button", { name: names.button, exact: true }).click();
  }

  async becomeActive(): Promise<void> {
    await this.page.getByRole("radio", { name: "Active", exact: true }).check();
  }

  composer = () => this.page.getByRole("textbox", { name: "Message", exact: true });
  log = () => this.page.getByRole("log");

  async shoot(name: string): Promise<void> {
    await mkdir(SCREENSHOTS, { recursive: true });
    await this.page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
  }

  // Nothing is wide, nothing is inaccessible.
  async expectSound(where: string): Promise<void> {
    const wide = await this.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wide <= 0, `${where}: the page is ${wide} px too wide`);
    await this.page.evaluate(axe.source);
    const found = await this.page.evaluate(async () => {
      const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];
      const { violations } = await (window as unknown as { axe: typeof axe }).axe.run(document, { runOnly: { type: "tag", values: tags } });
      return violations.map((each) => `${each.id}: ${each.nodes.map((node) => `${node.html} ${node.failureSummary}`).join(" | ")}`);
    });
    assert.deepEqual(found, [], where);
  }

  async close(): Promise<void> {
    await this.page.context().close();
    assert.deepEqual(this.complaints, []);
  }
}
