// What of a browser the tested parts ask for.
const kept = new Map<string, string>();
const nothing = () => undefined;
Object.assign(globalThis, {
  document: { baseURI: "http://bay.example/app/", documentElement: { lang: "en" } },
  localStorage: {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
    clear: () => kept.clear(),
  },
  window: { addEventListener: nothing, removeEventListener: nothing },
});
