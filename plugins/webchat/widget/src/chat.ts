import { backOff, type Link, type Outcome } from "./link.ts";
import { covers, newId, type Button, type Frame, type Item, type Settings } from "./model.ts";
import type { Store } from "./store.ts";

const LONGEST_UPLOAD_MS = 600_000;
const FILE_TRIES = 4; // a proxy that takes no large bodies looks like a lost connection

// The conversation: what is sent goes out in order, each once; what comes is taken once.
export class Chat {
  readonly store: Store;
  readonly link: Link;
  readonly settings: Settings;
  readonly previews = new Map<string, File>(); // files of this page
  onProgress: (id: string, share: number) => void = () => undefined; // of a file, 0 to 1
  isRead: () => boolean = () => false; // whether the visitor sees what comes in
  private readonly language: string;
  private sending = false;
  private receipting = false;
  private telling: { about: string; id: string } | undefined;
  private wake: () => void = () => undefined;

  constructor(store: Store, link: Link, settings: Settings, language: string) {
    this.store = store;
    this.link = link;
    this.settings = settings;
    this.language = language;
    link.onFrame = (frame) => this.take(frame);
    link.onFound = () => this.wake();
    window.addEventListener("online", () => this.wake());
  }

  get items(): Item[] {
    return this.store.saved.items;
  }
  get unread(): number {
    return this.items.filter((item) => !item.mine && !item.seen).length;
  }
  get hasSession(): boolean {
    return this.store.saved.token !== "";
  }

  // Goes on with what the page left: the host keeps an answer for a week, whenever the visitor wrote last.
  resume(): void {
    this.loseFiles((item) => Date.now() - item.at > LONGEST_UPLOAD_MS); // of a page that ended badly
    window.addEventListener("pagehide", () => this.loseFiles((item) => this.previews.has(item.id)));
    this.resumeFollowing();
    void this.send();
  }

  // The visitor looks at the chat.
  resumeFollowing(): void {
    if (this.hasSession) this.link.follow();
  }

  write(text: string): void {
    this.add({ id: newId(), mine: true, at: this.now(), text, state: "sending" });
  }

  press(item: Item, button: Button): void {
    const press = { message: item.id, data: button.data ?? "" };
    this.change(item.id, (known) => (known.pressed = true));
    this.add({ id: newId(), mine: true, at: this.now(), text: button.title, press, state: "sending" });
  }

  // Why not, in the words of the host; empty: it goes.
  attach(file: File): string {
    const { settings } = this;
    if (!settings.files) return "files_off";
    if (file.size === 0) return "file_empty";
    if (file.size > settings.max_file_mb * 2 ** 20) return "file_size";
    if (!covers(settings.file_types, (file.type || "application/octet-stream").toLowerCase())) return "file_type";
    const id = newId();
    this.previews.set(id, file);
    this.add({ id, mine: true, at: this.now(), files: [{ name: file.name, type: file.type, size: file.size }], state: "sending" });
    return "";
  }

  retry(item: Item): void {
    this.change(item.id, (known) => Object.assign(known, { state: "sending", reason: undefined }));
    this.wake();
    void this.send();
  }

  remove(item: Item): void {
    this.store.update((saved) => (saved.items = saved.items.filter((known) => known.id !== item.id)));
  }

  introduce(name: string, email: string): void {
    this.store.update((saved) => Object.assign(saved, { name, email, asked: true }));
  }

  canRetry(item: Item): boolean {
    return item.files ? this.previews.has(item.id) && (item.reason === "unknown" || item.reason === "file_lost") : item.reason !== "text_long";
  }

  // What is in sight is read.
  markRead(): void {
    if (this.unread === 0) return;
    this.store.update(({ items }) => items.forEach((item) => !item.mine && (item.seen = true)));
    void this.tell();
  }

  // Later than all that is there, whatever this machine's clock says.
  private now(): number {
    const last = this.items[this.items.length - 1];
    return Math.max(Date.now(), (last?.at ?? 0) + 1);
  }

  private add(item: Item): void {
    this.store.update(({ items }) => items.push(item));
    void this.send();
  }

