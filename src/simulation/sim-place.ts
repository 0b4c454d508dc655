import { RenewdError } from "../core/errors.ts";
import type { Observation, Place } from "../core/ports.ts";
import type { SecretText } from "../core/secret-text.ts";
import type { Reach } from "./reach.ts";
import type { Reader } from "./reader.ts";
import type { SimClock } from "./sim-clock.ts";
import type { SimToken } from "./sim-issuer.ts";

export interface SimPlaceOptions {
  readonly clock: SimClock;
  readonly store: string;
  readonly reach: Reach;
  readonly reader: Reader;
  readonly propagationMs: number;
  readonly tokenOf: (text: SecretText) => SimToken | undefined;
}

/** A place that nobody else writes. Readers see a write as late as the settings allow for. */
export class SimPlace implements Place {
  readonly #options: SimPlaceOptions;
  #token: SimToken | null = null;
  #version = 0;

  constructor(options: SimPlaceOptions) {
    this.#options = options;
  }

  /** What it held when the simulation began. */
  fill(token: SimToken): void {
    this.#token = token;
    this.#options.reader.sees(token, this.#options.clock.now());
  }

  async preflight(): Promise<void> {
    this.#reach();
  }

  async observe(): Promise<Observation> {
    this.#reach();
    const seen = { owner: "ours", version: String(this.#version) } as const;
    return this.#token === null ? { ...seen, state: "empty" } : { ...seen, state: "holds", token: this.#token.text };
  }

  async write(text: SecretText): Promise<void> {
    this.#reach();
    const { reader, clock, propagationMs, tokenOf } = this.#options;
    const token = tokenOf(text);
    if (token === undefined) throw new TypeError("a token that no simulated issuer made");
    const isAtOnce = this.#token !== null && this.#token.revokedAt === clock.now();
    this.#token = token;
    this.#version += 1;
    if (isAtOnce) reader.takesOver(token, clock.now());
    else reader.sees(token, clock.now() + propagationMs);
  }

  #reach(): void {
    const { reach, clock, store } = this.#options;
    if (!reach.try(clock.now())) throw new RenewdError("store_unreachable", `${store}: cannot be reached`);
  }
}
