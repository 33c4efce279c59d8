import type { IncomingMessage } from "node:http";
import busboy from "busboy";
import { type Fields, GraphError, type Json, type Upload } from "./types.ts";

const LARGEST = 26 * 1024 * 1024;

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request) {
    size += (piece as Buffer).length;
    if (size > LARGEST) throw new GraphError(100, "The file is too large", 2018047);
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces);
}

// Objects travel as JSON text in queries and forms.
function unfold(text: string): Json {
  if (!/^[[{]/.test(text)) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function readForm(type: string, body: Buffer, args: Fields): Promise<Upload[]> {
  return new Promise((resolve, reject) => {
    const files: Upload[] = [];
    const parser = busboy({ headers: { "content-type": type }, limits: { fieldSize: 1 << 20 } });
    parser.on("field", (name, value) => (args[name] = unfold(value)));
    parser.on("file", (_name, stream, info) => {
      const pieces: Buffer[] = [];
      stream.on("data", (piece: Buffer) => pieces.push(piece));
      stream.on("end", () => files.push({ name: info.filename ?? "file", type: info.mimeType, bytes: new Uint8Array(Buffer.concat(pieces)) }));
    });
    parser.on("close", () => resolve(files));
    parser.on("error", () => reject(new GraphError(100, "Invalid multipart form")));
    parser.end(body);
  });
}

export async function readArguments(request: IncomingMessage, query: URLSearchParams): Promise<{ args: Fields; files: Upload[] }> {
  const args: Fields = {};
  for (const [name, value] of query) args[name] = unfold(value);
  const body = await readBody(request);
  const type = request.headers["content-type"] ?? "";
  let files: Upload[] = [];
  if (type.startsWith("application/json")) {
    try {
      Object.assign(args, JSON.parse(body.toString("utf8") || "{}"));
    } catch {
      throw new GraphError(100, "Invalid JSON");
    }
  } else if (type.startsWith("application/x-www-form-urlencoded")) {
    for (const [name, value] of new URLSearchParams(body.toString("utf8"))) args[name] = unfold(value);
  } else if (type.startsWith("multipart/form-data")) {
    files = await readForm(type, body, args);
  }
  return { args, files };
}
