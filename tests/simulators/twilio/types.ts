// The parts of Twilio's API that the simulator speaks (https://www.twilio.com/docs/whatsapp/api).

export type Fields = { [key: string]: string };

// A failing answer, as the server sends it.
export class ApiError extends Error {
  readonly status: number;
  readonly code: number;
  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface MediaFile {
  sid: string;
  type: string;
  name: string;
  bytes: Uint8Array;
}

export interface Message {
  sid: string;
  direction: "inbound" | "outbound-api";
  from: string;
  to: string;
  body: string;
  status: string;
  errorCode: number | null;
  errorMessage: string | null;
  created: number; // Unix milliseconds by the account's clock
  media: MediaFile[];
  form: Fields; // what it was made of
}

export interface Content {
  sid: string;
  name: string;
  language: string;
  variables: Fields;
  body: string;
  approval: string; // "approved", "pending", ...
}

export interface Sender {
  sid: string;
  number: string;
  name: string;
  status: string;
  webhook: string; // where messages go
  statusCallback: string;
}

// What a test wants to go wrong with the next requests whose path holds the words.
export interface Fault {
  path: string;
  times: number;
  method?: string;
  error?: ApiError;
  hangAfterAccept?: boolean; // does what was asked, never answers
  dropBefore?: boolean; // cuts the connection, does nothing
  retryAfter?: number;
}

export interface Delivery {
  url: string;
  status: number; // 0: no answer
  body: string;
  fields: Fields;
}
