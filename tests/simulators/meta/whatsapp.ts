// The WhatsApp Cloud API: accounts, numbers, files, templates, what is taken and what becomes of it.
import { randomBytes } from "node:crypto";
import type { GraphSimulator } from "./graph.ts";
import { type Call, type Fields, GraphError, type Json, type Product, type Token, type Upload } from "./types.ts";
import { checkMedia, checkMessage } from "./whatsapp_rules.ts";

const DAY_MS = 24 * 3600 * 1000;
const ADDRESS_MS = 5 * 60 * 1000; // how long an address of a file holds

// Somebody with WhatsApp; who hides the number has none.
export interface Person {
  number?: string; // digits
  userId?: string; // business-scoped
  name?: string;
  username?: string;
}

export interface Sent {
  to: string; // digits, or a business-scoped user id
  wamid: string;
  message: Fields;
  file: Upload | undefined;
}

export interface Template {
  name: string;
  language: string;
  status: string;
  category: string;
  components: Json[];
}

const newWamid = (): string => `wamid.${randomBytes(24).toString("base64")}`;
const newId = (): string => String(BigInt(`0x${randomBytes(6).toString("hex")}`));

export class PhoneNumber {
  readonly id: string;
  readonly display: string;
  name: string;
  quality = "GREEN";
  status = "CONNECTED";
  callback = ""; // set over that of the app
  reports: "all" | "accepted" | "none" = "all"; // what is told of sent messages by itself
  readonly sent: Sent[] = [];
  readonly refuses = new Map<string, number>(); // to whom nothing is delivered, with the code
  readonly #windows = new Map<string, number>(); // when somebody last wrote
  readonly #people = new Map<string, Person>(); // who has written, by number and by user id
  readonly #media = new Map<string, { upload: Upload; at: number }>();
  readonly #addresses = new Map<string, { media: string; at: number }>();
  readonly #graph: GraphSimulator;
  readonly #account: Account;

  constructor(graph: GraphSimulator, account: Account, id: string, display: string, name: string) {
    this.#graph = graph;
    this.#account = account;
    this.id = id;
    this.display = display;
    this.name = name;
  }

  // --- what clients do -------------------------------------------------------------------------------------------

  // One message; answers its wamid once it is taken.
  async receive(from: Person, content: Fields, agoMs = 0): Promise<string> {
    const item = this.item(from, content, agoMs);
    await this.tell([from], { messages: [item] });
    return String(item["id"]);
  }

  item(from: Person, content: Fields, agoMs = 0): Fields {
    const at = this.#graph.now() - agoMs;
    for (const address of [from.number, from.userId]) {
      if (!address) continue;
      this.#windows.set(address, at);
      this.#people.set(address, { ...this.#people.get(address), ...from });
    }
    return {
      ...(from.number ? { from: from.number } : {}), ...(from.userId ? { from_user_id: from.userId } : {}),
      id: newWamid(), timestamp: String(Math.floor(at / 1000)), ...content,
    };
  }

  // A file that a client sends, as the part of a message that is called like its kind.
  media(upload: Upload, more: Fields = {}): Fields {
    const id = newId();
    this.#media.set(id, { upload, at: this.#graph.now() });
    return { id, mime_type: upload.type, sha256: "…", ...more };
  }

