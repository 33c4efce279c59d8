// Every channel with its provider, all on one host: what a client does and gets there, told in the same way.
import assert from "node:assert/strict";
import { ApiError } from "../../simulators/telegram/types.ts";
import { TelegramSimulator } from "../../simulators/telegram/server.ts";
import { GraphError } from "../../simulators/meta/types.ts";
import { WhatsApp } from "../../simulators/meta/whatsapp.ts";
import { TwilioSimulator } from "../../simulators/twilio/server.ts";
import { SITE, Stage } from "./messenger.ts";
import type { Patchbay } from "./patchbay.ts";
import { Stream } from "./stream.ts";

export interface Got {
  text: string;
  file: Buffer | undefined;
}

export interface Channel {
  readonly plugin: string;
  connect(name: string): Promise<string>;
  write(text: string): Promise<void>;
  // What has reached the client, oldest first.
  received(): Promise<Got[]>;
  // What the client's side tells of everything that it got, where it does. Nothing is told unasked.
  readonly report?: (state: "delivered" | "read") => Promise<void>;
  // The provider refuses the next message; answers what it says.
  readonly refuse?: () => RegExp;
  close(): void;
}

const got = (text: unknown, bytes?: Uint8Array): Got => ({ text: typeof text === "string" ? text : "", file: bytes && Buffer.from(bytes) });
const nothing = (): void => undefined;

// Meta's simulator comes with the stage, the others beside it.
export class Channels {
  readonly host: Patchbay;
  readonly all: Channel[];
  private readonly stage: Stage;
  private readonly others: { stop(): Promise<void> }[];

  private constructor(stage: Stage, telegram: TelegramSimulator, twilio: TwilioSimulator) {
    this.host = stage.host;
    this.stage = stage;
    this.others = [telegram, twilio];
    this.all = [overTelegram(stage.host, telegram), overMessenger(stage), overTwilio(stage.host, twilio), overCloud(stage), overWebchat(stage.host)];
  }

  static async open(): Promise<Channels> {
    const telegram = await TelegramSimulator.start();
    const twilio = await TwilioSimulator.start();
    const ports = [telegram.port, ...twilio.ports].map((port) => `127.0.0.1:${port}`);
    const stage = await Stage.open({ allow: ports }).catch(async (error) => {
      for (const each of [telegram, twilio]) await each.stop(); // else their sockets keep the test alive for ever
      throw error;
    });
    return new Channels(stage, telegram, twilio);
  }

  async close(): Promise<void> {
    for (const each of this.all) each.close();
    await this.stage.close();
    for (const each of this.others) await each.stop();
  }
}

function overTelegram(host: Patchbay, simulator: TelegramSimulator): Channel {
  const token = "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw0";
  const bot = simulator.addBot({ token, retryDelayMs: 100, resolve: (url) => url.replace(SITE, host.address) });
  return {
    plugin: "telegram",
    connect: (name) => host.connect("telegram", name, { token, api_base: simulator.address, mode: "webhook" }),
    write: async (text) => void bot.message({ id: 5519027461, name: "Ana" }, { text }),
    received: async () => bot.sent.map(({ message, files }) => got(message["text"] ?? message["caption"], files[0]?.bytes)),
    refuse: () => {
      bot.fail({ method: "sendMessage", error: new ApiError(400, "Bad Request: message is not what we like") });
      return /not what we like/;
    },
    close: nothing,
  };
}

function overMessenger(stage: Stage): Channel {
  const ana = "6543210987654321";
  const page = stage.messenger.addPage("104857600001", "Bakery");
  page.names.set(ana, ["Ana", "Klein"]);
  return {
    plugin: "messenger",
    connect: async (name) => {
      const [integration] = await stage.connect(page);
      const renamed = await stage.host.call("PATCH", `/api/v1/integrations/${integration}`, { name });
      assert.equal(renamed.status, 200, JSON.stringify(renamed.body));
      return integration!;
    },
    write: async (text) => void (await page.message(ana, { text })),
    received: async () => page.sent.map(({ message, file }) => got(message["text"], file?.bytes)),
    report: (state) => state === "delivered"
      ? page.tell(ana, { delivery: { mids: page.sent.map((sent) => sent.mid), watermark: Date.now() } }, "message_deliveries")
      : page.tell(ana, { read: { watermark: Date.now() } }, "message_reads"),
    refuse: () => {
      stage.graph.fail({ path: "messages", error: new GraphError(551, "This person isn't available right now.") });
      return /cannot be reached on Messenger/;
    },
    close: nothing,
  };
}

