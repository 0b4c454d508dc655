import { compactVerify, decodeProtectedHeader, errors, type ProtectedHeaderParameters } from "jose";
import { z } from "zod";
import { RenewdError, toRenewdError } from "../../core/errors.ts";
import { SECOND_MS } from "../../core/duration.ts";
import type { Inspection, TokenClaims } from "../../core/ports.ts";
import type { SecretText } from "../../core/secret-text.ts";
import type { KeyRing, VerifyKey } from "./key-ring.ts";
import type { Verify } from "./options.ts";
import { valueAt } from "./pointer.ts";
import { readScopes } from "./readings.ts";

type ByKey = Extract<Verify, { type: "jwt" }>;

const MOST_TOKEN_BYTES = 64 * 1024;
const COMPACT_FORM = /^[\w-]+\.[\w-]+\.[\w-]*$/;

const seconds = z.number().nonnegative().max(253_402_300_799).nullish();
const payloadSchema = z.object({
  iss: z.string().nullish(),
  sub: z.string().nullish(),
  aud: z.union([z.string(), z.array(z.string())]).nullish(),
  iat: seconds,
  nbf: seconds,
  exp: seconds,
});

/** Proves a token by signature alone; whether it is valid now, and what it may do, is for the caller to judge. Never throws. */
export async function inspectJwt(
  verify: ByKey,
  ring: KeyRing,
  token: SecretText,
  signal: AbortSignal,
): Promise<Inspection> {
  try {
    const header = readHeader(token);
    const { alg } = header;
    if (alg === undefined || !verify.algorithms.some((each) => each === alg)) {
      return {
        outcome: "refuted",
        check: "algorithm",
        message: `its algorithm is not ${verify.algorithms.join(" or ")}`,
      };
    }
    const { keys, error } = await ring.keysFor(header, signal);
    const payload = (await firstProof(keys, token, alg)) ?? (await retried(ring, header, token, alg, signal));
    if (payload !== undefined) return { outcome: "proved", claims: readClaims(payload, verify) };
    if (error !== undefined) return { outcome: "unknown", error };
    return { outcome: "refuted", check: "signature", message: `none of ${keys.length} keys made its signature` };
  } catch (thrown) {
    if (thrown instanceof FormError) return { outcome: "refuted", check: "form", message: thrown.message };
    return { outcome: "unknown", error: toRenewdError(thrown) };
  }
}

/** A published set may have changed since it was read. */
async function retried(
  ring: KeyRing,
  header: ProtectedHeaderParameters,
  token: SecretText,
  algorithm: string,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const again = await ring.keysAfterReading(header, signal);
  return again === undefined ? undefined : firstProof(again.keys, token, algorithm);
}

function readHeader(token: SecretText): ProtectedHeaderParameters {
  if (token.lengthBytes > MOST_TOKEN_BYTES) throw new FormError(`it is larger than ${MOST_TOKEN_BYTES} bytes`);
  // Decoders of base64 forgive line breaks; consumers of the token do not.
  if (!COMPACT_FORM.test(token.reveal())) throw new FormError("it is not a JWT");
  try {
    return decodeProtectedHeader(token.reveal());
  } catch {
    throw new FormError("it is not a JWT");
  }
}

/** The payload as soon as one key proves it. Dates are not judged here, so this is JWS (RFC 7515), not JWT validation. */
async function firstProof(
  keys: readonly VerifyKey[],
  token: SecretText,
  algorithm: string,
): Promise<Uint8Array | undefined> {
  for (const key of keys) {
    try {
      return (await compactVerify(token.reveal(), key, { algorithms: [algorithm] })).payload;
    } catch (error) {
      // A key of another kind than the algorithm's is a TypeError of jose's.
      if (error instanceof errors.JWSInvalid) throw new FormError("it is not a signed JWT in compact form");
    }
  }
  return undefined;
}

function readClaims(bytes: Uint8Array, verify: ByKey): TokenClaims {
  const payload = parseJson(bytes);
  const read = payloadSchema.safeParse(payload);
  if (!read.success)
    throw new FormError(`its claim ${read.error.issues[0]?.path.join(".") || "set"} is of a wrong type`);
  const { iss, sub, aud, iat, nbf, exp } = read.data;
  if (verify.issuer !== undefined && iss !== verify.issuer) throw new FormError("its claim `iss` names another issuer");
  const scopes = verify.scopes === undefined ? null : readScopes(valueAt(payload, verify.scopes));
  if (scopes === undefined) throw new FormError(`what stands at ${verify.scopes ?? ""} of its claims are no scopes`);
  return {
    subject: sub ?? null,
    audiences: aud === undefined || aud === null ? [] : [aud].flat(),
    issuedAt: toInstant(iat),
    notBeforeAt: toInstant(nbf),
    expAt: toInstant(exp),
    scopes,
  };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new FormError("its payload is not JSON");
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
