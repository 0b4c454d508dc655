/** What is found somewhere and is not taken up, whatever it proves to be. */
import type { Issuer } from "../core/ports.ts";
import type { Fingerprint, SecretText } from "../core/secret-text.ts";
import type { IssueFate } from "../core/state-store.ts";
import type { Engine } from "./engine.ts";
import type { Member } from "./fleet.ts";

/** Refused by verification or by a person, or ended at the issuer, or about to be. */
const SPENT: ReadonlySet<string> = new Set(["foreign", "quarantined", "withdrawn", "retired", "retiring"]);

export function isSpent(fate: IssueFate | undefined): boolean {
  return fate !== undefined && SPENT.has(fate);
}

/** What somebody put into a target may be any secret: one that is no token of the issuer is not shown to it. */
export function mayBeOf({ resembles }: Pick<Issuer, "resembles">, text: SecretText): boolean {
  return resembles?.(text) ?? true;
}

/** The other declared tokens that know it as their own: were it two tokens' at once, the one could end it under the other. */
export async function otherOwners(
  { state, fleet }: Pick<Engine, "state" | "fleet">,
  { declared }: Member,
  fingerprint: Fingerprint,
): Promise<readonly Member[]> {
  const owners: Member[] = [];
  for (const key of await state.ownersOf(fingerprint)) {
    const owner = key === declared.key ? undefined : fleet().members.get(key);
    if (owner === undefined) continue;
    const fate = (await state.known(key)).get(fingerprint)?.fate;
    if (fate !== undefined && fate !== "foreign") owners.push(owner);
  }
  return owners;
}
