// Messenger: pages, conversations, who controls them, the window to write in.
import { randomBytes } from "node:crypto";
import type { GraphSimulator } from "./graph.ts";
import { type Call, type Fields, GraphError, type Json, type Product, type Upload } from "./types.ts";

export const INBOX = "263902037430900"; // Meta's own app for people at a page
const DAY_MS = 24 * 3600 * 1000;

export interface Sent {
  client: string;
  mid: string;
  message: Fields;
  args: Fields;
  file: Upload | undefined;
}

interface Thread {
  written: number; // when the client last did something
  owner: string | undefined; // undefined: idle
}

export class Page {
  readonly id: string;
  readonly name: string;
  published = true;
  tasks = ["MANAGE", "MESSAGING"];
  defaultApp: string | undefined; // who gets conversations that nobody has
  fields: string[] | undefined; // of the subscription to the app
  echoBeforeAnswer = false;
  readonly sent: Sent[] = [];
  readonly names = new Map<string, [string, string]>();
  readonly files = new Map<string, { upload: Upload; expired: boolean }>();
  readonly #attachments = new Map<string, Json>(); // of what clients sent, by message
  readonly #threads = new Map<string, Thread>();
  readonly #saved = new Map<string, { upload: Upload | undefined; at: number }>();
  readonly #graph: GraphSimulator;

  constructor(graph: GraphSimulator, id: string, name: string) {
    this.#graph = graph;
    this.id = id;
    this.name = name;
  }

  owner = (client: string): string | undefined => this.#threads.get(client)?.owner;

  // --- what clients do -------------------------------------------------------------------------------------------

  // Words or attachments; answers the name of the message once it is taken.
  async message(client: string, content: Fields): Promise<string> {
    const mid = newMid();
    this.#attachments.set(mid, content["attachments"] ?? []);
    await this.act(client, { message: { mid, ...content } }, "messages");
    return mid;
  }

  async act(client: string, what: Fields, field: string): Promise<void> {
    const thread = this.#thread(client);
    thread.written = this.#graph.now();
    if (!thread.owner && this.defaultApp) thread.owner = this.defaultApp;
    await this.tell(client, what, field);
  }

  tell(client: string, what: Fields, field: string, byPage = false): Promise<void> {
    return this.later(client, what, field, byPage)();
  }

