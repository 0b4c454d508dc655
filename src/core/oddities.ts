/** What merely is so with a token and holds nothing up. */
import { rolesDiffer, type TokenView } from "./decide.ts";
import { formatDuration, formatInstant } from "./duration.ts";
import { ERRORS } from "./errors.ts";
import { type Fact, troubleText, worthTelling } from "./fact.ts";
import { capsRenewals } from "./verify.ts";

export function oddities(view: TokenView): readonly Fact[] {
  const { declared, record } = view;
  const facts: Fact[] = [];
  for (const warning of record.desired?.warnings ?? []) {
    if (warning.kind === "lifetime_capped") {
      if (!capsRenewals(warning, declared.request.lifetimeMs)) continue;
      facts.push({
        reason: "lifetime_capped",
        severity: "warning",
        message: `Asked for ${formatDuration(warning.askedMs)}, issued ${formatDuration(warning.issuedMs)}: the longest life or a latest expiry of its server or roles caps it; under a latest expiry each renewal will be shorter.`,
        next: "It renews in time for the shorter life.",
        action: "Lower `request.lifetime`, or have the limits of the server and roles raised at the issuer.",
      });
    } else {
      facts.push({
        reason: "scopes_gained",
        severity: "info",
        message: `The renewed token may do more than the one before: ${warning.scopes.slice(0, 5).join(", ")}.`,
        next: "It uses the token as it is.",
        action: "Check the roles at the issuer.",
      });
    }
  }
  facts.push(...notRetired(view));
  if (rolesDiffer(declared, record)) {
    const held = Object.keys(record.desired?.scopes ?? {}).join(", ");
    facts.push({
      reason: "roles_differ",
      severity: "warning",
      message: `The token has the roles ${held}; the settings say ${declared.request.roles.join(", ")}.`,
      next: "Renewals go on with the roles that it has.",
      action:
        declared.request.strategy === "extend"
          ? "A token that is extended keeps its powers; `renewd create-token TOKEN --print` makes another in its place, when its consumer can take that."
          : "Mint a token of this name with the right roles at the issuer, set `create: true`, or mend `request.roles`.",
    });
  }
  return facts;
}

/** Of several the oldest is told of. */
function notRetired({ declared, record }: TokenView): readonly Fact[] {
  if (!declared.request.retire) return [];
  const stuck = record.retiring.flatMap(({ fingerprint, trouble }) =>
    trouble !== null && worthTelling(trouble, Infinity, 0) ? [{ fingerprint, trouble }] : [],
  );
  const [oldest] = stuck;
  if (oldest === undefined) return [];
  const { fingerprint, trouble } = oldest;
  const others = stuck.length === 1 ? "" : ` ${stuck.length - 1} more wait for that too.`;
  return [
    {
      reason: "not_retired",
      severity: "info",
      message: `The old token ${fingerprint} could not be ended at the issuer; it works until it expires. ${troubleText(trouble)}${others}`,
      next: `Next try ${formatInstant(trouble.nextTryAt)}.`,
      action: ERRORS[trouble.last.code].hint,
    },
  ];
}
