import type { Chat } from "./chat.ts";
import { el, icon, inkOn } from "./dom.ts";
import { IntroductionForm } from "./form.ts";
import { ItemView } from "./items.ts";
import { TEXT_MAX } from "./model.ts";
import { CSS } from "./style.ts";
import { day, reason, type Texts } from "./texts.ts";

const NEAR_END_PX = 48;
const OFFLINE_AFTER_MS = 3000;
const MOST_BADGE = 99;

// The button in the corner and the window that it opens, out of reach of the page's styles.
export class View {
  private readonly chat: Chat;
  private readonly words: Texts;
  private readonly language: string;
  private readonly host = el("div");
  private readonly root = el("div");
  private readonly launch = el("button", { class: "launch", type: "button", "aria-haspopup": "dialog", "aria-expanded": "false" });
  private readonly badge = el("span", { class: "badge", "aria-hidden": "true" });
  private readonly panel = el("section", { class: "panel", role: "dialog", "aria-modal": "true" });
  private readonly offline = el("div", { class: "offline", role: "status" });
  private readonly log = el("div", { class: "log", role: "log", tabindex: "0" });
  private readonly list = el("div", { class: "list" });
  private readonly newer: HTMLButtonElement;
  private readonly error = el("p", { class: "error", role: "alert" });
  private readonly text = el("textarea", { rows: "1", maxlength: String(TEXT_MAX), enterkeyhint: "send" });
  private readonly sendButton: HTMLButtonElement;
  private readonly write = el("form", { class: "write" });
  private readonly drop: HTMLElement;
  private readonly form: IntroductionForm;
  private readonly welcome = el("div", { class: "item" });
  private readonly views = new Map<string, ItemView>();
  private isOpen = false;
  private pinned = true; // the end of the log is in sight, or was until something came
  private top = 0; // where the log was scrolled to

  constructor(chat: Chat, words: Texts, language: string, theme: string) {
    this.chat = chat;
    this.words = words;
    this.language = language;
    this.newer = el("button", { class: "newer", type: "button" }, icon("down"), words.newer);
    this.sendButton = el("button", { class: "icon send", type: "submit", "aria-label": words.send }, icon("send"));
    this.drop = el("div", { class: "drop" }, words.drop);
    this.form = new IntroductionForm(chat.settings, words, (name, email) => {
      chat.introduce(name, email);
      this.text.focus();
    });
    this.build();
    this.listen();
    this.dress(theme);
    this.render();
  }

  open(): void {
    this.isOpen = true;
    this.chat.resumeFollowing();
    this.render();
    this.toEnd();
    (this.write.hidden ? this.form.first : this.text).focus({ preventScroll: true });
  }

  close(): void {
    this.isOpen = false;
    this.render();
    this.launch.focus({ preventScroll: true });
  }

  // Whether the visitor sees the end of the conversation.
  sees(): boolean {
    return this.isOpen && this.pinned && document.visibilityState === "visible";
  }

  progress(id: string, share: number): void {
    this.views.get(id)?.progress(share);
  }

  render(): void {
    const { chat, words } = this;
    if (!this.host.isConnected) document.body.append(this.host); // some pages exchange their body
    this.panel.hidden = !this.isOpen;
    this.root.classList.toggle("open", this.isOpen);
    this.launch.setAttribute("aria-expanded", String(this.isOpen));
    if (this.sees()) chat.markRead();
    const { unread } = chat;
    this.badge.hidden = this.isOpen || unread === 0;
    this.badge.textContent = unread > MOST_BADGE ? `${MOST_BADGE}+` : String(unread);
    this.launch.setAttribute("aria-label", this.isOpen ? words.close : words.open + (unread ? `, ${words.unread(unread)}` : ""));
    this.launch.replaceChildren(icon(this.isOpen ? "down" : "chat"), this.badge);
    this.renderForm();
    this.renderState();
    if (this.isOpen) this.renderLog();
  }

