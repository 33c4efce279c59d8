// A host and a Bot API simulator that know each other.
import type { Bot, Sent } from "../../simulators/telegram/bot.ts";
import { TelegramSimulator } from "../../simulators/telegram/server.ts";
import { ChatStage } from "./chat_stage.ts";
import { type Options, Patchbay } from "./patchbay.ts";

export const TOKEN = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0";
export const SITE = "https://bot.example/app";
export const ANA = { id: 5519027461, name: "Ana", username: "ana_k" };

export class Stage extends ChatStage {
  readonly simulator: TelegramSimulator;
  readonly bot: Bot;

  private constructor(simulator: TelegramSimulator, host: Patchbay, bot: Bot) {
    super(host);
    this.simulator = simulator;
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

  // A message goes out; answers once it is sent, with what the bot was made to send for it.
  async send(chat: string, body: object): Promise<Sent[]> {
    const before = this.bot.sent.length;
    const posted = await this.host.post(`/api/v1/chats/${chat}/messages`, body);
    if (posted.status !== 202) throw new Error(`post: ${posted.status} ${JSON.stringify(posted.body)}`);
    await this.reaches(chat, posted.body.id, "sent");
    return this.bot.sent.slice(before);
  }
}