  private change(id: string, how: (item: Item) => void): void {
    this.store.update(({ items }) => items.filter((item) => item.id === id).forEach(how));
  }

  // Those that are still on their way.
  private loseFiles(which: (item: Item) => boolean): void {
    this.store.update(({ items }) => {
      for (const item of items) {
        if (item.state === "sending" && item.files && which(item)) Object.assign(item, { state: "failed", reason: "file_lost" });
      }
    });
  }

  private take(frame: Frame): void {
    if (frame.type === "taken") this.change(frame.id, (item) => Object.assign(item, { state: "sent", files: frame.files ?? item.files }));
    if (frame.type === "refused") this.change(frame.id, (item) => Object.assign(item, { state: "failed", reason: frame.reason }));
    if (frame.type !== "message" || this.items.some((item) => item.id === frame.id)) return;
    const { type, at, ...content } = frame;
    // It stands under what the visitor saw when it came, also where clocks differ.
    this.store.update(({ items }) => items.push({ ...content, mine: false, at: Math.max(Date.parse(at), this.lastAt() + 1), seen: this.isRead() }));
    void this.tell();
  }

  private lastAt(): number {
    return this.items[this.items.length - 1]?.at ?? 0;
  }

  private next(): Item | undefined {
    return this.items.find((item) => item.state === "sending" && (!item.files || this.previews.has(item.id)));
  }

  private async send(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    let attempt = 0;
    for (let item = this.next(); item; item = this.next()) {
      const done = await this.deliver(item);
      const { id } = item;
      if (done.ok) {
        attempt = 0;
        this.change(id, (known) => (known.state = "sent"));
        this.link.found();
        this.link.retryNow();
        this.link.follow();
      } else if (!done.again || (item.files && attempt + 1 >= FILE_TRIES && (await this.link.isReachable()))) {
        attempt = 0;
        const heldBack = item.files && (done.status === 413 || done.status === 0);
        this.change(id, (known) => Object.assign(known, { state: "failed", reason: heldBack ? "file_held_back" : "unknown" }));
        this.link.found();
      } else {
        this.link.lost();
        const wait = Math.max(done.wait, backOff(attempt++));
        await new Promise<void>((resolve) => {
          this.wake = resolve;
          setTimeout(resolve, wait);
        });
      }
    }
    this.sending = false;
  }

  private async deliver(item: Item): Promise<Outcome> {
    const { name, email } = this.store.saved;
    const page = location.origin + location.pathname; // the rest may be secret
    const about = JSON.stringify([name, email, page]);
    const who = { ...(name && { name }), language: this.language };
    if (about !== this.store.saved.about) {
      if (this.telling?.about !== about) this.telling = { about, id: newId() }; // the same in each attempt
      const told = await this.link.frame({ type: "about", id: this.telling.id, ...who, email, page });
      if (!told.ok) return told;
      this.store.update((saved) => (saved.about = about));
    }
    const file = this.previews.get(item.id);
    if (file) return this.link.file({ id: item.id, file: file.name, ...who }, file, (share) => this.onProgress(item.id, share));
    if (item.press) return this.link.frame({ type: "press", id: item.id, ...item.press, title: item.text, ...who });
    return this.link.frame({ type: "message", id: item.id, text: item.text, ...who });
  }

  // What has arrived and been read, for the operators.
  private async tell(): Promise<void> {
    if (this.receipting || !this.hasSession) return;
    this.receipting = true;
    for (;;) {
      const open = this.items.filter((item) => !item.mine && item.told !== "read" && (item.seen || item.told !== "delivered"));
      const state = open[0]?.seen ? "read" : "delivered";
      const ids = open.filter((item) => Boolean(item.seen) === (state === "read")).map((item) => item.id);
      if (ids.length === 0) break;
      const done = await this.link.frame({ type: "receipt", id: newId(), state, messages: ids });
      if (!done.ok) break; // with the next one
      this.store.update(({ items }) => items.filter((item) => ids.includes(item.id)).forEach((item) => (item.told = state)));
    }
    this.receipting = false;
  }
}
