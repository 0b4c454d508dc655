import type { Generated, Selectable } from "kysely";
import type { Instant } from "../core/duration.ts";

/**
 * The tables of FlowAuth (fact sheet §7), with its names, except that a column of sealed or hashed text
 * says so in its name. Instants are epoch milliseconds in UTC. SQLite has no booleans: 0 and 1.
 */
export interface IssuerTables {
  readonly server: ServerTable;
  readonly role: RoleTable;
  readonly scope: ScopeTable;
  readonly scopes_in_role: { readonly scope_id: number; readonly role_id: number };
  readonly user: UserTable;
  readonly users_with_roles: { readonly user_id: number; readonly role_id: number };
  readonly two_factor_auth: TwoFactorTable;
  readonly token_history: TokenHistoryTable;
  readonly tokens_with_roles: { readonly token_id: number; readonly role_id: number };
  /** Facts about the file itself. `key_check` is a sealed constant that only the right key opens. */
  readonly meta: { readonly name: string; readonly value: string };
}

interface ServerTable {
  readonly id: Generated<number>;
  readonly name: string;
  readonly latest_token_expiry: Instant | null;
  readonly longest_token_life_minutes: number;
}

interface RoleTable {
  readonly id: Generated<number>;
  readonly name: string;
  readonly server_id: number;
  readonly latest_token_expiry: Instant | null;
  readonly longest_token_life_minutes: number;
}

interface ScopeTable {
  readonly id: Generated<number>;
  readonly name: string;
  readonly enabled: number;
  readonly server_id: number;
}

interface UserTable {
  readonly id: Generated<number>;
  readonly username: string;
  readonly password_hash: string;
  readonly is_admin: number;
  readonly require_two_factor: number | null;
}

interface TwoFactorTable {
  readonly user_id: number;
  readonly sealed_secret: string;
  /** The 30-second step of the last code that was taken; no code of it, or of an earlier one, is taken again. */
  readonly last_used_step: number | null;
}

interface TokenHistoryTable {
  readonly id: Generated<number>;
  readonly name: string;
  readonly sealed_token: string;
  readonly expiry: Instant;
  readonly user_id: number;
  readonly server_id: number;
  /** Not a column of FlowAuth: what the token is for, in the words of whoever asked for it. */
  readonly comment: string | null;
}

export type ServerRow = Selectable<ServerTable>;
export type RoleRow = Selectable<RoleTable>;
export type UserRow = Selectable<UserTable>;