  renderState(): void {
    const { lostAt } = this.chat.link;
    const left = lostAt + OFFLINE_AFTER_MS - Date.now();
    if (lostAt && left > 0) setTimeout(() => this.renderState(), left);
    const isLost = lostAt > 0 && left <= 0;
    if (isLost === !this.offline.hidden) return;
    this.offline.hidden = !isLost;
    this.offline.textContent = isLost ? this.words.offline : "";
  }

  private build(): void {
    const { words, chat } = this;
    const title = chat.settings.title || words.title;
    const heading = el("h2", { id: "title" }, title);
    const close = el("button", { class: "icon", type: "button", "aria-label": words.close }, icon("close"));
    close.onclick = () => this.close();
    this.panel.setAttribute("aria-labelledby", "title");
    this.log.setAttribute("aria-label", words.messages);
    this.log.append(this.list);
    this.text.setAttribute("aria-label", words.write);
    this.text.placeholder = words.write;
    this.welcome.append(el("div", { class: "bubble" }, chat.settings.welcome || words.welcome));
    if (chat.settings.files) this.write.append(...this.picker());
    this.write.append(this.text, this.sendButton);
    for (const part of [this.error, this.drop, this.newer, this.offline]) part.hidden = true;
    this.panel.append(
      el("header", {}, el("span", { class: "tile", "aria-hidden": "true" }, [...chat.settings.title][0] ?? icon("chat")), heading, close),
      this.offline, this.log, this.newer, el("div", { class: "foot" }, this.error, this.form.node, this.write), this.drop,
    );
    this.root.append(this.panel, this.launch);
    if (chat.settings.position === "left") this.root.className = "left";
  }

  private picker(): Node[] {
    const input = el("input", { type: "file", multiple: "", hidden: "", tabindex: "-1" });
    if (!this.chat.settings.file_types.includes("*/*")) input.accept = this.chat.settings.file_types.join(",");
    input.onchange = () => {
      this.attach(input.files);
      input.value = "";
    };
    const button = el("button", { class: "icon", type: "button", "aria-label": this.words.attach, title: this.words.attach }, icon("attach"));
    button.onclick = () => input.click();
    return [input, button];
  }

