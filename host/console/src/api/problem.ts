// What the host says when it refuses (RFC 9457), and that nobody answered at all.
export interface Finding {
  pointer: string;
  detail: string;
}

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly findings: Finding[];
  readonly requestId: string;
  readonly retryAfter: number; // seconds; 0: not told

  constructor(status: number, body: Partial<ProblemBody>, retryAfter = 0) {
    super(body.detail ?? body.title ?? `HTTP ${status}`);
    this.name = "Problem";
    this.status = status;
    this.code = body.code ?? "";
    this.findings = body.errors ?? [];
    this.requestId = body.request_id ?? "";
    this.retryAfter = retryAfter;
  }

  // The findings say more than the sentence above them.
  get reason(): string {
    return this.findings.length > 0 ? this.findings.map(({ detail }) => sentence(detail)).join(" ") : this.message;
  }

  // What is said of one field: "/old".
  of(pointer: string): string | undefined {
    const found = this.findings.find((each) => each.pointer === pointer);
    return found && sentence(found.detail);
  }
}

// No answer, or one that says that it will be better later.
export class Unreachable extends Error {
  constructor() {
    super("unreachable");
    this.name = "Unreachable";
  }
}

// The host's findings go on after a field's name: "is not the present password".
function sentence(words: string): string {
  const text = words.slice(0, 1).toLocaleUpperCase() + words.slice(1);
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

interface ProblemBody {
  title: string;
  detail: string;
  code: string;
  errors: Finding[];
  request_id: string;
}

export async function problemOf(response: Response): Promise<Problem> {
  const type = response.headers.get("content-type") ?? "";
  const body: unknown = type.includes("json") ? await response.json().catch(() => ({})) : {};
  return new Problem(
    response.status,
    (body ?? {}) as Partial<ProblemBody>,
    secondsOf(response.headers.get("retry-after")),
  );
}

export function secondsOf(header: string | null): number {
  const seconds = Number(header);
  return header !== null && Number.isFinite(seconds) && seconds > 0 ? seconds : 0;
}

// Whether it may go well when it is tried again just so.
export function isPassing(error: unknown): boolean {
  return error instanceof Unreachable || (error instanceof Problem && (error.status >= 500 || error.status === 429));
}
