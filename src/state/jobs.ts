/** Enrolment, the sweep's index and the leases: the same for tokens and for targets. */
import { type Kysely, sql } from "kysely";
import { DAY_MS, type Instant, MINUTE_MS } from "../core/duration.ts";
import { ERRORS } from "../core/errors.ts";
import type { Trouble } from "../core/records.ts";
import type { Agenda, Job, Lease, ServiceKey, WakeWhich } from "../core/state-store.ts";
import { fromJson } from "./rows.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;

/** No job rightly sleeps longer; one that would was put to sleep by a clock that leapt. */
const SLEEP_MS_MAX: number = 2 * DAY_MS;
/** No lease rightly ends later; one that does was written by a clock that leapt, and is void. */
const LEASE_MS_MAX: number = 30 * MINUTE_MS;

export async function due(db: Db, now: Instant, limit: number): Promise<readonly Job[]> {
  const rows = await db
    .selectFrom("jobs")
    .select(["token", "target"])
    .where("enrolled", "=", 1)
    .where((eb) => eb.or([eb("wake_at", "<=", now), eb("wake_at", ">", now + SLEEP_MS_MAX)]))
    .where((eb) =>
      eb.or([eb("lease_until", "is", null), eb("lease_until", "<=", now), eb("lease_until", ">", now + LEASE_MS_MAX)]),
    )
    .orderBy(sql`deadline_at is null`)
    .orderBy("deadline_at")
    .orderBy("token")
    .orderBy("target")
    .limit(limit)
    .execute();
  return rows.map(({ token, target }) => ({ token, target: target === "" ? null : target }));
}

export async function nextWakeAt(db: Db): Promise<Instant | null> {
  const row = await db
    .selectFrom("jobs")
    .select((eb) => eb.fn.min("wake_at").as("at"))
    .where("enrolled", "=", 1)
    .executeTakeFirst();
  return row?.at ?? null;
}

export async function wake(db: Db, which: WakeWhich, now: Instant): Promise<void> {
  let query = db.updateTable("jobs").set({ wake_at: now, wakes: sql<number>`wakes + 1` });
  if ("token" in which) query = query.where("token", "=", which.token).where("target", "=", "");
  if ("targetsOf" in which) query = query.where("token", "=", which.targetsOf).where("target", "<>", "");
  await query.execute();
}

export async function free(db: Db, which: ServiceKey | { readonly token: string }, now: Instant): Promise<void> {
  await db.transaction().execute(async (tx) => {
    let query = tx.selectFrom("jobs").select(["token", "target", "trouble_json"]).where("trouble_json", "is not", null);
    if ("token" in which) query = query.where("token", "=", which.token);
    else query = query.where("service_kind", "=", which.kind).where("service_key", "=", which.key);
    for (const { token, target, trouble_json } of await query.execute()) {
      const trouble = fromJson(trouble_json) as Trouble | null;
      if (trouble === null || !("token" in which || ERRORS[trouble.last.code].scope === "service")) continue;
      const freed = JSON.stringify({ ...trouble, nextTryAt: Math.min(trouble.nextTryAt, now) });
      await tx
        .updateTable("jobs")
        .set({ trouble_json: freed, wake_at: now, wakes: sql<number>`wakes + 1` })
        .where("token", "=", token)
        .where("target", "=", target)
        .execute();
    }
  });
}

export async function claim(db: Db, job: Job, holder: string, now: Instant, ttlMs: number): Promise<Lease | null> {
  const row = await db
    .updateTable("jobs")
    .set({ lease_holder: holder, lease_until: now + ttlMs, fence: sql<number>`fence + 1` })
    .where("token", "=", job.token)
    .where("target", "=", job.target ?? "")
    .where((eb) =>
      eb.or([eb("lease_until", "is", null), eb("lease_until", "<=", now), eb("lease_until", ">", now + LEASE_MS_MAX)]),
    )
    .returning(["fence", "wakes"])
    .executeTakeFirst();
  return row === undefined ? null : { job, holder, fence: row.fence, wakes: row.wakes };
}

interface JobValues {
  readonly lease_until?: number;
  readonly trouble_json?: string | null;
  readonly calls_json?: string;
}

/** Changes the job's row if the lease is still held; answers whether it was. With nothing to change it only looks. */
export async function underLease(db: Db, lease: Lease, now: Instant, values: JobValues): Promise<boolean> {
  const result = await db
    .updateTable("jobs")
    .set({ ...values, lease_holder: lease.holder })
    .where("token", "=", lease.job.token)
    .where("target", "=", lease.job.target ?? "")
    .where("lease_holder", "=", lease.holder)
    .where("fence", "=", lease.fence)
    .where("lease_until", ">", now)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

export async function release(db: Db, lease: Lease, agenda: Agenda, now: Instant): Promise<boolean> {
  const wakeAt = Math.round(agenda.wakeAt);
  const result = await db
    .updateTable("jobs")
    .set({
      lease_holder: null,
      lease_until: null,
      wake_at: sql<number>`case when wakes = ${lease.wakes} then ${wakeAt} else ${now} end`,
      ...(agenda.deadlineAt === null ? {} : { deadline_at: Math.round(agenda.deadlineAt) }),
    })
    .where("token", "=", lease.job.token)
    .where("target", "=", lease.job.target ?? "")
    .where("lease_holder", "=", lease.holder)
    .where("fence", "=", lease.fence)
    .where("lease_until", ">", now)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

export async function freeLeases(db: Db): Promise<void> {
  await db
    .updateTable("jobs")
    .set({ lease_holder: null, lease_until: null })
    .where("lease_until", "is not", null)
    .execute();
}
