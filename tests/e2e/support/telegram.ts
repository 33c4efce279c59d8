// A host and a Bot API simulator that know each other.
import type { Bot, Sent } from "../../simulators/telegram/bot.ts";
import { TelegramSimulator } from "../../simulators/telegram/server.ts";
import { eventually, type Options, Patchbay } from "./patchbay.ts";

export const TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0";
export const SITE = "https://bot.example/app";
export const ANA = { id: 5519027461, name: "Ana", username: "ana_k" };

export class Stage {
  readonly simulator: TelegramSimulator;
  readonly host: Patchbay;
  readonly bot: Bot;

  private constructor(simulator: TelegramSimulator, host: Patchbay, bot: Bot) {
    this.simulator = simulator;
    this.host = host;
    this.bot = bot;
  }

  // The proxy in front of the host takes the site's path off.
  static async open(options: Options = {}): Promise<Stage> {
    const simulator = await TelegramSimulator.start();
    const host = await Patchbay.start({ siteUrl: SITE, allow: [`127.0.0.1:${simulator.port}`], ...options }).catch(async (error) => {
      await simulator.stop(); // else its socket keeps the test alive for ever
      throw error;
    });
    const bot = simulator.addBot({ token: TOKEN, retryDelayMs: 100, resolve: (url) => url.replace(SITE, host.address) });
    return new Stage(simulator, host, bot);
  }

  get settings(): object {
    return { token: TOKEN, api_base: this.simulator.address };
  }

  connect(mode = "webhook", name = "Support"): Promise<string> {
    return this.host.connect("telegram", name, { ...this.settings, mode });
  }

  async close(): Promise<void> {
    await this.host.stop();
    await this.simulator.stop();
  }

  async onlyChat(integration: string): Promise<any> {
    return eventually("a chat", async () => (await this.host.chats(integration))[0]);
  }

  // Messages of the only chat once there are `count`.
  async messages(integration: string, count: number): Promise<any[]> {
    const chat = await this.onlyChat(integration);
    return eventually(`${count} messages`, async () => {
      const all = await this.host.messages(chat.id);
      return all.length >= count && all;
    });
  }

  async state(chat: string, message: string): Promise<any> {
    return (await this.host.messages(chat)).find((candidate) => candidate.id === message);
  }

  async reaches(chat: string, message: string, state: string, seconds = 20): Promise<any> {
    let last = "";
    return eventually(`state ${state} of ${message}`, async () => {
      const found = await this.state(chat, message);
      last = found?.state;
      return found?.state === state && found;
    }, seconds).catch((error) => {
      throw new Error(`${error.message}; it is ${last}`);
    });
  }

  async upload(name: string, type: string, bytes: Uint8Array): Promise<string> {
    const form = new FormData();
    form.append("file", new Blob([bytes as BlobPart], { type }), name);
    const response = await fetch(`${this.host.address}/api/v1/files`, { method: "POST", headers: { authorization: `Bearer ${this.host.token}` }, body: form });
    const body: any = await response.json();
    if (response.status !== 201) throw new Error(`upload: ${response.status} ${JSON.stringify(body)}`);
    return body.id;
  }

  // A message goes out; answers once it is sent, with what the bot was made to send for it.
  async send(chat: string, body: object): Promise<Sent[]> {
    const before = this.bot.sent.length;
    const posted = await this.host.post(`/api/v1/chats/${chat}/messages`, body);
    if (posted.status !== 202) throw new Error(`post: ${posted.status} ${JSON.stringify(posted.body)}`);
    await this.reaches(chat, posted.body.id, "sent");
    return this.bot.sent.slice(before);
  }

  async download(id: string): Promise<Uint8Array> {
    const response = await fetch(`${this.host.address}/api/v1/files/${id}`, { headers: { authorization: `Bearer ${this.host.token}` } });
    if (response.status !== 200) throw new Error(`download: ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  }
}
