// One account: its senders, its sandbox, its messages, and what its people do.
import { randomBytes } from "node:crypto";
import { signatureOf } from "./signature.ts";
import type { Content, Delivery, Fault, Fields, MediaFile, Message, Sender } from "./types.ts";

export const SANDBOX = "+14155238886";
const WINDOW_MS = 24 * 3600 * 1000;
const LARGEST = 16 * 1024 * 1024;
const LARGEST_IMAGE = 5 * 1024 * 1024;

export interface AccountOptions {
  sid?: string;
  token?: string;
  resolve?: (url: string) => string; // from a public address to the one that is really listened on
}

// A person with WhatsApp. Without a number only the business-scoped user id is told.
export interface Person {
  number?: string;
  userId?: string;
  name: string;
}

export interface Incoming {
  body?: string;
  media?: { type: string; name: string; bytes: Uint8Array };
  fields?: Fields; // further ones of the webhook: Latitude, ButtonPayload, ...
  lost?: boolean; // no webhook is sent
  ago?: number; // milliseconds
}

export const sidOf = (kind: string): string => kind + randomBytes(16).toString("hex");

export class Account {
  readonly sid: string;
  readonly senders: Sender[] = [];
  readonly contents: Content[] = [];
  readonly messages: Message[] = [];
  readonly participants = new Set<string>(); // of the sandbox: numbers
  readonly blocked = new Map<string, number>(); // numbers with the code that messages to them fail with
  readonly faults: Fault[] = [];
  readonly deliveries: Delivery[] = [];
  readonly requests: string[] = []; // "POST /2010-04-01/..."
  token: string;
  status = "active";
  sendersApi = true; // some accounts have none
  sandboxWebhook = ""; // as somebody pasted it
  losesCallbacks = false;
  holdsBack = false; // messages stay "sent"
  #skewMs = 0;
  readonly #resolve: (url: string) => string;

  constructor(options: AccountOptions = {}) {
    this.sid = options.sid ?? sidOf("AC");
    this.token = options.token ?? randomBytes(16).toString("hex");
    this.#resolve = options.resolve ?? ((url) => url);
  }

  now(): number {
    return Date.now() + this.#skewMs;
  }
  pass(ms: number): void {
    this.#skewMs += ms;
  }

  addSender(number: string, name = "Acme"): Sender {
    const sender: Sender = { sid: sidOf("XE"), number, name, status: "ONLINE", webhook: "https://demo.twilio.com/welcome/sms/reply", statusCallback: "" };
    this.senders.push(sender);
    return sender;
  }
  addContent(name: string, body: string, variables: Fields = {}, approval = "approved"): Content {
    const content: Content = { sid: sidOf("HX"), name, language: "en", variables, body, approval };
    this.contents.push(content);
    return content;
  }
  fail(fault: Partial<Fault> & { path: string }): void {
    this.faults.push({ times: 1, ...fault });
  }
  sent(): Message[] {
    return this.messages.filter((message) => message.direction !== "inbound");
  }

  // --- what people do ------------------------------------------------------------------------------------------------

  // Somebody writes to a number of the account. Resolves when the webhook was answered, whatever the answer:
  // Twilio does not repeat it.
  async receive(person: Person, to: string, incoming: Incoming): Promise<Message> {
    const media: MediaFile[] = incoming.media ? [{ sid: sidOf("ME"), ...incoming.media }] : [];
    const from = `whatsapp:${person.number ?? person.userId}`;
    const message: Message = {
      sid: sidOf(media.length ? "MM" : "SM"), direction: "inbound", from, to: `whatsapp:${to}`, body: incoming.body ?? "", status: "received",
      errorCode: null, errorMessage: null, created: this.now() - (incoming.ago ?? 0), media, form: {},
    };
    this.messages.push(message);
    if (!incoming.lost) await this.deliver(this.#webhookOf(to), this.webhookFields(person, message, incoming.fields ?? {}));
    return message;
  }

  webhookFields(person: Person, message: Message, more: Fields): Fields {
    const type = message.media[0]?.type.split("/")[0] ?? "text";
    const fields: Fields = {
      SmsMessageSid: message.sid, NumMedia: String(message.media.length), ProfileName: person.name, MessageType: type, SmsSid: message.sid,
      SmsStatus: "received", Body: message.body, To: message.to, NumSegments: "1", ReferralNumMedia: "0", MessageSid: message.sid,
      AccountSid: this.sid, From: message.from, ApiVersion: "2010-04-01",
    };
    if (person.number) fields["WaId"] = person.number.slice(1);
    if (person.userId) fields["ExternalUserId"] = person.userId;
    for (const [index, file] of message.media.entries()) {
      fields[`MediaContentType${index}`] = file.type;
      fields[`MediaUrl${index}`] = `${this.home}/2010-04-01/Accounts/${this.sid}/Messages/${message.sid}/Media/${file.sid}`;
    }
    return { ...fields, ...more };
  }

  home = ""; // the API's own address; the server sets it

  #webhookOf(number: string): string {
    return number === SANDBOX ? this.sandboxWebhook : (this.senders.find((sender) => sender.number === number)?.webhook ?? "");
  }

