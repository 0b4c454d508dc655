import type { Instant } from "../../src/core/duration.ts";
import { compareIssues } from "../../src/core/issue.ts";
import type { Flaw } from "./issuer-faults.ts";
import type { PlaceWatcher } from "./sim-place.ts";
import type { Row } from "./ledger.ts";

/** Tokens of these kinds must never reach a target. */
const WRONG: ReadonlySet<Flaw | undefined> = new Set<Flaw>([
  "unsigned",
  "subject",
  "audience",
  "role_missing",
  "role_extra",
  "scope_lost",
  "expired",
]);

/** What a reader saw too little life of, and when. */
export interface Short {
  readonly row: Row | undefined;
  /** Since when it was there. */
  readonly sinceAt: Instant;
  /** From when on it had less than `hold` left, and until when it was still there. */
  readonly fromAt: Instant;
  readonly toAt: Instant;
}

export interface ReaderOptions {
  readonly rowOf: (text: string) => Row | undefined;
  /** A person took it out of use, or renewd cannot know what it is. */
  readonly mayBeReplaced: (row: Row) => boolean;
  readonly short: (short: Short) => void;
  /** A token of the issuer is seen from `at` on. */
  readonly saw: (row: Row, at: Instant) => void;
  readonly broken: (what: string) => void;
  /** renewd writes this token. */
  readonly wrote: (row: Row) => void;
}

/** Reads one target all the time, and watches what is written to it. */
export class Reader implements PlaceWatcher {
  readonly #options: ReaderOptions;
  readonly #goneAt = new Map<string, Instant>();
  #seen: { readonly text: string; readonly sinceAt: Instant } | undefined;
  holdMs: number;

  constructor(holdMs: number, options: ReaderOptions) {
    this.holdMs = holdMs;
    this.#options = options;
  }

  sees(text: string | null, at: Instant): void {
    this.judge(at);
    if (this.#seen !== undefined) this.#goneAt.set(this.#seen.text, at);
    // Before the first filling nothing is promised; from then on an empty target is as bad as a wrong one.
    this.#seen = text === null && this.#seen === undefined ? undefined : { text: text ?? "", sinceAt: at };
    const row = this.#options.rowOf(text ?? "");
    if (row !== undefined) this.#options.saw(row, at);
  }

  /** What was seen until now, and is seen on. */
  judge(now: Instant): void {
    if (this.#seen === undefined) return;
    const { text, sinceAt } = this.#seen;
    const row = this.#options.rowOf(text);
    const lastGoodAt = row === undefined ? sinceAt : row.expAt - this.holdMs;
    if (now > lastGoodAt) this.#options.short({ row, sinceAt, fromAt: Math.max(sinceAt, lastGoodAt), toAt: now });
  }

  /** The expiry of what is seen is another from now on. */
  moved(row: Row): void {
    if (this.#seen !== undefined) this.#options.saw(row, this.#seen.sinceAt);
  }

  /** When it was last seen: Infinity while it is; undefined when it never was. */
  lastSawAt(text: string): Instant | undefined {
    return this.#seen?.text === text ? Infinity : this.#goneAt.get(text);
  }

  get text(): string | undefined {
    return this.#seen?.text;
  }

  get sinceAt(): Instant | undefined {
    return this.#seen?.sinceAt;
  }

  /** Readers had it already, and renewd had seen that. */
  rewrote(): void {
    this.#options.broken("wrote what was there already");
  }

  wrote(text: string, before: string | null, at: Instant): void {
    const { rowOf, broken, mayBeReplaced } = this.#options;
    const row = rowOf(text);
    if (row === undefined) return broken("wrote something that is no token");
    this.#options.wrote(row);
    if (WRONG.has(row.flaw) || (row.notBeforeAt ?? 0) > at + 60_000)
      broken(`wrote a wrong token: ${row.id} (${row.flaw ?? "not yet valid"})`);
    if (row.expAt <= at) broken(`wrote an expired token: ${row.id}`);
    const replaced = rowOf(before ?? "");
    if (replaced === undefined || replaced.flaw !== undefined || mayBeReplaced(replaced)) return;
    const isOlder = compareIssues({ ...row, issuerId: row.id }, { ...replaced, issuerId: replaced.id }) < 0;
    if (isOlder && replaced.expAt > at) broken(`wrote the older ${row.id} over the newer ${replaced.id}`);
  }
}
