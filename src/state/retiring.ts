/** Issues that are to be ended at the issuer; see `TokenChange.retiring`. */
import type { Kysely } from "kysely";
import type { AcceptedIssue } from "../core/records.ts";
import type { Fingerprint } from "../core/secret-text.ts";
import type { TokenChange } from "../core/state-store.ts";
import { fromJson, toJson } from "./rows.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;

/** A person may have gone back to it since it was chosen to be ended. */
export async function mayRetire(tx: Db, token: string, fingerprint: Fingerprint): Promise<boolean> {
  const inUse = tx.selectFrom("tokens").select(["desired", "previous"]).where("key", "=", token);
  const row = await inUse.executeTakeFirst();
  if (row?.desired === fingerprint) return false;
  return row?.previous === fingerprint || (await fateOf(tx, token, fingerprint)) === "retiring";
}

export async function beginRetiring(
  tx: Db,
  token: string,
  { fingerprint, trouble }: NonNullable<TokenChange["retiring"]>,
): Promise<void> {
  const values = { fate: "retiring", retirement_json: toJson(trouble) };
  await issue(tx, token, fingerprint).set(values).execute();
  await noLongerPrevious(tx, token, fingerprint);
}

export async function retire(tx: Db, token: string, fingerprint: Fingerprint): Promise<void> {
  await issue(tx, token, fingerprint).set({ fate: "retired", sealed: null, retirement_json: null }).execute();
  await noLongerPrevious(tx, token, fingerprint);
}

/** What is previous no more because a newer one was accepted. Only what renewd itself minted is ended. */
export async function retireOlder(tx: Db, token: string, fingerprint: Fingerprint | null): Promise<void> {
  if (fingerprint === null) return;
  const row = await tx
    .selectFrom("issues")
    .select("accepted_json")
    .where("token", "=", token)
    .where("fingerprint", "=", fingerprint)
    .where("fate", "=", "accepted")
    .executeTakeFirst();
  const accepted = fromJson(row?.accepted_json ?? null) as Pick<AcceptedIssue, "origin"> | null;
  if (accepted?.origin === "minted") await issue(tx, token, fingerprint).set({ fate: "retiring" }).execute();
}

async function fateOf(tx: Db, token: string, fingerprint: Fingerprint): Promise<string | undefined> {
  const row = await tx
    .selectFrom("issues")
    .select("fate")
    .where("token", "=", token)
    .where("fingerprint", "=", fingerprint)
    .executeTakeFirst();
  return row?.fate;
}

async function noLongerPrevious(tx: Db, token: string, fingerprint: Fingerprint): Promise<void> {
  const row = tx.updateTable("tokens").set({ previous: null }).where("key", "=", token);
  await row.where("previous", "=", fingerprint).execute();
}

const issue = (tx: Db, token: string, fingerprint: Fingerprint) =>
  tx.updateTable("issues").where("token", "=", token).where("fingerprint", "=", fingerprint);
