import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "../../src/core/duration.ts";
import type { DomainEvent } from "../../src/core/events.ts";
import type { StateStore } from "../../src/core/state-store.ts";
import { ClockWatch } from "../../src/engine/clock-watch.ts";
import { Controller } from "../../src/engine/controller.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Fleet } from "../../src/engine/fleet.ts";
import { Sweeper } from "../../src/engine/sweeper.ts";
import { Life } from "../support/mortal-state.ts";
import type { Stretch } from "./spells.ts";
import type { Draw } from "./streams.ts";
import type { Truth } from "./truth.ts";

/** One running process. */
export interface Process {
  readonly engine: Engine;
  readonly sweeper: Sweeper;
  readonly controller: Controller;
  readonly life: Life;
}

export interface HostOptions {
  readonly truth: Truth;
  readonly draw: Draw;
  readonly state: () => StateStore;
  readonly fleet: () => Fleet;
  readonly enrol: () => Promise<void>;
  readonly onEvent: (event: DomainEvent) => void;
}

/** The host on which renewd runs: its processes die and are started again, its clock is wrong, it sleeps. */
export class Host {
  process: Process | undefined;
  /** Another process that works on the same state for a while. */
  second: Process | undefined;
  deaths = 0;
  jumps = 0;
  sleeps = 0;
  readonly #options: HostOptions;
  readonly #bad: [fromAt: Instant, toAt: Instant][] = [];
  #down: [fromAt: Instant, toAt: Instant] | undefined;
  #skewed: [fromAt: Instant, toAt: Instant] | undefined;
  #started = 0;
  /** When and how far its clock was ahead. */
  readonly #ahead: { readonly ms: number; untilAt: Instant }[] = [];

  constructor(options: HostOptions) {
    this.#options = options;
  }

  /** The issuers' answers say what time it is. */
  tellTime(issuerNow: Instant): void {
    this.process?.engine.watch.witness(issuerNow);
    this.second?.engine.watch.witness(issuerNow);
  }

  /** Since when it has run rightly without a break; undefined while it does not. */
  get soundSince(): Instant | undefined {
    return this.isSound ? this.#bad.reduce((latest, [, to]) => Math.max(latest, to), 0) : undefined;
  }

  /** When it did not run rightly. */
  get bad(): readonly Stretch[] {
    return this.#bad;
  }

  /** How far the clock was ahead at most since then. */
  aheadMs(since: Instant): number {
    return this.#ahead.reduce((most, { ms, untilAt }) => (untilAt > since ? Math.max(most, ms) : most), 0);
  }

  get isSound(): boolean {
    return this.process !== undefined && this.#skewed === undefined;
  }

  async start(): Promise<void> {
    const { truth, state, enrol } = this.#options;
    await state().freeLeases();
    await enrol();
    this.process = this.#spawn();
    if (this.#down !== undefined) this.#down[1] = truth.now();
    this.#down = undefined;
  }

  startSecond(): void {
    if (this.process !== undefined) this.second ??= this.#spawn();
  }

  killSecond(): void {
    this.second?.life.die();
    this.second = undefined;
  }

  #spawn(): Process {
    const { truth, draw, state, fleet, onEvent } = this.#options;
    this.#started += 1;
    const life = new Life(state());
    const engine: Engine = {
      clock: truth.host,
      random: draw,
      state: life.state,
      emit: (event) => void (life.dead || onEvent(event)),
      holder: `process-${this.#started}`,
      watch: new ClockWatch(truth.host),
      fleet,
    };
    const sweeper = new Sweeper(engine);
    return { engine, sweeper, life, controller: new Controller(engine, sweeper, () => []) };
  }

  /** As SIGKILL does: whatever was under way never goes on. */
  kill(): void {
    if (this.process === undefined) return;
    // Only one process at a time frees leases as its own: a second one does not outlive the first.
    this.killSecond();
    this.process.life.die();
    this.process = undefined;
    this.deaths += 1;
    this.#down = [this.#options.truth.now(), Infinity];
    this.#bad.push(this.#down);
  }

  /** It will die at one of its next changes of the state, just before or just after. */
  doom(): void {
    if (this.process === undefined) return;
    const { life } = this.process;
    const { draw } = this.#options;
    life.death = { change: life.changes + 1 + draw.below(40), when: draw.pick(["before", "after"] as const) };
  }

  /** How long the next restart takes: mostly a supervisor does it, sometimes a person after a weekend. */
  drawDownMs(): number {
    const { draw } = this.#options;
    if (draw.chance(0.7)) return draw.between(0, MINUTE_MS);
    return draw.chance(0.9) ? draw.stretch(MINUTE_MS, 6 * HOUR_MS) : draw.stretch(6 * HOUR_MS, 4 * DAY_MS);
  }

  skew(ms: number): void {
    this.mend();
    this.jumps += 1;
    this.#options.truth.setSkew(ms);
    if (ms > 0) this.#ahead.push({ ms, untilAt: Infinity });
    this.#skewed = [this.#options.truth.now(), Infinity];
    this.#bad.push(this.#skewed);
  }

  /** The time service sets the clock right. */
  mend(): void {
    if (this.#skewed === undefined) return;
    this.#options.truth.setSkew(0);
    this.#skewed[1] = this.#options.truth.now();
    for (const each of this.#ahead) each.untilAt = Math.min(each.untilAt, this.#skewed[1]);
    this.#skewed = undefined;
  }

  sleep(ms: number): void {
    this.sleeps += 1;
    const from = this.#options.truth.now();
    this.#options.truth.sleep(ms);
    this.#bad.push([from, this.#options.truth.now()]);
  }

  sweep(): void {
    void this.process?.sweeper.sweep();
    void this.second?.sweeper.sweep();
  }
}