  // An item as Meta would tell it to our app now, to be delivered when it is called: webhooks keep no order. `byPage`:
  // sender and recipient change places.
  later(client: string, what: Fields, field: string, byPage = false): () => Promise<void> {
    const owner = this.owner(client);
    const standby = owner !== undefined && owner !== this.#graph.appId && !("pass_thread_control" in what) && !("take_thread_control" in what);
    const wanted = standby ? "standby" : field;
    if (!this.fields?.includes(wanted)) return () => Promise.resolve();
    const [sender, recipient] = byPage ? [this.id, client] : [client, this.id];
    const item: Fields = { sender: { id: sender }, recipient: { id: recipient }, timestamp: this.#graph.now(), ...what };
    if (standby && item["postback"]) {
      const { payload: _, ...shown } = item["postback"] as Fields; // kept from who may not answer
      item["postback"] = shown;
    }
    return () => this.#graph.deliver("page", wanted, [{ id: this.id, time: this.#graph.now(), [standby ? "standby" : "messaging"]: [item] }]);
  }

  addFile(upload: Upload): string {
    const path = `/files/${randomBytes(6).toString("hex")}/${encodeURIComponent(upload.name)}`;
    this.files.set(path, { upload, expired: false });
    return `${this.#graph.address}${path}?oh=${randomBytes(4).toString("hex")}`;
  }

  // --- what others do from the page ------------------------------------------------------------------------------

  says(client: string, app: string, text: string): Promise<void> {
    return this.saysLater(client, app, text)();
  }

  // Written now, and told whenever the answer is called, perhaps after a change of control.
  saysLater(client: string, app: string, text: string): () => Promise<void> {
    return this.later(client, { message: { is_echo: true, app_id: Number(app), mid: newMid(), text } }, "message_echoes", true);
  }

  async pass(client: string, to: string): Promise<void> {
    const thread = this.#thread(client);
    const from = thread.owner ?? null;
    thread.owner = to;
    await this.tell(client, { pass_thread_control: { previous_owner_app_id: from, new_owner_app_id: to, metadata: "" } }, "messaging_handovers");
  }

  // --- what our app asks for -------------------------------------------------------------------------------------

  handle(call: Call): Json | undefined | Promise<Json> {
    const [first, verb] = call.path.split("/");
    if (first === this.id && verb === undefined) return this.#about(call);
    if (first === this.id || (first === "me" && call.token?.page === this.id)) return this.#perform(call, verb ?? "");
    const name = this.names.get(call.path);
    if (name && call.token?.page === this.id) return { id: call.path, first_name: name[0], last_name: name[1] };
    const attachments = this.#attachments.get(call.path);
    return attachments ? { id: call.path, attachments: { data: this.#fresh(attachments as Fields[]) } } : undefined;
  }

  // The same files under addresses that hold.
  #fresh(attachments: Fields[]): Json {
    return attachments.map(({ type, payload }): Fields => {
      const file = this.files.get(new URL(String((payload as Fields)["url"])).pathname)!;
      const url = this.addFile(file.upload);
      return type === "image" || type === "video" ? { [`${type}_data`]: { url } } : { file_url: url };
    });
  }

  #about(call: Call): Json {
    const about: Fields = { id: this.id, name: this.name, is_published: this.published };
    if (call.token?.kind === "user" && String(call.args["fields"]).includes("access_token")) about["access_token"] = this.newToken();
    return about;
  }

  newToken(): string {
    return this.#graph.newToken({ kind: "page", long: true, page: this.id });
  }

  #perform(call: Call, verb: string): Json | undefined | Promise<Json> {
    if (call.token?.page !== this.id) throw new GraphError(210, "A page access token is required to request this resource.", 0, 403);
    switch (verb) {
      case "messages": return this.#send(call);
      case "message_attachments": return this.#save(call);
      case "subscribed_apps": return this.#subscribe(call);
      case "thread_owner": return this.#owner(String(call.args["recipient"]));
      case "pass_thread_control": return this.#change(call, String(call.args["target_app_id"]));
      case "take_thread_control": return this.#change(call, this.#graph.appId);
      case "release_thread_control": return this.#change(call, this.defaultApp);
      case "request_thread_control": return { success: true };
      default: return undefined;
    }
  }

