import { DAY_MS, type Instant, MINUTE_MS } from "../core/duration.ts";
import { RenewdError } from "../core/errors.ts";
import type { Random } from "../core/ports.ts";
import { SecretText } from "../core/secret-text.ts";
import { type IssuerDatabase, type IssuerDb, openIssuerDatabase } from "./database.ts";
import { hashPassword } from "./passwords.ts";
import { listTokenRows, roleByName, serverByName, userByName } from "./queries.ts";
import type { RoleRow, ServerRow, UserRow } from "./schema.ts";
import { toBase32 } from "./totp.ts";

const NAME_LENGTH = 75;
const SCOPE_LENGTH = 512;
const LONGEST_LIFE_MS = 36_525 * DAY_MS;
const TWO_FACTOR_BYTES = 20;

export interface ServerSpec {
  readonly name: string;
  /** Whole minutes. */
  readonly maxLifeMs: number;
  /** No token of the server outlives this instant. */
  readonly latestAt?: Instant | null;
}

export interface RoleSpec extends ServerSpec {
  readonly server: string;
  readonly scopes: readonly string[];
}

export interface UserSpec {
  readonly name: string;
  readonly password: SecretText;
  readonly admin?: boolean;
}

/** A token as administrators see it: everything but its text. */
export interface TokenSummary {
  readonly id: number;
  readonly name: string;
  readonly username: string;
  readonly server: string;
  readonly roles: readonly string[];
  readonly expiresAt: Instant;
  readonly comment: string | null;
}

/**
 * What an administrator may do, while the server runs or not. Unknown names, names that exist, and limits that cannot
 * be are `usage` errors and change nothing.
 */
export class IssuerAdmin {
  readonly #db: IssuerDb;
  readonly #database: IssuerDatabase;
  readonly #random: Random;

  constructor(database: IssuerDatabase, random: Random) {
    this.#database = database;
    this.#db = database.db;
    this.#random = random;
  }

  async addServer(spec: ServerSpec): Promise<void> {
    checkName("a server", spec.name, NAME_LENGTH);
    const minutes = wholeMinutes(spec.maxLifeMs);
    if (await this.hasServer(spec.name)) throw exists(`server ${quoted(spec.name)}`);
    await this.#db
      .insertInto("server")
      .values({
        name: spec.name,
        latest_token_expiry: spec.latestAt ?? null,
        longest_token_life_minutes: minutes,
      })
      .execute();
  }

