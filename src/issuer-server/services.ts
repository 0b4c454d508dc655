import type { Clock, Random } from "../core/ports.ts";
import type { IssuerDb } from "./database.ts";
import type { SigningKeys } from "./key-files.ts";
import type { Sealer } from "./sealer.ts";
import type { Sessions } from "./sessions.ts";
import type { WorkGate } from "./work-gate.ts";

/** What one running issuer is made of. Nothing of it is global: two may run in one process. */
export interface IssuerServices {
  readonly db: IssuerDb;
  readonly sealer: Sealer;
  readonly keys: SigningKeys;
  readonly sessions: Sessions;
  /** Bounds the password hashing that anybody can cause. */
  readonly signInGate: WorkGate;
  readonly clock: Clock;
  readonly random: Random;
  /** What `/version` tells. */
  readonly version: string;
  readonly log: (line: string) => void;
}
