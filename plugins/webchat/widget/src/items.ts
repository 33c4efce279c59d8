import type { Chat } from "./chat.ts";
import { el, icon, link, linked, safeLink } from "./dom.ts";
import type { Item, SharedFile } from "./model.ts";
import { reason, size, time, type Texts } from "./texts.ts";

const PREVIEW_PX = 520;

// One item of the conversation as it stands in the log. What does not change stays the same node, so that a reader of the
// screen hears a message once.
export class ItemView {
  readonly node = el("div", { class: "item" });
  private readonly meta = el("div", { class: "meta" });
  private readonly bar = el("progress", { max: "1", value: "0" });
  private readonly chat: Chat;
  private readonly words: Texts;
  private readonly language: string;
  private readonly acted: () => void;
  private body = "";
  private foot = "";

  // `acted`: one of its buttons has done its work and may be gone.
  constructor(chat: Chat, words: Texts, language: string, acted: () => void) {
    this.chat = chat;
    this.words = words;
    this.language = language;
    this.acted = acted;
    this.bar.setAttribute("aria-label", words.sending);
  }

  // `run`: it follows one of the same side; `last`: none of the same side follows it.
  show(item: Item, run: boolean, last: boolean): void {
    this.node.className = `item${item.mine ? " mine" : ""}${run ? " run" : ""}`;
    const waits = item.state === "sending";
    const body = JSON.stringify([item.text, item.files, item.buttons, item.location, item.pressed, waits]);
    if (body !== this.body) {
      this.body = body;
      const who = el("span", { class: "hide" }, `${item.mine ? this.words.you : this.words.operator}: `);
      this.node.replaceChildren(who, ...this.parts(item), this.meta);
    }
    const foot = JSON.stringify([item.state, item.reason, last]);
    if (foot !== this.foot) {
      this.foot = foot;
      this.meta.replaceChildren(...this.state(item, last));
    }
  }

  progress(share: number): void {
    this.bar.value = share;
  }

  private parts(item: Item): Node[] {
    const parts: Node[] = [];
    if (item.text) {
      const quoted = item.reply_to ? this.chat.items.find((other) => other.id === item.reply_to)?.text : undefined;
      parts.push(el("div", { class: "bubble" }, quoted ? el("span", { class: "quote" }, quoted) : undefined, ...linked(item.text)));
    }
    for (const file of item.files ?? []) parts.push(this.file(item, file));
    if (item.location) parts.push(this.place(item.location));
    if (item.buttons) parts.push(this.choices(item));
    return parts;
  }

  private file(item: Item, file: SharedFile): HTMLElement {
    const own = this.chat.previews.get(item.id);
    const url = safeLink(file.url);
    const isGone = file.until !== undefined && Date.parse(file.until) < Date.now();
    const card = this.card(item, file, isGone ? undefined : url, isGone);
    const isPicture = /^image\/(png|jpeg|gif|webp)$/.test(file.type ?? "");
    if (!isPicture || isGone) return card;
    if (own) return this.preview(own, file, card, item.state === "sending");
    if (!url || item.state === "sending") return card;
    const picture = el("img", { src: url, alt: file.name ?? "", loading: "lazy", referrerpolicy: "no-referrer" });
    const around = link(url, picture);
    around.className = "picture";
    picture.onerror = () => around.replaceWith(card); // the page's policy forbids it, or it is no picture
    return around;
  }

  // On a canvas: a page may forbid blob: pictures.
  private preview(file: File, shared: SharedFile, card: HTMLElement, waits: boolean): HTMLElement {
    const canvas = el("canvas", { role: "img", "aria-label": shared.name ?? "", width: "0", height: "0" });
    const around = el("div", { class: "picture" }, canvas, waits && this.bar);
    createImageBitmap(file).then((bitmap) => {
      const scale = Math.min(1, PREVIEW_PX / Math.max(bitmap.width, bitmap.height));
      canvas.width = Math.round(bitmap.width * scale);
      canvas.height = Math.round(bitmap.height * scale);
      canvas.getContext("2d")?.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    }, () => around.replaceWith(card));
    return around;
  }

  private card(item: Item, file: SharedFile, url: string | undefined, isGone: boolean): HTMLElement {
    const about = [file.size === undefined ? "" : size(this.words, file.size), isGone ? this.words.gone : ""].filter(Boolean).join(", ");
    const words = el("span", {}, el("b", {}, file.name ?? this.words.file), el("small", {}, about), item.state === "sending" && this.bar);
    if (!url) return el("div", { class: "card" }, icon("file"), words);
    const card = link(url, icon("file"), words);
    card.className = "card";
    card.title = this.words.opens;
    return card;
  }

  private place(at: NonNullable<Item["location"]>): HTMLElement {
    const url = `https://www.openstreetmap.org/?mlat=${Number(at.latitude)}&mlon=${Number(at.longitude)}#map=16/${Number(at.latitude)}/${Number(at.longitude)}`;
    const card = link(url, icon("place"), el("span", {}, el("b", {}, at.title ?? this.words.place), el("small", {}, at.address ?? "")));
    card.className = "card";
    return card;
  }

  private choices(item: Item): HTMLElement {
    const all = el("div", { class: "choices" });
    for (const button of (item.buttons ?? []).flat()) {
      const url = safeLink(button.url);
      if (url) {
        const choice = link(url, button.title);
        choice.className = "choice";
        all.append(choice);
      } else if (!button.url) {
        const choice = el("button", { class: "choice", type: "button" }, button.title);
        choice.disabled = item.pressed === true;
        this.onClick(choice, () => this.chat.press(item, button));
        all.append(choice);
      }
    }
    return all;
  }

  private onClick(button: HTMLButtonElement, act: () => void): void {
    button.onclick = () => {
      act();
      this.acted();
    };
  }

  private state(item: Item, last: boolean): Node[] {
    const at = el("time", { datetime: new Date(item.at).toISOString() }, time(this.language, item.at));
    if (item.state === "failed") {
      const why = item.reason && item.reason !== "unknown" ? reason(this.words, item.reason, this.chat.settings.max_file_mb) : this.words.failed;
      const again = el("button", { type: "button" }, this.words.retry);
      this.onClick(again, () => this.chat.retry(item));
      const remove = el("button", { type: "button" }, this.words.remove);
      this.onClick(remove, () => this.chat.remove(item));
      return [el("span", { class: "bad" }, icon("alert"), why), ...(this.chat.canRetry(item) ? [again] : []), remove];
    }
    if (item.state === "sending") return [icon("clock"), el("span", {}, this.words.sending)];
    if (!last) return [];
    return item.mine ? [at, icon("tick"), el("span", { class: "hide" }, this.words.sent)] : [at];
  }
}
