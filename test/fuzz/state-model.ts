/** The state of one token and its target in plain objects: what `StateStore` promises, with nothing of SQL in it. */
import { DAY_MS, type Instant, MINUTE_MS } from "../../src/core/duration.ts";
import type { Issue } from "../../src/core/issue.ts";
import type { AcceptedIssue, Mint, Pause, QuarantinedIssue, RenewWish } from "../../src/core/records.ts";
import type { Agenda, IssueFate, Lease, TokenChange } from "../../src/core/state-store.ts";

export type JobName = "token" | "target";

interface JobModel {
  wakeAt: Instant;
  wakes: number;
  fence: number;
  lease: { readonly holder: string; readonly until: Instant } | null;
  trouble: TokenChange["trouble"];
}

const LEASE_MAX_MS = 30 * MINUTE_MS;
const SLEEP_MAX_MS = 8 * DAY_MS;
const REMEMBERED_MS = 2 * DAY_MS;

export class StateModel {
  readonly jobs: Record<JobName, JobModel>;
  desired: AcceptedIssue | null = null;
  previous: AcceptedIssue | null = null;
  mint: Mint | null = null;
  quarantined: QuarantinedIssue | null = null;
  pause: Pause | null = null;
  wish: RenewWish | null = null;
  held: string | null = null;
  readonly issues = new Map<string, { readonly issue: Issue; fate: IssueFate; sealed: boolean }>();

  constructor(now: Instant) {
    const job = (): JobModel => ({ wakeAt: now, wakes: 0, fence: 0, lease: null, trouble: null });
    this.jobs = { token: job(), target: job() };
  }

  due(now: Instant): readonly JobName[] {
    return (["token", "target"] as const).filter((name) => {
      const { wakeAt } = this.jobs[name];
      return (wakeAt <= now || wakeAt > now + SLEEP_MAX_MS) && !this.#isTaken(name, now);
    });
  }

  wake(names: readonly JobName[], now: Instant): void {
    for (const name of names) {
      this.jobs[name].wakes += 1;
      this.jobs[name].wakeAt = now;
    }
  }

