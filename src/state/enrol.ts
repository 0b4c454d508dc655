import type { Kysely } from "kysely";
import type { Instant } from "../core/duration.ts";
import type { DomainEvent } from "../core/events.ts";
import type { Pause } from "../core/records.ts";
import type { Enrolment } from "../core/state-store.ts";
import * as history from "./history.ts";
import { fromJson } from "./rows.ts";
import { setMintAside } from "./set-aside.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;
type DeclaredJob = Pick<Tables["jobs"], "token" | "target" | "service_kind" | "service_key"> & { identity: string };

/** Brings the jobs in line with what is declared; see `StateStore.enrol`. */
export function enrol(db: Db, tokens: readonly Enrolment[], now: Instant): Promise<readonly DomainEvent[]> {
  return db.transaction().execute(async (tx) => {
    const events: DomainEvent[] = [];
    const rows = await tx
      .selectFrom("jobs")
      .select(["token", "target", "service_key", "identity", "enrolled"])
      .execute();
    const before = new Map(rows.map((row) => [idOf(row), row]));
    for (const job of tokens.flatMap(jobsOf)) {
      const row = before.get(idOf(job));
      before.delete(idOf(job));
      const isOther = row !== undefined && row.identity !== job.identity;
      if (isOther) events.push(...(await beginAnew(tx, job, now)));
      if (row?.enrolled !== 1 || row.service_key !== job.service_key || isOther) await enrolJob(tx, job, now);
    }
    for (const { token, target, enrolled } of before.values()) {
      if (enrolled === 0) continue;
      await tx
        .updateTable("jobs")
        .set({ enrolled: 0 })
        .where("token", "=", token)
        .where("target", "=", target)
        .execute();
    }
    await history.append(tx, events);
    return events;
  });
}

function jobsOf({ key, issuer, identity = "", targets }: Enrolment): readonly DeclaredJob[] {
  return [
    { token: key, target: "", service_kind: "issuer", service_key: issuer, identity },
    ...targets.map((target) => ({
      token: key,
      target: target.label,
      service_kind: "store",
      service_key: target.store,
      identity: target.identity ?? "",
    })),
  ];
}

function idOf(job: { readonly token: string; readonly target: string }): string {
  return JSON.stringify([job.token, job.target]);
}

async function enrolJob(tx: Db, job: DeclaredJob, now: Instant): Promise<void> {
  const { token, target, service_kind, service_key, identity } = job;
  const declared = { service_kind, service_key, identity, enrolled: 1, wake_at: now };
  await tx
    .insertInto("jobs")
    .values({ token, target, ...declared, first_seen_at: now })
    .onConflict((conflict) => conflict.columns(["token", "target"]).doUpdateSet(declared))
    .execute();
  if (target === "") {
    await tx
      .insertInto("tokens")
      .values({ key: token })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  } else {
    await tx
      .insertInto("targets")
      .values({ token, label: target })
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** The key or label now means another token or place. A lease that is held on the old one is void by its fence. */
async function beginAnew(tx: Db, { token, target }: DeclaredJob, now: Instant): Promise<readonly DomainEvent[]> {
  await tx
    .updateTable("jobs")
    .set((eb) => ({
      first_seen_at: now,
      deadline_at: null,
      trouble_json: null,
      calls_json: "[]",
      lease_holder: null,
      lease_until: null,
      fence: eb("fence", "+", 1),
    }))
    .where("token", "=", token)
    .where("target", "=", target)
    .execute();
  if (target === "") return forgetToken(tx, token, now);
  await forgetTarget(tx, token, target);
  return [];
}

/** Its issues stay known, so that what targets hold of them is recognised; none of them is in use any more. */
async function forgetToken(tx: Db, token: string, now: Instant): Promise<readonly DomainEvent[]> {
  const row = await tx.selectFrom("tokens").select("pause_json").where("key", "=", token).executeTakeFirst();
  const pause = fromJson(row?.pause_json ?? null) as Pause | null;
  await tx
    .updateTable("tokens")
    .set({
      desired: null,
      previous: null,
      quarantined_json: null,
      wish_json: null,
      settled: null,
      last_success_at: null,
      // A rollback's pause was of the other token's issues; an ordinary one is of the key, and stays.
      ...(pause?.deliveries === true ? { pause_json: null } : {}),
    })
    .where("key", "=", token)
    .execute();
  const mint = await setMintAside(tx, token, now);
  await tx.updateTable("issues").set({ sealed: null }).where("token", "=", token).execute();
  const inUse = ["accepted", "minted", "retiring"];
  await tx
    .updateTable("issues")
    .set({ fate: "superseded" })
    .where("token", "=", token)
    .where("fate", "in", inUse)
    .execute();
  if (mint === undefined || mint.kind === "extend") return [];
  return [{ type: "issue:set-aside", at: now, token, fingerprint: mint.fresh?.fingerprint ?? mint.chosen }];
}

async function forgetTarget(tx: Db, token: string, label: string): Promise<void> {
  await tx
    .updateTable("targets")
    .set({
      held_json: null,
      ownership: "none",
      delivery_json: null,
      drift_json: null,
      last_drift_json: null,
      observed_at: null,
    })
    .where("token", "=", token)
    .where("label", "=", label)
    .execute();
}
