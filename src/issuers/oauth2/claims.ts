import { z } from "zod";
import { SECOND_MS } from "../../core/duration.ts";
import { RenewdError } from "../../core/errors.ts";
import type { TokenClaims } from "../../core/ports.ts";
import type { OAuth2Options } from "./options.ts";
import { scopesOf } from "./scopes.ts";

const seconds = z.number().nonnegative().max(253_402_300_799).nullish();
const text = z.string().nullish();
const list = z.union([z.string(), z.array(z.string())]).nullish();

/** RFC 9068 §2.2 and RFC 7662 §2.2; `azp`, `cid` and `appid` name the client and `scp` the scopes at well-known servers. */
const claimsSchema = z.object({
  iss: text,
  sub: text,
  client_id: text,
  azp: text,
  cid: text,
  appid: text,
  aud: list,
  iat: seconds,
  nbf: seconds,
  exp: seconds,
  scope: list,
  scp: list,
});

/** The token itself is at fault, not our means of proving it. */
export class FormError extends RenewdError {
  constructor(message: string) {
    super("token_rejected", message);
  }
}

/** What a token, or the server on it, says, in renewd's words. Throws a `FormError`. */
export function readClaims(
  said: unknown,
  iss: string | null,
  { subject, ignore_scopes }: Pick<OAuth2Options, "subject" | "ignore_scopes">,
): TokenClaims {
  const read = claimsSchema.safeParse(said);
  if (!read.success)
    throw new FormError(`its claim ${read.error.issues[0]?.path.join(".") || "set"} is of a wrong type`);
  const claims = read.data;
  if (iss !== null && claims.iss !== iss) throw new FormError(`its issuer (\`iss\`) is not ${iss}`);
  const client = claims.client_id ?? claims.azp ?? claims.cid ?? claims.appid ?? null;
  const scopes = claims.scope ?? claims.scp;
  return {
    subject: subject === undefined && client !== null ? client : (claims.sub ?? null),
    audiences: [claims.aud ?? []].flat(),
    issuedAt: toInstant(claims.iat),
    notBeforeAt: toInstant(claims.nbf),
    expAt: toInstant(claims.exp),
    scopes: scopes === undefined || scopes === null ? null : readScopes(scopes, ignore_scopes),
  };
}

function readScopes(given: string | readonly string[], ignored: readonly string[]): TokenClaims["scopes"] {
  try {
    return scopesOf(given, ignored);
  } catch (error) {
    throw error instanceof RenewdError ? new FormError(error.message) : error;
  }
}

function toInstant(value: number | null | undefined): number | null {
  return value === undefined || value === null ? null : Math.floor(value * SECOND_MS);
}
