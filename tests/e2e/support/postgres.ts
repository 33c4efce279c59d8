// A PostgreSQL server of its own: in a folder of its own, on a Unix socket, with fsync on.
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { chown, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { eventually } from "./patchbay.ts";

const run = promisify(execFile);

interface User {
  uid?: number;
  gid?: number;
}

// PostgreSQL refuses to run as root.
async function serverUser(): Promise<User> {
  if (process.getuid!() !== 0) return {};
  const line = /^postgres:[^:]*:(\d+):(\d+):/m.exec(await readFile("/etc/passwd", "utf8"));
  if (!line) throw new Error("running as root needs the user postgres (package postgresql-15)");
  return { uid: Number(line[1]), gid: Number(line[2]) };
}

export class Postgres {
  readonly folder: string;
  private readonly binaries: string;
  private readonly user: User;
  private process: ChildProcess | undefined;
  private output = "";

  private constructor(folder: string, binaries: string, user: User) {
    this.folder = folder;
    this.binaries = binaries;
    this.user = user;
  }

  static async start(): Promise<Postgres> {
    const { stdout } = await run("pg_config", ["--bindir"]);
    const user = await serverUser();
    const folder = await mkdtemp(join(tmpdir(), "pb-pg-"));
    if (user.uid !== undefined) await chown(folder, user.uid, user.gid!);
    const server = new Postgres(folder, stdout.trim(), user);
    await run(join(server.binaries, "initdb"), ["-D", join(folder, "data"), "-U", "patchbay", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
              { ...user, cwd: folder });
    await server.resume();
    return server;
  }

  get url(): string {
    return `postgresql://patchbay@/postgres?host=${this.folder}`;
  }

  // Starts the server that pause() stopped. It ends with this process, whatever happens to it.
  async resume(): Promise<void> {
    const child = spawn("setpriv", ["--pdeathsig", "INT", join(this.binaries, "postgres"), "-D", join(this.folder, "data"), "-k", this.folder,
                                    "-c", "listen_addresses=", "-c", "fsync=on", "-c", "shared_buffers=32MB"],
                        { ...this.user, cwd: this.folder, stdio: ["ignore", "ignore", "pipe"] });
    child.stderr!.on("data", (piece: Buffer) => (this.output += piece.toString()));
    this.process = child;
    await eventually(`PostgreSQL accepts connections\n${this.output}`, () => this.sql("select 1"), 60);
  }

  // Ends it as an administrator does who does not wait: connections are cut.
  async pause(): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGINT");
    await ended;
  }

  // As a power cut would: nothing is said to anybody.
  async crash(): Promise<void> {
    const child = this.process!;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    for (const pid of await this.processes()) process.kill(pid, "SIGKILL");
    await ended;
  }

  // The postmaster and its children.
  async processes(): Promise<number[]> {
    const postmaster = this.process!.pid!;
    const { stdout } = await run("pgrep", ["-P", String(postmaster)]);
    return [postmaster, ...stdout.split("\n").filter(Boolean).map(Number)];
  }

  async stop(): Promise<void> {
    await this.pause();
    await rm(this.folder, { recursive: true, force: true });
  }

  // Rows as text, columns separated by "|".
  async sql(statement: string): Promise<string> {
    const { stdout } = await run(join(this.binaries, "psql"), ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", this.folder, "-U", "patchbay", "-d", "postgres", "-c", statement]);
    return stdout.trim();
  }

  // Everything in the database, as text that is equal when nothing has changed.
  async dump(...options: string[]): Promise<string> {
    const { stdout } = await run(join(this.binaries, "pg_dump"), ["-h", this.folder, "-U", "patchbay", ...options, "postgres"], { maxBuffer: 64 << 20 });
    return stdout.replace(/^\\(un)?restrict .*$/gm, ""); // a new random word in each dump
  }
}
