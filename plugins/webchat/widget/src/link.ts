import type { Frame } from "./model.ts";
import type { Store } from "./store.ts";

const QUIET_MS = 40_000; // the host says something every 15 s
const RENEW_BEFORE_MS = 15 * 24 * 3600_000;
const POST_MS = 30_000;
const FILE_MS = 300_000;

export interface Outcome {
  ok: boolean;
  again: boolean; // worth another attempt
  wait: number; // milliseconds that the host asks for
  status: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

// 1, 2, 4, 8, then 10 seconds, not all pages at the same moment.
export const backOff = (attempt: number): number => Math.min(10_000, 1000 * 2 ** attempt) * (0.75 + Math.random() / 2);

// The way to the host: a session, posts, and the stream of what comes back.
export class Link {
  onFrame: (frame: Frame) => void = () => undefined;
  onState: () => void = () => undefined;
  onFound: () => void = () => undefined;
  lostAt = 0; // since when there is no connection, Unix milliseconds; 0: there is one, or none is wanted
  private readonly base: string;
  private readonly store: Store;
  private opening: Promise<Outcome> | undefined;
  private following = false;
  private wake: () => void = () => undefined;

  // `base`: ".../hooks/webchat/<integration>".
  constructor(base: string, store: Store) {
    this.base = base;
    this.store = store;
    window.addEventListener("online", () => this.wake());
  }

  async settings(): Promise<object | undefined> {
    const reply = await fetch(`${this.base}/session`, { credentials: "omit", referrerPolicy: "no-referrer" });
    return reply.ok ? ((await reply.json()) as { settings: object }).settings : undefined;
  }

  // Whether the host answers anything at all, and not the browser in its place.
  async isReachable(): Promise<boolean> {
    const reply = await fetch(`${this.base}/session`, { credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer", signal: AbortSignal.timeout(POST_MS) }).catch(() => undefined);
    return reply?.ok ?? false;
  }

  frame(frame: object): Promise<Outcome> {
    return this.post("in", "application/json", JSON.stringify(frame), POST_MS);
  }

  file(query: Record<string, string>, file: File, progress: (share: number) => void): Promise<Outcome> {
    const type = file.type || "application/octet-stream";
    return this.post(`file?${new URLSearchParams(query)}`, type, file, FILE_MS, progress);
  }

  // From now on what comes is told, over lost connections, once. One tab of a browser reads for all of them: browsers open
  // few connections to one host.
  follow(): void {
    if (this.following) return;
    this.following = true;
    const locks = this.store.kept ? navigator.locks : undefined;
    if (locks) void locks.request(`patchbay.webchat.${this.base}`, () => this.read()).catch(() => this.read());
    else void this.read();
  }

  private async read(): Promise<void> {
    for (let attempt = 0; ; ++attempt) {
      const began = Date.now();
      const wait = await this.stream(() => (attempt = 0)).catch(() => 0);
      // It ends in order when the host stops or the token ends: then at once.
      if (attempt === 0 && Date.now() - began > 5000) continue;
      this.lost();
      await Promise.race([pause(wait || backOff(attempt)), new Promise<void>((resolve) => (this.wake = resolve))]);
    }
  }

  // One connection. Answers how long the host wants us to wait.
  private async stream(opened: () => void): Promise<number> {
    const ready = await this.open();
    if (!ready.ok) return ready.wait;
    const abort = new AbortController();
    let timer = setTimeout(() => abort.abort(), QUIET_MS);
    try {
      const { after, token } = this.store.saved;
      const reply = await fetch(`${this.base}/events${after ? `?after=${after}` : ""}`, {
        headers: { authorization: `Bearer ${token}` }, signal: abort.signal, credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer",
      });
      if (reply.status === 401) await this.renew();
      if (!reply.ok || !reply.body) return Number(reply.headers.get("retry-after") ?? 0) * 1000;
      opened();
      this.found();
      const reader = reply.body.getReader();
      const decoder = new TextDecoder();
      let text = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return 0;
        clearTimeout(timer);
        timer = setTimeout(() => abort.abort(), QUIET_MS);
        text += decoder.decode(value, { stream: true });
        for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
          this.take(text.slice(0, end));
          text = text.slice(end + 2);
        }
      }
    } finally {
      clearTimeout(timer);
      abort.abort();
    }
  }

  // One event (HTML standard, 9.2). The place in the stream is kept after what it brought.
  private take(block: string): void {
    const fields: Record<string, string> = {};
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon > 0) fields[line.slice(0, colon)] = line.slice(colon + 1).replace(/^ /, "");
    }
    if (fields["data"] === undefined) return;
    if (fields["event"] !== "reset") this.onFrame(JSON.parse(fields["data"]) as Frame);
    const id = fields["id"];
    if (id) this.store.update((saved) => (saved.after = id));
  }

  // A session that is good for a while.
  private open(): Promise<Outcome> {
    const { token, expires } = this.store.saved;
    if (token && expires - Date.now() > RENEW_BEFORE_MS) return Promise.resolve({ ok: true, again: false, wait: 0, status: 200 });
    return this.renew();
  }

  private renew(): Promise<Outcome> {
    this.opening ??= this.makeSession().finally(() => (this.opening = undefined));
    return this.opening;
  }

  private async makeSession(): Promise<Outcome> {
    const { token } = this.store.saved;
    let made = await this.send("session", "", null, token, POST_MS);
    if (made.outcome.status === 401 && token) made = await this.send("session", "", null, "", POST_MS);
    if (made.outcome.ok) {
      const session = JSON.parse(made.body) as { token: string; session: string; expires_at: string };
      this.store.update((saved) => {
        if (saved.session !== session.session) {
          saved.after = saved.about = "";
          for (const item of saved.items) item.told = "read"; // the new session knows nothing of them
        }
        Object.assign(saved, { token: session.token, session: session.session, expires: Date.parse(session.expires_at) });
      });
    }
    return made.outcome;
  }

  private async post(path: string, type: string, body: XMLHttpRequestBodyInit, limit: number, progress?: (share: number) => void): Promise<Outcome> {
    const ready = await this.open();
    if (!ready.ok) return ready;
    const first = await this.send(path, type, body, this.store.saved.token, limit, progress);
    if (first.outcome.status !== 401) return first.outcome;
    const renewed = await this.renew();
    if (!renewed.ok) return renewed;
    return (await this.send(path, type, body, this.store.saved.token, limit, progress)).outcome;
  }

  // XMLHttpRequest: it tells how much of a file is sent.
  private send(path: string, type: string, body: XMLHttpRequestBodyInit | null, token: string, limit: number, progress?: (share: number) => void): Promise<{ outcome: Outcome; body: string }> {
    return new Promise((resolve) => {
      const call = new XMLHttpRequest();
      call.open("POST", `${this.base}/${path}`);
      if (type) call.setRequestHeader("content-type", type);
      if (token) call.setRequestHeader("authorization", `Bearer ${token}`);
      call.timeout = limit;
      if (progress) call.upload.onprogress = (event) => progress(event.total ? event.loaded / event.total : 0);
      call.onloadend = () => {
        const { status } = call;
        const ok = status >= 200 && status < 300;
        const wait = ok ? 0 : Number(call.getResponseHeader("retry-after") ?? 0) * 1000;
        resolve({ outcome: { ok, again: status === 0 || status === 429 || status >= 500, wait, status }, body: call.responseText });
      };
      call.send(body);
    });
  }

  lost(): void {
    this.lostAt ||= Date.now();
    this.onState();
  }

  found(): void {
    this.lostAt = 0;
    this.onState();
    this.onFound();
  }

  retryNow(): void {
    this.wake();
  }
}
