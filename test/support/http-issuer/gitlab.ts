/**
 * GitLab's personal access tokens, after its documentation (doc/api/personal_access_tokens.md and doc/api/user_tokens.md
 * of GitLab 17): rotation answers the new token once and revokes the old one at once; a token expires at 00:00 UTC of its
 * date; an expired or revoked one cannot rotate (401), and to try it with a revoked one revokes the whole family; one
 * without the scope `api` or `self_rotate` must not (403); a date that is not to be had is a 400.
 */
import { randomBytes } from "node:crypto";
import type { Clock } from "../../../src/core/ports.ts";
import { type Answer, answer, bearerOf, type Call, JsonServer } from "./json-server.ts";

const DAY_MS = 86_400_000;
const LONGEST_DAYS = 365;

interface Row {
  readonly id: number;
  readonly name: string;
  readonly token: string;
  readonly scopes: readonly string[];
  readonly userId: number;
  readonly createdAt: number;
  /** YYYY-MM-DD. */
  readonly expires: string;
  /** The id of the first of its family. */
  readonly family: number;
  revoked: boolean;
}

export class FakeGitLab extends JsonServer {
  readonly rows: Row[] = [];
  readonly admin = "glpat-admin-7d1c5a0b6e";
  readonly #clock: Clock;

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
  }

  /** Somebody makes a token by hand, on the web page. */
  makeByHand(scopes: readonly string[], expires: string): Row {
    return this.#make("ci", scopes, expires, 42);
  }

  isActive(row: Row | undefined): row is Row {
    return row !== undefined && !row.revoked && Date.parse(`${row.expires}T00:00:00Z`) > this.#clock.now();
  }

  rowOf(token: string): Row | undefined {
    return this.rows.find((row) => row.token === token);
  }

  protected serve(call: Call): Answer {
    const given = String(call.headers["private-token"] ?? bearerOf(call));
    const route = `${call.method} ${call.path}`;
    if (route === "POST /api/v4/personal_access_tokens/self/rotate") return this.#rotate(this.rowOf(given), call);
    const rotated = /^POST \/api\/v4\/personal_access_tokens\/(\d+)\/rotate$/.exec(route);
    if (rotated !== null)
      return this.#rotate(
        this.rows.find((row) => row.id === Number(rotated[1])),
        call,
      );
    const user = /^POST \/api\/v4\/users\/(\d+)\/personal_access_tokens$/.exec(route);
    if (user !== null) return given === this.admin ? this.#create(call, Number(user[1])) : UNAUTHORIZED;
    if (route === "GET /api/v4/personal_access_tokens/self") return this.#tell(this.rowOf(given));
    return answer(404, { error: "404 Not Found" });
  }

  #tell(row: Row | undefined): Answer {
    if (row === undefined) return UNAUTHORIZED;
    return this.isActive(row) ? answer(200, shown(row)) : this.#refusal(row);
  }

  #rotate(row: Row | undefined, call: Call): Answer {
    if (row === undefined) return UNAUTHORIZED;
    if (row.revoked) {
      for (const each of this.rows) if (each.family === row.family) each.revoked = true;
    }
    if (!this.isActive(row)) return this.#refusal(row);
    if (!row.scopes.some((scope) => scope === "api" || scope === "self_rotate")) {
      return answer(403, { error: "insufficient_scope", error_description: "The request requires higher privileges" });
    }
    const expires = this.#expires(call.body?.["expires_at"], 7);
    if (expires === undefined) return OUT_OF_RANGE;
    row.revoked = true;
    const fresh = this.#make(row.name, row.scopes, expires, row.userId, row.family);
    return answer(200, { ...shown(fresh), token: fresh.token });
  }

  #create({ body = {} }: Call, userId: number): Answer {
    const { name, scopes, expires_at: asked } = body;
    if (typeof name !== "string" || !Array.isArray(scopes)) return answer(400, { error: "name is missing" });
    if (scopes.some((scope) => !["api", "read_api", "self_rotate"].includes(String(scope)))) {
      return answer(400, { error: "scopes does not have a valid value" });
    }
    const expires = this.#expires(asked, LONGEST_DAYS);
    if (expires === undefined) return OUT_OF_RANGE;
    const row = this.#make(name, scopes.map(String), expires, userId);
    return answer(201, { ...shown(row), token: row.token });
  }

  #expires(asked: unknown, otherwiseDays: number): string | undefined {
    const now = this.#clock.now();
    const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 10);
    if (asked === undefined) return dayOf(now + otherwiseDays * DAY_MS);
    if (typeof asked !== "string" || !/^\d{4}-\d\d-\d\d$/.test(asked)) return undefined;
    return asked > dayOf(now) && asked <= dayOf(now + LONGEST_DAYS * DAY_MS) ? asked : undefined;
  }

  #refusal(row: Row): Answer {
    const what = row.revoked ? "Token was revoked" : "Token is expired";
    const error_description = `${what}. You can either do re-authorization or token refresh.`;
    return answer(401, { error: "invalid_token", error_description });
  }

  #make(name: string, scopes: readonly string[], expires: string, userId: number, family?: number): Row {
    const id = this.rows.length + 1;
    const token = `glpat-${randomBytes(15).toString("base64url")}`;
    const createdAt = this.#clock.now();
    const row = { id, name, token, scopes, userId, createdAt, expires, family: family ?? id, revoked: false };
    this.rows.push(row);
    return row;
  }
}

const UNAUTHORIZED = answer(401, { message: "401 Unauthorized" });
const OUT_OF_RANGE = answer(400, { message: "400 Bad request - Expiration date must be within the allowed range" });

function shown(row: Row): object {
  return {
    id: row.id,
    name: row.name,
    revoked: row.revoked,
    created_at: new Date(row.createdAt).toISOString(),
    description: null,
    scopes: row.scopes,
    user_id: row.userId,
    last_used_at: null,
    active: !row.revoked,
    expires_at: row.expires,
  };
}
