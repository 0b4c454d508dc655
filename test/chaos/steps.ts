/** Every step at which a daemon is killed, by the name that `stop-at.ts`, the issuer and Secrets Manager know it by. */
import { type Kind, KINDS } from "./kinds.ts";

/**
 * Which tokens are to be renewed so that a step comes: those kept in files, in Secrets Manager, one of each, all, none,
 * the one that is extended, or the one whose predecessor is soon ended, which is renewed and then left alone for a while.
 */
export type Wants = "file" | "secret" | "each" | "all" | "nothing" | "extended" | "ended";

export interface Step {
  readonly name: string;
  readonly wants: Wants;
  /** The step at which the daemon has to die before, so that this one comes at all. */
  readonly afterDeathAt?: string;
  /** Only before a token's first renewal. */
  readonly first?: true;
  /** The issuers at which it comes. */
  readonly kinds: readonly Kind[];
}

type More = Partial<Pick<Step, "afterDeathAt" | "first" | "kinds">>;

const only = (names: readonly string[], wants: Wants, more: More = {}): readonly Step[] =>
  names.map((name) => ({ name, wants, kinds: KINDS, ...more }));
const both = (names: readonly string[], wants: Wants, more: More = {}): readonly Step[] =>
  only(
    names.flatMap((name) => [`before:${name}`, `after:${name}`]),
    wants,
    more,
  );

/** The lost request: what the issuer was asked never reached it. */
export const ASKED = "issuer asked";
/** The lost answer: the token is made. */
export const ANSWERS = "issuer answers";
/** The request that the issuer works off when nobody waits for it any more. */
export const LATE = "issuer asked, made late";

/** They keep a list of names. */
const NAMED: readonly Kind[] = ["flowauth", "embedded"];
const GIVEN: readonly Kind[] = [...NAMED, "oauth2", "http"];
const ARVADOS: readonly Kind[] = ["arvados"];
const OAUTH2: readonly Kind[] = ["oauth2"];
const HTTP: readonly Kind[] = ["http"];
const ENDING: readonly Kind[] = [...ARVADOS, ...OAUTH2];
/** A token that was made by hand stands in each target from the start. */
const FIRST: readonly Kind[] = KINDS.filter((kind) => kind !== "http");

export const STEPS: readonly Step[] = [
  ...both(["issuer mint"], "nothing", { first: true, kinds: NAMED }),
  ...only(["secrets CreateSecret received", "secrets CreateSecret done"], "nothing", { first: true, kinds: FIRST }),
  ...both(["enrolled", "leases freed"], "nothing"),
  ...both(["token claimed", "state preflight", "minted", "accepted", "token released"], "each"),
  ...both(["issuer list", "issuer renew"], "each", { kinds: NAMED }),
  ...both(["intent"], "each", { kinds: GIVEN }),
  ...both(["chosen intent", "issuer create"], "each", { kinds: ARVADOS }),
  ...both(["issuer token"], "each", { kinds: OAUTH2 }),
  ...both(["issuer request"], "each", { kinds: HTTP }),
  ...only([ASKED, ANSWERS], "each"),
  ...only([LATE], "each", { kinds: ["flowauth", "arvados", "oauth2"] }),
  ...both(["looked in vain", "nothing made"], "nothing", { afterDeathAt: ASKED, kinds: [...NAMED, ...OAUTH2] }),
  ...both(["found minted"], "nothing", { afterDeathAt: ANSWERS, kinds: NAMED }),
  ...both(["adopted"], "all", { afterDeathAt: LATE, kinds: ["flowauth"] }),
  ...both(["repeat"], "nothing", { afterDeathAt: ANSWERS, kinds: ARVADOS }),
  ...both(["given up"], "nothing", { afterDeathAt: ASKED, kinds: HTTP }),
  ...both(["taken up"], "nothing", { afterDeathAt: ANSWERS, kinds: HTTP }),
  ...both(["extension intent", "issuer extend", "extension minted", "extended"], "extended", { kinds: ARVADOS }),
  ...only(["extension asked", "extension answers"], "extended", { kinds: ARVADOS }),
  ...both(["extension repeat"], "nothing", { afterDeathAt: "extension answers", kinds: ARVADOS }),
  ...both(["ending begun", "ended"], "ended", { kinds: ENDING }),
  ...only(["ending asked", "ending answers"], "ended", { kinds: ENDING }),
  ...both(["issuer delete"], "ended", { kinds: ARVADOS }),
  ...both(["issuer revoke"], "ended", { kinds: OAUTH2 }),
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
