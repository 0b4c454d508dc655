import { createPrivateKey, type KeyObject } from "node:crypto";
import { SignJWT } from "jose";
import { SECOND_MS } from "../../core/duration.ts";
import { RenewdError } from "../../core/errors.ts";
import type { Clock, Random } from "../../core/ports.ts";
import type { SecretText } from "../../core/secret-text.ts";
import { parseObject } from "../answers.ts";
import type { OAuth2Options } from "./options.ts";

/** Long enough for clocks that differ a little; servers refuse long-lived ones. */
const ASSERTION_SECONDS = 120;
const ID_BYTES = 16;
const LEAST_MODULUS_BITS = 2048;

const CURVE_ALGORITHMS: Readonly<Record<string, string>> = {
  prime256v1: "ES256",
  secp384r1: "ES384",
  secp521r1: "ES512",
};

export interface SigningKey {
  readonly key: KeyObject;
  readonly algorithm: string;
  readonly id: string | undefined;
}

/** A private key as PEM or as a JWK. Throws `secret_unreadable`; the text is not repeated. */
export function parseSigningKey(secret: SecretText, options: Pick<OAuth2Options, "alg" | "key_id">): SigningKey {
  const jwk = parseObject(secret.reveal());
  let key: KeyObject;
  try {
    key = jwk === undefined ? createPrivateKey(secret.reveal()) : createPrivateKey({ key: jwk, format: "jwk" });
  } catch {
    throw unusable("is neither an unencrypted private key in PEM (PKCS#8) nor one as a JWK");
  }
  const fitting = algorithmsOf(key);
  const algorithm = options.alg ?? textOf(jwk?.["alg"]) ?? fitting[0];
  if (algorithm === undefined || !fitting.includes(algorithm)) {
    throw unusable(
      `cannot sign by ${algorithm ?? "any algorithm that is known here"}; it fits ${fitting.join(", ") || "none"}`,
    );
  }
  return { key, algorithm, id: options.key_id ?? textOf(jwk?.["kid"]) };
}

/** Those of RFC 7518 §3.1 and RFC 8037 that the key can sign by, the usual one first. */
function algorithmsOf(key: KeyObject): readonly string[] {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === "rsa" && (details?.modulusLength ?? 0) >= LEAST_MODULUS_BITS)
    return ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
  if (type === "ed25519") return ["EdDSA", "Ed25519"];
  const ofCurve = type === "ec" ? CURVE_ALGORITHMS[details?.namedCurve ?? ""] : undefined;
  return ofCurve === undefined ? [] : [ofCurve];
}

/** RFC 7523 §3: who it is, for whom, for a short while by our clock, and good for one use. */
export function signAssertion(
  { key, algorithm, id }: SigningKey,
  { clientId, audience }: { readonly clientId: string; readonly audience: string },
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Promise<string> {
  const now = Math.floor(clock.now() / SECOND_MS);
  return new SignJWT()
    .setProtectedHeader({ alg: algorithm, typ: "JWT", ...(id === undefined ? {} : { kid: id }) })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(audience)
    .setJti(random.hex(ID_BYTES))
    .setIssuedAt(now)
    .setExpirationTime(now + ASSERTION_SECONDS)
    .sign(key);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function unusable(what: string): RenewdError {
  return new RenewdError("secret_unreadable", `the text of \`private_key\` ${what}`, { sent: false });
}
