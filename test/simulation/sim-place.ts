/** A place in memory, by the real time, after the contract of `Place` in core/ports.ts. Its version counts the changes made to it. */
import type { Instant } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import type { Observation, Owner, Place, WriteOptions } from "../../src/core/ports.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { until } from "../support/until.ts";
import { HourlyCount } from "./hourly-count.ts";
import type { Spell, Timeline } from "./spells.ts";
import { storeFailsAlways, type StoreFault } from "./store-faults.ts";
import type { Draw } from "./streams.ts";
import type { Truth } from "./truth.ts";

/** Told of whatever readers and the judge of writes need to know. */
export interface PlaceWatcher {
  /** Readers see `text` from `at` on; before they saw something else. */
  sees(text: string | null, at: Instant): void;
  /** renewd wrote what readers had, and nobody had touched it since it looked. */
  rewrote(): void;
  /** renewd replaced `before` by `text`. */
  wrote(text: string, before: string | null, at: Instant): void;
}

/** A store: what befalls it befalls all its places. */
export interface SimStore {
  readonly faults: Timeline<StoreFault>;
  /** Calls while every call fails. */
  readonly failingCalls: HourlyCount;
}

export class SimPlace implements Place {
  owner: Owner = "unmarked";
  readonly failingCalls = new HourlyCount();
  readonly faults: Timeline<StoreFault>;
  readonly #truth: Truth;
  readonly #draw: Draw;
  readonly #store: SimStore;
  readonly #watcher: PlaceWatcher;
  #text: string | null = null;
  #version = 0;
  #visible: string | null = null;
  #pending: { readonly at: Instant; readonly text: string | null }[] = [];
  #counted: Spell<StoreFault> | undefined;

  constructor(truth: Truth, draw: Draw, store: SimStore, faults: Timeline<StoreFault>, watcher: PlaceWatcher) {
    this.#truth = truth;
    this.#draw = draw;
    this.#store = store;
    this.faults = faults;
    this.#watcher = watcher;
  }

  /** Somebody else changes it; seen at once. */
  put(text: string | null): void {
    this.#change(text, 0);
  }

  /** What a reader sees now. */
  get seen(): string | null {
    const now = this.#truth.now();
    while (this.#pending[0] !== undefined && this.#pending[0].at <= now) {
      const sight = this.#pending.shift();
      if (sight === undefined || sight.text === this.#visible) continue;
      this.#visible = sight.text;
      this.#watcher.sees(sight.text, sight.at);
    }
    return this.#visible;
  }

  /** Nothing is wrong with it or its store. */
  get isWell(): boolean {
    const now = this.#truth.now();
    return (this.#store.faults.at(now) ?? this.faults.at(now)) === undefined;
  }

  /** Since when no write could be taken, as a preflight would find. */
  get refusesSince(): Instant | undefined {
    const now = this.#truth.now();
    const spell = this.#store.faults.at(now) ?? this.faults.at(now);
    const what = spell?.what;
    return what?.kind === "fails" && what.on.includes("preflight") ? spell?.fromAt : undefined;
  }

  async preflight(signal: AbortSignal): Promise<void> {
    await this.#begin("preflight", signal);
  }

  async observe(signal: AbortSignal): Promise<Observation> {
    await this.#begin("observe", signal);
    const { owner, seen } = this;
    const version = String(this.#version);
    return seen === null
      ? { state: "empty", owner, version }
      : { state: "holds", token: new SecretText(seen), owner, version };
  }

  async write(token: SecretText, options: WriteOptions): Promise<void> {
    const fault = await this.#begin("write", options.signal);
    const text = token.reveal();
    if (this.#text === text && this.seen === text && options.version === String(this.#version)) this.#watcher.rewrote();
    if (this.#text !== text) {
      if (options.version !== String(this.#version) || fault?.kind === "contended")
        throw new RenewdError("store_conflict", "changed meanwhile");
      if (this.owner === "other" && !options.adopt) throw new RenewdError("store_not_owned", "marked by another");
      this.#watcher.wrote(text, this.#text, this.#truth.now());
      this.#change(
        fault?.kind === "lies" ? `not ${text}` : text,
        fault?.kind === "stale" ? fault.byMs : this.#draw.between(0, 1_000),
      );
      this.owner = "ours";
    }
    if (fault?.kind === "refuses_after") throw new RenewdError(fault.code, "the answer was lost");
  }

  async #begin(call: "preflight" | "observe" | "write", signal: AbortSignal): Promise<StoreFault | undefined> {
    const fault = this.#meet();
    if (fault?.kind === "hangs" && fault.on.includes(call)) await until(this.#truth, Infinity, signal);
    if (fault?.kind === "slow") await until(this.#truth, fault.byMs, signal);
    if (signal.aborted) throw new RenewdError("store_timeout", "given up");
    if (fault?.kind === "fails" && fault.on.includes(call)) throw new RenewdError(fault.code, "the store says no");
    return fault;
  }

  #meet(): StoreFault | undefined {
    const now = this.#truth.now();
    const ofStore = this.#store.faults.at(now);
    const spell = ofStore ?? this.faults.at(now);
    if (spell !== this.#counted) {
      this.#counted = spell;
      this.failingCalls.forget();
      if (ofStore === undefined) this.#store.failingCalls.forget();
    }
    if (spell !== undefined && storeFailsAlways(spell.what)) {
      this.failingCalls.note(now);
      if (ofStore !== undefined) this.#store.failingCalls.note(now);
    }
    return spell?.what;
  }

  #change(text: string | null, delayMs: number): void {
    this.#text = text;
    this.#version += 1;
    const at = this.#truth.now() + delayMs;
    this.#pending = [...this.#pending.filter((each) => each.at < at), { at, text }];
    void this.seen;
  }
}
