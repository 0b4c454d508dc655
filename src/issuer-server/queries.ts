import { sql } from "kysely";
import type { IssuerDb } from "./database.ts";
import type { RoleRow, ServerRow, UserRow } from "./schema.ts";

export function userByName(db: IssuerDb, username: string): Promise<UserRow | undefined> {
  return db.selectFrom("user").selectAll().where("username", "=", username).executeTakeFirst();
}

export function userById(db: IssuerDb, id: number): Promise<UserRow | undefined> {
  return db.selectFrom("user").selectAll().where("id", "=", id).executeTakeFirst();
}

/** `id` as it stands in an address; what is not a number names no server. */
export async function serverById(db: IssuerDb, id: string): Promise<ServerRow | undefined> {
  if (!/^\d{1,15}$/.test(id)) return undefined;
  return db.selectFrom("server").selectAll().where("id", "=", Number(id)).executeTakeFirst();
}

export function serverByName(db: IssuerDb, name: string): Promise<ServerRow | undefined> {
  return db.selectFrom("server").selectAll().where("name", "=", name).executeTakeFirst();
}

export function roleByName(db: IssuerDb, serverId: number, name: string): Promise<RoleRow | undefined> {
  return db
    .selectFrom("role")
    .selectAll()
    .where("server_id", "=", serverId)
    .where("name", "=", name)
    .executeTakeFirst();
}

/** The servers on which a user holds a role, by name. */
export function serversOfUser(db: IssuerDb, userId: number): Promise<{ id: number; name: string }[]> {
  return db
    .selectFrom("server")
    .innerJoin("role", "role.server_id", "server.id")
    .innerJoin("users_with_roles", "users_with_roles.role_id", "role.id")
    .where("users_with_roles.user_id", "=", userId)
    .select(["server.id", "server.name"])
    .distinct()
    .orderBy("server.name")
    .execute();
}

/** The roles that a user holds on one server. */
export function rolesOfUser(db: IssuerDb, userId: number, serverId: number): Promise<RoleRow[]> {
  return db
    .selectFrom("role")
    .innerJoin("users_with_roles", "users_with_roles.role_id", "role.id")
    .where("users_with_roles.user_id", "=", userId)
    .where("role.server_id", "=", serverId)
    .selectAll("role")
    .orderBy("role.id")
    .execute();
}

/** The roles that were recorded when a token was minted, as they are now. */
export function rolesOfToken(db: IssuerDb, tokenId: number): Promise<RoleRow[]> {
  return db
    .selectFrom("role")
    .innerJoin("tokens_with_roles", "tokens_with_roles.role_id", "role.id")
    .where("tokens_with_roles.token_id", "=", tokenId)
    .selectAll("role")
    .orderBy("role.id")
    .execute();
}

export interface ScopeOfRole {
  readonly role_id: number;
  readonly id: number;
  readonly name: string;
}

/** The enabled scopes of some roles. */
export async function scopesOfRoles(db: IssuerDb, roleIds: readonly number[]): Promise<ScopeOfRole[]> {
  if (roleIds.length === 0) return [];
  return db
    .selectFrom("scope")
    .innerJoin("scopes_in_role", "scopes_in_role.scope_id", "scope.id")
    .where("scopes_in_role.role_id", "in", roleIds)
    .where("scope.enabled", "=", 1)
    .select(["scopes_in_role.role_id", "scope.id", "scope.name"])
    .orderBy("scope.name")
    .execute();
}

/** Role name -> scope names, for the claims of a token and for `/tokens/servers/<id>`. */
export async function scopesByRoleName(db: IssuerDb, roles: readonly RoleRow[]): Promise<Map<string, string[]>> {
  const ids = roles.map((role) => role.id);
  const scopes = await scopesOfRoles(db, ids);
  const namesOf = (roleId: number): string[] =>
    scopes.filter((each) => each.role_id === roleId).map((each) => each.name);
  return new Map(roles.map((role) => [role.name, namesOf(role.id)]));
}

export interface ListedToken {
  readonly id: number;
  readonly name: string;
  readonly sealed: string;
  readonly expiry: number;
  readonly comment: string | null;
  readonly server: string;
  readonly username: string;
  readonly roles: readonly { readonly id: number; readonly name: string }[];
}

/** Every row ever minted, the expired ones too, oldest first; narrowed to one owner and server where given. */
export async function listTokenRows(
  db: IssuerDb,
  only?: { readonly userId: number; readonly serverId: number },
): Promise<ListedToken[]> {
  let query = db
    .selectFrom("token_history as token")
    .innerJoin("server", "server.id", "token.server_id")
    .innerJoin("user", "user.id", "token.user_id")
    .select(["token.id", "token.name", "token.sealed_token as sealed", "token.expiry", "token.comment"])
    .select(["server.name as server", "user.username", rolesAsJson])
    .orderBy("token.id");
  if (only !== undefined) {
    query = query.where("token.user_id", "=", only.userId).where("token.server_id", "=", only.serverId);
  }
  const rows = await query.execute();
  return rows.map((row) => ({ ...row, roles: JSON.parse(row.roles) as ListedToken["roles"] }));
}

const rolesAsJson = sql<string>`(
  select json_group_array(json_object('id', role.id, 'name', role.name))
  from (
    select role.id, role.name from role
    join tokens_with_roles on tokens_with_roles.role_id = role.id
    where tokens_with_roles.token_id = token.id order by role.id
  ) as role
)`.as("roles");