  /** As FlowAuth, a role is allowed no more than its server is. Scopes that the server does not know yet are made. */
  async addRole(spec: RoleSpec): Promise<void> {
    checkName("a role", spec.name, NAME_LENGTH);
    const server = await this.#server(spec.server);
    const minutes = wholeMinutes(spec.maxLifeMs);
    if (minutes > server.longest_token_life_minutes) {
      throw usage(`role ${quoted(spec.name)} may not live longer than server ${quoted(server.name)} allows`);
    }
    checkRoleCap(server, spec.latestAt ?? null);
    if (await this.hasRole(spec.server, spec.name)) throw exists(`role ${quoted(spec.name)}`, server);
    await this.#db.transaction().execute(async (db) => {
      const role = await db
        .insertInto("role")
        .values({
          name: spec.name,
          server_id: server.id,
          latest_token_expiry: spec.latestAt ?? null,
          longest_token_life_minutes: minutes,
        })
        .returning("id")
        .executeTakeFirstOrThrow();
      await putScopes(db, server.id, role.id, spec.scopes);
    });
  }

  async addUser(spec: UserSpec): Promise<void> {
    checkName("a user", spec.name, NAME_LENGTH);
    if (spec.password.lengthBytes === 0) throw usage(`the password of ${quoted(spec.name)} is empty`);
    if (await this.hasUser(spec.name)) throw exists(`user ${quoted(spec.name)}`);
    const hash = await hashPassword(spec.password, this.#random);
    await this.#db
      .insertInto("user")
      .values({
        username: spec.name,
        password_hash: hash,
        is_admin: spec.admin === true ? 1 : 0,
        require_two_factor: 0,
      })
      .execute();
  }

  async grant(user: string, server: string, role: string): Promise<void> {
    if (await this.holds(user, server, role)) {
      throw usage(`${quoted(user)} already holds role ${quoted(role)} on server ${quoted(server)}`);
    }
    const ids = { user_id: (await this.#user(user)).id, role_id: (await this.#role(server, role)).id };
    await this.#db.insertInto("users_with_roles").values(ids).execute();
  }

  async revoke(user: string, server: string, role: string): Promise<void> {
    if (!(await this.holds(user, server, role))) {
      throw usage(`${quoted(user)} does not hold role ${quoted(role)} on server ${quoted(server)}`);
    }
    const [userId, roleId] = [(await this.#user(user)).id, (await this.#role(server, role)).id];
    await this.#db.deleteFrom("users_with_roles").where("user_id", "=", userId).where("role_id", "=", roleId).execute();
  }

  /** Tokens keep their row and lose the role: renewed, they carry fewer; without any left they are refused. */
  async deleteRole(server: string, role: string): Promise<void> {
    const { id } = await this.#role(server, role);
    await this.#db.deleteFrom("role").where("id", "=", id).execute();
  }

  /** Replaces the scopes; tokens get them when they are renewed. */
  async setRoleScopes(server: string, role: string, scopes: readonly string[]): Promise<void> {
    const row = await this.#role(server, role);
    await this.#db.transaction().execute(async (db) => {
      await db.deleteFrom("scopes_in_role").where("role_id", "=", row.id).execute();
      await putScopes(db, row.server_id, row.id, scopes);
    });
  }

  async setServerLatest(server: string, latestAt: Instant | null): Promise<void> {
    const { id } = await this.#server(server);
    await this.#db.updateTable("server").set({ latest_token_expiry: latestAt }).where("id", "=", id).execute();
  }

  async setRoleLatest(server: string, role: string, latestAt: Instant | null): Promise<void> {
    const row = await this.#role(server, role);
    checkRoleCap(await this.#server(server), latestAt);
    await this.#db.updateTable("role").set({ latest_token_expiry: latestAt }).where("id", "=", row.id).execute();
  }

  /** A fresh base32 secret; it replaces an earlier one. From now on the user signs in with codes made from it. */
  async enableTwoFactor(user: string): Promise<SecretText> {
    const { id } = await this.#user(user);
    const secret = new SecretText(toBase32(Buffer.from(this.#random.hex(TWO_FACTOR_BYTES), "hex")));
    const sealed = this.#database.sealer.seal("two_factor", secret);
    const fresh = { sealed_secret: sealed, last_used_step: null };
    await this.#db
      .insertInto("two_factor_auth")
      .values({ user_id: id, ...fresh })
      .onConflict((conflict) => conflict.column("user_id").doUpdateSet(fresh))
      .execute();
    return secret;
  }

  /** Every row ever minted, oldest first. */
  async listTokens(): Promise<readonly TokenSummary[]> {
    const rows = await listTokenRows(this.#db);
    return rows.map(({ id, name, username, server, roles, expiry, comment }) => {
      return { id, name, username, server, roles: roles.map((role) => role.name), expiresAt: expiry, comment };
    });
  }

  async hasServer(name: string): Promise<boolean> {
    return (await serverByName(this.#db, name)) !== undefined;
  }

  async hasRole(server: string, name: string): Promise<boolean> {
    return (await roleByName(this.#db, (await this.#server(server)).id, name)) !== undefined;
  }

  async hasUser(name: string): Promise<boolean> {
    return (await userByName(this.#db, name)) !== undefined;
  }

  async holds(user: string, server: string, role: string): Promise<boolean> {
    const [userId, roleId] = [(await this.#user(user)).id, (await this.#role(server, role)).id];
    const row = await this.#db
      .selectFrom("users_with_roles")
      .select("role_id")
      .where("user_id", "=", userId)
      .where("role_id", "=", roleId)
      .executeTakeFirst();
    return row !== undefined;
  }

  close(): Promise<void> {
    return this.#database.close();
  }

  async #server(name: string): Promise<ServerRow> {
    const server = await serverByName(this.#db, name);
    if (server === undefined) throw usage(`there is no server ${quoted(name)}`);
    return server;
  }

  async #role(serverName: string, name: string): Promise<RoleRow> {
    const server = await this.#server(serverName);
    const role = await roleByName(this.#db, server.id, name);
    if (role === undefined) throw usage(`there is no role ${quoted(name)} on server ${quoted(serverName)}`);
    return role;
  }

  async #user(name: string): Promise<UserRow> {
    const user = await userByName(this.#db, name);
    if (user === undefined) throw usage(`there is no user ${quoted(name)}`);
    return user;
  }
}

export interface IssuerAdminDeps {
  readonly random: Random;
}

/** Opens the database of an issuer, which may be running, or makes a new one. Throws `state_key`, `state_unreadable`. */
export async function openIssuerAdmin(dbFile: string, deps: IssuerAdminDeps): Promise<IssuerAdmin> {
  return new IssuerAdmin(await openIssuerDatabase(dbFile, deps.random), deps.random);
}

async function putScopes(db: IssuerDb, serverId: number, roleId: number, scopes: readonly string[]): Promise<void> {
  for (const name of new Set(scopes)) {
    checkName("a scope", name, SCOPE_LENGTH);
    await db
      .insertInto("scope")
      .values({ name, enabled: 1, server_id: serverId })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
    const scope = await db
      .selectFrom("scope")
      .select("id")
      .where("server_id", "=", serverId)
      .where("name", "=", name)
      .executeTakeFirstOrThrow();
    await db.insertInto("scopes_in_role").values({ scope_id: scope.id, role_id: roleId }).execute();
  }
}

function checkName(what: string, name: string, longest: number): void {
  if (name === "" || name.length > longest) throw usage(`the name of ${what} has 1 to ${longest} characters`);
}

function checkRoleCap(server: ServerRow, latestAt: Instant | null): void {
  if (server.latest_token_expiry !== null && latestAt !== null && latestAt > server.latest_token_expiry) {
    throw usage(`a role's latest expiry may not be after that of server ${quoted(server.name)}`);
  }
}

/** The protocol counts in minutes. */
function wholeMinutes(maxLifeMs: number): number {
  const minutes = maxLifeMs / MINUTE_MS;
  if (Number.isInteger(minutes) && minutes >= 1 && maxLifeMs <= LONGEST_LIFE_MS) return minutes;
  throw usage("a longest life is a whole number of minutes, at least one and at most a hundred years");
}

function usage(message: string): RenewdError {
  return new RenewdError("usage", message, { sent: false });
}

function exists(what: string, server?: ServerRow): RenewdError {
  return usage(`there is a ${what} already${server === undefined ? "" : ` on server ${quoted(server.name)}`}`);
}

function quoted(name: string): string {
  return JSON.stringify(name);
}
