// The one way to the host: typed by its OpenAPI document, in the reader's language, with the session's token.
import i18next from "i18next";
import createClient from "openapi-fetch";
import { Problem, secondsOf, Unreachable } from "./problem.ts";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Chat = Schemas["Chat"];
export type Message = Schemas["Message"];
export type ChatChange = Schemas["ChatChange"];
export type Notification = Schemas["Notification"];
export type SessionInfo = Schemas["Session"];

// Where the site is: "https://host.example/app", without a slash at its end.
export const SITE = new URL(document.baseURI).href.replace(/\/$/, "");
export const SITE_PATH = new URL(document.baseURI).pathname.replace(/\/$/, "");

let csrfToken = "";
let whenEnded: () => void = () => undefined;

export function setToken(token: string): void {
  csrfToken = token;
}

export function onSessionEnded(callback: () => void): void {
  whenEnded = callback;
}

export function sessionHasEnded(): void {
  whenEnded();
}

export function headersOf(): Record<string, string> {
  return { "accept-language": i18next.language, "x-csrf-token": csrfToken };
}

async function send(request: Request): Promise<Response> {
  for (const [name, value] of Object.entries(headersOf())) request.headers.set(name, value);
  try {
    return await fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new Unreachable();
  }
}

export const api = createClient<paths>({ baseUrl: SITE, fetch: send });

interface Answer<T> {
  data?: T | undefined;
  error?: unknown;
  response: Response;
}

// What was answered, or throws Problem or Unreachable. 401 ends the session here too.
export async function take<T>(asking: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await asking;
  if (response.ok) return data as T;
  if (response.status === 401) sessionHasEnded();
  const known = error && typeof error === "object" ? error : {};
  throw new Problem(response.status, known, secondsOf(response.headers.get("retry-after")));
}
