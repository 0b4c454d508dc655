import type { Kysely } from "kysely";
import { type Migration, Migrator } from "kysely/migration";
import type { IssuerTables } from "./schema.ts";

/** Brings a file to the newest schema. A file of a newer renewd is refused by the migrator. */
export async function migrate(db: Kysely<IssuerTables>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error instanceof Error ? error : new TypeError("the migrator threw no error");
}

const MIGRATIONS: Record<string, Migration> = {
  "0001-tables": {
    async up(db: Kysely<unknown>): Promise<void> {
      await createServersAndRoles(db);
      await createUsers(db);
      await createTokens(db);
      await db.schema
        .createTable("meta")
        .addColumn("name", "text", (column) => column.primaryKey().notNull())
        .addColumn("value", "text", (column) => column.notNull())
        .execute();
    },
  },
  "0002-comments": {
    async up(db: Kysely<unknown>): Promise<void> {
      await db.schema.alterTable("token_history").addColumn("comment", "varchar(500)").execute();
    },
  },
};

async function createServersAndRoles(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("server")
    .addColumn("id", "integer", (column) => column.primaryKey().autoIncrement())
    .addColumn("name", "varchar(75)", (column) => column.notNull().unique())
    .addColumn("latest_token_expiry", "integer")
    .addColumn("longest_token_life_minutes", "integer", (column) => column.notNull())
    .execute();
  await db.schema
    .createTable("role")
    .addColumn("id", "integer", (column) => column.primaryKey().autoIncrement())
    .addColumn("name", "varchar(75)", (column) => column.notNull())
    .addColumn("server_id", "integer", (column) => column.notNull().references("server.id"))
    .addColumn("latest_token_expiry", "integer")
    .addColumn("longest_token_life_minutes", "integer", (column) => column.notNull())
    .addUniqueConstraint("role_of_server", ["name", "server_id"])
    .execute();
  await db.schema
    .createTable("scope")
    .addColumn("id", "integer", (column) => column.primaryKey().autoIncrement())
    .addColumn("name", "varchar(512)", (column) => column.notNull())
    .addColumn("enabled", "integer", (column) => column.notNull().defaultTo(1))
    .addColumn("server_id", "integer", (column) => column.notNull().references("server.id"))
    .addUniqueConstraint("scope_of_server", ["name", "server_id"])
    .execute();
  await db.schema
    .createTable("scopes_in_role")
    .addColumn("scope_id", "integer", (column) => column.notNull().references("scope.id"))
    .addColumn("role_id", "integer", (column) => column.notNull().references("role.id").onDelete("cascade"))
    .addPrimaryKeyConstraint("scope_in_role", ["scope_id", "role_id"])
    .execute();
}

async function createUsers(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("user")
    .addColumn("id", "integer", (column) => column.primaryKey().autoIncrement())
    .addColumn("username", "varchar(75)", (column) => column.notNull().unique())
    .addColumn("password_hash", "text", (column) => column.notNull())
    .addColumn("is_admin", "integer", (column) => column.notNull().defaultTo(0))
    .addColumn("require_two_factor", "integer", (column) => column.defaultTo(0))
    .execute();
  await db.schema
    .createTable("users_with_roles")
    .addColumn("user_id", "integer", (column) => column.notNull().references("user.id"))
    .addColumn("role_id", "integer", (column) => column.notNull().references("role.id").onDelete("cascade"))
    .addPrimaryKeyConstraint("role_of_user", ["user_id", "role_id"])
    .execute();
  await db.schema
    .createTable("two_factor_auth")
    .addColumn("user_id", "integer", (column) => column.primaryKey().references("user.id"))
    .addColumn("sealed_secret", "text", (column) => column.notNull())
    .addColumn("last_used_step", "integer")
    .execute();
}

async function createTokens(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("token_history")
    .addColumn("id", "integer", (column) => column.primaryKey().autoIncrement())
    .addColumn("name", "varchar(75)", (column) => column.notNull())
    .addColumn("sealed_token", "text", (column) => column.notNull())
    .addColumn("expiry", "integer", (column) => column.notNull())
    .addColumn("user_id", "integer", (column) => column.notNull().references("user.id"))
    .addColumn("server_id", "integer", (column) => column.notNull().references("server.id"))
    .execute();
  await db.schema
    .createIndex("token_history_of_user")
    .on("token_history")
    .columns(["user_id", "server_id", "id"])
    .execute();
  await db.schema
    .createTable("tokens_with_roles")
    .addColumn("token_id", "integer", (column) => column.notNull().references("token_history.id"))
    .addColumn("role_id", "integer", (column) => column.notNull().references("role.id").onDelete("cascade"))
    .addPrimaryKeyConstraint("role_of_token", ["token_id", "role_id"])
    .execute();
}
