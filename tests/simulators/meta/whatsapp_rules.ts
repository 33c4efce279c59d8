// What the Cloud API takes as a message (its reference, v26.0): everything else is refused at once.
import { type Fields, GraphError, type Json, type Upload } from "./types.ts";
import type { Template } from "./whatsapp.ts";

const TYPES = ["text", "image", "audio", "video", "document", "sticker", "location", "contacts", "interactive", "reaction", "template"];

function need(fine: boolean, what: string, code = 100): void {
  if (!fine) throw new GraphError(code, what);
}

const length = (value: Json | undefined): number => [...String(value ?? "")].length;
const listed = (value: Json | undefined): Fields[] => (Array.isArray(value) ? (value as Fields[]) : []);
const fields = (value: Json | undefined): Fields => (value ?? {}) as Fields;

const MB = 1024 * 1024;
// What each kind takes (its reference, "Supported media types").
const MEDIA: Record<string, { max: number; types: RegExp }> = {
  image: { max: 5 * MB, types: /^image\/(jpeg|png)$/ },
  audio: { max: 16 * MB, types: /^audio\/(aac|amr|mpeg|mp4|ogg)(; ?codecs=opus)?$/ },
  video: { max: 16 * MB, types: /^video\/(mp4|3gpp)$/ },
  document: { max: 100 * MB, types: /^(text\/plain|application\/(pdf|msword|vnd\.[\w.-]+))$/ },
  sticker: { max: 500 * 1024, types: /^image\/webp$/ },
};

// A file of a message of this kind.
export function checkMedia(type: string, file: Upload, part: Fields): void {
  const rule = MEDIA[type];
  if (!rule) return;
  need(rule.types.test(file.type), `Param ${type}: media type ${file.type} is not supported`, 131053);
  need(file.bytes.length <= rule.max, `Param ${type}: the file is larger than ${rule.max} bytes`, 131053);
  need(part["caption"] === undefined || ["image", "video", "document"].includes(type), `Unexpected key "caption" on param "${type}"`);
  need(length(part["caption"]) <= 1024, `Param ${type}['caption'] must be at most 1024 characters long.`);
}

export function checkMessage(args: Fields, to: string, templates: Template[]): void {
  const type = String(args["type"] ?? "");
  need(args["messaging_product"] === "whatsapp", "The parameter messaging_product is required.");
  need(to !== "", "The parameter to is required.");
  need(args["recipient"] === undefined || /^[A-Z]{2}\./.test(to), "Invalid parameter: recipient");
  need(args["to"] === undefined || /^\d{5,15}$/.test(to), "Invalid parameter: to");
  need(TYPES.includes(type), "Param type must be one of {TEXT, IMAGE, ...}", 131009);
  const part = args[type];
  need(part !== undefined && part !== null, `The parameter ${type} is required.`, 131008);
  if (type === "text") need(length(fields(part)["body"]) >= 1 && length(fields(part)["body"]) <= 4096, "Param text['body'] must be at most 4096 characters long.");
  if (type === "contacts") need(listed(part).every((each) => length(fields(each["name"])["formatted_name"]) > 0), "Param contacts['name'] is required", 131008);
  if (type === "location") need(typeof fields(part)["latitude"] === "number" && typeof fields(part)["longitude"] === "number", "Invalid location", 131009);
  if (type === "interactive") checkInteractive(fields(part));
  if (type === "template") checkTemplate(fields(part), templates);
}

function checkInteractive(part: Fields): void {
  const action = fields(part["action"]);
  const body = length(fields(part["body"])["text"]);
  if (part["type"] === "button") {
    const replies = listed(action["buttons"]).map((each) => fields(each["reply"]));
    need(replies.length >= 1 && replies.length <= 3, "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3", 131009);
    need(replies.every((each) => length(each["title"]) >= 1 && length(each["title"]) <= 20 && length(each["id"]) <= 256), "Button title length invalid. Min length: 1, Max length: 20", 131009);
    need(new Set(replies.map((each) => each["id"])).size === replies.length, "Duplicated button id", 131009);
    need(body >= 1 && body <= 1024, "Body text length invalid. Min length: 1, Max length: 1024", 131009);
  } else if (part["type"] === "list") {
    const rows = listed(action["sections"]).flatMap((each) => listed(each["rows"]));
    need(rows.length >= 1 && rows.length <= 10, "Total row count exceed max allowed count: 10", 131009);
    need(rows.every((each) => length(each["title"]) >= 1 && length(each["title"]) <= 24 && length(each["id"]) <= 200 && length(each["description"]) <= 72), "Row title length invalid", 131009);
    need(length(action["button"]) >= 1 && length(action["button"]) <= 20, "Button length invalid", 131009);
    need(body >= 1 && body <= 4096, "Body text length invalid", 131009);
  } else if (part["type"] === "cta_url") {
    const parameters = fields(action["parameters"]);
    need(length(parameters["display_text"]) >= 1 && length(parameters["display_text"]) <= 20 && /^https?:\/\//.test(String(parameters["url"])), "Invalid parameters", 131009);
  } else {
    need(false, "Unknown interactive type", 131009);
  }
}

function checkTemplate(part: Fields, templates: Template[]): void {
  const language = fields(part["language"])["code"];
  const found = templates.find((each) => each.name === part["name"] && each.language === language && each.status === "APPROVED");
  need(found !== undefined, `Template name (${String(part["name"])}) does not exist in ${String(language)}`, 132001);
  const body = found!.components.map(fields).find((each) => each["type"] === "BODY");
  const wanted = new Set(String(body?.["text"] ?? "").match(/\{\{\w+\}\}/g) ?? []).size;
  const given = listed(listed(part["components"]).find((each) => each["type"] === "body")?.["parameters"]).length;
  need(given === wanted, `body: number of localizable_params (${given}) does not match the expected number of params (${wanted})`, 132000);
}
