// The resources. Texts of errors are those of the real server.
import type { Account } from "./account.ts";
import { SANDBOX, sidOf } from "./account.ts";
import type { Content, Fields, Message, Sender } from "./types.ts";
import { ApiError } from "./types.ts";

const LONGEST = 1600;

export interface Call {
  method: string;
  path: string;
  query: URLSearchParams;
  form: Fields; // of a form body
  json: any; // of a JSON body
  home: string; // the address that was called
}

const rfc2822 = (time: number): string => new Date(time).toUTCString().replace("GMT", "+0000");
const gone = (): ApiError => new ApiError(404, 20404, "The requested resource was not found");

export function shown(account: Account, message: Message): object {
  return {
    sid: message.sid, account_sid: account.sid, messaging_service_sid: null, from: message.from, to: message.to, body: message.body,
    status: message.status, direction: message.direction, num_media: String(message.media.length), num_segments: "1", error_code: message.errorCode,
    error_message: message.errorMessage, price: null, price_unit: "USD", api_version: "2010-04-01", date_created: rfc2822(message.created),
    date_updated: rfc2822(message.created), date_sent: rfc2822(message.created), uri: `/2010-04-01/Accounts/${account.sid}/Messages/${message.sid}.json`, subresource_uris: {},
  };
}

function createMessage(account: Account, form: Fields): Message {
  const to = form["To"] ?? "";
  const from = form["From"] ?? "";
  if (!/^whatsapp:(\+[1-9]\d{6,14}|[A-Z]{2}(\.ENT)?\.\w{1,128})$/.test(to)) throw new ApiError(400, 21211, `Invalid 'To' Phone Number: ${to}`);
  const own = from === `whatsapp:${SANDBOX}` || account.senders.some((sender) => `whatsapp:${sender.number}` === from);
  if (!own) throw new ApiError(400, 63007, "Twilio could not find a Channel with the specified From address");
  const content = form["ContentSid"] ? account.contents.find((each) => each.sid === form["ContentSid"]) : undefined;
  if (content && (form["Body"] || form["MediaUrl"])) throw new ApiError(400, 21655, "The ContentSid Parameter is Invalid");
  if (form["ContentSid"] && !content) throw new ApiError(400, 20404, "Content not found");
  const body = content ? rendered(content, form["ContentVariables"]) : (form["Body"] ?? "");
  if (!body && !form["MediaUrl"]) throw new ApiError(400, 21602, "Message body is required.");
  if (body.length > LONGEST) throw new ApiError(400, 21617, "The concatenated message body exceeds the 1600 character limit");
  if (form["MediaUrl"] && !URL.canParse(form["MediaUrl"])) throw new ApiError(400, 21620, "Invalid media URL(s)");
  const message: Message = {
    sid: sidOf(form["MediaUrl"] ? "MM" : "SM"), direction: "outbound-api", from, to, body, status: "queued", errorCode: null, errorMessage: null,
    created: account.now(), media: [], form,
  };
  account.messages.push(message);
  return message;
}

function rendered(content: Content, variables: string | undefined): string {
  let values: Fields = content.variables;
  try {
    if (variables) values = { ...values, ...JSON.parse(variables) };
  } catch {
    throw new ApiError(400, 21656, "The ContentVariables Parameter is invalid");
  }
  return content.body.replace(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? "");
}

function listMessages(account: Account, query: URLSearchParams): object {
  const size = Math.min(Number(query.get("PageSize") ?? 50), 1000);
  const page = Number(query.get("Page") ?? 0);
  const since = query.get("DateSent>");
  const all = account.messages
    .filter((each) => (!query.get("To") || each.to === query.get("To")) && (!query.get("From") || each.from === query.get("From")))
    .filter((each) => !since || Math.floor(each.created / 1000) * 1000 >= Date.parse(since))
    .sort((a, b) => b.created - a.created);
  const next = new URLSearchParams(query);
  next.set("Page", String(page + 1));
  next.set("PageToken", "PT" + String(page + 1));
  const more = all.length > (page + 1) * size;
  const path = `/2010-04-01/Accounts/${account.sid}/Messages.json`;
  return {
    messages: all.slice(page * size, (page + 1) * size).map((each) => shown(account, each)), page, page_size: size, start: page * size, end: Math.min(all.length, (page + 1) * size),
    uri: `${path}?${query}`, first_page_uri: path, previous_page_uri: null, next_page_uri: more ? `${path}?${next}` : null,
  };
}

function messageOf(account: Account, sid: string): Message {
  const found = account.messages.find((each) => each.sid === sid);
  if (!found) throw gone();
  return found;
}

