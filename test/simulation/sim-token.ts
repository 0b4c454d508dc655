import type { Instant } from "../../src/core/duration.ts";
import type { Fingerprint } from "../../src/core/secret-text.ts";
import type { DeclaredTarget, DeclaredToken } from "../../src/core/token.ts";
import type { Reader } from "./reader.ts";
import type { SimIssuer } from "./sim-issuer.ts";
import type { SimPlace } from "./sim-place.ts";
import type { Stretch } from "./spells.ts";

/** A declared token in the simulated world, with all that was done to it. */
export interface SimToken {
  declared: DeclaredToken;
  readonly issuer: SimIssuer;
  readonly berths: SimBerth[];
  readonly paused: [fromAt: Instant, toAt: Instant][];
  /** When a person last changed what it should be. */
  changedAt: Instant;
  readonly withdrawn: Set<Fingerprint>;
  /** From when its issuer ended the token in use until a live one was accepted or taken up. */
  readonly stuck: [fromAt: Instant, toAt: Instant][];
}

export interface SimBerth {
  declared: DeclaredTarget;
  readonly place: SimPlace;
  readonly reader: Reader;
  /** Its store's and its own. */
  readonly spells: readonly Stretch[];
  /** From a stranger's writing until renewd had to have looked. */
  readonly meddled: [fromAt: Instant, toAt: Instant][];
}
