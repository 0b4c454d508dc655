import type { Instant } from "./duration.ts";

/**
 * How to go on after a failure:
 * `soon`: it may be over in seconds; `slow`: asking again soon changes nothing, back off at once to the cap;
 * `person`: only somebody can mend it; retried slowly all the same, because they may have.
 */
export type RetryClass = "soon" | "slow" | "person";

/** Whom a failure concerns: the whole service (its breaker counts it) or this token or target alone. */
export type FailureScope = "service" | "one";

interface ErrorFacts {
  readonly retry: RetryClass;
  readonly scope: FailureScope;
  /** What the operator can do next. */
  readonly hint: string;
}

const soon = (scope: FailureScope, hint: string): ErrorFacts => ({ retry: "soon", scope, hint });
const slow = (scope: FailureScope, hint: string): ErrorFacts => ({ retry: "slow", scope, hint });
const person = (scope: FailureScope, hint: string): ErrorFacts => ({ retry: "person", scope, hint });

/** Every failure renewd can name. Codes are public: logs, incidents, `status --json` and docs/failure-modes.md use them. */
export const ERRORS = {
  issuer_unreachable: soon("service", "Check the issuer's url, DNS, proxy and firewall; renewd goes on trying."),
  issuer_timeout: soon("service", "The issuer is slow or hangs; check its health, or raise `timeout` of the issuer."),
  issuer_tls: person(
    "service",
    "The issuer's certificate was refused; check its name and dates, or give its authority as `ca`.",
  ),
  issuer_error: soon("service", "The issuer answered with a server error; look at its logs at the time of the event."),
  issuer_throttled: soon("service", "The issuer asks for fewer calls; renewd waits as long as it says."),
  issuer_redirected: person(
    "service",
    "The issuer answered with a redirect, which is never followed; set `url` to where it really lives.",
  ),
  issuer_answer_invalid: slow(
    "service",
    "The issuer's answer is not what its protocol says; check that `url` leads to it and not to a proxy's page.",
  ),
  issuer_answer_too_large: person(
    "service",
    "The issuer's answer is larger than `max_response`; raise it if the answer is right.",
  ),
  sign_in_refused: person(
    "service",
    "The issuer refused what renewd signs in with (user name and password, or token); correct it, then `renewd renew TOKEN`.",
  ),
  two_factor_required: person("service", "The account has two-factor authentication; give its secret as `totp`."),
  two_factor_refused: soon(
    "service",
    "The two-factor code was refused; check the `totp` secret and that both clocks are right, and that nobody else signs in with the same codes.",
  ),
  session_refused: soon(
    "service",
    "The issuer did not accept a session it had just opened; look for a proxy that drops cookies or the Referer.",
  ),
  server_unknown: person(
    "one",
    "The issuer knows no server of this name, or the account has no role on it; check `request.server`.",
  ),
  token_absent: person(
    "one",
    "There is no token to start from; make one by hand, at the issuer or in the target, or set `create: true`.",
  ),
  token_not_owned: person("one", "The token belongs to another account of the issuer; sign in as its owner."),
  roles_unrecorded: person(
    "one",
    "The issuer recorded no roles for this token, so it cannot be renewed; mint it anew there, or set `create: true`.",
  ),
  roles_not_held: person("one", "The account no longer holds these roles; have them assigned again at the issuer."),
  lifetime_refused: person(
    "one",
    "The issuer allows no such lifetime; shorten `request.lifetime` or raise the server's and roles' limits.",
  ),
  expiry_cap_passed: person(
    "one",
    "A latest expiry set on the server or a role is past; an administrator of the issuer must move it.",
  ),
  request_refused: person("one", "The issuer refused the request; its words are in the message."),
  outcome_unknown: soon(
    "one",
    "The answer was lost; renewd looks for what was minted, or makes the same request again. `renewd discard TOKEN` gives that request up, so that renewd asks anew.",
  ),
  key_unreachable: soon("one", "The key to verify with could not be read; check `public_keys` or the key's address."),
  not_yet_valid: soon(
    "one",
    "The token is not valid yet by our clock; check the clocks of renewd's host and of the issuer.",
  ),
  token_rejected: slow(
    "one",
    "The fresh token failed verification and is quarantined; the old one stays. `renewd history TOKEN` says which check failed; if the change at the issuer is rightful, `renewd accept TOKEN`; else mend it there and `renewd discard TOKEN`.",
  ),
  no_progress: slow(
    "one",
    "The issuer gave nothing that lives longer; look for a latest expiry on its server or roles.",
  ),
  token_differs: person(
    "one",
    "The issuer has a token with this secret already, of another account, with other powers or another comment; choose another secret, or describe the one that is there.",
  ),
  client_refused: person(
    "service",
    "The issuer refused the client's id, secret or key, or how it is sent (`auth`); correct them, then `renewd renew TOKEN`.",
  ),
  still_in_use: slow(
    "one",
    "A target or another token still has the old one, so it is not ended; see the message. renewd looks again by itself.",
  ),
  secret_unreadable: person(
    "service",
    "A password, key or token file could not be read; check the path and its permissions.",
  ),
  store_unreachable: soon("service", "Check the store's endpoint, DNS, proxy and credentials; renewd goes on trying."),
  store_timeout: soon("service", "The store is slow or hangs; check its health."),
  store_error: soon("service", "The store answered with a server error; renewd goes on trying."),
  store_throttled: soon("service", "The store asks for fewer calls; renewd backs off."),
  store_credentials: person("service", "The store's credentials are missing or expired; renew them."),
  store_denied: person(
    "one",
    "The store refused permission; grant or mend what the message names, then `renewd renew TOKEN`.",
  ),
  store_absent: person("one", "The secret does not exist; create it, or set `create: true` on the target."),
  store_not_owned: person(
    "one",
    "The target holds something renewd did not put there; check it, then `renewd adopt TOKEN TARGET`.",
  ),
  store_conflict: soon("one", "Somebody else wrote the target meanwhile; renewd reads it again."),
  store_quota: slow(
    "one",
    "The store is full or a quota of it is used up; free space on the volume of a file, elsewhere delete old versions or wait.",
  ),
  store_too_large: person("one", "The text is larger than the store takes; choose another store or fewer scopes."),
  store_unavailable: person(
    "one",
    "The secret is deleted, rotated by something else or managed by a service; undo that or point elsewhere.",
  ),
  store_key_unusable: person(
    "one",
    "The store's encryption key is disabled or not permitted; enable it or grant its use.",
  ),
  store_mismatch: slow(
    "one",
    "What was read back is not what was written; look for another writer of the same secret.",
  ),
  store_not_visible: soon(
    "one",
    "The write is not visible yet although `propagation` is over; check replicas and caches.",
  ),
  store_invalid: person("one", "The target cannot take a token as declared; the message says why."),
  channel_unreachable: soon("one", "Check the alert channel's address, DNS, proxy and firewall."),
  channel_timeout: soon("one", "The alert channel is slow or hangs; check its health."),
  channel_tls: person("one", "The alert channel's certificate was refused; check its name and dates, or give `ca`."),
  channel_error: soon("one", "The alert channel answered with a server error; renewd goes on trying."),
  channel_throttled: soon("one", "The alert channel asks for fewer calls; renewd waits as long as it says."),
  channel_credentials: person(
    "one",
    "The alert channel refused its key, password or address; correct it, then `renewd alert-test`.",
  ),
  channel_refused: person("one", "The alert channel refused what it was told; its words are in the message."),
  channel_partly: person(
    "one",
    "Some recipients of the alert channel were refused; correct or remove them, then `renewd alert-test`.",
  ),
  reload_failed: soon("one", "The reload hook failed; its exit status and output are in the event."),
  state_unwritable: soon(
    "one",
    "renewd's own state cannot take a row (disk full, read-only?); free space or mend permissions.",
  ),
  state_locked: person(
    "one",
    "Another renewd uses this state file; stop it first, or speak to it with the same settings file.",
  ),
  state_key: person("one", "The key that seals the state is missing or is another; put the right one back."),
  state_unreadable: person(
    "one",
    "The state file cannot be read; restore it from a backup, or move it away and start anew: nothing is minted that the issuer already has.",
  ),
  settings_invalid: person("one", "Mend the settings; `renewd check` shows the places."),
  commands_not_allowed: person(
    "one",
    "The settings run a command, which needs `--allow-commands` at the daemon's start.",
  ),
  unknown_token: person("one", "No such token or target is declared; `renewd status` lists them."),
  would_not_gain: person("one", "The token in use lives at least as long; ask for a longer lifetime."),
  token_paused: person("one", "`renewd resume TOKEN` first; a paused token is not touched."),
  nothing_to_roll_back: person(
    "one",
    "There is no earlier token that still lives; `renewd status TOKEN` shows `previous`. `renewd renew TOKEN` makes a newer one.",
  ),
  nothing_quarantined: person("one", "No fresh token of it waits for a decision; see `renewd status TOKEN`."),
  not_acceptable: person(
    "one",
    "Only a judgement on roles, scopes, gain or lifetime may be overruled, and only for a token that lives; `renewd discard TOKEN` lets renewd ask anew.",
  ),
  daemon_unreachable: person("one", "No daemon answers; start it, or check that it runs on the same settings file."),
  output_lost: person("one", "Make room, or mend what reads stdout; then the same call with `--reuse`."),
  usage: person("one", "See `renewd VERB --help`."),
  bug: slow("one", "This should not happen; please report it with the event's details."),
} as const satisfies Record<string, ErrorFacts>;