function listMedia(account: Account, message: Message): object {
  const uri = `/2010-04-01/Accounts/${account.sid}/Messages/${message.sid}/Media`;
  return {
    media_list: message.media.map((file) => ({ sid: file.sid, account_sid: account.sid, parent_sid: message.sid, content_type: file.type, date_created: rfc2822(message.created), date_updated: rfc2822(message.created), uri: `${uri}/${file.sid}.json` })),
    page: 0, page_size: 50, start: 0, end: message.media.length, first_page_uri: `${uri}.json`, uri: `${uri}.json`, next_page_uri: null, previous_page_uri: null,
  };
}

function senderShown(sender: Sender, home: string): object {
  return {
    sid: sender.sid, sender_id: `whatsapp:${sender.number}`, status: sender.status, configuration: {}, profile: { name: sender.name }, properties: {}, offline_reasons: null, compliance: null,
    webhook: { callback_url: sender.webhook, callback_method: "POST", fallback_url: "", fallback_method: "POST", status_callback_url: sender.statusCallback, status_callback_method: "POST" },
    url: `${home}/v2/Channels/Senders/${sender.sid}`,
  };
}

// Lists of the newer products: "meta" with absolute addresses.
function paged(call: Call, key: string, all: object[]): object {
  const size = Math.min(Number(call.query.get("PageSize") ?? 50), 1000);
  const page = Number(call.query.get("Page") ?? 0);
  const next = new URLSearchParams(call.query);
  next.set("Page", String(page + 1));
  const url = `${call.home}${call.path}`;
  const more = all.length > (page + 1) * size;
  return {
    [key]: all.slice(page * size, (page + 1) * size),
    meta: { key, page, page_size: size, url: `${url}?${call.query}`, first_page_url: url, previous_page_url: null, next_page_url: more ? `${url}?${next}` : null },
  };
}

function senders(account: Account, call: Call): object {
  if (!account.sendersApi) throw gone();
  const sid = /^\/v2\/Channels\/Senders\/(\w+)$/.exec(call.path)?.[1];
  if (!sid) return paged(call, "senders", account.senders.map((each) => senderShown(each, call.home)));
  const sender = account.senders.find((each) => each.sid === sid);
  if (!sender) throw gone();
  if (call.method === "POST") {
    sender.webhook = call.json?.webhook?.callback_url ?? sender.webhook;
    sender.statusCallback = call.json?.webhook?.status_callback_url ?? sender.statusCallback;
  }
  return senderShown(sender, call.home);
}

function contentShown(account: Account, content: Content, home: string): object {
  const date = new Date(account.now()).toISOString();
  return {
    sid: content.sid, account_sid: account.sid, friendly_name: content.name, language: content.language, variables: content.variables, types: { "twilio/text": { body: content.body } },
    date_created: date, date_updated: date, url: `${home}/v1/Content/${content.sid}`, links: {},
    approval_requests: { name: content.name, category: "UTILITY", content_type: "twilio/text", status: content.approval, rejection_reason: "", allow_category_change: true },
  };
}

function contents(account: Account, call: Call): { status: number; body: object } {
  if (call.path === "/v1/ContentAndApprovals") return { status: 200, body: paged(call, "contents", account.contents.map((each) => contentShown(account, each, call.home))) };
  if (call.method === "POST") {
    const made = account.addContent(String(call.json?.friendly_name ?? ""), String(call.json?.types?.["twilio/text"]?.body ?? ""), call.json?.variables ?? {}, "unsubmitted");
    return { status: 201, body: contentShown(account, made, call.home) };
  }
  const found = account.contents.find((each) => call.path.endsWith(each.sid));
  if (!found) throw gone();
  return { status: 200, body: contentShown(account, found, call.home) };
}

// The answer, and what to do once it is given.
export function perform(account: Account, call: Call): { status: number; body: object; then?: () => Promise<void> } {
  if (call.path.startsWith("/v2/Channels/Senders")) return { status: 200, body: senders(account, call) };
  if (call.path.startsWith("/v1/Content")) return contents(account, call);
  const rest = call.path.replace(`/2010-04-01/Accounts/${account.sid}`, "").replace(/\.json$/, "");
  if (rest === "") return { status: 200, body: { sid: account.sid, friendly_name: "Acme", status: account.status, type: "Full", auth_token: "hidden", owner_account_sid: account.sid } };
  if (rest === "/Messages" && call.method === "POST") {
    const made = createMessage(account, call.form);
    return { status: 201, body: shown(account, made), then: () => account.carry(made) };
  }
  if (rest === "/Messages") return { status: 200, body: listMessages(account, call.query) };
  const parts = /^\/Messages\/(\w+)(\/Media)?$/.exec(rest);
  if (!parts) throw gone();
  const message = messageOf(account, parts[1] ?? "");
  return { status: 200, body: parts[2] ? listMedia(account, message) : shown(account, message) };
}
