import type { KeyObject } from "node:crypto";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { SignJWT } from "jose";
import { type Instant, SECOND_MS } from "../core/duration.ts";
import type { Random } from "../core/ports.ts";
import { SecretText } from "../core/secret-text.ts";

export interface JwtOrder {
  readonly server: string;
  readonly username: string;
  /** Role name -> scopes. */
  readonly scopes: ReadonlyMap<string, readonly string[]>;
  readonly now: Instant;
  readonly expiry: Instant;
}

/** A token as FlowAPI reads it (FlowAuth fact sheet §6): RS256 without `kid`, whole seconds, claims gzipped. */
export async function signFlowJwt(order: JwtOrder, key: KeyObject, random: Random): Promise<SecretText> {
  const issuedAtS = Math.floor(order.now / SECOND_MS);
  const jwt = new SignJWT({
    iat: issuedAtS,
    nbf: issuedAtS,
    jti: uuid(random),
    user_claims: await compressClaims(order.scopes),
    sub: order.username,
    exp: Math.floor(order.expiry / SECOND_MS),
    aud: order.server,
  });
  return new SecretText(await jwt.setProtectedHeader({ alg: "RS256", typ: "JWT" }).sign(key));
}

/** base64 of the gzipped JSON, with a newline after every 76 characters and at the end. */
async function compressClaims(scopes: JwtOrder["scopes"]): Promise<string> {
  const sorted = [...scopes].map(([role, names]) => [role, names.toSorted()] as const);
  const packed = await promisify(gzip)(JSON.stringify(Object.fromEntries(sorted)));
  return packed.toString("base64").replace(/.{1,76}/g, "$&\n");
}

/** Version 4 (RFC 9562 §5.4). */
function uuid(random: Random): string {
  const hex = random.hex(16);
  const variant = ((Number.parseInt(hex.slice(16, 17), 16) & 0x3) | 0x8).toString(16);
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, variant + hex.slice(17, 20), hex.slice(20)].join(
    "-",
  );
}
