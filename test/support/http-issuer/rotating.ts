/**
 * An issuer that rotates tokens as GitLab does its personal access tokens (gitlab.ts, whose words of its documentation
 * count here too), but whose tokens end at an instant and not at a day's beginning: a rotation answers the new token once
 * and revokes the old one at once; an expired or revoked one cannot rotate, and to try it with a revoked one revokes its
 * whole family.
 */
import { randomBytes } from "node:crypto";
import type { Instant } from "../../../src/core/duration.ts";
import type { Clock } from "../../../src/core/ports.ts";
import { type Answer, answer, type Call, JsonServer } from "./json-server.ts";

interface Row {
  readonly id: number;
  readonly name: string;
  readonly token: string;
  readonly scopes: readonly string[];
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
  /** The id of the first of its family. */
  readonly family: number;
  revoked: boolean;
}

export class RotatingIssuer extends JsonServer {
  readonly rows: Row[] = [];
  readonly #clock: Clock;

  constructor(clock: Clock) {
    super();
    this.#clock = clock;
  }

  /** Somebody makes a token on the web page. */
  makeByHand(name: string, scopes: readonly string[], expiresAt: Instant): Row {
    return this.#make({ name, scopes, family: this.rows.length + 1 }, expiresAt);
  }

  isActive(row: Row | undefined): row is Row {
    return row !== undefined && !row.revoked && row.expiresAt > this.#clock.now();
  }

  rowOf(token: string): Row | undefined {
    return this.rows.find((row) => row.token === token);
  }

  protected serve(call: Call): Answer {
    const row = this.rowOf(String(call.headers["private-token"]));
    if (row === undefined) return answer(401, { message: "401 Unauthorized" });
    const route = `${call.method} ${call.path}`;
    if (route === "POST /tokens/self/rotate") return this.#rotate(row, call);
    if (route !== "GET /tokens/self") return answer(404, { error: "404 Not Found" });
    return this.isActive(row) ? answer(200, shown(row)) : refusal(row);
  }

  #rotate(row: Row, call: Call): Answer {
    if (row.revoked) {
      for (const each of this.rows) if (each.family === row.family) each.revoked = true;
    }
    if (!this.isActive(row)) return refusal(row);
    const expiresAt = Date.parse(String(call.body?.["expires_at"]));
    if (!(expiresAt > this.#clock.now())) return answer(400, { message: "400 Bad request - expires_at" });
    row.revoked = true;
    const fresh = this.#make(row, expiresAt);
    return answer(200, { ...shown(fresh), token: fresh.token });
  }

  #make({ name, scopes, family }: Pick<Row, "name" | "scopes" | "family">, expiresAt: Instant): Row {
    const id = this.rows.length + 1;
    const token = `glpat-${randomBytes(15).toString("base64url")}`;
    const row = { id, name, token, scopes, createdAt: this.#clock.now(), expiresAt, family, revoked: false };
    this.rows.push(row);
    return row;
  }
}

function refusal({ revoked }: Row): Answer {
  const what = revoked ? "Token was revoked" : "Token is expired";
  return answer(401, { error: "invalid_token", error_description: `${what}. Use another.` });
}

function shown({ id, name, scopes, createdAt, expiresAt, revoked }: Row): object {
  return {
    id,
    name,
    revoked,
    active: !revoked,
    created_at: new Date(createdAt).toISOString(),
    expires_at: new Date(expiresAt).toISOString(),
    scopes,
    user_id: 42,
  };
}
