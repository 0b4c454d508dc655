/**
 * An issuer that nobody wrote an adapter for, and that does everything a little differently: JWTs under a published key
 * (RFC 7517), an API key to ask with, expiries in milliseconds, identities under `data`. Its contract is this file.
 */
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { CompactSign, exportJWK } from "jose";
import type { Clock } from "../../../src/core/ports.ts";
import { type Answer, answer, bearerOf, type Call, JsonServer } from "./json-server.ts";

const DAY_MS = 86_400_000;

interface Row {
  readonly id: string;
  readonly token: string;
  readonly roles: readonly string[];
  /** Null: no end. */
  readonly expAt: number | null;
  revoked: boolean;
}

const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });

export class FakeBureau extends JsonServer {
  readonly apiKey = "bureau-key-3f9e2a";
  readonly publicPem: string = publicKey.export({ type: "spki", format: "pem" }).toString();
  readonly roles: readonly string[] = ["read", "write"];
  readonly rows: Row[] = [];
  /** Whether a token for which no end is asked has none; else it lives a day. */
  endless = true;
  /** Under which its keys are published now. */
  kid = "one";
  readonly #clock: Clock;

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
  }

  isGood(token: string): boolean {
    const row = this.rows.find((each) => each.token === token);
    return row !== undefined && !row.revoked && (row.expAt ?? Infinity) > this.#clock.now();
  }

  protected async serve(call: Call): Promise<Answer> {
    const route = `${call.method} ${call.path}`;
    if (route === "GET /keys") {
      return answer(200, { keys: [{ ...(await exportJWK(publicKey)), kid: this.kid, use: "sig", alg: "ES256" }] });
    }
    if (route === "GET /tokens/current") return this.#tell(bearerOf(call));
    if (call.headers["x-api-key"] !== this.apiKey) return answer(401, { detail: "no such key" });
    if (route === "POST /tokens") return this.#mint(call);
    const ended = /^DELETE \/tokens\/([\w-]+)$/.exec(route);
    if (ended === null) return route === "GET /health" ? answer(200, {}) : answer(404, { detail: "no such page" });
    const row = this.rows.find((each) => each.id === ended[1]);
    if (row === undefined || !this.isGood(row.token)) return answer(410, { detail: "gone" });
    row.revoked = true;
    return answer(204);
  }

  #tell(token: string): Answer {
    const row = this.rows.find((each) => each.token === token);
    if (row === undefined) return answer(403, { detail: `${token} is none of ours` });
    const { id, roles, expAt } = row;
    return answer(200, { data: { id, sub: "robot", roles: roles.join(" "), until: expAt, live: this.isGood(token) } });
  }

  async #mint({ body = {} }: Call): Promise<Answer> {
    const roles = body["roles"] as readonly string[];
    if (roles.some((role) => !this.roles.includes(role)))
      return answer(403, { detail: `may not grant ${roles.join(" ")}` });
    const until = body["until"] as string | undefined;
    const leftOut = this.endless ? null : this.#clock.now() + DAY_MS;
    const expAt = until === undefined ? leftOut : Date.parse(until);
    const id = randomUUID();
    const iat = Math.floor(this.#clock.now() / 1_000);
    const claims = { jti: id, iss: "bureau", sub: "robot", aud: "world", iat, scope: roles.join(" ") };
    const whole = { ...claims, ...(expAt === null ? {} : { exp: Math.floor(expAt / 1_000) }) };
    const token = await new CompactSign(new TextEncoder().encode(JSON.stringify(whole)))
      .setProtectedHeader({ alg: "ES256", kid: this.kid })
      .sign(privateKey);
    this.rows.push({ id, token, roles, expAt, revoked: false });
    return answer(201, { data: { token, id }, meta: { until: expAt, roles } });
  }
}
