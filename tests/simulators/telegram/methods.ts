// The methods of the Bot API. Texts of errors are those of the real server.
import type { Bot } from "./bot.ts";
import type { Call, Fields, Json, Upload } from "./types.ts";
import { ApiError } from "./types.ts";

const PORTS = new Set(["", "443", "80", "88", "8443"]);
const LARGEST_DOWNLOAD = 20 * 1024 * 1024;
const MEDIA: Record<string, string> = {
  sendphoto: "photo", senddocument: "document", sendvideo: "video", sendanimation: "animation",
  sendaudio: "audio", sendvoice: "voice", sendvideonote: "video_note", sendsticker: "sticker",
};

const utf16 = (text: string): number => text.length;

function chatOf(bot: Bot, call: Call): Fields {
  const id = String(call.args["chat_id"] ?? "");
  if (!/^-?\d+$/.test(id)) throw new ApiError(400, "Bad Request: chat not found");
  if (bot.blocked.has(id)) throw new ApiError(403, "Forbidden: bot was blocked by the user");
  const moved = bot.migrated.get(id);
  if (moved) throw new ApiError(400, "Bad Request: group chat was upgraded to a supergroup chat", { migrate_to_chat_id: Number(moved) });
  const kind = id.startsWith("-100") ? "supergroup" : id.startsWith("-") ? "group" : "private";
  return kind === "private" ? { id: Number(id), type: kind, first_name: "Client" } : { id: Number(id), type: kind, title: "Group" };
}

function checked(markup: Fields): Fields {
  for (const key of [markup["inline_keyboard"] ?? []].flat(3) as Fields[]) {
    const data = Buffer.byteLength(String(key["callback_data"] ?? ""));
    if (data > 64 || (data === 0 && "callback_data" in key)) throw new ApiError(400, "Bad Request: BUTTON_DATA_INVALID");
  }
  return markup;
}

function common(bot: Bot, call: Call): Fields {
  const message: Fields = { message_id: bot.nextMessageId(), date: Math.floor(Date.now() / 1000), from: bot.me, chat: chatOf(bot, call) };
  const topics = bot.topics.get(String(call.args["chat_id"]));
  if (topics) message["chat"] = { ...(message["chat"] as Fields), is_forum: true };
  const topic = Number(call.args["message_thread_id"] ?? 0);
  if (topic !== 0) {
    if (!topics?.has(topic)) throw new ApiError(400, "Bad Request: message thread not found");
    message["message_thread_id"] = topic;
    message["is_topic_message"] = true;
  }
  const reply = call.args["reply_parameters"] as Fields | undefined;
  if (reply?.["message_id"]) message["reply_to_message"] = { message_id: reply["message_id"], date: 0, chat: message["chat"] as Json };
  const markup = call.args["reply_markup"] as Fields | undefined;
  if (markup) message["reply_markup"] = checked(markup);
  return message;
}

function caption(call: Fields, message: Fields): void {
  const text = call["caption"];
  if (typeof text !== "string" || text === "") return;
  if (utf16(text) > 1024) throw new ApiError(400, "Bad Request: message caption is too long");
  message["caption"] = text;
}

function describe(bot: Bot, kind: string, upload: Upload): Json {
  if (kind === "photo" && upload.bytes.length > 10 * 1024 * 1024) throw new ApiError(400, "Bad Request: too big for a photo");
  const file = bot.addFile(upload);
  const described: Fields = { file_id: file.id, file_unique_id: file.unique, file_size: upload.bytes.length };
  if (kind === "photo") return [{ ...described, width: 90, height: 67 }, { ...described, width: 1280, height: 960 }];
  if (kind !== "voice") described["file_name"] = upload.name;
  if (upload.type) described["mime_type"] = upload.type;
  return described;
}

function uploadOf(bot: Bot, call: Call, value: Json | undefined, part: string): Upload {
  const name = typeof value === "string" && value.startsWith("attach://") ? value.slice(9) : part;
  const upload = call.files.get(name);
  if (upload) {
    if (upload.bytes.length === 0) throw new ApiError(400, "Bad Request: file must be non-empty");
    return upload;
  }
  const known = typeof value === "string" ? bot.files.get(value) : undefined;
  if (known) return known.upload;
  throw new ApiError(400, "Bad Request: there is no file in the request");
}

function record(bot: Bot, call: Call, message: Fields, files: Upload[]): Fields {
  bot.sent.push({ method: call.method, chat: String(call.args["chat_id"]), message, files, args: call.args });
  return message;
}

function sendMessage(bot: Bot, call: Call): Fields {
  const message = common(bot, call);
  const text = call.args["text"];
  if (text === undefined || String(text).trim() === "") throw new ApiError(400, "Bad Request: message text is empty");
  if (utf16(String(text)) > 4096) throw new ApiError(400, "Bad Request: message is too long");
  message["text"] = String(text);
  return record(bot, call, message, []);
}

function sendMedia(bot: Bot, call: Call, kind: string): Fields {
  const message = common(bot, call);
  const upload = uploadOf(bot, call, call.args[kind], kind);
  message[kind] = describe(bot, kind, upload);
  caption(call.args, message);
  return record(bot, call, message, [upload]);
}

