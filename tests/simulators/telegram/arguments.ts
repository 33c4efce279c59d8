import type { IncomingMessage } from "node:http";
import busboy from "busboy";
import type { Call, Fields, Json, Upload } from "./types.ts";
import { ApiError } from "./types.ts";

const LARGEST_UPLOAD = 50 * 1024 * 1024 + 64 * 1024;

export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request) {
    size += (piece as Buffer).length;
    if (size > LARGEST_UPLOAD) throw new ApiError(413, "Request Entity Too Large");
    pieces.push(piece as Buffer);
  }
  return Buffer.concat(pieces);
}

// Nested objects travel as JSON text in forms; plain texts stay as they are.
function unfold(text: string): Json {
  if (!/^[[{]|^(true|false)$|^-?\d{1,15}$/.test(text)) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

function readForm(type: string, body: Buffer, args: Fields, files: Map<string, Upload>): Promise<void> {
  return new Promise((resolve, reject) => {
    const parser = busboy({ headers: { "content-type": type }, limits: { fieldSize: 1 << 20 } });
    parser.on("field", (name, value) => {
      args[name] = name === "text" || name === "caption" ? value : unfold(value);
    });
    parser.on("file", (name, stream, info) => {
      const pieces: Buffer[] = [];
      stream.on("data", (piece: Buffer) => pieces.push(piece));
      stream.on("end", () => files.set(name, { name: info.filename ?? name, type: info.mimeType, bytes: new Uint8Array(Buffer.concat(pieces)) }));
    });
    parser.on("close", resolve);
    parser.on("error", () => reject(new ApiError(400, "Bad Request: can't parse multipart form")));
    parser.end(body);
  });
}

export async function readCall(method: string, request: IncomingMessage, query: URLSearchParams): Promise<Call> {
  const args: Fields = {};
  const files = new Map<string, Upload>();
  for (const [name, value] of query) args[name] = unfold(value);
  const body = await readBody(request);
  const type = request.headers["content-type"] ?? "";
  if (type.startsWith("application/json")) {
    try {
      Object.assign(args, JSON.parse(body.toString("utf8") || "{}"));
    } catch {
      throw new ApiError(400, "Bad Request: can't parse JSON object");
    }
  } else if (type.startsWith("application/x-www-form-urlencoded")) {
    for (const [name, value] of new URLSearchParams(body.toString("utf8"))) args[name] = unfold(value);
  } else if (type.startsWith("multipart/form-data")) {
    await readForm(type, body, args, files);
  }
  return { method, args, files };
}
