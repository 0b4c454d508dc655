import { compactVerify, decodeProtectedHeader, errors, type ProtectedHeaderParameters } from "jose";
import { RenewdError } from "../../core/errors.ts";
import { FormError } from "./claims.ts";
import type { KeySet } from "./keys.ts";

const COMPACT_FORM = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/** The header of a JWT in compact form (RFC 7515 §7.1); undefined for any other text. */
export function headerOf(token: string): ProtectedHeaderParameters | undefined {
  // Decoders of base64 forgive line breaks; consumers of the token do not.
  if (!COMPACT_FORM.test(token)) return undefined;
  try {
    const header = decodeProtectedHeader(token);
    return typeof header.alg === "string" ? header : undefined;
  } catch {
    return undefined;
  }
}

export type Proof =
  | { readonly outcome: "proved"; readonly payload: Uint8Array }
  /** None of the keys made the signature. `named`: the key that the token names is among them. */
  | { readonly outcome: "unproved"; readonly named: boolean };

/** Dates are not judged here, so this is JWS (RFC 7515), not JWT validation. Throws a `FormError` or `key_unreachable`. */
export async function prove(set: KeySet, token: string, algorithms: readonly string[]): Promise<Proof> {
  const options = { algorithms: [...algorithms] };
  const named = headerOf(token)?.kid !== undefined;
  try {
    return { outcome: "proved", payload: (await compactVerify(token, set.resolve, options)).payload };
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return { outcome: "unproved", named: false };
    if (error instanceof errors.JWSSignatureVerificationFailed) return { outcome: "unproved", named };
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw toFault(error);
    for await (const key of error) {
      const payload = await compactVerify(token, key, options).then(
        (verified) => verified.payload,
        (fault: unknown) => {
          if (!(fault instanceof errors.JWSSignatureVerificationFailed)) throw toFault(fault);
        },
      );
      if (payload !== undefined) return { outcome: "proved", payload };
    }
    return { outcome: "unproved", named };
  }
}

/** A key of the set that cannot be used (too short, malformed) shows as another kind of error. */
function toFault(error: unknown): RenewdError {
  if (error instanceof errors.JWSInvalid || error instanceof errors.JOSENotSupported)
    return new FormError("it is not a signed JWT in compact form");
  return new RenewdError("key_unreachable", "a key of the issuer cannot be used to verify with", { cause: error });
}
