import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { decodeJwt, importSPKI, jwtVerify } from "jose";

export interface FlowClaims {
  readonly iat: number;
  readonly nbf: number;
  readonly exp: number;
  readonly jti: string;
  readonly sub: string;
  readonly aud: string;
  readonly user_claims: string;
}

export function claimsOf(token: string): FlowClaims {
  return decodeJwt<FlowClaims>(token);
}

/** Role name -> scopes, as FlowAPI unpacks them. */
export function scopesOf(token: string): unknown {
  return JSON.parse(gunzipSync(Buffer.from(claimsOf(token).user_claims, "base64")).toString());
}

/** Throws unless the key in this file signed it. */
export async function verify(token: string, publicKeyFile: string, now: number): Promise<void> {
  const key = await importSPKI(await readFile(publicKeyFile, "utf8"), "RS256");
  await jwtVerify(token, key, { algorithms: ["RS256"], currentDate: new Date(now) });
}
