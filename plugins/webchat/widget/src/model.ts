// What the widget knows: the settings of the integration, the conversation, and the frames of the wire
// (README of the plugin, "Frames").

export type Ask = "no" | "optional" | "required";

export interface Settings {
  title: string;
  welcome: string;
  language: "page" | "en" | "ru";
  colour: string;
  position: "right" | "left";
  ask_name: Ask;
  ask_email: Ask;
  files: boolean;
  max_file_mb: number;
  file_types: string[];
}

export interface SharedFile {
  url?: string;
  until?: string;
  name?: string;
  type?: string;
  size?: number;
}

export interface Button {
  title: string;
  data?: string;
  url?: string;
}

export interface Place {
  latitude: number;
  longitude: number;
  title?: string;
  address?: string;
}

// Something in the conversation, of the visitor (mine) or of an operator.
export interface Item {
  id: string;
  mine: boolean;
  at: number; // Unix milliseconds
  text?: string;
  files?: SharedFile[];
  buttons?: Button[][];
  location?: Place;
  reply_to?: string;
  press?: { message: string; data: string }; // it is the press of a button
  pressed?: boolean; // one of its buttons has been pressed
  state?: "sending" | "sent" | "failed"; // of mine
  reason?: string; // why it failed
  seen?: boolean; // of an operator's: the visitor has read it
  told?: "delivered" | "read"; // what the host knows of that
}

// What is kept in the page's storage.
export interface Saved {
  token: string;
  session: string;
  expires: number; // Unix milliseconds
  after: string; // the last event that was taken
  items: Item[];
  name: string;
  email: string;
  asked: boolean; // the form before the chat is done
  about: string; // what the host was told last of name, e-mail and page
}

export type Frame =
  | { type: "message"; id: string; at: string; text?: string; files?: SharedFile[]; buttons?: Button[][]; location?: Place; reply_to?: string }
  | { type: "taken"; id: string; files?: SharedFile[] }
  | { type: "refused"; id: string; reason: string };

export const TEXT_MAX = 4000;

// 32 hexadecimal digits. crypto.randomUUID is missing on pages without https.
export function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function covers(patterns: string[], type: string): boolean {
  return patterns.some((pattern) => pattern === "*/*" || pattern === type || (pattern.endsWith("/*") && type.startsWith(pattern.slice(0, -1))));
}
