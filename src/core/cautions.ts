/** What an operator should know of a declared token although nothing is wrong: where the promise is less than it looks. */
import { formatDuration } from "./duration.ts";
import type { IssuerCapabilities } from "./ports.ts";
import type { DeclaredToken } from "./token.ts";

export function cautionsOf(
  { targets, request, policy }: Pick<DeclaredToken, "targets" | "request" | "policy">,
  { overlap, lists, secret }: IssuerCapabilities,
): readonly string[] {
  const cautions: string[] = [];
  if (overlap === "none") {
    const holdMs = Math.max(0, ...targets.map((target) => target.holdMs));
    cautions.push(
      `its issuer revokes the old token at each renewal: whoever read it before is cut off at that moment, so hold (${formatDuration(holdMs)}) is kept against the expiry, not across a renewal`,
      "nothing is asked for until every target could take the new token",
    );
    if (!lists && secret === "given")
      cautions.push(
        "if the answer to a renewal is lost, the token that works is lost with it, and a person must make one",
      );
  }
  if (request.retire)
    cautions.push("the old token is ended once every reader's hold is over; from then on it cannot be rolled back to");
  if (policy.renewEveryMs !== null && !Number.isFinite(request.lifetimeMs))
    cautions.push(
      `it has no end of its own and is reckoned to live ${formatDuration(policy.renewEveryMs)} (\`renew_every\`)`,
    );
  return cautions;
}