  async tell(people: Person[], what: Fields, field = "messages"): Promise<void> {
    if (!this.#account.subscribed) return;
    const contacts = people.map((person): Fields => ({
      profile: { ...(person.name ? { name: person.name } : {}), ...(person.username ? { username: person.username } : {}) },
      ...(person.userId ? { user_id: person.userId } : {}), ...(person.number ? { wa_id: person.number } : {}),
    }));
    const metadata = { display_phone_number: this.display.replace(/\D/g, ""), phone_number_id: this.id };
    const value: Fields = { messaging_product: "whatsapp", metadata, ...(people.length ? { contacts } : {}), ...what };
    await this.#graph.deliver("whatsapp_business_account", field, [{ id: this.#account.id, changes: [{ field, value }] }], this.callback || this.#account.callback);
  }

  // Somebody gets another user id: told without contacts, and without a sender where the number is hidden.
  async changeUserId(person: Person & { userId: string }, userId: string): Promise<void> {
    const body = `User ${person.name ?? ""} changed from ${person.userId} to ${userId}`;
    const system: Fields = { type: "user_changed_user_id", body, previous_user_id: person.userId, user_id: userId, ...(person.number ? { wa_id: person.number } : {}) };
    const item: Fields = { ...(person.number ? { from: person.number } : {}), id: newWamid(), timestamp: String(Math.floor(this.#graph.now() / 1000)), type: "system", system };
    await this.tell([], { messages: [item] });
  }

  async report(sent: Sent, status: string, errors?: Fields[]): Promise<void> {
    const key = sent.message["biz_opaque_callback_data"];
    const byNumber = /^\d+$/.test(sent.to);
    const person = { ...this.#people.get(sent.to), ...(byNumber ? { number: sent.to } : { userId: sent.to }) };
    const failed = status === "failed"; // then nobody but the address that was written to is named
    const userId = failed && byNumber ? undefined : person.userId;
    const whom: Fields = { ...(byNumber ? { recipient_id: sent.to } : {}), ...(userId ? { recipient_user_id: userId } : {}) };
    await this.tell(failed ? [] : [person], { statuses: [{ id: sent.wamid, status, timestamp: String(Math.floor(this.#graph.now() / 1000)), ...whom, ...(errors ? { errors } : {}), ...(key ? { biz_opaque_callback_data: key } : {}) }] });
  }

  // --- what our app asks for -------------------------------------------------------------------------------------

  handle(call: Call): Json | undefined | Promise<Json> {
    const [first, verb] = call.path.split("/");
    if (first !== this.id) return this.#handleMedia(call);
    if (verb === "messages") return this.#send(call);
    if (verb === "media") return this.#upload(call);
    if (verb !== undefined) return undefined;
    return call.method === "POST" ? this.#configure(call.args) : this.#about();
  }

  #about(): Json {
    const addresses: Fields = {};
    const app = this.#graph.subscriptions.get("whatsapp_business_account")?.callback;
    if (this.callback) addresses["phone_number"] = this.callback;
    if (this.#account.callback) addresses["whatsapp_business_account"] = this.#account.callback;
    if (app) addresses["application"] = app;
    return { id: this.id, display_phone_number: this.display, verified_name: this.name, quality_rating: this.quality, status: this.status, webhook_configuration: addresses };
  }

  async #configure(args: Fields): Promise<Json> {
    const wanted = (args["webhook_configuration"] ?? {}) as Fields;
    const address = String(wanted["override_callback_uri"] ?? "");
    if (address) await this.#graph.verify(address, String(wanted["verify_token"]));
    this.callback = address;
    return { success: true };
  }

  #upload(call: Call): Json {
    const file = call.files[0];
    if (!file || call.args["messaging_product"] !== "whatsapp") throw new GraphError(100, "The parameter file is required.");
    const id = newId();
    this.#media.set(id, { upload: { ...file, type: String(call.args["type"] ?? file.type) }, at: this.#graph.now() });
    return { id };
  }

  #handleMedia(call: Call): Json | undefined {
    const media = this.#media.get(call.path);
    if (!media || call.method !== "GET") return undefined;
    const path = `/files/whatsapp/${randomBytes(8).toString("hex")}`;
    this.#addresses.set(path, { media: call.path, at: this.#graph.now() });
    return { messaging_product: "whatsapp", id: call.path, url: `${this.#graph.address}${path}`, mime_type: media.upload.type, sha256: "…", file_size: String(media.upload.bytes.length) };
  }

  // Five minutes, and with the token only.
  file(path: string, token: Token | undefined): Upload | "expired" | undefined {
    const address = this.#addresses.get(path);
    if (!address) return undefined;
    if (!token || token.dead || this.#graph.now() - address.at > ADDRESS_MS) return "expired";
    return this.#media.get(address.media)?.upload;
  }

  // The addresses that were given out end now.
  endAddresses(): void {
    for (const address of this.#addresses.values()) address.at = 0;
  }

  #send(call: Call): Json {
    if (call.args["status"] === "read") return { success: true };
    const to = String(call.args["recipient"] ?? call.args["to"] ?? "").replace(/^\+/, "");
    checkMessage(call.args, to, this.#account.templates);
    const part = call.args[String(call.args["type"])] as Fields;
    const id = part["id"] ?? ((part["header"] as Fields | undefined)?.["image"] as Fields | undefined)?.["id"];
    const file = id === undefined ? undefined : this.#media.get(String(id))?.upload;
    if (id !== undefined && !file) throw new GraphError(100, `Param ${String(call.args["type"])}['id'] is not a valid whatsapp business account media attachment ID`);
    if (file) checkMedia(String(call.args["type"]), file, part);
    const sent: Sent = { to, wamid: newWamid(), message: call.args, file };
    this.sent.push(sent);
    void this.#reportOf(sent);
    const contact: Fields = /^\d+$/.test(to) ? { input: to, wa_id: to } : { input: to, user_id: to };
    return { messaging_product: "whatsapp", contacts: [contact], messages: [{ id: sent.wamid, message_status: "accepted" }] };
  }

  // The window is judged after the message was taken.
  async #reportOf(sent: Sent): Promise<void> {
    if (this.reports === "none") return;
    const closed = sent.message["type"] !== "template" && this.#graph.now() - (this.#windows.get(sent.to) ?? 0) > DAY_MS;
    const code = this.refuses.get(sent.to) ?? (closed ? 131047 : 0);
    if (code) {
      const title = code === 131047 ? "Re-engagement message" : "Message undeliverable";
      return this.report(sent, "failed", [{ code, title, message: title, error_data: { details: `${title}, as Meta puts it` } }]);
    }
    await this.report(sent, "sent");
    if (this.reports === "all") await this.report(sent, "delivered");
  }
}

export class Account {
  readonly id: string;
  readonly numbers: PhoneNumber[] = [];
  readonly templates: Template[] = [];
  subscribed = false; // to our app
  callback = ""; // set over that of the app
  readonly #graph: GraphSimulator;

  constructor(graph: GraphSimulator, id: string) {
    this.#graph = graph;
    this.id = id;
  }

  addNumber(id: string, display: string, name: string): PhoneNumber {
    const number = new PhoneNumber(this.#graph, this, id, display, name);
    this.numbers.push(number);
    return number;
  }

  async handle(call: Call): Promise<Json | undefined> {
    const [first, verb] = call.path.split("/");
    const number = this.numbers.find((each) => each.id === first);
    this.#refuseStranger(call, first === this.id || number !== undefined);
    if (first === this.id && verb === "subscribed_apps") return this.#subscribe(call);
    if (first === this.id && verb === "phone_numbers") return page(call, this.numbers.map((each) => ({ id: each.id, display_phone_number: each.display })));
    if (first === this.id && verb === "message_templates") return page(call, this.templates.map((each) => ({ id: "1", ...each })));
    for (const each of this.numbers) {
      const answer = await each.handle(call);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  // A system user sees what it was given, and needs the permission.
  #refuseStranger(call: Call, mine: boolean): void {
    if (!mine) return;
    const seen = call.token?.assets?.includes(this.id);
    if (!seen) throw new GraphError(100, `Unsupported ${call.method.toLowerCase()} request. Object with ID '${call.path}' does not exist, cannot be loaded due to missing permissions`, 33);
    const needed = call.path.endsWith("/messages") || call.path.endsWith("/media") ? "whatsapp_business_messaging" : "whatsapp_business_management";
    if (!call.token?.scopes?.includes(needed)) throw new GraphError(200, "You do not have the necessary permissions required", 0, 403);
  }

  async #subscribe(call: Call): Promise<Json> {
    if (call.method === "GET") return { data: this.subscribed ? [{ whatsapp_business_api_data: { id: this.#graph.appId, name: "Our app" } }] : [] };
    this.subscribed = call.method === "POST";
    const address = String(call.args["override_callback_uri"] ?? "");
    if (address) await this.#graph.verify(address, String(call.args["verify_token"]));
    this.callback = call.method === "POST" ? address : "";
    return { success: true };
  }
}

// Answers of one entry each, so that whoever lists must go on.
function page(call: Call, all: Json[]): Json {
  const from = Number(call.args["after"] ?? 0);
  const paging: Fields = { cursors: { after: String(from + 1) } };
  if (from + 1 < all.length) paging["next"] = "https://…";
  return { data: all.slice(from, from + 1), paging };
}

export class WhatsApp implements Product {
  readonly accounts: Account[] = [];
  readonly #graph: GraphSimulator;

  constructor(graph: GraphSimulator) {
    this.#graph = graph;
    graph.add(this);
  }

  addAccount(id: string): Account {
    const account = new Account(this.#graph, id);
    this.accounts.push(account);
    return account;
  }

  newToken(...assets: Account[]): string {
    return this.#graph.newToken({ kind: "system", long: true, assets: assets.map((each) => each.id), scopes: ["whatsapp_business_messaging", "whatsapp_business_management"] });
  }

  async handle(call: Call): Promise<Json | undefined> {
    for (const account of this.accounts) {
      const answer = await account.handle(call);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  file(path: string, token: Token | undefined): Upload | "expired" | undefined {
    for (const number of this.accounts.flatMap((account) => account.numbers)) {
      const found = number.file(path, token);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
