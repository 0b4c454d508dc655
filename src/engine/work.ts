import type { TokenView } from "../core/decide.ts";
import type { Instant } from "../core/duration.ts";
import type { TokenRecord } from "../core/records.ts";
import type { Detour } from "../core/trace.ts";
import type { Engine } from "./engine.ts";
import type { Berth, Member } from "./fleet.ts";
import type { Tenure } from "./tenure.ts";

/** One token's worker: what it does, it has decided from the recorded state alone, so a crash at any point is gone on from. */
export interface TokenWork {
  readonly engine: Engine;
  readonly member: Member;
  readonly tenure: Tenure;
  /** A listing begun at or after this is fresh enough to look at. */
  readonly listingSince: Instant;
}

/** A token as the settings in force declare it. Who views a whole fleet asks once whether the clock is trusted: each look is a call of the system. */
export function viewOfToken(
  engine: Engine,
  member: Member,
  record: TokenRecord,
  clockTrusted: boolean = engine.watch.trusted,
): TokenView {
  const { declared, pace, issuer, creation } = member;
  // What a person asks for anew is that call's own to make: it alone knows the secret and the expiry that were given.
  const seen = record.wish?.anew === true && creation === undefined ? { ...record, wish: null } : record;
  return { declared, record: seen, pace, clockTrusted, issuer: issuer.capabilities, retireAt: null };
}

/** One target's worker. A dead target holds up nothing but itself. */
export interface TargetWork extends TokenWork {
  readonly berth: Berth;
  readonly stop: AbortSignal;
}

/** Not there yet, and nothing is wrong: look again at `at`. */
export class LookAgain extends Error implements Detour {
  readonly detour = "look_again";
  readonly at: Instant;

  constructor(at: Instant) {
    super("look again later");
    this.name = "LookAgain";
    this.at = at;
  }
}
