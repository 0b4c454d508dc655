import type { Kysely } from "kysely";
import { DAY_MS, type Instant } from "../core/duration.ts";
import type { Issue } from "../core/issue.ts";
import type { Mint } from "../core/records.ts";
import type { IssueFate, Lease, TokenChange } from "../core/state-store.ts";
import * as history from "./history.ts";
import { underLease, wake } from "./jobs.ts";
import { beginRetiring, mayRetire, retire, retireOlder } from "./retiring.ts";
import { acceptedPartOf, toJson } from "./rows.ts";
import type { Sealer } from "./sealer.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;

/** The sealed texts of a change, made before its transaction begins. */
export interface Seal {
  readonly fresh: string | null;
  readonly accepted: string | null;
  readonly chosen: string | null;
}

export async function sealOf(sealer: Sealer, change: TokenChange): Promise<Seal> {
  return {
    fresh: change.sealed === undefined ? null : await sealer.seal(change.sealed.token),
    accepted: change.accept === undefined ? null : await sealer.seal(change.accept.token),
    chosen: change.chosen === undefined ? null : await sealer.seal(change.chosen),
  };
}

/** One recorded step of a token. False, and nothing changed, when the lease was lost or what was to be superseded is no longer desired. */
export async function applyTokenChange(
  tx: Db,
  lease: Lease,
  now: Instant,
  change: TokenChange,
  seal: Seal,
): Promise<boolean> {
  const key = lease.job.token;
  if (change.accept?.over !== undefined && (await desiredOf(tx, key)) !== change.accept.over) return false;
  if (change.retiring !== undefined && !(await mayRetire(tx, key, change.retiring.fingerprint))) return false;
  if (!(await underLease(tx, lease, now, change))) return false;
  for (const { issue, fate } of change.fates ?? []) await putIssue(tx, key, issue, fate, null, now);
  if (change.mint !== undefined) await putMint(tx, key, change.mint, seal.chosen, now);
  if (change.sealed !== undefined && change.mint?.fresh != null)
    await putIssue(tx, key, change.mint.fresh, "minted", seal.fresh, now);
  if (change.accept !== undefined) await accept(tx, key, change.accept, seal.accepted, now);
  if (change.quarantine !== undefined) await quarantine(tx, key, change.quarantine, now);
  if (change.retiring !== undefined) await beginRetiring(tx, key, change.retiring);
  if (change.retired !== undefined) await retire(tx, key, change.retired);
  for (const label of change.lookAgain ?? []) await lookAgain(tx, key, label, now);
  const values = {
    ...(change.quarantine === undefined ? {} : { quarantined_json: toJson(change.quarantine) }),
    ...(change.pause === undefined ? {} : { pause_json: toJson(change.pause) }),
    ...(change.wish === undefined ? {} : { wish_json: toJson(change.wish) }),
  };
  if (Object.keys(values).length > 0) await tx.updateTable("tokens").set(values).where("key", "=", key).execute();
  await history.append(tx, change.events ?? []);
  return true;
}

async function desiredOf(tx: Db, token: string): Promise<string | null> {
  const row = await tx.selectFrom("tokens").select("desired").where("key", "=", token).executeTakeFirst();
  return row?.desired ?? null;
}

async function lookAgain(tx: Db, token: string, target: string, now: Instant): Promise<void> {
  await tx
    .updateTable("targets")
    .set({ observed_at: null })
    .where("token", "=", token)
    .where("label", "=", target)
    .execute();
  await wake(tx, { targetsOf: token }, now);
}

/** A fate that is not in use takes the sealed text away: nothing but fresh, desired, previous, retiring and quarantined stays sealed. */
async function putIssue(
  tx: Db,
  token: string,
  issue: Issue,
  fate: IssueFate,
  sealed: string | null,
  now: Instant,
): Promise<void> {
  const { fingerprint, issuerId, startAt, expAt, u } = issue;
  const values = { issuer_id: issuerId, start_at: startAt, exp_at: expAt, u, fate, sealed, retirement_json: null };
  await tx
    .insertInto("issues")
    .values({ token, fingerprint, ...values, recorded_at: now })
    .onConflict((conflict) => conflict.columns(["token", "fingerprint"]).doUpdateSet(values))
    .execute();
}

