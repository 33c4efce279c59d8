// Messages and what became of a chat, in words.
import type { TFunction } from "i18next";
import type { ChatChange, Message } from "../api/client.ts";
import type { Colleagues } from "./data.ts";

interface Place {
  latitude: number;
  longitude: number;
  title?: string;
  address?: string;
}

export interface Content {
  contact?: { name?: string; phone?: string; email?: string };
  location?: Place;
  sticker?: { emoji?: string };
  buttons?: { title: string; url?: string }[][];
  service?: string;
  unsupported?: string;
  forwarded_from?: string;
}

export const contentOf = (message: Message): Content => (message.content ?? {}) as Content;

// What stands where a text would, for messages that are none.
export function besidesText(message: Message, t: TFunction): string {
  const { contact, location, sticker, service, unsupported } = contentOf(message);
  if (contact)
    return t("message.contact", { contact: [contact.name, contact.phone, contact.email].filter(Boolean).join(", ") });
  if (location) {
    const place = [location.title, location.address].filter(Boolean).join(", ");
    return t("message.location", { place: place || `${location.latitude}, ${location.longitude}` });
  }
  if (sticker?.emoji) return sticker.emoji;
  if (service) return service;
  if (unsupported) return t("message.unsupported", { kind: unsupported });
  return "";
}

const KINDS = ["image", "video", "audio", "voice", "animation", "sticker", "document"] as const;

// One line of it.
export function textOf(message: Message, t: TFunction): string {
  if (message.deleted_at) return t("message.deleted");
  const first = message.attachments[0];
  const kind = KINDS.find((each) => each === first?.kind) ?? "document";
  const file = first ? t(`message.kinds.${kind}`) : "";
  const words = message.text || besidesText(message, t) || (first && kind === "document" ? first.name : "");
  const line = file && words ? `${file}: ${words}` : file || words;
  return message.direction === "out" && line ? t("message.own", { text: line }) : line;
}

const REASONS = new Set([
  "accepted",
  "transferred",
  "handed_back",
  "timed_out",
  "operator_left",
  "finished",
  "idle",
  "finished_by_bot",
  "bot_took",
  "bot_passed",
  "contact_linked",
  "contact_unlinked",
  "action_started",
  "merged",
]);

const name = (id: string | null | undefined, people: Colleagues | null | undefined): string =>
  people?.operators.find((each) => each.id === id)?.name ?? "";

// A line of the conversation for what became of the chat; nothing for what says nothing to its operator.
export function historyLine(
  change: ChatChange,
  me: string,
  people: Colleagues | null | undefined,
  t: TFunction,
): string {
  const { reason, operator, former_operator: former } = change;
  if (!REASONS.has(reason)) return "";
  const who = operator === me ? t("history.you") : name(operator, people);
  const from = former === me ? t("history.you") : name(former, people);
  switch (reason) {
    case "accepted":
      if (operator === me) return t("history.youAccepted");
      return who ? t("history.accepted", { who }) : t("history.somebodyAccepted");
    case "transferred":
      if (operator === me) return from ? t("history.passedToYou", { from }) : t("history.somebodyPassedToYou");
      if (who) return t("history.passed", { who });
      return t("history.passedToQueue");
    case "handed_back":
      return t("history.handedBack");
    case "timed_out":
      return t("history.timedOut");
    case "operator_left":
      return t("history.left");
    case "idle":
      return t("history.idle");
    case "finished":
      return t("history.finished");
    case "finished_by_bot":
      return t("history.finishedByBot");
    case "bot_took":
      return t("history.botTook");
    case "bot_passed":
      return t("history.botPassed");
    case "contact_linked":
      return t("history.contactLinked");
    case "contact_unlinked":
      return t("history.contactUnlinked");
    case "action_started":
      return t("history.actionStarted");
    case "merged":
      return t("history.merged");
    default:
      return "";
  }
}
