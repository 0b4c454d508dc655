import type { Description } from "../core/control.ts";
import type { Instant } from "../core/duration.ts";
import type { Pace } from "../core/schedule.ts";
import type { CommandRunner, Issuer, Place, ReadSecret } from "../core/ports.ts";
import type { SecretText } from "../core/secret-text.ts";
import type { DeclaredTarget, DeclaredToken } from "../core/token.ts";

/** The declared tokens with the adapters that serve them, as one load of the settings made them. Replaced whole at a reload. */
export interface Fleet {
  readonly members: ReadonlyMap<string, Member>;
  readonly commands: CommandRunner;
  readonly readSecret: ReadSecret;
  /** A token that no setting declares, as if one did. Throws `usage`. */
  describe(description: Description): Member;
}

export interface Member {
  readonly declared: DeclaredToken;
  readonly pace: Pace;
  readonly issuer: Issuer;
  readonly berths: readonly Berth[];
  /** Set where a person asks for this one token, not the schedule. */
  readonly creation?: Creation;
}

/** What a person asked for, beyond what is declared or described. */
export interface Creation {
  /** Where the issuer lets it be chosen. */
  readonly secret: SecretText | null;
  readonly expAt: Instant | null;
  /** No setting declares it. */
  readonly described: boolean;
}

/** A declared target and the place in its store. */
export interface Berth {
  readonly declared: DeclaredTarget;
  readonly place: Place;
}
