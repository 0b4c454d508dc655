import { formatDuration, HOUR_MS, type Instant } from "../core/duration.ts";
import type { Condition, Subject } from "../core/incidents.ts";
import { RenewdError, toRenewdError } from "../core/errors.ts";
import type { Job } from "../core/state-store.ts";
import { workOnTarget } from "./deliver.ts";
import type { Engine } from "./engine.ts";
import { Pool } from "./pool.ts";
import { workOnToken } from "./renew.ts";
import { tellConditions } from "./tell.ts";
import { traced } from "./traced.ts";
import { askTheTime, WITNESS_EVERY_MS } from "./witness.ts";

/** Incidents of the daemon itself have no token; this is the part of it that they concern. */
const CLOCK: Subject = { token: "", target: "clock" };
/** One listing of an issuer serves all the work of so long: its list may be long, and is the same for all of an account. */
const LISTING_SERVES_MS = 30_000;
/** How often the last sweep is written down; what reads it allows for that. */
const NOTE_EVERY_MS = 10_000;
/** How often what is sealed and of no use any more is dropped. */
const DROP_EVERY_MS: number = HOUR_MS;

/** Jobs under way at once; most of their time is waiting for others. */
const CONCURRENCY = 16;
/** A wall clock that went back by more than this makes every stored instant doubtful: everything is looked at again. */
const BACKWARDS_MS = 1_000;

/** The fact under which the state keeps the instant of the last sweep. */
export const LAST_SWEEP = "last_sweep_at";

/**
 * Looks by the wall clock at what is due and lets it be worked on, earliest deadline first. Recovery is no second path:
 * after a crash the same look finds the same recorded state.
 */
export class Sweeper {
  readonly #engine: Engine;
  readonly #pool = new Pool(CONCURRENCY);
  readonly #stop = new AbortController();
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #lastSweepAt: Instant | undefined;
  /** Work looks at listings of the issuers that were begun no earlier. */
  #listingSince: Instant = 0;
  #notedAt: Instant | undefined;
  #droppedAt: Instant | undefined;
  #timeAskedAt: Instant | undefined;
  /** Names of jobs, each with its token. */
  readonly #failing = new Map<string, string>();
  #skewTold: boolean | undefined;
  #failingSinceMs: number | undefined;
  #stopping = false;
  #sweptMs: number | undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** The wall clock at the last sweep that ended well, of this process or an earlier one; undefined when there was none. */
  get lastSweepAt(): Instant | undefined {
    return this.#lastSweepAt;
  }

  /** Resolves when the work that is under way now has ended. */
  current(): Promise<void> {
    return this.#pool.current();
  }

  /** By the monotonic clock: when a sweep of this process last ended well; undefined while none has. */
  get sweptMs(): number | undefined {
    return this.#sweptMs;
  }

  /** Whether some job's work ended in what could not even be recorded as its failure: the state cannot be used. */
  get isFailing(): boolean {
    return this.#failing.size > 0;
  }

  /** By the monotonic clock: since when that has been so without a break. */
  get failingSinceMs(): number | undefined {
    return this.#failingSinceMs;
  }

  /** One look. While one is under way a second asks it to look once more. Never throws. */
  sweep(): Promise<void> {
    if (this.#stopping) return Promise.resolve();
    if (this.#looking !== undefined) {
      this.#lookAgain = true;
      return this.#looking;
    }
    this.#looking = traced(this.#engine, "renewd.sweep", {}, () => this.#look()).finally(() => {
      this.#looking = undefined;
      if (!this.#lookAgain) return;
      this.#lookAgain = false;
      void this.sweep();
    });
    return this.#looking;
  }