/** The text that was sealed with the mint stays, for a person may accept it; what was quarantined before goes. */
async function quarantine(tx: Db, token: string, issue: Issue | null, now: Instant): Promise<void> {
  const before = tx.updateTable("issues").set({ sealed: null }).where("token", "=", token);
  await before.where("fate", "=", "quarantined").execute();
  if (issue === null) return;
  const sealed = await tx
    .selectFrom("issues")
    .select("sealed")
    .where("token", "=", token)
    .where("fingerprint", "=", issue.fingerprint)
    .executeTakeFirst();
  await putIssue(tx, token, issue, "quarantined", sealed?.sealed ?? null, now);
}

/** The chosen secret stays as it was sealed when the mint was opened, and goes when it is closed. */
async function putMint(tx: Db, token: string, mint: Mint | null, sealed: string | null, now: Instant): Promise<void> {
  if (mint === null) {
    await tx
      .updateTable("mints")
      .set({ closed_at: now, sealed: null })
      .where("token", "=", token)
      .where("closed_at", "is", null)
      .execute();
    return;
  }
  const data_json = JSON.stringify(mint);
  await tx
    .insertInto("mints")
    .values({ id: mint.id, token, data_json, sealed, opened_at: now, closed_at: null })
    .onConflict((conflict) => conflict.column("id").doUpdateSet({ data_json }))
    .execute();
}

async function accept(
  tx: Db,
  token: string,
  { issue, retires }: NonNullable<TokenChange["accept"]>,
  sealed: string | null,
  now: Instant,
): Promise<void> {
  await putIssue(tx, token, issue, "accepted", sealed, now);
  await tx
    .updateTable("issues")
    .set({ accepted_json: JSON.stringify(acceptedPartOf(issue)) })
    .where("token", "=", token)
    .where("fingerprint", "=", issue.fingerprint)
    .execute();
  const row = await tx
    .selectFrom("tokens")
    .select(["desired", "previous"])
    .where("key", "=", token)
    .executeTakeFirstOrThrow();
  const previous = row.desired === issue.fingerprint ? row.previous : row.desired;
  if (row.desired !== issue.fingerprint) {
    await tx
      .updateTable("tokens")
      .set({ desired: issue.fingerprint, previous: row.desired })
      .where("key", "=", token)
      .execute();
    if (retires === true && row.previous !== issue.fingerprint) await retireOlder(tx, token, row.previous);
  }
  await forget(tx, token, [issue.fingerprint, previous ?? ""], now);
  await wake(tx, { targetsOf: token }, now);
}

const REMEMBERED_AFTER_EXPIRY_MS: number = 2 * DAY_MS;

/**
 * Issues that are neither in use nor retiring lose their sealed text; those long expired are forgotten, for nothing lists them
 * as live any more.
 */
export async function forget(tx: Db, token: string, inUse: readonly string[], now: Instant): Promise<void> {
  const older = tx.updateTable("issues").set({ sealed: null }).where("token", "=", token);
  const isOlder = older.where("fingerprint", "not in", inUse).where("sealed", "is not", null);
  await isOlder.where("fate", "<>", "retiring").execute();
  await tx
    .updateTable("issues")
    .set({ fate: "superseded" })
    .where("token", "=", token)
    .where("fingerprint", "not in", inUse)
    .where("fate", "=", "accepted")
    .execute();
  const long = now - REMEMBERED_AFTER_EXPIRY_MS;
  await tx
    .deleteFrom("issues")
    .where("token", "=", token)
    .where("fingerprint", "not in", inUse)
    .where("fate", "<>", "retiring")
    .where("exp_at", "<", long)
    .execute();
  await tx.deleteFrom("mints").where("token", "=", token).where("closed_at", "<", long).execute();
}
