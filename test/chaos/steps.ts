/** Every step at which a daemon is killed, by the name that `stop-at.ts`, the issuer and Secrets Manager know it by. */

/** Which tokens are to be renewed so that a step comes: those kept in files, in Secrets Manager, one of each, all, or none. */
export type Wants = "file" | "secret" | "each" | "all" | "nothing";

export interface Step {
  readonly name: string;
  readonly wants: Wants;
  /** The step at which the daemon has to die before, so that this one comes at all. */
  readonly afterDeathAt?: string;
  /** Only before a token's first renewal. */
  readonly first?: true;
  /** Only where the issuer is a process of its own. */
  readonly apart?: true;
}

const both = (names: readonly string[], wants: Wants, more: Partial<Step> = {}): readonly Step[] =>
  names.flatMap((name) => ["before", "after"].map((side) => ({ name: `${side}:${name}`, wants, ...more })));
const only = (names: readonly string[], wants: Wants, more: Partial<Step> = {}): readonly Step[] =>
  names.map((name) => ({ name, wants, ...more }));

/** The lost request: what the issuer was asked never reached it. */
export const ASKED = "issuer asked";
/** The lost answer: the token is made. */
export const ANSWERS = "issuer answers";
/** The request that the issuer works off when nobody waits for it any more. */
export const LATE = "issuer asked, made late";

export const STEPS: readonly Step[] = [
  ...both(["issuer mint"], "nothing", { first: true }),
  ...only(["secrets CreateSecret received", "secrets CreateSecret done"], "nothing", { first: true }),
  ...both(["enrolled", "leases freed"], "nothing"),
  ...both(["token claimed", "issuer list", "state preflight", "intent", "issuer renew", "minted", "accepted"], "each"),
  ...both(["token released"], "each"),
  ...only([ASKED, ANSWERS], "each"),
  ...only([LATE], "each", { apart: true }),
  ...both(["looked in vain", "nothing made"], "nothing", { afterDeathAt: ASKED }),
  ...both(["found minted"], "nothing", { afterDeathAt: ANSWERS }),
  ...both(["adopted"], "all", { afterDeathAt: LATE, apart: true }),
  ...both(["target claimed", "observed", "delivered", "confirmed", "held", "settled", "target released"], "file"),
  ...both(["file preflight", "file probe synced", "file observed", "file write"], "file"),
  ...both(["file temporary synced", "file previous renamed", "file renamed", "file folder synced"], "file"),
  ...both(["hook run"], "file"),
  ...both(["secret observed"], "secret"),
  ...both(["PutSecretValueCommand", "GetSecretValueCommand", "UpdateSecretVersionStageCommand"].map(aws), "secret"),
  ...only(["PutSecretValue", "UpdateSecretVersionStage"].flatMap(atSecrets), "secret"),
];

function aws(command: string): string {
  return `aws ${command}`;
}

function atSecrets(action: string): readonly string[] {
  return [`secrets ${action} received`, `secrets ${action} done`];
}
