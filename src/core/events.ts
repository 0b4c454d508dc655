import type { Instant } from "./duration.ts";
import type { ErrorCode } from "./errors.ts";
import type { Incident } from "./incidents.ts";
import type { MintKind } from "./ports.ts";
import type { RenewCause } from "./records.ts";
import type { Fingerprint } from "./secret-text.ts";

/**
 * The one typed map of everything that happens. Log lines, history, metrics and the page are made from it, and tests
 * wait for it. No field ever holds a token, a password or a key.
 */
export interface EventMap {
  "daemon:started": { readonly version: string; readonly tokens: number };
  "daemon:stopping": { readonly reason: string };
  "daemon:stopped": { readonly handedBack: number };
  "settings:loaded": { readonly file: string; readonly tokens: number; readonly changed: number };
  "settings:refused": { readonly file: string; readonly problems: readonly string[] };
  "sweep:failed": { readonly code: ErrorCode; readonly message: string };
  "clock:skewed": { readonly message: string };
  "clock:agrees": Record<never, never>;

  "renewal:started": ForToken & { readonly renewal: string; readonly cause: RenewCause; readonly reason: string };
  "renewal:window-overridden": ForToken & { readonly reason: string };
  "renewal:preflight-failed": ForToken & { readonly failures: readonly string[] };
  "renewal:asked": ForToken & {
    readonly renewal: string;
    readonly kind: MintKind;
    readonly lifetimeMs: number;
  };
  "renewal:minted": ForToken & { readonly renewal: string; readonly fingerprint: Fingerprint };
  "renewal:in-doubt": ForToken & Failed & { readonly renewal: string };
  "renewal:nothing-made": ForToken & { readonly renewal: string };
  "renewal:accepted": ForToken & ForIssue & { readonly renewal: string; readonly warnings: readonly string[] };
  "renewal:adopted": ForToken & ForIssue & { readonly from: "issuer" | "target" };
  "renewal:quarantined": ForToken & ForIssue & Failed & { readonly check: string };
  "renewal:outlived": ForToken & ForIssue;
  "renewal:rolled-back": ForToken & ForIssue & { readonly withdrawn: Fingerprint };
  "renewal:overruled": ForToken & ForIssue & { readonly check: string };
  /** Null where it is not known whether there was any. */
  "renewal:discarded": ForToken & { readonly fingerprint: Fingerprint | null };
  "renewal:failed": ForToken & Failed & { readonly nextTryAt: Instant };
  "renewal:settled": ForToken & ForIssue & { readonly result: RenewalResult };
  "issue:foreign": ForToken & { readonly fingerprint: Fingerprint; readonly message: string };
  "issue:superseded": ForToken & { readonly fingerprint: Fingerprint };
  /** Of an open request that is given up: the token that it brought, or the secret that was chosen for it. Null where neither is known. */
  "issue:set-aside": ForToken & { readonly fingerprint: Fingerprint | null };
  "token:retired": ForToken & { readonly fingerprint: Fingerprint };
  /** `nextTryAt` is null when it is left to expire by itself. */
  "token:not-retired": ForToken & Failed & { readonly nextTryAt: Instant | null };
  "token:handed-out": ForToken & { readonly fingerprint: Fingerprint };
  "lease:lost": { readonly resource: string };

  "target:delivered": ForTarget & ForIssue;
  "target:proved": ForTarget & ForIssue;
  "target:adopted": ForTarget & ForIssue;
  "target:drifted": ForTarget & { readonly fingerprint: Fingerprint | null };
  "target:failed": ForTarget & Failed & { readonly nextTryAt: Instant };
  "target:reloaded": ForTarget & { readonly fingerprint: Fingerprint };
  "target:adopt-allowed": ForTarget;

  "service:failing": ForService & Failed & { readonly failures: number; readonly probeAt: Instant | null };
  "service:recovered": ForService;
  "service:called": ForService & { readonly call: string; readonly status: string };

  "channel:told": ForChannel & { readonly firing: number; readonly resolved: number };
  "channel:failed": ForChannel & Failed & { readonly failures: number; readonly nextTryAt: Instant | null };
  "channel:recovered": ForChannel;

  /** Of `http.tokens`. */
  "api-token:refused": Failed & { readonly apiToken: string };
  "person:asked": ForToken & { readonly what: string };

  "incident:opened": { readonly incident: Incident };
  "incident:repeated": { readonly incident: Incident };
  "incident:resolved": { readonly incident: Incident };
}

export type RenewalResult = "delivered" | "adopted" | "capped" | "quarantined" | "no_progress" | "failed";

interface ForToken {
  readonly token: string;
}

interface ForTarget extends ForToken {
  readonly target: string;
}

interface ForIssue {
  readonly fingerprint: Fingerprint;
  readonly expAt: Instant;
}

interface ForService {
  readonly service: "issuer" | "store";
  readonly key: string;
}

interface ForChannel {
  readonly channel: string;
}

interface Failed {
  readonly code: ErrorCode;
  readonly message: string;
}

export type EventType = keyof EventMap;

export type DomainEvent = { [T in EventType]: { readonly type: T; readonly at: Instant } & EventMap[T] }[EventType];

/** Told of everything that happened, after it was recorded. Must not throw and must not block. */
export type Emit = (event: DomainEvent) => void;

export type Level = "debug" | "info" | "warn" | "error";

/** How loud each event is in the log. */
export const EVENT_LEVELS: Readonly<Record<EventType, Level>> = {
  "daemon:started": "info",
  "daemon:stopping": "info",
  "daemon:stopped": "info",
  "settings:loaded": "info",
  "settings:refused": "error",
  "sweep:failed": "error",
  "clock:skewed": "error",
  "clock:agrees": "info",
  "renewal:started": "info",
  "renewal:window-overridden": "warn",
  "renewal:preflight-failed": "warn",
  "renewal:asked": "info",
  "renewal:minted": "info",
  "renewal:in-doubt": "warn",
  "renewal:nothing-made": "info",
  "renewal:accepted": "info",
  "renewal:adopted": "info",
  "renewal:quarantined": "error",
  "renewal:outlived": "warn",
  "renewal:rolled-back": "info",
  "renewal:overruled": "info",
  "renewal:discarded": "info",
  "renewal:failed": "warn",
  "renewal:settled": "info",
  "issue:foreign": "warn",
  "issue:superseded": "info",
  "issue:set-aside": "warn",
  "token:retired": "info",
  "token:not-retired": "warn",
  "token:handed-out": "warn",
  "lease:lost": "warn",
  "target:delivered": "info",
  "target:proved": "debug",
  "target:adopted": "info",
  "target:drifted": "warn",
  "target:failed": "warn",
  "target:reloaded": "info",
  "target:adopt-allowed": "info",
  "service:failing": "warn",
  "service:recovered": "info",
  "service:called": "debug",
  "channel:told": "info",
  "channel:failed": "error",
  "channel:recovered": "info",
  "api-token:refused": "warn",
  "person:asked": "info",
  "incident:opened": "error",
  "incident:repeated": "error",
  "incident:resolved": "info",
};
