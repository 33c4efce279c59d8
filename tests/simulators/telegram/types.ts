// The parts of the Bot API that the simulator speaks (https://core.telegram.org/bots/api, 10.1).

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Fields = { [key: string]: Json };

export interface Upload {
  name: string;
  type: string;
  bytes: Uint8Array;
}

// The arguments of one call, from query, form, multipart or JSON.
export interface Call {
  method: string;
  args: Fields;
  files: Map<string, Upload>;
}

// A failing answer, as the server sends it.
export class ApiError extends Error {
  readonly code: number;
  readonly parameters: Fields | undefined;
  constructor(code: number, description: string, parameters?: Fields) {
    super(description);
    this.code = code;
    this.parameters = parameters;
  }
}

// What a test wants to go wrong with the next calls of a method.
export interface Fault {
  method: string; // lower case, or "*"
  times: number;
  error?: ApiError;
  hangAfterAccept?: boolean; // does what was asked, never answers
  dropBefore?: boolean; // cuts the connection, does nothing
  chat?: string; // only for this chat
}

export interface StoredFile {
  id: string;
  unique: string;
  path: string;
  upload: Upload;
  expired: boolean;
}

export interface Webhook {
  url: string;
  secret: string;
  maxConnections: number;
  lastError: { date: number; message: string } | undefined;
}