function overTwilio(host: Patchbay, simulator: TwilioSimulator): Channel {
  const number = "+442071234567";
  const ana = { number: "+4915112345678", name: "Ana" };
  const account = simulator.addAccount({ resolve: (url) => url.replace(SITE, host.address) });
  account.addSender(number);
  account.holdsBack = true;
  const arrived = () => account.sent().filter((message) => message.status !== "queued" && message.errorCode === null);
  return {
    plugin: "whatsapp-twilio",
    connect: (name) => host.connect("whatsapp-twilio", name, { phone_number: number, account_sid: account.sid, auth_token: account.token, api_base: simulator.address }),
    write: async (text) => {
      account.blocked.clear();
      await account.receive(ana, number, { body: text });
    },
    received: async () => arrived().map(({ body, media }) => got(body, media[0]?.bytes)),
    report: async (state) => {
      for (const message of arrived()) await account.report(message, state);
    },
    refuse: () => {
      account.blocked.set(ana.number, 63024);
      return /63024/;
    },
    close: nothing,
  };
}

function overCloud(stage: Stage): Channel {
  const ana = { number: "4915198765432", name: "Ana" };
  const whatsapp = new WhatsApp(stage.graph);
  const account = whatsapp.addAccount("102290129340398");
  const number = account.addNumber("106540352242922", "+1 555-078-3881", "Acme");
  number.reports = "accepted";
  const failed = new Set<string>(); // what was taken and did not arrive
  const arrived = () => number.sent.filter((sent) => !failed.has(sent.wamid));
  const textOf = (message: any): string => message.text?.body ?? message[message.type]?.caption ?? "";
  return {
    plugin: "whatsapp-cloud",
    connect: (name) => stage.host.connect("whatsapp-cloud", name, {
      phone_number_id: number.id, account_id: account.id, access_token: whatsapp.newToken(account), app_secret: stage.graph.appSecret, graph_base: stage.graph.address,
    }),
    write: async (text) => {
      if (number.refuses.delete(ana.number)) failed.add(number.sent.at(-1)!.wamid);
      await number.receive(ana, { type: "text", text: { body: text } });
    },
    received: async () => arrived().map(({ message, file }) => got(textOf(message), file?.bytes)),
    report: async (state) => {
      for (const sent of arrived()) await number.report(sent, state);
    },
    refuse: () => {
      number.refuses.set(ana.number, 131026);
      return /131026/;
    },
    close: nothing,
  };
}

function overWebchat(host: Patchbay): Channel {
  const origin = "http://shop.example";
  let integration = "";
  let token = "";
  let stream: Stream | undefined;
  let last = 0;
  const hook = (route: string): string => `${host.address}/hooks/webchat/${integration}/${route}`;
  const said = (): any[] => (stream?.events ?? []).map((event) => event.data).filter((data) => data.type === "message");
  const tell = async (frame: object): Promise<void> => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json", origin };
    const answer = await fetch(hook("in"), { method: "POST", headers, body: JSON.stringify({ id: `f${++last}`, ...frame }) });
    assert.equal(answer.status, 200, await answer.text());
  };
  return {
    plugin: "webchat",
    connect: async (name) => {
      integration = await host.connect("webchat", name, { origins: [origin] });
      const made = await fetch(hook("session"), { method: "POST", headers: { origin } });
      ({ token } = (await made.json()) as { token: string });
      stream = await Stream.open(hook("events"), { authorization: `Bearer ${token}`, origin });
      return integration;
    },
    write: (text) => tell({ type: "message", text, name: "Ana" }),
    received: () => Promise.all(said().map(async (data) => {
      const url: string | undefined = data.files?.[0]?.url;
      return got(data.text, url === undefined ? undefined : new Uint8Array(await (await fetch(url.replace(SITE, host.address))).arrayBuffer()));
    })),
    report: (state) => tell({ type: "receipt", state, messages: said().map((data) => data.id) }),
    close: () => stream?.close(),
  };
}
