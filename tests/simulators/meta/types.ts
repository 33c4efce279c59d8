// What the parts of the simulator share. Graph API v26.0.

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Fields = { [key: string]: Json };

export interface Upload {
  name: string;
  type: string;
  bytes: Uint8Array;
}

// One request, from query, form, multipart or JSON.
export interface Call {
  method: string;
  path: string; // behind the version
  args: Fields;
  files: Upload[];
  token: Token | undefined;
}

export interface Token {
  kind: "app" | "user" | "page" | "system";
  long: boolean;
  page?: string;
  scopes?: string[]; // of a system user
  assets?: string[]; // what a system user was given
  dead?: number; // subcode of the error 190
}

// A failing answer, as Meta sends it.
export class GraphError extends Error {
  readonly code: number;
  readonly subcode: number;
  readonly status: number;
  constructor(code: number, message: string, subcode = 0, status = 400) {
    super(`(#${code}) ${message}`);
    this.code = code;
    this.subcode = subcode;
    this.status = status;
  }
}

// What a test wants to go wrong with the next calls of a path.
export interface Fault {
  method: string;
  path: string; // its end
  times: number;
  error?: GraphError;
  headers?: Record<string, string>;
  dropBefore?: boolean; // cuts the connection, does nothing
  dropAfter?: boolean; // does what was asked, then cuts the connection
  afterMs?: number; // answers only then
}

// A part of the platform beside the core: Messenger, WhatsApp.
export interface Product {
  // Undefined: not mine.
  handle(call: Call): Promise<Json | undefined> | Json | undefined;
  // Bytes at an address below /files/; some need a token.
  file?(path: string, token: Token | undefined): Upload | "expired" | undefined;
}
