import { generateKeyPairSync, type KeyObject, randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import { CompactSign } from "jose";

export interface SigningKey {
  readonly privateKey: KeyObject;
  /** SPKI in PEM, as FlowAuth's operators hand it out. */
  readonly publicPem: string;
}

export function makeSigningKey(bits = 2048): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: bits });
  return { privateKey, publicPem: publicKey.export({ type: "spki", format: "pem" }).toString() };
}

/** base64 with a line break every 76 characters, of gzip of JSON: flowkit_jwt_generator's compress_claims. */
export function packClaims(claims: unknown): string {
  const packed = gzipSync(JSON.stringify(claims)).toString("base64");
  return packed.replace(/.{1,76}/g, "$&\n");
}

export interface JwtFields {
  readonly subject: string;
  readonly audience: string;
  /** Epoch ms; written in whole seconds. */
  readonly issuedAt: number;
  readonly expAt: number;
  readonly scopes: Readonly<Record<string, readonly string[]>>;
}

/** A token shaped as FlowAuth's (flowkit_jwt_generator/jwt.py): RS256, no kid, no iss. */
export function signToken(key: SigningKey, fields: JwtFields): Promise<string> {
  const issued = Math.floor(fields.issuedAt / 1000);
  return signPayload(key, {
    iat: issued,
    nbf: issued,
    jti: randomUUID(),
    user_claims: packClaims(fields.scopes),
    sub: fields.subject,
    exp: Math.floor(fields.expAt / 1000),
    aud: fields.audience,
  });
}

export function signPayload(key: SigningKey, payload: unknown): Promise<string> {
  const bytes = new TextEncoder().encode(JSON.stringify(payload));
  return new CompactSign(bytes).setProtectedHeader({ alg: "RS256", typ: "JWT" }).sign(key.privateKey);
}
