import { type ErrorCode, toRenewdError } from "../core/errors.ts";

/** What only HTTP can refuse. */
export type HttpCode =
  | "unauthenticated"
  | "link_spent"
  | "forbidden"
  | "unknown_host"
  | "foreign_origin"
  | "not_json"
  | "body_invalid"
  | "body_too_large"
  | "too_many_attempts"
  | "too_many_clients"
  | "busy"
  | "not_found";

interface HttpFacts {
  readonly status: number;
  readonly title: string;
  readonly hint: string;
}

const signIn =
  "Send `Authorization: Bearer …` with a token of `http.tokens`, or open the link that `renewd dashboard` prints.";

const HTTP_PROBLEMS: Readonly<Record<HttpCode, HttpFacts>> = {
  unauthenticated: { status: 401, title: "Not signed in", hint: signIn },
  link_spent: { status: 401, title: "Link spent", hint: "`renewd dashboard` prints a new one." },
  forbidden: {
    status: 403,
    title: "Not allowed",
    hint: "Use a token whose role allows it; `operator` allows everything.",
  },
  unknown_host: { status: 403, title: "Unknown host", hint: "Call the server by the address it listens on." },
  foreign_origin: { status: 403, title: "Foreign origin", hint: "Only renewd's own pages may change something." },
  not_json: { status: 415, title: "Not JSON", hint: "Send `Content-Type: application/json`." },
  body_invalid: { status: 400, title: "Bad request body", hint: "Send what the detail asks for." },
  body_too_large: { status: 413, title: "Request body too large", hint: "Send less." },
  too_many_attempts: { status: 429, title: "Too many failed attempts", hint: "Wait as long as Retry-After says." },
  too_many_clients: { status: 503, title: "Too many listeners", hint: "Close another listener, or ask again later." },
  busy: { status: 503, title: "Busy", hint: "Ask again after as many seconds as Retry-After says." },
  not_found: { status: 404, title: "Not found", hint: "See the list of addresses in the documentation." },
};

/** Operating errors that are the caller's, or that say when the daemon cannot serve; all others are a service's (502). */
const STATUS: Partial<Readonly<Record<ErrorCode, number>>> = {
  unknown_token: 404,
  would_not_gain: 422,
  token_paused: 409,
  nothing_to_roll_back: 409,
  nothing_quarantined: 409,
  not_acceptable: 422,
  usage: 400,
  settings_invalid: 422,
  commands_not_allowed: 403,
  store_not_owned: 409,
  state_unwritable: 503,
  state_locked: 503,
  state_key: 503,
  state_unreadable: 503,
  daemon_unreachable: 503,
  bug: 500,
};

/** Ends a request with a problem; thrown by handlers, answered by `answerProblem`. */
export class Refusal extends Error {
  readonly code: HttpCode;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: HttpCode, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.name = "Refusal";
    this.code = code;
    this.headers = headers;
  }
}

/** What there is to say of a failed request (RFC 9457), and the headers that go with it. */
export interface Problem {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  readonly code: HttpCode | ErrorCode;
  /** What the caller can do. */
  readonly hint: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Whatever was thrown. A bug says nothing of itself: its text may hold anything. */
export function problemOf(thrown: unknown): Problem {
  if (thrown instanceof Refusal) {
    const { code, message, headers } = thrown;
    return { ...HTTP_PROBLEMS[code], detail: message, code, headers };
  }
  const { code, message, hint } = toRenewdError(thrown);
  const words = code.replaceAll("_", " ");
  const title = words.charAt(0).toUpperCase() + words.slice(1);
  const detail = code === "bug" ? "The daemon failed to answer." : message;
  return { status: STATUS[code] ?? 502, title, detail, code, hint, headers: {} };
}

export function answerProblem(thrown: unknown): Response {
  const { headers, ...said } = problemOf(thrown);
  const body = JSON.stringify({ type: `urn:renewd:problem:${said.code}`, ...said });
  return new Response(body, {
    status: said.status,
    headers: { ...headers, "Content-Type": "application/problem+json" },
  });
}
