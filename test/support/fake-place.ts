/** A place in memory, after the contract of `Place` in core/ports.ts. Its version counts the changes made to it. */
import type { Instant } from "../../src/core/duration.ts";
import { type ErrorCode, RenewdError } from "../../src/core/errors.ts";
import type { Clock, Observation, Owner, Place, WriteOptions } from "../../src/core/ports.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { until } from "./until.ts";

type PlaceCallName = "preflight" | "observe" | "write";

export interface PlaceCall {
  readonly call: PlaceCallName;
  readonly at: Instant;
}

/** From `at` on its readers see this; null is nothing. */
export interface Sight {
  readonly at: Instant;
  readonly text: string | null;
}

export interface PlaceFault {
  readonly code?: ErrorCode;
  /** All calls, unless some are named. */
  readonly on?: readonly PlaceCallName[];
  /** The write is done and its answer lost. */
  readonly afterActing?: boolean;
  readonly slowMs?: number;
  readonly hang?: boolean;
}

export class FakePlace implements Place {
  owner: Owner = "unmarked";
  readonly calls: PlaceCall[] = [];
  /** What readers saw, in order of time. */
  readonly sights: Sight[] = [];
  /** Every text that was really written by `write`. */
  readonly written: string[] = [];
  /** How long a write takes to be seen. */
  staleMs = 0;
  /** Writes are accepted and something else is kept. */
  lies = false;
  /** Runs after a look was answered, before the caller sees it. */
  afterObserve: () => Promise<void> | void = () => undefined;
  readonly #clock: Clock;
  #text: string | null = null;
  #version = 0;
  #fault: PlaceFault | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  fail(fault: PlaceFault | ErrorCode): void {
    this.#fault = typeof fault === "string" ? { code: fault } : fault;
  }

  heal(): void {
    this.#fault = undefined;
  }

  /** Somebody else changes it; seen at once. */
  put(text: string | null): void {
    this.#change(text, 0);
  }

  /** What a reader sees now. */
  get seen(): string | null {
    const now = this.#clock.now();
    return this.sights.findLast((sight) => sight.at <= now)?.text ?? null;
  }

  count(call: PlaceCallName): number {
    return this.calls.filter((each) => each.call === call).length;
  }

  async preflight(signal: AbortSignal): Promise<void> {
    await this.#begin("preflight", signal);
  }

  async observe(signal: AbortSignal): Promise<Observation> {
    await this.#begin("observe", signal);
    const { owner, seen } = this;
    const version = String(this.#version);
    const observation: Observation =
      seen === null
        ? { state: "empty", owner, version }
        : { state: "holds", token: new SecretText(seen), owner, version };
    await this.afterObserve();
    return observation;
  }

  async write(token: SecretText, options: WriteOptions): Promise<void> {
    const fault = await this.#begin("write", options.signal);
    const text = token.reveal();
    if (this.#text !== text) {
      if (options.version !== String(this.#version)) throw new RenewdError("store_conflict", "changed meanwhile");
      if (this.owner === "other" && !options.adopt) throw new RenewdError("store_not_owned", "marked by another");
      this.written.push(text);
      this.#change(this.lies ? "something else" : text, this.staleMs);
      this.owner = "ours";
    }
    if (fault?.afterActing === true) throw new RenewdError(fault.code ?? "store_timeout", "the answer was lost");
  }

  async #begin(call: PlaceCallName, signal: AbortSignal): Promise<PlaceFault | undefined> {
    this.calls.push({ call, at: this.#clock.now() });
    const fault = this.#fault;
    if (fault === undefined || fault.on?.includes(call) === false) return undefined;
    if (fault.hang === true) await until(this.#clock, Infinity, signal);
    if (fault.slowMs !== undefined) await until(this.#clock, fault.slowMs, signal);
    if (signal.aborted) throw new RenewdError("store_timeout", "given up");
    if (fault.code !== undefined && fault.afterActing !== true) throw new RenewdError(fault.code, "the store says no");
    return fault;
  }

  #change(text: string | null, delayMs: number): void {
    this.#text = text;
    this.#version += 1;
    this.sights.push({ at: this.#clock.now() + delayMs, text });
  }
}
