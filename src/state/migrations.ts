import { type Kysely, sql } from "kysely";
import { type Migration, Migrator } from "kysely/migration";

const first: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of [
      `create table jobs (token text not null, target text not null, service_kind text not null, service_key text not null,
        identity text not null default '', enrolled integer not null, first_seen_at integer not null, wake_at integer not null, deadline_at integer,
        wakes integer not null default 0, lease_holder text, lease_until integer, fence integer not null default 0,
        trouble_json text, calls_json text not null default '[]', primary key (token, target))`,
      `create index jobs_by_wake on jobs (wake_at) where enrolled = 1`,
      `create index jobs_by_service on jobs (service_kind, service_key)`,
      `create table tokens (key text primary key, desired text, previous text, quarantined_json text, pause_json text,
        wish_json text, settled text, last_success_at integer)`,
      `create table targets (token text not null, label text not null, held_json text, ownership text not null default 'none',
        delivery_json text, drift_json text, observed_at integer, primary key (token, label))`,
      `create table mints (id text primary key, token text not null, data_json text not null, opened_at integer not null, closed_at integer)`,
      `create unique index one_open_mint on mints (token) where closed_at is null`,
      `create table issues (token text not null, fingerprint text not null, issuer_id text, start_at integer not null,
        exp_at integer not null, u real not null, fate text not null, accepted_json text, sealed text,
        recorded_at integer not null, primary key (token, fingerprint))`,
      `create table incidents (token text not null, target text not null, reason text not null, data_json text not null,
        primary key (token, target, reason))`,
      `create table history (id integer primary key autoincrement, token text not null, target text, at integer not null,
        type text not null, data_json text not null)`,
      `create index history_by_token on history (token, id)`,
      `create table strays (id integer primary key autoincrement, token text not null, issue_json text not null,
        sealed text not null, at integer not null)`,
      `create table breakers (kind text not null, key text not null, data_json text not null, primary key (kind, key))`,
      `create table facts (name text primary key, value real not null)`,
      `create table key_checks (kid text primary key, sealed text not null)`,
    ]) {
      await sql.raw(statement).execute(db);
    }
  },
};

const chosenSecrets: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await addColumn(db, "mints", "sealed");
    await addColumn(db, "tokens", "about_json");
    await addColumn(db, "issues", "retirement_json");
  },
};

const alertChannels: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of [
      `create table if not exists channels (key text primary key, data_json text not null)`,
      `create table if not exists tellings (channel text not null, token text not null, target text not null, reason text not null,
        data_json text not null, primary key (channel, token, target, reason))`,
    ]) {
      await sql.raw(statement).execute(db);
    }
  },
};

const lastDrifts: Migration = {
  up: (db: Kysely<unknown>) => addColumn(db, "targets", "last_drift_json"),
};

/** That it was done is recorded after it, on its own: what a death cut off is made again. */
async function addColumn(db: Kysely<unknown>, table: string, column: string): Promise<void> {
  const tables = await db.introspection.getTables();
  const columns = tables.find(({ name }) => name === table)?.columns ?? [];
  if (columns.some(({ name }) => name === column)) return;
  await db.schema.alterTable(table).addColumn(column, "text").execute();
}

/** Brings the schema up to date; a schema from a later version is refused by the migrator. */
export async function migrate(db: Kysely<unknown>): Promise<void> {
  const migrator = new Migrator({
    db,
    provider: {
      getMigrations: () =>
        Promise.resolve({
          "0001-first": first,
          "0002-chosen-secrets": chosenSecrets,
          "0003-alert-channels": alertChannels,
          "0004-last-drifts": lastDrifts,
        }),
    },
  });
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined)
    throw error instanceof Error ? error : new Error("the state's schema could not be brought up to date");
}
