// A reader of server-sent events (HTML standard, 9.2), one connection each.
import { request, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { eventually } from "./patchbay.ts";

export interface StreamEvent {
  id: string;
  type: string;
  data: any;
}

export class Stream {
  readonly events: StreamEvent[] = [];
  readonly headers: IncomingHttpHeaders;
  readonly ended: Promise<void>;
  whole = false; // ended as it should, not cut
  private readonly call: ClientRequest;
  private readonly onEvent: (event: StreamEvent, stream: Stream) => void;
  private text = "";

  private constructor(call: ClientRequest, response: IncomingMessage, onEvent: (event: StreamEvent, stream: Stream) => void) {
    this.call = call;
    this.onEvent = onEvent;
    this.headers = response.headers;
    response.setEncoding("utf8");
    response.on("data", (piece: string) => this.take(piece));
    response.on("end", () => (this.whole = response.complete));
    response.on("error", () => undefined);
    this.ended = new Promise((resolve) => response.on("close", resolve));
  }

  // Rejects with the status of any other answer than 200.
  static open(url: string, headers: Record<string, string> = {}, onEvent: (event: StreamEvent, stream: Stream) => void = () => undefined): Promise<Stream> {
    return new Promise((resolve, reject) => {
      const call = request(url, { headers, agent: false }, (response) => {
        if (response.statusCode === 200) return resolve(new Stream(call, response, onEvent));
        response.resume();
        reject(new Error(`status ${response.statusCode}`));
      });
      call.on("error", reject);
      call.end();
    });
  }

  until(holds: (events: StreamEvent[]) => boolean, seconds = 30): Promise<unknown> {
    return eventually(`the stream has more than ${JSON.stringify(this.events)}`, async () => holds(this.events), seconds);
  }

  close(): void {
    this.call.destroy();
  }

  private take(piece: string): void {
    this.text += piece;
    for (let end = this.text.indexOf("\n\n"); end >= 0; end = this.text.indexOf("\n\n")) {
      const fields = new Map(this.text.slice(0, end).split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
      this.text = this.text.slice(end + 2);
      const data = fields.get("data");
      if (data === undefined) continue;
      const event = { id: fields.get("id") ?? "", type: fields.get("event") ?? "message", data: JSON.parse(data) };
      this.events.push(event);
      this.onEvent(event, this);
    }
  }
}