  private listen(): void {
    this.launch.onclick = () => (this.isOpen ? this.close() : this.open());
    this.newer.onclick = () => {
      this.toEnd();
      this.log.focus();
    };
    this.text.oninput = () => this.fit();
    this.text.onkeydown = (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.submit();
    };
    this.text.onpaste = (event) => {
      if (event.clipboardData?.files.length && this.attach(event.clipboardData.files)) event.preventDefault();
    };
    this.write.onsubmit = (event) => {
      event.preventDefault();
      this.submit();
      this.text.focus();
    };
    this.log.onscroll = () => {
      const { scrollTop, scrollHeight, clientHeight } = this.log;
      if (scrollHeight - scrollTop - clientHeight < NEAR_END_PX) this.pinned = true;
      else if (scrollTop < this.top) this.pinned = false; // nobody but the visitor scrolls up
      this.top = scrollTop;
      if (this.pinned && !this.newer.hidden) this.render();
    };
    this.panel.onkeydown = (event) => this.key(event);
    this.panel.ondragover = (event) => {
      if (!this.chat.settings.files || this.write.hidden || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      this.drop.hidden = false;
    };
    this.panel.ondragleave = (event) => (this.drop.hidden = !this.panel.contains(event.relatedTarget as Node | null));
    this.panel.ondrop = (event) => {
      event.preventDefault();
      this.drop.hidden = true;
      this.attach(event.dataTransfer?.files);
    };
    document.addEventListener("visibilitychange", () => this.render());
    new MutationObserver(() => this.render()).observe(document.documentElement, { childList: true });
    const follow = new ResizeObserver(() => this.pinned && this.toEnd()); // pictures that come later push the end away
    follow.observe(this.log);
    follow.observe(this.list);
    this.fit();
  }

  private dress(theme: string): void {
    const root = this.host.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    const { colour } = this.chat.settings;
    sheet.replaceSync(`${CSS}:host{--accent:${colour};--ink:${inkOn(colour)}}`);
    root.adoptedStyleSheets = [sheet];
    root.append(this.root);
    this.host.lang = this.language;
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const choose = (): string => (this.host.dataset["theme"] = theme === "light" || theme === "dark" ? theme : dark.matches ? "dark" : "light");
    dark.addEventListener("change", choose);
    choose();
  }

  private key(event: KeyboardEvent): void {
    event.stopPropagation(); // single letters are no commands of the page
    if (event.key === "Escape") return this.close();
    if (event.key !== "Tab") return;
    const stops = [...this.panel.querySelectorAll<HTMLElement>("a,button,input,textarea,[tabindex='0']")].filter(
      (each) => each.tabIndex >= 0 && !(each as HTMLButtonElement).disabled && each.offsetParent !== null,
    );
    const at = (this.host.shadowRoot as ShadowRoot).activeElement;
    const edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
    if (at !== edge) return;
    event.preventDefault();
    (event.shiftKey ? stops[stops.length - 1] : stops[0])?.focus();
  }

  private submit(): void {
    const text = this.text.value.trim();
    if (!text) return;
    this.pinned = true;
    this.complain("");
    this.text.value = "";
    this.chat.write(text);
    this.fit();
  }

  // Whether there was a file.
  private attach(files: FileList | null | undefined): boolean {
    if (!files?.length || this.write.hidden) return false;
    this.pinned = true;
    const wrong: string[] = [];
    for (const file of files) {
      const why = this.chat.attach(file);
      if (why) wrong.push(`${file.name}: ${reason(this.words, why, this.chat.settings.max_file_mb)}`);
    }
    this.complain(wrong.join(" "));
    return true;
  }

  private complain(words: string): void {
    this.error.hidden = !words;
    this.error.textContent = words;
  }

  private fit(): void {
    this.text.style.setProperty("height", "auto");
    this.text.style.setProperty("height", `${Math.max(36, this.text.scrollHeight)}px`);
    this.sendButton.disabled = this.text.value.trim() === "";
  }

  private toEnd(): void {
    this.pinned = true;
    this.log.scrollTop = this.log.scrollHeight;
    this.top = this.log.scrollTop;
    this.newer.hidden = true;
  }

  private renderForm(): void {
    const wanted = this.form.isWanted && !this.chat.store.saved.asked;
    this.form.node.hidden = !wanted;
    this.write.hidden = wanted;
  }

  private renderLog(): void {
    const { items } = this.chat;
    const nodes: Node[] = [this.welcome];
    const shown = new Set<string>();
    let lastDay = "";
    items.forEach((item, at) => {
      const date = day(this.words, this.language, item.at);
      if (date !== lastDay) nodes.push(el("div", { class: "day" }, date));
      const run = date === lastDay && items[at - 1]?.mine === item.mine;
      lastDay = date;
      let view = this.views.get(item.id);
      if (!view) this.views.set(item.id, (view = new ItemView(this.chat, this.words, this.language, () => this.log.focus())));
      view.show(item, run, items[at + 1]?.mine !== item.mine);
      shown.add(item.id);
      nodes.push(view.node);
    });
    for (const id of this.views.keys()) if (!shown.has(id)) this.views.delete(id);
    this.place(nodes);
    if (this.pinned) this.toEnd();
    else this.newer.hidden = this.chat.unread === 0;
  }

  // Moves what is new and nothing else.
  private place(nodes: Node[]): void {
    const wanted = new Set(nodes);
    for (const child of [...this.list.childNodes]) if (!wanted.has(child)) child.remove();
    nodes.forEach((node, at) => {
      if (this.list.childNodes[at] !== node) this.list.insertBefore(node, this.list.childNodes[at] ?? null);
    });
  }
}
