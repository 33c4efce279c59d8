import { Chat } from "./chat.ts";
import { backOff, Link } from "./link.ts";
import type { Settings } from "./model.ts";
import { Store } from "./store.ts";
import { language, texts } from "./texts.ts";
import { View } from "./view.ts";

declare global {
  interface Window {
    patchbayChat?: { open(): void; close(): void };
  }
}

const PATH = /plugins\/webchat\/web\/[^/]*$/;
const TRIES = 5;

const DEFAULTS: Settings = {
  title: "", welcome: "", language: "page", colour: "#2350c8", position: "right", ask_name: "no", ask_email: "no", files: false, max_file_mb: 10, file_types: [],
};

// The attributes of the script's element: data-integration, and what a page may choose: data-language, data-title,
// data-welcome, data-theme (light, dark), data-open.
async function start(script: HTMLScriptElement): Promise<void> {
  const { dataset } = script;
  const integration = dataset["integration"] ?? "";
  if (!/^[0-9]+$/.test(integration)) return console.error("Patchbay chat: the script's element needs data-integration, the number of the integration");
  if (window.patchbayChat) return console.warn("Patchbay chat: the script stands in the page twice");
  window.patchbayChat = { open: () => undefined, close: () => undefined };
  const store = new Store(integration);
  const link = new Link(`${script.src.split("?")[0]!.replace(PATH, "")}hooks/webchat/${integration}`, store);
  const found = await settings(link);
  if (!found) return;
  for (const key of ["title", "welcome"] as const) found[key] = dataset[key] ?? found[key];
  const spoken = language(dataset["language"] ?? found.language);
  const chat = new Chat(store, link, found, spoken);
  const view = new View(chat, texts(spoken), spoken, dataset["theme"] ?? "");
  store.onChange = () => view.render();
  link.onState = () => view.renderState();
  chat.isRead = () => view.sees();
  chat.onProgress = (id, share) => view.progress(id, share);
  window.patchbayChat = { open: () => view.open(), close: () => view.close() };
  chat.resume();
  if (dataset["open"] !== undefined) view.open();
}

// Without them nothing is shown: a button that leads nowhere is worse than none.
async function settings(link: Link): Promise<Settings | undefined> {
  for (let attempt = 0; attempt < TRIES; ++attempt) {
    const found = await link.settings().catch(() => undefined);
    if (found) return { ...DEFAULTS, ...found };
    await new Promise((resolve) => setTimeout(resolve, backOff(attempt)));
  }
  console.error(`Patchbay chat: no answer. Is ${location.origin} among the sites of the integration, is the integration connected, and does this page's policy (connect-src) allow the host?`);
  return undefined;
}

const script = document.currentScript as HTMLScriptElement | null;
if (!script) console.error("Patchbay chat: load it by <script async src=…>, not as a module");
else if (document.body) void start(script);
else document.addEventListener("DOMContentLoaded", () => void start(script));
