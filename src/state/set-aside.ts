import type { Kysely } from "kysely";
import type { Instant } from "../core/duration.ts";
import type { Issue } from "../core/issue.ts";
import type { Mint } from "../core/records.ts";
import type { Fingerprint } from "../core/secret-text.ts";
import { mintOf } from "./rows.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;

/**
 * Closes the open mint before what it brought was used. The token that it brought, or the secret that was chosen for it, stays
 * sealed among the strays, since it may be live at the issuer. Answers the mint; undefined when none was open.
 */
export async function setMintAside(tx: Db, token: string, now: Instant): Promise<Mint | undefined> {
  const row = await tx
    .selectFrom("mints")
    .select(["id", "data_json", "sealed"])
    .where("token", "=", token)
    .where("closed_at", "is", null)
    .executeTakeFirst();
  const mint = mintOf(row?.data_json ?? null);
  if (row === undefined || mint === null) return undefined;
  const issue = issueIn(mint);
  // What was to be extended is no other token than the one that was in use.
  const sealed = mint.fresh === null ? row.sealed : await sealedIssue(tx, token, mint.fresh.fingerprint);
  if (mint.kind !== "extend" && issue !== null && sealed !== null) {
    await tx
      .insertInto("strays")
      .values({ token, issue_json: JSON.stringify(issue), sealed, at: now })
      .execute();
  }
  await tx.updateTable("mints").set({ closed_at: now, sealed: null }).where("id", "=", row.id).execute();
  return mint;
}

/** What is known of the token that the request made or may have made. */
function issueIn({ fresh, chosen, sentAt, expAt }: Mint): Issue | null {
  if (fresh !== null || chosen === null) return fresh;
  return { fingerprint: chosen, issuerId: null, startAt: sentAt, expAt, u: 0 };
}

async function sealedIssue(tx: Db, token: string, fingerprint: Fingerprint): Promise<string | null> {
  const row = await tx
    .selectFrom("issues")
    .select("sealed")
    .where("token", "=", token)
    .where("fingerprint", "=", fingerprint)
    .executeTakeFirst();
  return row?.sealed ?? null;
}
