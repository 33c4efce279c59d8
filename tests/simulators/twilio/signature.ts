// How Twilio signs a request: the address, then names and values of a form, sorted (webhooks-security).
import { createHash, createHmac } from "node:crypto";

export type Params = { [key: string]: string | string[] };

export function signatureOf(token: string, url: string, params: Params): string {
  let text = url;
  for (const name of Object.keys(params).sort()) {
    for (const value of [...new Set([params[name] ?? ""].flat())].sort()) text += name + value;
  }
  return createHmac("sha1", token).update(text, "utf8").digest("base64");
}

// The address of a request with a body that is no form: its digest is a part of what is signed.
export function withBodyHash(url: string, body: string): string {
  const digest = createHash("sha256").update(body, "utf8").digest("hex");
  return `${url}${url.includes("?") ? "&" : "?"}bodySHA256=${digest}`;
}