  /** The fence of the new lease; undefined while somebody holds the job. */
  claim(name: JobName, holder: string, now: Instant, ttlMs: number): number | undefined {
    if (this.#isTaken(name, now)) return undefined;
    const job = this.jobs[name];
    job.lease = { holder, until: now + ttlMs };
    job.fence += 1;
    return job.fence;
  }

  holds(name: JobName, lease: Lease, now: Instant): boolean {
    const job = this.jobs[name];
    return (
      job.lease !== null && job.lease.holder === lease.holder && job.fence === lease.fence && job.lease.until > now
    );
  }

  extend(name: JobName, lease: Lease, now: Instant, ttlMs: number): boolean {
    if (!this.holds(name, lease, now)) return false;
    this.jobs[name].lease = { holder: lease.holder, until: now + ttlMs };
    return true;
  }

  release(name: JobName, lease: Lease, agenda: Agenda, now: Instant): boolean {
    if (!this.holds(name, lease, now)) return false;
    const job = this.jobs[name];
    job.lease = null;
    job.wakeAt = job.wakes === lease.wakes ? agenda.wakeAt : now;
    return true;
  }

  freeLeases(): void {
    for (const job of Object.values(this.jobs)) job.lease = null;
  }

  /** One step under a lease; false, and nothing changed, without it. */
  changeToken(lease: Lease, now: Instant, change: TokenChange): boolean {
    if (!this.holds("token", lease, now)) return false;
    if (change.accept?.over !== undefined && change.accept.over !== (this.desired?.fingerprint ?? null)) return false;
    if (change.trouble !== undefined) this.jobs.token.trouble = change.trouble;
    for (const { issue, fate } of change.fates ?? []) this.#put(issue, fate, false);
    if (change.mint !== undefined) this.mint = change.mint;
    if (change.sealed !== undefined && change.mint?.fresh != null) this.#put(change.mint.fresh, "minted", true);
    if (change.quarantine === null) this.quarantined = null;
    if (change.accept !== undefined) {
      this.#becomesDesired(change.accept.issue, now);
      this.wake(["target"], now);
    }
    if (change.quarantine !== undefined) {
      for (const each of this.issues.values()) if (each.fate === "quarantined") each.sealed = false;
      const kept = this.issues.get(change.quarantine?.fingerprint ?? "")?.sealed === true;
      if (change.quarantine !== null) this.#put(change.quarantine, "quarantined", kept);
      this.quarantined = change.quarantine;
    }
    if (change.wish !== undefined) this.wish = change.wish;
    return true;
  }

  rollback(pause: Pause, now: Instant): boolean {
    if (this.desired === null || this.previous === null || !this.isSealed(this.previous.fingerprint)) return false;
    this.#put(this.desired, "withdrawn", false);
    this.desired = this.previous;
    this.previous = null;
    this.wish = null;
    this.pause = pause;
    this.wake(["token", "target"], now);
    return true;
  }

  acceptQuarantined(issue: AcceptedIssue, now: Instant): boolean {
    if (this.quarantined?.fingerprint !== issue.fingerprint || !this.isSealed(issue.fingerprint)) return false;
    this.quarantined = null;
    this.#becomesDesired(issue, now);
    this.jobs.token.trouble = null;
    this.wake(["token", "target"], now);
    return true;
  }

  discard(now: Instant): boolean {
    if (this.quarantined === null) return false;
    const entry = this.issues.get(this.quarantined.fingerprint);
    if (entry !== undefined) entry.sealed = false;
    this.quarantined = null;
    this.jobs.token.trouble = null;
    this.wake(["token", "target"], now);
    return true;
  }

  giveUp(mint: string, now: Instant): boolean {
    if (this.mint?.id !== mint || this.mint.fresh !== null || this.#isTaken("token", now)) return false;
    this.mint = null;
    this.jobs.token.trouble = null;
    this.wake(["token", "target"], now);
    return true;
  }

  /** The key now means another token: its issues stay known, none is in use or sealed, leases on the old one are void. */
  beginAnew(now: Instant): void {
    const job = this.jobs.token;
    Object.assign(job, { lease: null, fence: job.fence + 1, trouble: null, wakeAt: now });
    this.desired = null;
    this.previous = null;
    this.mint = null;
    this.quarantined = null;
    this.wish = null;
    for (const entry of this.issues.values()) {
      entry.sealed = false;
      if (entry.fate === "accepted" || entry.fate === "minted") entry.fate = "superseded";
    }
  }

  isSealed(fingerprint: string): boolean {
    return this.issues.get(fingerprint)?.sealed === true;
  }

  /** The only issues that may have a sealed text. */
  get inUse(): readonly string[] {
    const all = [this.mint?.fresh, this.desired, this.previous, this.quarantined];
    return all.flatMap((each) => (each == null ? [] : [each.fingerprint]));
  }

  #isTaken(name: JobName, now: Instant): boolean {
    const { lease } = this.jobs[name];
    return lease !== null && lease.until > now && lease.until <= now + LEASE_MAX_MS;
  }

  #put(issue: Issue, fate: IssueFate, sealed: boolean): void {
    this.issues.set(issue.fingerprint, { issue, fate, sealed });
  }

  #becomesDesired(issue: AcceptedIssue, now: Instant): void {
    this.#put(issue, "accepted", true);
    if (this.desired?.fingerprint !== issue.fingerprint) this.previous = this.desired;
    this.desired = issue;
    const used = this.inUse;
    for (const [fingerprint, entry] of this.issues) {
      if (used.includes(fingerprint)) continue;
      entry.sealed = false;
      if (entry.fate === "accepted") entry.fate = "superseded";
      if (entry.issue.expAt < now - REMEMBERED_MS) this.issues.delete(fingerprint);
    }
  }
}