  /** Aborts what is under way when the daemon stops. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Takes no more work, lets what is under way finish within the grace, then aborts its calls. Answers how many were handed back. */
  async stop(graceMs: number): Promise<number> {
    this.#stopping = true;
    let handedBack = 0;
    const cancel = this.#engine.clock.after(graceMs, () => {
      handedBack = this.#pool.busy;
      this.abort();
    });
    await this.#looking;
    await this.#pool.idle();
    cancel();
    return handedBack;
  }

  /** Ends the calls under way now; what they were about is taken up from the recorded state at the next start. */
  abort(): void {
    this.#stop.abort(new DOMException("renewd stops", "AbortError"));
  }

  async #look(): Promise<void> {
    const { clock, state, emit } = this.#engine;
    const now = clock.now();
    try {
      await this.#mindClock(now);
      if (now - this.#listingSince >= LISTING_SERVES_MS || now < this.#listingSince) this.#listingSince = now;
      const jobs = this.#pool.room > 0 ? await state.due(now, this.#pool.room) : [];
      if (this.#stopping) return;
      for (const job of jobs) this.#start(job);
      this.#forgetRemoved();
      this.#lastSweepAt = now;
      this.#sweptMs = clock.monotonicMs();
      await this.#noteSweep(now);
    } catch (thrown) {
      const { code, message } = toRenewdError(thrown);
      this.#engine.trace?.failed(thrown);
      emit({ type: "sweep:failed", at: now, code, message: code === "bug" ? describeBug(thrown) : message });
    }
  }

  /** What is no longer declared fails no more. */
  #forgetRemoved(): void {
    const { members } = this.#engine.fleet();
    for (const [name, token] of this.#failing) if (!members.has(token)) this.#works(name);
  }

  #works(name: string): void {
    this.#failing.delete(name);
    if (this.#failing.size === 0) this.#failingSinceMs = undefined;
  }

  async #noteSweep(now: Instant): Promise<void> {
    if (this.#notedAt !== undefined && Math.abs(now - this.#notedAt) < NOTE_EVERY_MS) return;
    this.#notedAt = now;
    await this.#engine.state.setFact(LAST_SWEEP, now);
    if (this.#droppedAt !== undefined && Math.abs(now - this.#droppedAt) < DROP_EVERY_MS) return;
    this.#droppedAt = now;
    if (this.#engine.watch.trusted) await this.#engine.state.dropExpired(now);
  }

  #start(job: Job): void {
    const { target, token } = job;
    const name = target === null ? token : `${token}/${target}`;
    const stop = this.#stop.signal;
    this.#pool.start(name, async () => {
      try {
        if (target === null) await workOnToken(this.#engine, token, this.#listingSince, stop);
        else await workOnTarget(this.#engine, { token, target }, this.#listingSince, stop);
        this.#works(name);
      } catch (thrown) {
        const { code, message } = toRenewdError(thrown);
        this.#failing.set(name, token);
        this.#failingSinceMs ??= this.#engine.clock.monotonicMs();
        const text = code === "bug" ? describeBug(thrown) : message;
        this.#engine.emit({ type: "sweep:failed", at: this.#engine.clock.now(), code, message: `${name}: ${text}` });
        // What could not be recorded left the job due: the tick tries again, for at once would be a hot loop.
        return;
      }
      if (!this.#stopping) this.#soon();
    });
  }

  /** Work that ended may have made other work due: a verified token wakes its targets. */
  #soon(): void {
    void this.sweep();
  }

  #askTheTime(now: Instant): void {
    if (this.#timeAskedAt !== undefined && Math.abs(now - this.#timeAskedAt) < WITNESS_EVERY_MS) return;
    if (this.#pool.start("the time", () => askTheTime(this.#engine, this.#stop.signal))) this.#timeAskedAt = now;
  }

  /** Minds the clock: a leap is told, and a clock that went back wakes everything. */
  async #mindClock(now: Instant): Promise<void> {
    const { state, watch, emit } = this.#engine;
    this.#lastSweepAt ??= await state.fact(LAST_SWEEP);
    if (this.#lastSweepAt !== undefined && now < this.#lastSweepAt - BACKWARDS_MS) await state.wake({ all: true }, now);
    const leaptMs = watch.look();
    const skewed = leaptMs !== 0;
    if (skewed) this.#askTheTime(now);
    if (skewed === this.#skewTold) return;
    const conditions = skewed ? [skewCondition(leaptMs)] : [];
    await tellConditions(this.#engine, CLOCK, conditions, null);
    const wasSkewed = this.#skewTold === true;
    this.#skewTold = skewed;
    if (wasSkewed && !skewed) emit({ type: "clock:agrees", at: now });
    if (skewed) emit({ type: "clock:skewed", at: now, message: skewCondition(leaptMs).message });
  }
}

function skewCondition(leaptMs: number): Condition {
  const message = `The wall clock leapt by ${formatDuration(leaptMs)} against the time since the host's start.`;
  const action = "Check the host's time service. No window is overridden until an issuer's clock agrees with ours.";
  const next = "It works on, and believes the clock again once an issuer's agrees with it.";
  return { reason: "clock_skewed", severity: "warning", message, next, action, dangerAt: null, expAt: null };
}

/** A bug's message may hold anything; its kind and place do not. */
function describeBug(thrown: unknown): string {
  const cause = thrown instanceof RenewdError ? thrown.cause : thrown;
  if (!(cause instanceof Error)) return "unexpected";
  const place =
    cause.stack
      ?.split("\n")
      .find((line) => line.trim().startsWith("at "))
      ?.trim() ?? "";
  return `unexpected ${cause.name} ${place}`;
}
