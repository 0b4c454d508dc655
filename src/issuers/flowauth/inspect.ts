import type { KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { compactVerify, decodeProtectedHeader, errors } from "jose";
import { z } from "zod";
import { RenewdError, toRenewdError } from "../../core/errors.ts";
import { SECOND_MS } from "../../core/duration.ts";
import type { Inspection, TokenClaims } from "../../core/ports.ts";
import type { SecretText } from "../../core/secret-text.ts";
import type { PublicKeys } from "./keys.ts";

const MOST_TOKEN_BYTES = 64 * 1024;
const MOST_CLAIMS_BYTES = 1024 * 1024;
const ALGORITHM = "RS256";
const COMPACT_FORM = /^[\w-]+\.[\w-]+\.[\w-]*$/;

const seconds = z.number().nonnegative().max(253_402_300_799).nullish();
const payloadSchema = z.object({
  sub: z.string().nullish(),
  aud: z.union([z.string(), z.array(z.string())]).nullish(),
  iat: seconds,
  nbf: seconds,
  exp: seconds,
  user_claims: z.string(),
});
const scopesSchema = z.record(z.string(), z.array(z.string()));

const unpack = promisify(gunzip);

/** Proves a token by signature alone; whether it is valid now, and what it may do, is for the caller to judge. Never throws. */
export async function inspect(keys: PublicKeys, token: SecretText, signal: AbortSignal): Promise<Inspection> {
  try {
    const wrong = checkHeader(token);
    if (wrong !== undefined) return wrong;
    const { keys: known, errors: unread } = await keys.read(signal);
    const payload = await firstProof(known, token);
    if (payload !== undefined) return { outcome: "proved", claims: await readClaims(payload) };
    if (unread[0] !== undefined) return { outcome: "unknown", error: unread[0] };
    return {
      outcome: "refuted",
      check: "signature",
      message: `none of ${known.length} public keys made its signature`,
    };
  } catch (thrown) {
    if (thrown instanceof FormError) return { outcome: "refuted", check: "form", message: thrown.message };
    return { outcome: "unknown", error: toRenewdError(thrown) };
  }
}

function checkHeader(token: SecretText): Inspection | undefined {
  if (token.lengthBytes > MOST_TOKEN_BYTES) throw new FormError(`it is larger than ${MOST_TOKEN_BYTES} bytes`);
  // Decoders of base64 forgive line breaks; consumers of the token do not.
  if (!COMPACT_FORM.test(token.reveal())) throw new FormError("it is not a JWT");
  let algorithm: unknown;
  try {
    algorithm = decodeProtectedHeader(token.reveal()).alg;
  } catch {
    throw new FormError("it is not a JWT");
  }
  if (algorithm === ALGORITHM) return undefined;
  return { outcome: "refuted", check: "algorithm", message: `its algorithm is not ${ALGORITHM}` };
}

/** The payload as soon as one key proves it. Dates are not judged here, so this is JWS (RFC 7515), not JWT validation. */
async function firstProof(keys: readonly KeyObject[], token: SecretText): Promise<Uint8Array | undefined> {
  for (const key of keys) {
    try {
      return (await compactVerify(token.reveal(), key, { algorithms: [ALGORITHM] })).payload;
    } catch (error) {
      if (error instanceof errors.JWSSignatureVerificationFailed) continue;
      throw error instanceof errors.JOSEError ? new FormError("it is not a signed JWT in compact form") : error;
    }
  }
  return undefined;
}

/** Fact sheet §6. */
async function readClaims(payload: Uint8Array): Promise<TokenClaims> {
  const claims = payloadSchema.safeParse(parseJson(payload, "its payload"));
  if (!claims.success)
    throw new FormError(`its claim ${claims.error.issues[0]?.path.join(".") || "set"} is missing or of a wrong type`);
  const { sub, aud, iat, nbf, exp, user_claims } = claims.data;
  return {
    subject: sub ?? null,
    audiences: aud === undefined || aud === null ? [] : [aud].flat(),
    issuedAt: toInstant(iat),
    notBeforeAt: toInstant(nbf),
    expAt: toInstant(exp),
    scopes: await readScopes(user_claims),
  };
}

/** base64 (with line breaks) of gzip of `{role: [scope]}`. */
async function readScopes(packed: string): Promise<Readonly<Record<string, readonly string[]>>> {
  let json: Uint8Array;
  try {
    json = await unpack(Buffer.from(packed, "base64"), { maxOutputLength: MOST_CLAIMS_BYTES });
  } catch {
    throw new FormError("its user_claims cannot be unpacked");
  }
  const claimed = parseJson(json, "its user_claims");
  // A record would leave this role out, and whoever reads the token elsewhere may not.
  if (typeof claimed === "object" && claimed !== null && Object.hasOwn(claimed, "__proto__")) {
    throw new FormError("its user_claims have a role called __proto__");
  }
  const scopes = scopesSchema.safeParse(claimed);
  if (!scopes.success) throw new FormError("its user_claims are not roles with lists of scopes");
  return scopes.data;
}

function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new FormError(`${what} is not JSON`);
  }
}

function toInstant(value: number | null | undefined): number | null {
  return value === undefined || value === null ? null : Math.floor(value * SECOND_MS);
}

/** The token itself is at fault, not our means of proving it. */
class FormError extends RenewdError {
  constructor(message: string) {
    super("token_rejected", message);
  }
}
