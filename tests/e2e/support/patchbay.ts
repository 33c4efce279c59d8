// Starts the real host in a folder of its own and talks to its API.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
export const BUILD = resolve(process.env["PB_BUILD_DIR"] ?? join(import.meta.dirname, "../../../build/release"));

export interface Options {
  siteUrl?: string;
  store?: string; // default: sqlite in the state folder
  allow?: string[];
  folders?: string[];
  config?: object; // laid over
}

export interface Answer {
  status: number;
  body: any;
  headers: Headers;
}

// Somebody's session: what to send with a request of it.
export interface Browser {
  answer: Answer;
  cookie: string; // as it was set
  headers: Record<string, string>;
}

export const PASSWORD = "correct horse battery";
const LIMIT_MS = 60_000; // for what ends at once where all is well
const running = new Set<Patchbay>();

export class Patchbay {
  readonly folder: string;
  readonly configFile: string;
  process: ChildProcess | undefined;
  address = "";
  token = "";
  output = "";
  under: string[] = []; // a program, with its arguments, that starts the host in its own place
  environment: NodeJS.ProcessEnv = {};

  private signalled = false;

  private constructor(folder: string) {
    this.folder = folder;
    this.configFile = join(folder, "patchbay.json");
  }

  static async prepare(options: Options = {}): Promise<Patchbay> {
    const host = new Patchbay(await mkdtemp(join(tmpdir(), "pb-e2e-")));
    await writeFile(host.configFile, JSON.stringify({
      state_dir: "state", site_url: options.siteUrl ?? "", listen: { port: 0 },
      ...(options.store ? { store: { url: options.store } } : {}),
      plugins: { folders: options.folders ?? [] }, egress: { allow: options.allow ?? [] }, log: { level: "debug", format: "json" },
      ...options.config,
    }));
    return host;
  }

  static async start(options: Options = {}): Promise<Patchbay> {
    const host = await Patchbay.prepare(options);
    host.token = await host.createToken("test", "admin");
    await host.serve();
    return host;
  }

  async cli(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    try {
      const done = await run(join(BUILD, "bin/patchbay"), [...args, "--config", this.configFile], { env: { ...process.env, LANG: "C", ...this.environment }, timeout: 2 * LIMIT_MS });
      return { code: 0, ...done };
    } catch (error) {
      const failed = error as { code: number; stdout: string; stderr: string };
      return { code: failed.code, stdout: failed.stdout, stderr: failed.stderr };
    }
  }

  async createToken(name: string, scope: string): Promise<string> {
    const done = await this.cli("token", "create", "--name", name, "--scope", scope);
    if (done.code !== 0) throw new Error(`token create: ${done.stderr}`);
    return done.stdout.trim();
  }

