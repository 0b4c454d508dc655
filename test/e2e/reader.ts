import { createPublicKey } from "node:crypto";
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { decodeJwt, jwtVerify } from "jose";

export interface FlowClaims {
  readonly sub: string;
  readonly aud: string;
  readonly iat: number;
  readonly exp: number;
  /** `user_claims`, unpacked. */
  readonly scopes: unknown;
}

/** As FlowAPI does it: throws unless the signature is right and the token lives. */
export async function proved(token: string, publicPem: string): Promise<FlowClaims> {
  await jwtVerify(token, createPublicKey(publicPem), { algorithms: ["RS256"] });
  return claimsOf(token);
}

export function claimsOf(token: string): FlowClaims {
  const { sub = "", aud = "", iat = 0, exp = 0, user_claims: packed } = decodeJwt(token);
  const scopes: unknown = JSON.parse(gunzipSync(Buffer.from(String(packed), "base64")).toString());
  return { sub, aud: String(aud), iat, exp, scopes };
}

/** What a consumer sees that reads a file again and again, each time as if it went on to use the token for `holdMs`. */
export class Reader implements Disposable {
  reads = 0;
  readonly failures: string[] = [];
  /** The least life that any read found left. */
  leastLeftMs: number = Number.POSITIVE_INFINITY;
  /** In the order in which they were first seen. */
  readonly tokens = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  readonly #file: string;
  readonly #publicPem: string;

  constructor(file: string, publicPem: string, everyMs: number) {
    this.#file = file;
    this.#publicPem = publicPem;
    this.#timer = setInterval(() => void this.#read(), everyMs);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  async #read(): Promise<void> {
    const now = Date.now();
    try {
      const token = await readFile(this.#file, "utf8");
      const { exp } = await proved(token, this.#publicPem);
      this.tokens.add(token);
      this.leastLeftMs = Math.min(this.leastLeftMs, exp * 1000 - now);
    } catch (thrown) {
      this.failures.push(`${new Date(now).toISOString()} ${String(thrown)}`);
    }
    this.reads += 1;
  }
}