  #subscribe(call: Call): Json {
    if (call.method === "DELETE") this.fields = undefined;
    if (call.method === "POST") this.fields = String(call.args["subscribed_fields"]).split(",");
    if (call.method === "GET") return { data: this.fields ? [{ id: this.#graph.appId, name: "App", subscribed_fields: this.fields }] : [] };
    return { success: true };
  }

  #owner(client: string): Json {
    const owner = this.owner(client);
    return { data: owner ? [{ thread_owner: { app_id: owner, expiration: Math.floor((this.#graph.now() + DAY_MS) / 1000) } }] : [] };
  }

  #change(call: Call, owner: string | undefined): Json {
    const client = String((call.args["recipient"] as Fields | undefined)?.["id"]);
    const thread = this.#threads.get(client);
    if (!thread) throw new GraphError(100, "No matching user found", 2018001);
    const takes = call.path.endsWith("take_thread_control");
    if (!takes && thread.owner !== this.#graph.appId) throw new GraphError(10, "Requested by non owner app of the thread", 2018300, 403);
    thread.owner = owner;
    return { success: true };
  }

  #save(call: Call): Json {
    const id = String(BigInt(`0x${randomBytes(6).toString("hex")}`));
    this.#saved.set(id, { upload: call.files[0], at: this.#graph.now() });
    return { attachment_id: id };
  }

  #send(call: Call): Json | Promise<Json> {
    const client = String((call.args["recipient"] as Fields | undefined)?.["id"]);
    const thread = this.#threads.get(client);
    if (!thread) throw new GraphError(100, "No matching user found", 2018001);
    if (thread.owner && thread.owner !== this.#graph.appId) throw new GraphError(10, "Message not sent: another app is controlling this thread now.", 2018300, 403);
    if (call.args["sender_action"]) return { recipient_id: client };
    const message = (call.args["message"] ?? {}) as Fields;
    this.#checkWindow(call, thread);
    this.#checkMessage(message);
    const file = this.#fileOf(message, call.files);
    thread.owner = this.#graph.appId;
    const sent: Sent = { client, mid: newMid(), message, args: call.args, file };
    this.sent.push(sent);
    const { metadata, text } = message;
    const echo: Fields = { message: { is_echo: true, app_id: Number(this.#graph.appId), mid: sent.mid, ...(text ? { text } : {}), ...(metadata ? { metadata } : {}) } };
    const told = this.tell(client, echo, "message_echoes", true);
    const answer = { recipient_id: client, message_id: sent.mid };
    return this.echoBeforeAnswer ? told.then(() => answer) : answer;
  }

  #checkWindow(call: Call, thread: Thread): void {
    const type = call.args["messaging_type"];
    if (type === "MESSAGE_TAG" && call.args["tag"] !== "HUMAN_AGENT") throw new GraphError(100, "The message tag is no longer supported", 1893061);
    const age = this.#graph.now() - thread.written;
    if (age > (type === "MESSAGE_TAG" ? 7 * DAY_MS : DAY_MS)) throw new GraphError(10, "This message is sent outside of allowed window.", 2018278);
  }

  #checkMessage(message: Fields): void {
    const text = String(message["text"] ?? "");
    if (!text && !message["attachment"]) throw new GraphError(100, "Message cannot be empty, must provide valid attachment or text", 2018320);
    if ([...text].length > 2000) throw new GraphError(100, "Length of param message[text] must be less than or equal to 2000");
    if (((message["quick_replies"] as Json[] | undefined)?.length ?? 0) > 13) throw new GraphError(100, "Too many quick replies");
  }

  #fileOf(message: Fields, files: Upload[]): Upload | undefined {
    const payload = (((message["attachment"] ?? {}) as Fields)["payload"] ?? {}) as Fields;
    const id = payload["attachment_id"];
    if (id === undefined) return files[0];
    const saved = this.#saved.get(String(id));
    if (!saved || this.#graph.now() - saved.at > 90 * DAY_MS) throw new GraphError(100, "Invalid attachment id", 2018074);
    return saved.upload;
  }

  #thread(client: string): Thread {
    const known = this.#threads.get(client);
    if (known) return known;
    const made: Thread = { written: this.#graph.now(), owner: undefined };
    this.#threads.set(client, made);
    return made;
  }
}

const newMid = (): string => `m_${randomBytes(24).toString("base64url")}`;

export class Messenger implements Product {
  readonly pages: Page[] = [];
  perAnswer = 100; // pages in one answer of /me/accounts
  readonly #graph: GraphSimulator;

  constructor(graph: GraphSimulator) {
    this.#graph = graph;
    graph.add(this);
  }

  addPage(id: string, name: string): Page {
    const page = new Page(this.#graph, id, name);
    this.pages.push(page);
    return page;
  }

  async handle(call: Call): Promise<Json | undefined> {
    if (call.path === "me/accounts") return this.#accounts(call);
    for (const page of this.pages) {
      const answer = await page.handle(call);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  file(path: string): Upload | "expired" | undefined {
    for (const page of this.pages) {
      const found = page.files.get(path);
      if (found) return found.expired ? "expired" : found.upload;
    }
    return undefined;
  }

  #accounts(call: Call): Json {
    if (call.token?.kind !== "user") throw new GraphError(100, "Tried accessing nonexisting field (accounts)");
    const from = Number(Buffer.from(String(call.args["after"] ?? ""), "base64").toString() || "0");
    const to = Math.min(from + this.perAnswer, this.pages.length);
    const data = this.pages.slice(from, to).map((page): Fields => ({ id: page.id, name: page.name, is_published: page.published, tasks: page.tasks, access_token: page.newToken() }));
    const paging: Fields = { cursors: { after: Buffer.from(String(to)).toString("base64") } };
    if (to < this.pages.length) paging["next"] = `${this.#graph.address}/v26.0/me/accounts?after=…`;
    return { data, paging };
  }
}