  // Resolves when the host is ready; rejects with what it said when it ends before.
  serve(): Promise<void> {
    const [program, ...words] = [...this.under, join(BUILD, "bin/patchbay"), "serve", "--config", this.configFile];
    const child = spawn(program!, words, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, LANG: "C", ...this.environment } });
    this.process = child;
    this.signalled = false;
    running.add(this);
    let said = "";
    return within("the host is ready", new Promise((resolve, reject) => {
      child.stderr!.on("data", (piece: Buffer) => (this.output += piece.toString()));
      child.stdout!.on("data", (piece: Buffer) => {
        said += piece.toString();
        const ready = /^ready: (\S+)$/m.exec(said);
        if (ready) {
          this.address = ready[1]!;
          resolve();
        }
      });
      child.on("exit", (code, signal) => {
        if (!this.signalled) console.error(`--- the host at ${this.address} ended unasked (${code ?? signal}):\n${this.output.slice(-12_000)}`);
        reject(new Error(`host ended (${code ?? signal}): ${this.output.slice(-2000)}`));
      });
    }));
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<number | null> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once("exit", (code) => resolve(code)));
    this.signalled = true;
    child.kill(signal);
    const code = await within(`the host has ended after ${signal}`, ended);
    running.delete(this);
    return code;
  }

  async stop(): Promise<void> {
    await this.kill("SIGTERM");
    await rm(this.folder, { recursive: true, force: true });
  }

  // Pids of the plugin workers: direct children of the host.
  async workers(): Promise<number[]> {
    const pid = this.process?.pid;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
    const threads = await run("pgrep", ["-P", String(pid), "patchbay-worker"]).then((done) => done.stdout, () => children);
    return threads.split(/\s+/).filter(Boolean).map(Number);
  }

  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(this.address + path, {
      method,
      signal: AbortSignal.timeout(LIMIT_MS),
      headers: { authorization: `Bearer ${this.token}`, ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const type = response.headers.get("content-type") ?? "";
    const stream = type.startsWith("text/event-stream"); // has no end
    if (stream) await response.body?.cancel();
    const text = stream ? "" : await response.text();
    const json = /[/+]json\b/.test(type);
    return { status: response.status, body: json ? JSON.parse(text) : text, headers: response.headers };
  }

  // A form with one file.
  async upload(method: string, path: string, name: string, content: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<Answer> {
    const body = new FormData();
    body.set("file", new Blob([content]), name);
    const response = await fetch(this.address + path, { method, body, headers: { authorization: `Bearer ${this.token}`, ...headers } });
    return { status: response.status, body: await response.json(), headers: response.headers };
  }

  get = (path: string): Promise<Answer> => this.call("GET", path);
  post = (path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<Answer> => this.call("POST", path, body, headers);

  // A user with a password, made by an admin.
  async addUser(login: string, operations: string[] = []): Promise<string> {
    const made = await this.post("/api/v1/users", { login, name: login, operations });
    if (made.status !== 201) throw new Error(`user: ${made.status} ${JSON.stringify(made.body)}`);
    const set = await this.post(`/api/v1/users/${made.body.id}/password`, { password: PASSWORD });
    if (set.status !== 204) throw new Error(`password: ${set.status} ${JSON.stringify(set.body)}`);
    return made.body.id;
  }

  // Signed in as a browser is, as a user who is made for it.
  async signIn(login: string, operations: string[] = []): Promise<Browser> {
    await this.addUser(login, operations);
    return this.browse(login);
  }

  async browse(login: string, password = PASSWORD): Promise<Browser> {
    const answer = await this.call("POST", "/api/v1/session", { login, password }, { authorization: "" });
    if (answer.status !== 201) throw new Error(`sign in: ${answer.status} ${JSON.stringify(answer.body)}`);
    const cookie = answer.headers.get("set-cookie")!;
    const headers = { authorization: "", cookie: cookie.split(";")[0]!, "x-csrf-token": answer.body.csrf_token as string };
    return { answer, cookie, headers };
  }

  async integrate(plugin: string, name: string, settings: object): Promise<string> {
    const created = await this.post("/api/v1/integrations", { plugin, name, settings });
    if (created.status !== 201) throw new Error(`create: ${created.status} ${JSON.stringify(created.body)}`);
    return created.body.id;
  }

  async connect(plugin: string, name: string, settings: object): Promise<string> {
    const id = await this.integrate(plugin, name, settings);
    const activated = await this.post(`/api/v1/integrations/${id}/activate`);
    if (activated.status !== 200) throw new Error(`activate: ${activated.status} ${JSON.stringify(activated.body)}`);
    return id;
  }

  // Every page of a list.
  async all(path: string): Promise<any[]> {
    const items: any[] = [];
    for (let cursor: string | null = ""; cursor !== null; ) {
      const page: Answer = await this.get(path + (path.includes("?") ? "&" : "?") + "limit=500" + (cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""));
      if (page.status !== 200) throw new Error(`${path}: ${page.status} ${JSON.stringify(page.body)}`);
      items.push(...page.body.items);
      cursor = page.body.next;
    }
    return items;
  }

  chats = (integration: string): Promise<any[]> => this.all(`/api/v1/chats?integration=${integration}`);
  messages = (chat: string): Promise<any[]> => this.all(`/api/v1/chats/${chat}/messages`);
}

// What the hosts said before something did not come about.
function tellLogs(): void {
  for (const host of running) console.error(`--- the last of the host at ${host.address}:\n${host.output.slice(-12_000)}`);
}

async function within<T>(what: string, done: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      tellLogs();
      reject(new Error(`not within ${LIMIT_MS / 1000} s: ${what}`));
    }, LIMIT_MS);
  });
  return Promise.race([done, late]).finally(() => clearTimeout(timer));
}

// Asks until it holds; the last answer is in the error.
export async function eventually<T>(what: string, ask: () => Promise<T | undefined | false>, seconds = 20): Promise<T> {
  const end = Date.now() + seconds * 1000;
  let error: unknown;
  for (;;) {
    try {
      const value = await ask();
      if (value !== undefined && value !== false) return value;
    } catch (caught) {
      error = caught;
    }
    if (Date.now() <= end) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      continue;
    }
    tellLogs();
    throw new Error(`not within ${seconds} s: ${what}${error ? ` (${String(error)})` : ""}`);
  }
}
