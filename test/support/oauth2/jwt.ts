import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { CompactSign } from "jose";

/** A key that signs tokens, and what its owner publishes of it. */
export interface TokenKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly alg: string;
  readonly jwk: Readonly<Record<string, unknown>>;
}

export function makeTokenKey(kid: string | undefined, alg = "ES256", bits = 2048): TokenKey {
  const pair = alg.startsWith("RS")
    ? generateKeyPairSync("rsa", { modulusLength: bits })
    : generateKeyPairSync("ec", { namedCurve: "P-256" });
  const named = kid === undefined ? {} : { kid };
  return { ...pair, alg, jwk: { ...pair.publicKey.export({ format: "jwk" }), ...named } };
}

/** A JWS in compact form; `header` is added to what the key says. */
export function signJwt(key: TokenKey, payload: unknown, header: object = {}): Promise<string> {
  const bytes = new TextEncoder().encode(typeof payload === "string" ? payload : JSON.stringify(payload));
  const { kid } = key.jwk;
  return new CompactSign(bytes)
    .setProtectedHeader({ alg: key.alg, ...(typeof kid === "string" ? { kid } : {}), ...header })
    .sign(key.privateKey);
}

export function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
