// The plugin that does whatever a webhook tells it (tests/plugins/misbehave/README.md), with a key for its webhooks.
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { send } from "./echo.ts";
import { BUILD, eventually, type Patchbay } from "./patchbay.ts";

export const OWN_KEY = "a key of the plugin that misbehaves";

// A folder of plugins with it alone. `changes` are laid over its manifest; `settings` are texts that it takes beside the key.
export async function misbehaving(changes: Record<string, unknown> = {}, settings: Record<string, object> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "pb-misbehave-"));
  await cp(join(BUILD, "test_plugins/misbehave"), join(folder, "misbehave"), { recursive: true });
  const change = async (name: string, how: (json: any) => void): Promise<void> => {
    const json = JSON.parse(await readFile(join(folder, "misbehave", name), "utf8"));
    how(json);
    await writeFile(join(folder, "misbehave", name), JSON.stringify(json));
  };
  await change("plugin.json", (manifest) => {
    manifest.routes[0].verify = { type: "header-equals", header: "X-Key", secret: "secret:key" };
    Object.assign(manifest, changes, { secrets: { key: { hosts: [] }, ...(changes["secrets"] ?? {}) } });
  });
  await change("schema/setup.json", (schema) => {
    const all: Record<string, object> = { key: { "x-secret": true }, ...settings };
    for (const [name, more] of Object.entries(all)) schema.properties[name] = { type: "string", title: name, description: name, ...more };
  });
  return folder;
}

export interface Answer {
  code?: number; // PB_OK is 0
  refused?: number; // the same, when the call was not taken at all
  text: string;
  reply: any;
}

let told = 0;
// Tells it what to do; the id under which it was told.
export async function tell(host: Patchbay, integration: string, what: object): Promise<string> {
  const id = `w${++told}`;
  const answer = await send(`${host.address}/hooks/misbehave/${integration}/in`, { headers: { "x-key": OWN_KEY }, body: JSON.stringify({ id, chat: "c", ...what }) });
  assert.equal(answer.status, 200, answer.body);
  return id;
}

// What the host answers to a call of the plugin; the webhook's body is the call's blob.
export async function ask(host: Patchbay, integration: string, method: string, body: unknown): Promise<Answer> {
  const id = await tell(host, integration, { misbehave: "ask", ask: { method, body } });
  return eventually(`an answer to ${method}`, async () => {
    const [chat] = await host.chats(integration);
    const message = chat && (await host.messages(chat.id)).find((one) => one.provider_id === id);
    return message && JSON.parse(message.text);
  });
}