  // --- what Twilio does ----------------------------------------------------------------------------------------------

  async deliver(url: string, fields: Fields, token = this.token): Promise<Delivery> {
    const delivery: Delivery = { url, status: 0, body: "", fields };
    if (!url) return delivery;
    const called = url.replace(/#.*/, "");
    try {
      const answer = await fetch(this.#resolve(called), {
        method: "POST", redirect: "manual", body: new URLSearchParams(fields).toString(), signal: AbortSignal.timeout(15_000),
        headers: { "content-type": "application/x-www-form-urlencoded; charset=UTF-8", "x-twilio-signature": signatureOf(token, called, fields), "i-twilio-idempotency-token": sidOf("") },
      });
      delivery.status = answer.status;
      delivery.body = await answer.text();
    } catch { /* told by status 0 */ }
    this.deliveries.push(delivery);
    return delivery;
  }

  // What becomes of a message that was taken: after it was answered, as with WhatsApp.
  async carry(message: Message): Promise<void> {
    const failed = await this.#failureOf(message);
    if (failed) return this.report(message, failed === 63016 || failed === 63019 ? "undelivered" : "failed", failed);
    await this.report(message, "sent");
    if (!this.holdsBack) await this.report(message, "delivered");
  }

  async report(message: Message, status: string, code: number | null = null): Promise<void> {
    message.status = status;
    message.errorCode = code;
    message.errorMessage = code === null ? null : `Failed with ${code}`;
    const callback = message.form["StatusCallback"] ?? "";
    if (!callback || this.losesCallbacks) return;
    await this.deliver(callback, {
      ChannelPrefix: "whatsapp", ApiVersion: "2010-04-01", MessageStatus: status, SmsSid: message.sid, SmsStatus: status, ChannelInstallSid: sidOf("XE"),
      To: message.to, From: message.from, MessageSid: message.sid, AccountSid: this.sid, ChannelToAddress: message.to,
      ...(code === null ? {} : { ErrorCode: String(code), ErrorMessage: message.errorMessage ?? "" }),
    });
  }

  async #failureOf(message: Message): Promise<number | null> {
    const number = message.to.replace("whatsapp:", "");
    const block = this.blocked.get(number);
    if (block) return block;
    if (message.from === `whatsapp:${SANDBOX}` && !this.participants.has(number)) return 63015;
    const last = this.messages.filter((each) => each.direction === "inbound" && each.from === message.to).at(-1);
    const open = last !== undefined && this.now() - last.created <= WINDOW_MS;
    if (!open && !message.form["ContentSid"]) return 63016;
    const url = message.form["MediaUrl"];
    return url ? this.#fetchMedia(message, url) : null;
  }

  async #fetchMedia(message: Message, url: string): Promise<number | null> {
    try {
      const answer = await fetch(this.#resolve(url), { signal: AbortSignal.timeout(15_000) });
      const bytes = new Uint8Array(await answer.arrayBuffer());
      const type = (answer.headers.get("content-type") ?? "").split(";")[0] ?? "";
      if (!answer.ok || !type) return 63019;
      if (bytes.length > (type.startsWith("image/") ? LARGEST_IMAGE : LARGEST)) return 63034;
      const named = answer.headers.get("content-disposition") ?? "";
      const name = decodeURIComponent(/filename\*=UTF-8''([^;]+)/.exec(named)?.[1] ?? /filename="?([^";]+)/.exec(named)?.[1] ?? "");
      message.media.push({ sid: sidOf("ME"), type, name, bytes });
      return null;
    } catch {
      return 63019;
    }
  }
}
