import { DAY_MS, type Instant } from "../core/duration.ts";
import { compareIssues, type Issue } from "../core/issue.ts";
import type { AcceptedIssue, Mint, Pause, QuarantinedIssue, RenewWish, TokenRecord, Trouble } from "../core/records.ts";
import type { Fingerprint, SecretText } from "../core/secret-text.ts";
import type { IssueFate, TokenChange } from "../core/state-store.ts";
import type { JobRow } from "./memory-jobs.ts";

const REMEMBERED_AFTER_EXPIRY_MS: number = 2 * DAY_MS;
/** Of those that are neither in use nor to be ended the last few are remembered: none that is older turns up again. */
const REMEMBERED = 8;

interface KnownIssue {
  issue: Issue;
  fate: IssueFate;
  text: SecretText | null;
  accepted: AcceptedIssue | null;
  retirement: Trouble | null;
}

/** What a state in memory keeps of one token. */
export class MemoryToken {
  readonly #job: JobRow;
  readonly #issues = new Map<Fingerprint, KnownIssue>();
  #desired: Fingerprint | null = null;
  #previous: Fingerprint | null = null;
  #mint: Mint | null = null;
  #chosen: SecretText | null = null;
  #quarantined: QuarantinedIssue | null = null;
  pause: Pause | null = null;
  wish: RenewWish | null = null;
  #settled: Fingerprint | null = null;
  #lastSuccessAt: Instant | null = null;

  constructor(job: JobRow) {
    this.#job = job;
  }

