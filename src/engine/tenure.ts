import type { Instant } from "../core/duration.ts";
import type { Clock } from "../core/ports.ts";
import type { Detour } from "../core/trace.ts";
import { limited } from "./limited.ts";
import type { Agenda, Job, Lease, StateStore, TargetChange, TokenChange } from "../core/state-store.ts";

/** A worker that dies holds its job for so long at most. */
export const LEASE_MS = 60_000;
/** Between the end of the longest call and the end of the lease. */
const MARGIN_MS = 10_000;
const CLOCKS_AGREE_MS = 5_000;
const REST_MS = 250;

/** The lease is another's: whatever this worker still wants to do, it must not. */
export class LeaseLost extends Error implements Detour {
  readonly detour = "lease_lost";

  constructor(job: Job) {
    super(`the lease on ${job.token}${job.target === null ? "" : `/${job.target}`} was lost`);
    this.name = "LeaseLost";
  }
}

/**
 * One worker's time with one job. Every external call asks `forCall` first, every state write goes through it, so that a
 * worker without its lease and fence starts no call and changes nothing.
 */
export class Tenure {
  readonly job: Job;
  readonly #state: StateStore;
  readonly #clock: Clock;
  readonly #lease: Lease;
  readonly #stop: AbortSignal;
  #since: Reading;
  #ttlMs = LEASE_MS;
  #callCount = 0;

  private constructor(lease: Lease, state: StateStore, clock: Clock, stop: AbortSignal) {
    this.job = lease.job;
    this.#lease = lease;
    this.#state = state;
    this.#clock = clock;
    this.#stop = stop;
    this.#since = readingOf(clock);
  }

  /** Undefined while another worker has the job. */
  static async claim(
    job: Job,
    by: { readonly state: StateStore; readonly clock: Clock; readonly holder: string },
    stop: AbortSignal,
  ): Promise<Tenure | undefined> {
    const lease = await by.state.claim(job, by.holder, by.clock.now(), LEASE_MS);
    return lease === null ? undefined : new Tenure(lease, by.state, by.clock, stop);
  }

  /**
   * Runs one external call that takes at most `limitMs`, inside the lease: prolonged before it, aborted at its end. A call
   * that fails because the daemon stops is no failure of the service: the job is handed back.
   */
  async call<T>(limitMs: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    await this.#prolong(limitMs + MARGIN_MS);
    this.#callCount += 1;
    try {
      return await limited(this.#clock, limitMs, this.#stop, call);
    } catch (thrown) {
      if (this.#stop.aborted) throw new LeaseLost(this.job);
      throw thrown;
    }
  }

  /** External calls that were begun in it. */
  get callCount(): number {
    return this.#callCount;
  }

  /** The daemon stops and has given up its calls. */
  get stopped(): boolean {
    return this.#stop.aborted;
  }

  async changeToken(change: TokenChange): Promise<void> {
    this.#hold(await this.#state.changeToken(this.#lease, this.#clock.now(), change));
  }

  async changeTarget(change: TargetChange): Promise<void> {
    this.#hold(await this.#state.changeTarget(this.#lease, this.#clock.now(), change));
  }

  /** Gives the job back; a lease that was lost meanwhile needs no giving back. It is never due again at once, so that a mistake cannot become a hot loop. */
  async end(agenda: Agenda): Promise<void> {
    const now = this.#clock.now();
    const wakeAt = Math.max(agenda.wakeAt, now + REST_MS);
    await this.#state.release(this.#lease, { ...agenda, wakeAt }, now);
  }

  async #prolong(ttlMs: number): Promise<void> {
    if (this.#stop.aborted || !this.#clocksAgree()) throw new LeaseLost(this.job);
    this.#hold(await this.#state.extend(this.#lease, this.#clock.now(), Math.max(ttlMs, LEASE_MS)));
    this.#since = readingOf(this.#clock);
    this.#ttlMs = Math.max(ttlMs, LEASE_MS);
  }

  /** A host that slept or a clock that was set makes the three disagree; then nobody can say whether the lease still holds. */
  #clocksAgree(): boolean {
    const now = readingOf(this.#clock);
    const passed = [
      now.wall - this.#since.wall,
      now.monotonic - this.#since.monotonic,
      now.uptime - this.#since.uptime,
    ];
    return Math.max(...passed) < this.#ttlMs && Math.max(...passed) - Math.min(...passed) < CLOCKS_AGREE_MS;
  }

  #hold(held: boolean): void {
    if (!held) throw new LeaseLost(this.job);
  }
}

interface Reading {
  readonly wall: Instant;
  readonly monotonic: number;
  readonly uptime: number;
}

function readingOf(clock: Clock): Reading {
  return { wall: clock.now(), monotonic: clock.monotonicMs(), uptime: clock.uptimeMs() };
}