function sendMediaGroup(bot: Bot, call: Call): Fields[] {
  const items = call.args["media"];
  if (!Array.isArray(items) || items.length < 2 || items.length > 10) {
    throw new ApiError(400, "Bad Request: group send failed: expected 2 to 10 media");
  }
  const kinds = new Set(items.map((item) => String((item as Fields)["type"])));
  const mixed = [...kinds].some((kind) => kind === "document" || kind === "audio") && kinds.size > 1;
  if (mixed) throw new ApiError(400, "Bad Request: media of these types can't be mixed in an album");
  const group = String(Date.now());
  return items.map((raw) => {
    const item = raw as Fields;
    const message = common(bot, call);
    const kind = String(item["type"]);
    const upload = uploadOf(bot, call, item["media"], "");
    message[kind] = describe(bot, kind, upload);
    message["media_group_id"] = group;
    caption(item, message);
    return record(bot, call, message, [upload]);
  });
}

function setWebhook(bot: Bot, call: Call): { result: Json; description: string } {
  const url = String(call.args["url"] ?? "");
  if (call.args["drop_pending_updates"] === true) bot.dropPending();
  if (url === "") return deleteWebhook(bot, call);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== "https:") throw new ApiError(400, "Bad Request: bad webhook: An HTTPS URL must be provided for webhook");
  if (!PORTS.has(parsed.port)) throw new ApiError(400, "Bad Request: bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443");
  const secret = String(call.args["secret_token"] ?? "");
  if (secret.length > 256) throw new ApiError(400, "Bad Request: secret token is too long");
  if (!/^[A-Za-z0-9_-]*$/.test(secret)) throw new ApiError(400, "Bad Request: secret token contains unallowed characters");
  bot.paceSetWebhook();
  const same = bot.webhook?.url === url && bot.webhook.secret === secret;
  if (Array.isArray(call.args["allowed_updates"])) bot.allowed = call.args["allowed_updates"].map(String);
  bot.setWebhook({ url, secret, maxConnections: Number(call.args["max_connections"] ?? 40), lastError: undefined });
  return { result: true, description: same ? "Webhook is already set" : "Webhook was set" };
}

function deleteWebhook(bot: Bot, call: Call): { result: Json; description: string } {
  if (call.args["drop_pending_updates"] === true) bot.dropPending();
  const was = bot.webhook !== undefined;
  bot.setWebhook(undefined);
  return { result: true, description: was ? "Webhook was deleted" : "Webhook is already deleted" };
}

function webhookInfo(bot: Bot): Fields {
  const info: Fields = { url: bot.webhook?.url ?? "", has_custom_certificate: false, pending_update_count: bot.pendingUpdates };
  if (bot.webhook) {
    info["max_connections"] = bot.webhook.maxConnections;
    if (bot.allowed.length) info["allowed_updates"] = bot.allowed;
    if (bot.webhook.lastError) {
      info["last_error_date"] = bot.webhook.lastError.date;
      info["last_error_message"] = bot.webhook.lastError.message;
    }
  }
  return info;
}

function answerQuery(bot: Bot, id: string): boolean {
  if (!bot.queries.has(id)) throw new ApiError(400, "Bad Request: query is too old and response timeout expired or query ID is invalid");
  bot.answered.push(id);
  return true;
}

function getFile(bot: Bot, call: Call): Fields {
  const file = bot.files.get(String(call.args["file_id"]));
  if (!file) throw new ApiError(400, "Bad Request: invalid file_id");
  if (file.upload.bytes.length > LARGEST_DOWNLOAD) throw new ApiError(400, "Bad Request: file is too big");
  file.expired = false;
  return { file_id: file.id, file_unique_id: file.unique, file_size: file.upload.bytes.length, file_path: file.path };
}

export async function perform(bot: Bot, call: Call, closed: AbortSignal): Promise<{ result: Json; description?: string }> {
  const media = MEDIA[call.method];
  if (media) return { result: sendMedia(bot, call, media) };
  switch (call.method) {
    case "getme": return { result: bot.me };
    case "getupdates": return { result: await bot.getUpdates(call.args, closed) };
    case "sendmessage": return { result: sendMessage(bot, call) };
    case "sendmediagroup": return { result: sendMediaGroup(bot, call) };
    case "sendlocation": {
      const message = common(bot, call);
      message["location"] = { latitude: Number(call.args["latitude"]), longitude: Number(call.args["longitude"]) };
      return { result: record(bot, call, message, []) };
    }
    case "sendvenue": {
      const message = common(bot, call);
      const location: Fields = { latitude: Number(call.args["latitude"]), longitude: Number(call.args["longitude"]) };
      message["location"] = location;
      message["venue"] = { location, title: call.args["title"] ?? "", address: call.args["address"] ?? "" };
      return { result: record(bot, call, message, []) };
    }
    case "sendcontact": {
      const message = common(bot, call);
      message["contact"] = { phone_number: call.args["phone_number"] ?? "", first_name: call.args["first_name"] ?? "" };
      return { result: record(bot, call, message, []) };
    }
    case "sendchataction": chatOf(bot, call); return { result: true };
    case "answercallbackquery": return { result: answerQuery(bot, String(call.args["callback_query_id"])) };
    case "setwebhook": return setWebhook(bot, call);
    case "deletewebhook": return deleteWebhook(bot, call);
    case "getwebhookinfo": return { result: webhookInfo(bot) };
    case "getfile": return { result: getFile(bot, call) };
    default: throw new ApiError(404, "Not Found: method not found");
  }
}
