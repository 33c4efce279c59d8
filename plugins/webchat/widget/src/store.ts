import type { Saved } from "./model.ts";

const MOST_ITEMS = 200;

function fresh(): Saved {
  return { token: "", session: "", expires: 0, after: "", items: [], name: "", email: "", asked: false, about: "" };
}

// The conversation, kept in the page's localStorage and so shared by its tabs. Where the browser refuses that, it lives as
// long as the page. Every change reads what other tabs wrote, so none is lost.
export class Store {
  saved = fresh();
  onChange: () => void = () => undefined;
  readonly kept: boolean;
  private readonly key: string;

  constructor(integration: string) {
    this.key = `patchbay.webchat.${integration}`;
    this.kept = this.read();
    window.addEventListener("storage", (event) => {
      if (event.key !== this.key && event.key !== null) return;
      if (event.newValue === null) this.saved = fresh();
      else this.read();
      this.onChange();
    });
  }

  update(change: (saved: Saved) => void): void {
    if (this.kept) this.read();
    change(this.saved);
    this.saved.items.sort((one, other) => one.at - other.at);
    this.saved.items.splice(0, this.saved.items.length - MOST_ITEMS);
    if (this.kept) this.write();
    this.onChange();
  }

  // False: there is no storage.
  private read(): boolean {
    try {
      const text = localStorage.getItem(this.key);
      if (text) this.saved = { ...fresh(), ...(JSON.parse(text) as Partial<Saved>) };
      return true;
    } catch (error) {
      return error instanceof SyntaxError;
    }
  }

  private write(): void {
    try {
      localStorage.setItem(this.key, JSON.stringify(this.saved));
    } catch {
      // Full: the page goes on with what it has in memory.
    }
  }
}
