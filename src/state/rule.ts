/** What a person decided of a token's issues; see `StateStore.rule`. */
import { type Kysely, sql } from "kysely";
import type { Instant } from "../core/duration.ts";
import type { Mint, QuarantinedIssue } from "../core/records.ts";
import type { Fingerprint } from "../core/secret-text.ts";
import type { Ruling } from "../core/state-store.ts";
import { forget } from "./change-token.ts";
import { retireOlder } from "./retiring.ts";
import * as history from "./history.ts";
import { isLeased, wake } from "./jobs.ts";
import { acceptedPartOf, fromJson, type TokenRow } from "./rows.ts";
import { setMintAside } from "./set-aside.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;
type Of<R extends Ruling["rule"]> = Extract<Ruling, { rule: R }>;

/** Decides by the rows as they are in this transaction. False, and nothing changed, when they are not as they were seen. */
export async function applyRuling(tx: Db, token: string, now: Instant, ruling: Ruling): Promise<boolean> {
  const row = await tx.selectFrom("tokens").selectAll().where("key", "=", token).executeTakeFirst();
  if (row === undefined || !(await apply(tx, row, now, ruling))) return false;
  if (ruling.rule !== "rollback") await forgive(tx, token, ruling.rule === "accept" ? { calls_json: "[]" } : {});
  await history.append(tx, ruling.events);
  await wake(tx, { token }, now);
  await wake(tx, { targetsOf: token }, now);
  return true;
}

function apply(tx: Db, row: TokenRow, now: Instant, ruling: Ruling): Promise<boolean> {
  switch (ruling.rule) {
    case "rollback":
      return rollback(tx, row, ruling);
    case "accept":
      return accept(tx, row, ruling, now);
    case "discard":
      return discard(tx, row, ruling);
    case "give_up":
      return giveUp(tx, row, ruling, now);
  }
}

async function rollback(tx: Db, row: TokenRow, { from, to, pause }: Of<"rollback">): Promise<boolean> {
  if (row.desired !== from || row.previous !== to) return false;
  if (!(await isSealed(tx, row.key, to))) return false;
  await issue(tx, row.key, from).set({ fate: "withdrawn", sealed: null }).execute();
  await tx
    .updateTable("tokens")
    // That it was in all targets was said before.
    .set({ desired: to, previous: null, wish_json: null, pause_json: JSON.stringify(pause), settled: to })
    .where("key", "=", row.key)
    .execute();
  // A write may be under way while this is decided: each target is looked at anew.
  await tx
    .updateTable("targets")
    .set({ observed_at: null, delivery_json: null })
    .where("token", "=", row.key)
    .execute();
  return true;
}

async function accept(tx: Db, row: TokenRow, ruling: Of<"accept">, now: Instant): Promise<boolean> {
  const { over, grants, retires } = ruling;
  const { fingerprint, startAt, expAt } = ruling.issue;
  if (quarantinedIn(row) !== fingerprint || row.desired !== over) return false;
  if (!(await isSealed(tx, row.key, fingerprint))) return false;
  const accepted_json = JSON.stringify(acceptedPartOf(ruling.issue));
  await issue(tx, row.key, fingerprint)
    .set({ fate: "accepted", accepted_json, start_at: startAt, exp_at: expAt })
    .execute();
  await tx
    .updateTable("tokens")
    .set({ desired: fingerprint, previous: over, quarantined_json: null })
    .$if(grants, (update) => update.set({ wish_json: null }))
    .where("key", "=", row.key)
    .execute();
  if (retires === true && row.previous !== fingerprint) await retireOlder(tx, row.key, row.previous);
  const fresh = (await openMint(tx, row.key))?.fresh?.fingerprint;
  await forget(tx, row.key, [fingerprint, over ?? "", fresh ?? ""], now);
  return true;
}

async function discard(tx: Db, row: TokenRow, { quarantined }: Of<"discard">): Promise<boolean> {
  if (quarantinedIn(row) !== quarantined) return false;
  await issue(tx, row.key, quarantined).set({ sealed: null }).execute();
  await tx.updateTable("tokens").set({ quarantined_json: null }).where("key", "=", row.key).execute();
  return true;
}

/** Not while a worker has the token: the answer may be on its way to the state. */
async function giveUp(tx: Db, row: TokenRow, { mint }: Of<"give_up">, now: Instant): Promise<boolean> {
  const open = await openMint(tx, row.key);
  if (open?.id !== mint || open.fresh !== null || (await isLeased(tx, row.key, now))) return false;
  await setMintAside(tx, row.key, now);
  return true;
}

/** What failed before is over with the decision. Unless it brought a token, the calls that it took still count. */
async function forgive(tx: Db, token: string, also: { readonly calls_json?: string }): Promise<void> {
  await tx
    .updateTable("jobs")
    .set({ trouble_json: null, ...also })
    .where("token", "=", token)
    .where("target", "=", "")
    .execute();
}

export async function dropExpired(db: Db, now: Instant): Promise<void> {
  await db
    .updateTable("issues")
    .set({ sealed: null })
    .where("fate", "=", "quarantined")
    .where("sealed", "is not", null)
    .where("exp_at", "<=", now)
    .execute();
}

const issue = (tx: Db, token: string, fingerprint: Fingerprint) =>
  tx.updateTable("issues").where("token", "=", token).where("fingerprint", "=", fingerprint);

async function isSealed(tx: Db, token: string, fingerprint: Fingerprint): Promise<boolean> {
  const row = await tx
    .selectFrom("issues")
    .select(sql<number>`sealed is not null`.as("sealed"))
    .where("token", "=", token)
    .where("fingerprint", "=", fingerprint)
    .executeTakeFirst();
  return row?.sealed === 1;
}

function quarantinedIn(row: TokenRow): Fingerprint | undefined {
  return (fromJson(row.quarantined_json) as QuarantinedIssue | null)?.fingerprint;
}

async function openMint(tx: Db, token: string): Promise<Mint | null> {
  const row = await tx
    .selectFrom("mints")
    .select("data_json")
    .where("token", "=", token)
    .where("closed_at", "is", null)
    .executeTakeFirst();
  return fromJson(row?.data_json ?? null) as Mint | null;
}
