import { formatInstant, type Instant } from "../core/duration.ts";
import { table } from "./format.ts";

/** A token as the issuer's administrators see it: everything but its text. */
interface ListedToken {
  readonly id: number;
  readonly name: string;
  readonly username: string;
  readonly server: string;
  readonly roles: readonly string[];
  readonly expiresAt: Instant;
  /** What it is for, where that was told. */
  readonly comment: string | null;
}

export function tokenTable(tokens: readonly ListedToken[]): string {
  if (tokens.length === 0) return "no token was minted yet";
  const rows = tokens.map(({ id, name, username, server, roles, expiresAt, comment }) => {
    return [String(id), name, username, server, roles.join(","), formatInstant(expiresAt), comment ?? ""];
  });
  return table([["ID", "NAME", "USER", "SERVER", "ROLES", "EXPIRES", "COMMENT"], ...rows]);
}