export type ErrorCode = keyof typeof ERRORS;

/** A failure as it is recorded, shown and counted. `message` never holds a secret. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly at: Instant;
}

export interface RenewdErrorOptions {
  readonly cause?: unknown;
  /** The service said when to come back (Retry-After). */
  readonly retryAfterMs?: number;
  /** False only when it is certain that not one byte of the request went out. */
  readonly sent?: boolean;
}

/** An operating error. Mistakes of the program are `TypeError` and end as the code `bug`. */
export class RenewdError extends Error {
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  readonly sent: boolean;

  constructor(code: ErrorCode, message: string, options: RenewdErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RenewdError";
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.sent = options.sent ?? true;
  }

  get retry(): RetryClass {
    return ERRORS[this.code].retry;
  }

  get scope(): FailureScope {
    return ERRORS[this.code].scope;
  }

  get hint(): string {
    return ERRORS[this.code].hint;
  }
}

/** Whatever was thrown, as an operating error; what is not ours is a bug and says so, without its text (it may hold anything). */
export function toRenewdError(thrown: unknown): RenewdError {
  if (thrown instanceof RenewdError) return thrown;
  const kind = thrown instanceof Error ? thrown.name : typeof thrown;
  return new RenewdError("bug", `unexpected ${kind}`, { cause: thrown });
}
