import { MINUTE_MS, parseInstant } from "../../core/duration.ts";
import { RenewdError } from "../../core/errors.ts";
import type { LifetimeLimits } from "../../core/ports.ts";
import type { TokenRequest } from "../../core/token.ts";
import { type MintParts, readRoles, type RoleRow, serverOf } from "./mint.ts";

/**
 * The least that the roles of the request allow. What the server itself allows FlowAuth tells administrators alone (fact
 * sheet §3), but no role may be given more than its server has (§4).
 */
export async function limitsOf(
  parts: Pick<MintParts, "session" | "servers" | "url">,
  request: TokenRequest,
  signal: AbortSignal,
): Promise<LifetimeLimits> {
  const server = serverOf(request.audience);
  const rows = await readRoles(parts, server, signal);
  const roles = request.roles.map((name) => rows.find((row) => row.name === name) ?? missing(server, name));
  const latest = roles.map(latestOf).filter((at) => at !== null);
  return {
    longestMs: leastOf(roles.map((role) => role.longest_token_life_minutes * MINUTE_MS)),
    latestAt: leastOf(latest),
  };
}

/** FlowAuth writes it in its own zone and calls it UTC (fact sheet §4): off by the zone's offset where that is another. */
function latestOf(role: RoleRow): number | null {
  return typeof role.latest_token_expiry === "string" ? (parseInstant(role.latest_token_expiry) ?? null) : null;
}

function leastOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.min(...values);
}

function missing(server: string, role: string): never {
  throw new RenewdError("roles_not_held", `server ${server}: nobody holds a role named ${role}`);
}
