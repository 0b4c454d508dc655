import type { Span } from "./duration.ts";

/** When to look, when to renew, in which windows. Declared by the operator, frozen after loading. */
export interface Policy {
  readonly key: string;
  /** Of the issued lifetime, still left when the renewal starts; or a length of time. */
  readonly renewBefore: Span;
  /** Of the issued lifetime, only ever earlier. */
  readonly jitter: Span;
  /** Kept free before the deadline for mending things by hand. */
  readonly repairMs: number;
  /** What a token without an end is reckoned to live; null: such tokens are refused. */
  readonly renewEveryMs: number | null;
  /** A renewal starts only inside one of these; none declared means always. Several are a union. */
  readonly windows: readonly Window[];
}

/** Opens by wall time in its zone, stays open for elapsed time. */
export interface Window {
  /** Five-field cron. */
  readonly opens: string;
  readonly forMs: number;
  /** IANA name. */
  readonly timezone: string;
  /** Whether the opening expression matches the minute that this instant lies in; pure, made by node-cron at loading. */
  readonly matches: (at: number) => boolean;
  /** The same with any minute: whether the quarter hour that begins at this instant can hold a match. */
  readonly mayMatch: (at: number) => boolean;
}