  get record(): TokenRecord {
    const all = [...this.#issues.values()];
    return {
      key: this.#job.token,
      firstSeenAt: this.#job.firstSeenAt,
      desired: this.#accepted(this.#desired),
      previous: this.#accepted(this.#previous),
      withdrawn: all.filter(({ fate }) => fate === "withdrawn").map(({ issue }) => issue.fingerprint),
      mint: this.#mint,
      quarantined: this.#quarantined,
      pause: this.pause,
      wish: this.wish,
      trouble: this.#job.trouble,
      calls: this.#job.calls,
      lastSuccessAt: this.#lastSuccessAt,
      retiring: all
        .filter(({ fate }) => fate === "retiring")
        .map(({ issue, retirement }) => ({ ...issue, trouble: retirement }))
        .sort(compareIssues),
    };
  }

  get known(): ReadonlyMap<Fingerprint, { readonly issue: Issue; readonly fate: IssueFate }> {
    return new Map([...this.#issues].map(([fingerprint, { issue, fate }]) => [fingerprint, { issue, fate }]));
  }

  knows(fingerprint: Fingerprint): boolean {
    return this.#issues.has(fingerprint);
  }

  unseal(fingerprint: Fingerprint): SecretText | undefined {
    const text = this.#issues.get(fingerprint)?.text ?? null;
    return text ?? (this.#mint?.chosen === fingerprint ? (this.#chosen ?? undefined) : undefined);
  }

  /** Whether the change may be made at all. */
  admits(change: TokenChange): boolean {
    if (change.accept?.over !== undefined && this.#desired !== change.accept.over) return false;
    const ended = change.retiring?.fingerprint;
    if (ended === undefined) return true;
    return ended !== this.#desired && (ended === this.#previous || this.#issues.get(ended)?.fate === "retiring");
  }

  apply(change: TokenChange, now: Instant): void {
    this.#assertOneMint(change.mint ?? null);
    for (const { issue, fate } of change.fates ?? []) this.#put(issue, fate, null);
    if (change.mint !== undefined) this.#setMint(change.mint, change.chosen ?? null);
    if (change.sealed !== undefined && change.mint?.fresh != null)
      this.#put(change.mint.fresh, "minted", change.sealed.token);
    if (change.accept !== undefined) this.#accept(change.accept, now);
    if (change.quarantine !== undefined) this.#quarantine(change.quarantine);
    if (change.retiring !== undefined) this.#retire(change.retiring.fingerprint, "retiring", change.retiring.trouble);
    if (change.retired !== undefined) this.#retire(change.retired, "retired", null);
    if (change.pause !== undefined) this.pause = change.pause;
    if (change.wish !== undefined) this.wish = change.wish;
  }

  settle(fingerprint: Fingerprint, now: Instant): boolean {
    if (this.#settled === fingerprint) return false;
    this.#settled = fingerprint;
    this.#lastSuccessAt = now;
    return true;
  }

  dropExpired(now: Instant): void {
    for (const known of this.#issues.values())
      if (known.fate === "quarantined" && known.issue.expAt <= now) known.text = null;
  }

  #accepted(fingerprint: Fingerprint | null): AcceptedIssue | null {
    return fingerprint === null ? null : (this.#issues.get(fingerprint)?.accepted ?? null);
  }

  #put(issue: Issue, fate: IssueFate, text: SecretText | null): KnownIssue {
    const accepted = this.#issues.get(issue.fingerprint)?.accepted ?? null;
    const { fingerprint, issuerId, startAt, expAt, u } = issue;
    const plain = { fingerprint, issuerId, startAt, expAt, u };
    const known: KnownIssue = {
      issue: plain,
      fate,
      text,
      accepted: accepted === null ? null : { ...accepted, ...plain },
      retirement: null,
    };
    this.#issues.set(fingerprint, known);
    return known;
  }

  #assertOneMint(mint: Mint | null): void {
    if (mint !== null && this.#mint !== null && mint.id !== this.#mint.id) throw new TypeError("a second open mint");
  }

  #setMint(mint: Mint | null, chosen: SecretText | null): void {
    this.#chosen = mint === null ? null : (chosen ?? this.#chosen);
    this.#mint = mint;
  }

  #quarantine(issue: QuarantinedIssue | null): void {
    for (const known of this.#issues.values()) if (known.fate === "quarantined") known.text = null;
    this.#quarantined = issue;
    if (issue !== null) this.#put(issue, "quarantined", this.#issues.get(issue.fingerprint)?.text ?? null);
  }

  #accept({ issue, token, retires }: NonNullable<TokenChange["accept"]>, now: Instant): void {
    this.#put(issue, "accepted", token).accepted = issue;
    const [desired, previous] = [this.#desired, this.#previous];
    if (desired !== issue.fingerprint) {
      this.#desired = issue.fingerprint;
      this.#previous = desired;
      if (retires === true && previous !== issue.fingerprint) this.#retireOlder(previous);
    }
    this.#forget([this.#desired, this.#previous], now);
  }

  #retireOlder(fingerprint: Fingerprint | null): void {
    const known = fingerprint === null ? undefined : this.#issues.get(fingerprint);
    if (known?.fate === "accepted" && known.accepted?.origin === "minted") known.fate = "retiring";
  }

  #retire(fingerprint: Fingerprint, fate: "retiring" | "retired", trouble: Trouble | null): void {
    const known = this.#issues.get(fingerprint);
    if (known !== undefined) {
      known.fate = fate;
      known.retirement = trouble;
      if (fate === "retired") known.text = null;
    }
    if (this.#previous === fingerprint) this.#previous = null;
  }

  /** Issues that are neither in use nor retiring lose their text; all but the last few of them are forgotten. */
  #forget(inUse: readonly (Fingerprint | null)[], now: Instant): void {
    const others = [...this.#issues].filter(
      ([fingerprint, { fate }]) => !inUse.includes(fingerprint) && fate !== "retiring",
    );
    for (const [, known] of others) {
      known.text = null;
      if (known.fate === "accepted") known.fate = "superseded";
    }
    const isPast = ({ issue }: KnownIssue): boolean => issue.expAt < now - REMEMBERED_AFTER_EXPIRY_MS;
    for (const [index, [fingerprint, known]] of others.entries())
      if (index < others.length - REMEMBERED || isPast(known)) this.#issues.delete(fingerprint);
  }
}
