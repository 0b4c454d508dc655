import type { Pace } from "../core/schedule.ts";
import type { CommandRunner, Issuer, Place, ReadSecret } from "../core/ports.ts";
import type { DeclaredTarget, DeclaredToken } from "../core/token.ts";

/** The declared tokens with the adapters that serve them, as one load of the settings made them. Replaced whole at a reload. */
export interface Fleet {
  readonly members: ReadonlyMap<string, Member>;
  readonly commands: CommandRunner;
  readonly readSecret: ReadSecret;
}

export interface Member {
  readonly declared: DeclaredToken;
  readonly pace: Pace;
  readonly issuer: Issuer;
  readonly berths: readonly Berth[];
}

/** A declared target and the place in its store. */
export interface Berth {
  readonly declared: DeclaredTarget;
  readonly place: Place;
}
