import { CALLS_PER_HOUR_ONE, withRoom } from "../core/backoff.ts";
import { HOUR_MS, type Instant } from "../core/duration.ts";
import { ERRORS } from "../core/errors.ts";
import type { Trouble } from "../core/records.ts";
import type { Agenda, Job, Lease, ServiceKey, WakeWhich } from "../core/state-store.ts";
import { WakeHeap } from "./wake-heap.ts";

/** A breaker holds nobody back for longer. */
const HELD_BACK_MS_MAX: number = HOUR_MS;

export interface JobRow {
  readonly token: string;
  readonly target: string | null;
  readonly service: ServiceKey;
  readonly firstSeenAt: Instant;
  wakeAt: Instant;
  deadlineAt: Instant | null;
  wakes: number;
  fence: number;
  lease: { readonly holder: string; readonly until: Instant } | null;
  trouble: Trouble | null;
  calls: readonly Instant[];
}

/** The sweep's index and the leases of a state in memory, for a clock that never leaps. */
export class MemoryJobs {
  readonly #rows = new Map<string, JobRow>();
  readonly #byToken = new Map<string, JobRow[]>();
  readonly #heap = new WakeHeap<JobRow>();
  /** Those whose time has come, so that a look need not go through all. */
  readonly #woken = new Set<JobRow>();

  enrol(job: Job, service: ServiceKey, now: Instant): boolean {
    if (this.#rows.has(idOf(job))) return false;
    const row: JobRow = {
      ...job,
      service,
      firstSeenAt: now,
      wakeAt: now,
      deadlineAt: null,
      wakes: 0,
      fence: 0,
      lease: null,
      trouble: null,
      calls: [],
    };
    this.#rows.set(idOf(job), row);
    const siblings = this.#byToken.get(job.token) ?? [];
    this.#byToken.set(job.token, [...siblings, row]);
    this.#sleep(row, now);
    return true;
  }

  row(job: Job): JobRow | undefined {
    return this.#rows.get(idOf(job));
  }

  due(now: Instant, limit: number): readonly Job[] {
    for (let row = this.#heap.takeUntil(now); row !== undefined; row = this.#heap.takeUntil(now)) this.#woken.add(row);
    const idle = [...this.#woken].filter(({ lease }) => lease === null || lease.until <= now);
    return idle
      .sort(byDeadline)
      .slice(0, limit)
      .map(({ token, target }) => ({ token, target }));
  }

  get nextWakeAt(): Instant | null {
    const woken = Math.min(...[...this.#woken].map(({ wakeAt }) => wakeAt));
    const at = Math.min(woken, this.#heap.firstAt);
    return at === Infinity ? null : at;
  }

  wake(which: WakeWhich, now: Instant): void {
    for (const row of this.#concerned(which, now)) this.#rouse(row, now);
  }

  free(which: ServiceKey | { readonly token: string }, now: Instant): void {
    const rows = "token" in which ? this.#ofToken(which.token) : this.#ofService(which);
    for (const row of rows) {
      const { trouble } = row;
      if (trouble === null || !("token" in which || ERRORS[trouble.last.code].scope === "service")) continue;
      row.trouble = { ...trouble, nextTryAt: Math.min(trouble.nextTryAt, now) };
      if ("token" in which) row.calls = withRoom(row.calls, CALLS_PER_HOUR_ONE);
      this.#rouse(row, now);
    }
  }

  claim(job: Job, holder: string, now: Instant, ttlMs: number): Lease | null {
    const row = this.row(job);
    if (row === undefined || (row.lease !== null && row.lease.until > now)) return null;
    row.lease = { holder, until: now + ttlMs };
    row.fence += 1;
    return { job, holder, fence: row.fence, wakes: row.wakes };
  }

  /** The row, while the lease is held. */
  held({ job, holder, fence }: Lease, now: Instant): JobRow | undefined {
    const row = this.row(job);
    const isHeld = row?.lease?.holder === holder && row.fence === fence && row.lease.until > now;
    return isHeld ? row : undefined;
  }

  extend(lease: Lease, now: Instant, ttlMs: number): boolean {
    const row = this.held(lease, now);
    if (row !== undefined) row.lease = { holder: lease.holder, until: now + ttlMs };
    return row !== undefined;
  }

  release(lease: Lease, agenda: Agenda, now: Instant): boolean {
    const row = this.held(lease, now);
    if (row === undefined) return false;
    row.lease = null;
    row.deadlineAt = agenda.deadlineAt === null ? row.deadlineAt : Math.round(agenda.deadlineAt);
    this.#sleep(row, row.wakes === lease.wakes ? Math.round(agenda.wakeAt) : now);
    return true;
  }

  freeLeases(): void {
    for (const row of this.#rows.values()) row.lease = null;
  }

  #rouse(row: JobRow, now: Instant): void {
    row.wakes += 1;
    this.#sleep(row, now);
  }

  #sleep(row: JobRow, until: Instant): void {
    row.wakeAt = until;
    this.#woken.delete(row);
    this.#heap.put(row, until);
  }

  #concerned(which: WakeWhich, now: Instant): readonly JobRow[] {
    if ("token" in which) return this.#ofToken(which.token).filter(({ target }) => target === null);
    if ("targetsOf" in which) return this.#ofToken(which.targetsOf).filter(({ target }) => target !== null);
    if ("all" in which) return [...this.#rows.values()];
    const users = new Set(this.#ofService(which.service).map(({ token }) => token));
    return [...users].flatMap((token) => this.#ofToken(token).filter(({ wakeAt }) => wakeAt <= now + HELD_BACK_MS_MAX));
  }

  #ofToken(token: string): readonly JobRow[] {
    return this.#byToken.get(token) ?? [];
  }

  #ofService({ kind, key }: ServiceKey): readonly JobRow[] {
    return [...this.#rows.values()].filter(({ service }) => service.kind === kind && service.key === key);
  }
}

function idOf({ token, target }: Job): string {
  return target === null ? token : `${token}/${target}`;
}

function byDeadline(a: JobRow, b: JobRow): number {
  const [first, second] = [a.deadlineAt ?? Infinity, b.deadlineAt ?? Infinity];
  if (first !== second) return first - second;
  if (a.token !== b.token) return a.token < b.token ? -1 : 1;
  return (a.target ?? "") < (b.target ?? "") ? -1 : 1;
}
