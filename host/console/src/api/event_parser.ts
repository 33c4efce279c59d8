// Server-sent events out of text that comes in pieces (the HTML standard, 9.2.6).
export interface ServerEvent {
  id: string;
  type: string;
  data: string;
}

export class EventParser {
  private rest = "";
  private id = "";
  private type = "";
  private data: string[] = [];

  push(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    for (const raw of lines) {
      const line = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
      if (line === "") {
        if (this.data.length > 0)
          events.push({ id: this.id, type: this.type || "message", data: this.data.join("\n") });
        this.type = "";
        this.data = [];
        continue;
      }
      const colon = line.indexOf(":");
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (name === "id") this.id = value;
      else if (name === "event") this.type = value;
      else if (name === "data") this.data.push(value);
    }
    return events;
  }
}
