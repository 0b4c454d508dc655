/**
 * Installation access tokens of a GitHub App, after GitHub's documentation ("Generating a JSON Web Token (JWT) for a GitHub
 * App", "Create an installation access token for an app", "Revoke an installation access token"): the app signs a JWT
 * with RS256 whose `iat` has passed and whose `exp` is at most ten minutes ahead; the answer is a 201 with a token that
 * lives an hour and the permissions it has, `metadata: read` among them always; what the installation was not granted is
 * a 422; DELETE /installation/token with the token itself ends it (204).
 */
import { createPublicKey, generateKeyPairSync, randomBytes } from "node:crypto";
import { jwtVerify } from "jose";
import type { Clock } from "../../../src/core/ports.ts";
import { type Answer, answer, bearerOf, type Call, JsonServer } from "./json-server.ts";

const HOUR_MS = 3_600_000;
const LONGEST_AHEAD_S = 600;

interface Row {
  readonly token: string;
  readonly permissions: Readonly<Record<string, string>>;
  readonly expAt: number;
  revoked: boolean;
}

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });

export class FakeGitHub extends JsonServer {
  readonly appId = "Iv23liExample";
  readonly installation = 51;
  /** As GitHub hands it out: PKCS#1. */
  readonly key: string = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  readonly granted: Readonly<Record<string, string>> = { contents: "read", issues: "write", metadata: "read" };
  readonly rows: Row[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
  }

  isGood(token: string): boolean {
    const row = this.rows.find((each) => each.token === token);
    return row !== undefined && !row.revoked && row.expAt > this.#clock.now();
  }

  protected async serve(call: Call): Promise<Answer> {
    const route = `${call.method} ${call.path}`;
    const minted = /^POST \/app\/installations\/(\d+)\/access_tokens$/.exec(route);
    if (minted !== null || route === "GET /app") {
      if (!(await this.#isApp(bearerOf(call))))
        return answer(401, { message: "A JSON web token could not be decoded" });
      if (minted === null) return answer(200, { client_id: this.appId });
      return Number(minted[1]) === this.installation ? this.#mint(call) : answer(404, { message: "Not Found" });
    }
    const row = this.rows.find((each) => each.token === bearerOf(call));
    if (row === undefined || !this.isGood(row.token)) return answer(401, { message: "Bad credentials" });
    if (route === "GET /installation/repositories") return answer(200, { total_count: 0, repositories: [] });
    if (route !== "DELETE /installation/token") return answer(404, { message: "Not Found" });
    row.revoked = true;
    return answer(204);
  }

  async #isApp(jwt: string): Promise<boolean> {
    const currentDate = new Date(this.#clock.now());
    try {
      const { payload } = await jwtVerify(jwt, createPublicKey(privateKey), { algorithms: ["RS256"], currentDate });
      const nowS = Math.floor(this.#clock.now() / 1_000);
      const { iss, iat = Infinity, exp = Infinity } = payload;
      return iss === this.appId && iat <= nowS && exp <= nowS + LONGEST_AHEAD_S;
    } catch {
      return false;
    }
  }

  #mint({ body = {} }: Call): Answer {
    const asked = (body["permissions"] ?? this.granted) as Readonly<Record<string, string>>;
    if (Object.entries(asked).some(([name, level]) => this.granted[name] !== level)) {
      return answer(422, { message: "The permissions requested are not granted to this installation." });
    }
    const permissions = { ...asked, metadata: "read" };
    const token = `ghs_${randomBytes(18).toString("hex")}`;
    const expAt = Math.floor((this.#clock.now() + HOUR_MS) / 1_000) * 1_000;
    this.rows.push({ token, permissions, expAt, revoked: false });
    const expires_at = new Date(expAt).toISOString().replace(".000Z", "Z");
    return answer(201, { token, expires_at, permissions, repository_selection: "all" });
  }
}
