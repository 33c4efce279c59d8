// Commands in the documentation really run: every fenced block after the line <!-- test: run --> is run by bash and must
// end with 0. Blocks of one document run one after the other: those of the README in the source's folder, with
// PB_RUN_DIR in one that holds a configuration with a free port, which takes the place of .run; others in a folder with nothing but a copy of sdk/, plugins/ and schemas/. HOME is empty too, and
// the executables of the build are on the PATH.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { BUILD } from "./support/patchbay.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const DOCUMENTS = [
  { path: "README.md", copied: false },
  { path: "sdk/docs/guide.md", copied: true },
];

interface Block {
  line: number;
  commands: string;
}

function blocks(text: string): Block[] {
  return [...text.matchAll(/^<!-- test: run -->\n+```(?:sh|bash|console)?\n([\s\S]*?)^```$/gm)].map((match) => ({
    line: text.slice(0, match.index).split("\n").length,
    commands: match[1]!,
  }));
}

function bash(commands: string, cwd: string, home: string): Promise<{ code: number | null; output: string }> {
  const env = { ...process.env, HOME: home, PB_RUN_DIR: join(home, "patchbay"), PATH: `${join(BUILD, "bin")}:${process.env["PATH"]}` };
  return new Promise((resolve) => {
    execFile("bash", ["-euo", "pipefail", "-c", commands], { cwd, env, timeout: 300_000 }, (error, stdout, stderr) =>
      resolve({ code: error ? (typeof error.code === "number" ? error.code : null) : 0, output: stdout + stderr }));
  });
}

// Ends hosts that a block has started and told of, as tools/run does.
function endHosts(output: string): void {
  for (const [, pid] of output.matchAll(/^pid: (\d+)$/gm)) {
    try {
      process.kill(Number(pid), "SIGTERM");
    } catch {
      // it has ended by itself
    }
  }
}

for (const { path, copied } of DOCUMENTS) {
  const text = existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), "utf8") : "";
  const found = blocks(text);
  test(`${path}: its ${found.length} marked blocks run`, async () => {
    assert.ok(found.length > 0, "no block is marked");
    assert.equal(found.length, text.split("<!-- test: run -->").length - 1, "a mark stands before something that is no fenced block");
    const folder = await mkdtemp(join(tmpdir(), "pb-readme-"));
    let outputs = "";
    try {
      const state = join(folder, "patchbay");
      await mkdir(state);
      await writeFile(join(state, "patchbay.json"), JSON.stringify({ state_dir: "state", listen: { port: 0 } }));
      if (copied) for (const part of ["sdk", "plugins", "schemas"]) await cp(join(ROOT, part), join(folder, part), { recursive: true });
      for (const block of found) {
        const { code, output } = await bash(block.commands.replaceAll(".run/", `${state}/`), copied ? folder : ROOT, folder);
        outputs += output;
        assert.equal(code, 0, `${path}:${block.line}\n${block.commands}\n${output.slice(-3000)}`);
      }
    } finally {
      endHosts(outputs);
      await rm(folder, { recursive: true, force: true });
    }
  });
}
