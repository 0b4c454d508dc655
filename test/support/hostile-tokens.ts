/** Tokens as a hostile issuer makes them: any header, any payload text, any signature (RFC 7515 compact form). */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { packClaims } from "./flowauth/jwt.ts";
import { signingKey } from "./hostile-world.ts";

export const SCOPES: Readonly<Record<string, readonly string[]>> = {
  runner: ["get_result", "run"],
  viewer: ["get_result"],
};

const otherKey: KeyObject = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const ecKey: KeyObject = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;

/** When the token is made, and until when the one in use lives; in whole seconds. */
export interface Moment {
  readonly now: number;
  readonly oldExp: number;
  readonly trap: string;
}

export type Payload = Readonly<Record<string, unknown>>;

export function truePayload({ now }: Moment): Payload {
  const claims = { sub: "flowbot", aud: "flowapi-prod", user_claims: packClaims(SCOPES) };
  return { iat: now, nbf: now, exp: now + 30 * 3_600, ...claims };
}

type Signer = (signed: string) => Buffer;

const signers = {
  true: (signed) => sign("sha256", Buffer.from(signed), signingKey.privateKey),
  other: (signed) => sign("sha256", Buffer.from(signed), otherKey),
  ec: (signed) => sign("sha256", Buffer.from(signed), { key: ecKey, dsaEncoding: "ieee-p1363" }),
  /** The public key as a shared secret. */
  mac: (signed) => createHmac("sha256", signingKey.publicPem).update(signed).digest(),
  sha512: (signed) => sign("sha512", Buffer.from(signed), signingKey.privateKey),
  pss: (signed) => sign("sha256", Buffer.from(signed), { key: signingKey.privateKey, padding: 6, saltLength: 32 }),
  none: () => Buffer.alloc(0),
} as const satisfies Record<string, Signer>;

export interface Forgery {
  /** Besides alg RS256 and typ JWT. */
  readonly header?: Payload;
  readonly headerText?: string;
  readonly payload?: Payload;
  /** Instead of the payload's JSON. */
  readonly payloadText?: string;
  readonly by?: keyof typeof signers;
}

export function forge(moment: Moment, forgery: Forgery = {}): string {
  const { by = "true", header = {}, payload = {} } = forgery;
  const head = forgery.headerText ?? JSON.stringify({ alg: "RS256", typ: "JWT", ...header });
  const body = forgery.payloadText ?? JSON.stringify({ ...truePayload(moment), ...payload });
  const signed = `${base64url(head)}.${base64url(body)}`;
  return `${signed}.${signers[by](signed).toString("base64url")}`;
}

export const otherPublicJwk: unknown = {
  ...otherKey.export({ format: "jwk" }),
  d: undefined,
  p: undefined,
  q: undefined,
};

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}
