// The host as a system service: the shipped unit, what it shuts, and what the service manager hears (OPS-3).
import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { KEY, post } from "./support/echo.ts";
import { BUILD, eventually, Patchbay } from "./support/patchbay.ts";

const run = promisify(execFile);
const UNIT = resolve(import.meta.dirname, "../../config/patchbay.service");
const LOOSEST = 1.3; // bar 14

let folder = "";
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "pb-service-"));
});
after(() => rm(folder, { recursive: true, force: true }));

// The calls of a name or of a group ("@system-service") of systemd's.
async function calls(name: string): Promise<string[]> {
  if (!name.startsWith("@")) return [name];
  const listed = (await run("systemd-analyze", ["--no-pager", "syscall-filter", name])).stdout;
  const names = listed.split("\n").slice(1).map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
  return (await Promise.all(names.map(calls))).flat();
}

// What SystemCallFilter= of the unit leaves.
async function allowed(): Promise<Set<string>> {
  const left = new Set<string>();
  for (const [, not, names] of (await readFile(UNIT, "utf8")).matchAll(/^SystemCallFilter=(~?)(.*)$/gm)) {
    for (const name of (await Promise.all(names!.split(" ").map(calls))).flat()) not ? left.delete(name) : left.add(name);
  }
  return left;
}

// Node knows no datagrams on Unix sockets.
const LISTENER = `
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    print(s.recv(4096).decode(), flush=True)
`;

class ServiceManager {
  told = "";
  readonly socket = join(folder, "notify");
  private readonly listener: ChildProcess = spawn("python3", ["-c", LISTENER, this.socket], { stdio: ["ignore", "pipe", "inherit"] });

  async ready(): Promise<void> {
    this.listener.stdout!.on("data", (piece: Buffer) => (this.told += piece.toString()));
    await eventually("the listener", async () => this.told.includes("bound"));
  }

  count = (word: string): number => this.told.split(word).length - 1;
  stop = (): boolean => this.listener.kill("SIGKILL");
}

// As the service manager does it: the socket is its own, and whoever ends is started again on it.
const HOLDER = `
import os, signal, socket, subprocess, sys
s = socket.create_server(("127.0.0.1", 0), backlog=4096)
os.dup2(s.fileno(), 3)
over = False
def begin():
    return subprocess.Popen(["sh", "-c", 'LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http exec "$@"', "sh"] + sys.argv[1:], pass_fds=(3,))
child = begin()
def end(*_):
    global over
    over = True
    child.terminate()
signal.signal(signal.SIGTERM, end)
while True:
    child.wait()
    if over: break
    child = begin()
`;

test("over a restart on the service manager's socket no connection is refused", async () => { // OPS-3, OPS-7
  const host = await Patchbay.prepare();
  let running = true;
  try {
    host.token = await host.createToken("test", "admin");
    host.under = ["python3", "-c", HOLDER];
    await host.serve();
    const integration = await host.connect("echo", "Held", { account: "held", signing_key: KEY });
    const statuses = new Map<number, number>();
    const fresh = new Agent({ keepAlive: false }); // a kept connection may end just when it is used again, by HTTP's own rules
    const pace = (async () => {
      for (let i = 0; running; ++i) {
        const { status } = await post(host.address, integration, { id: String(i), chat: "c", author: "Ana", text: String(i) }, fresh);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    })();
    const child = async (): Promise<number> => Number((await run("pgrep", ["-P", String(host.process!.pid)])).stdout.trim());
    const first = await child();
    process.kill(first, "SIGTERM");
    await eventually("the next host is ready", async () => host.output.split('"text":"ready"').length === 3, 60);
    assert.notEqual(await child(), first);
    await new Promise((resolve) => setTimeout(resolve, 300));
    running = false;
    await pace;
    assert.deepEqual([...statuses.keys()], [200], JSON.stringify([...statuses]));
    assert.ok(statuses.get(200)! > 5);
  } finally {
    running = false;
    await host.stop();
  }
});

test("the shipped unit exposes at most 1.3", async () => {
  const said = (await run("systemd-analyze", ["--no-pager", "security", "--offline=true", `--threshold=${LOOSEST * 10}`, UNIT])).stdout;
  const level = Number(/Overall exposure level for patchbay.service: (\S+)/.exec(said)?.[1]);
  console.log(`  exposure ${level}`);
  assert.ok(level <= LOOSEST, said);
});

test("under the unit's own filters the host starts, and its workers enter their sandbox", async () => {
  const file = join(folder, "allowed");
  await writeFile(file, [...(await allowed())].join("\n"));
  const host = await Patchbay.prepare();
  try {
    host.token = await host.createToken("test", "admin");
    host.under = [join(BUILD, "bin/service_filter"), file];
    await host.serve();
    const integration = await host.connect("echo", "Service", { account: "service", signing_key: KEY });
    assert.equal((await post(host.address, integration, { id: "1", chat: "c", author: "Ana", text: "hello" })).status, 200);
    await eventually("its message", async () => (await host.chats(integration)).length === 1);
    const worker = (await host.get(`/api/v1/health/${integration}`)).body.worker.pid;
    const status = await readFile(`/proc/${worker}/status`, "utf8");
    const filters = (text: string): number => Number(/^Seccomp_filters:\s*(\d+)$/m.exec(text)?.[1]);
    assert.match(status, /^NoNewPrivs:\s*1$/m);
    assert.ok(filters(status) > filters(await readFile(`/proc/${host.process!.pid}/status`, "utf8")), status);
    assert.doesNotMatch(host.output, /refused: |has no Landlock|not filtered/);
  } finally {
    await host.stop();
  }
});

test("the service manager is told when the host is ready, that it lives, and when it stops", async () => { // sd_notify
  const manager = new ServiceManager();
  const host = await Patchbay.prepare();
  try {
    await manager.ready();
    host.environment = { NOTIFY_SOCKET: manager.socket, WATCHDOG_USEC: "600000" };
    await host.serve();
    await eventually("READY=1", async () => manager.count("READY=1") === 1);
    assert.equal(manager.count("STOPPING=1"), 0);
    await eventually("three signs of life", async () => manager.count("WATCHDOG=1") >= 3);
    host.process!.kill("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 300));
    const before = manager.count("WATCHDOG=1");
    await new Promise((resolve) => setTimeout(resolve, 700));
    assert.equal(manager.count("WATCHDOG=1"), before);
    host.process!.kill("SIGCONT");
    assert.equal(await host.kill("SIGTERM"), 0);
    await eventually("STOPPING=1", async () => manager.count("STOPPING=1") === 1);
  } finally {
    await host.stop();
    manager.stop();
  }
});
