/** Enrolment, the sweep's index and the leases: the same for tokens and for targets. */
import { type Kysely, sql, type SqlBool } from "kysely";
import { CALLS_PER_HOUR_ONE, withRoom } from "../core/backoff.ts";
import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "../core/duration.ts";
import { ERRORS } from "../core/errors.ts";
import type { Trouble } from "../core/records.ts";
import type { Agenda, Job, Lease, ServiceKey, WakeWhich } from "../core/state-store.ts";
import { prepared } from "./prepared.ts";
import { fromJson, toJson } from "./rows.ts";
import type { Tables } from "./tables.ts";

type Db = Kysely<Tables>;

/** No job rightly sleeps longer; one that would was put to sleep by a clock that leapt. */
const SLEEP_MS_MAX: number = 8 * DAY_MS;
/** A breaker holds nobody back for longer. */
const HELD_BACK_MS_MAX: number = HOUR_MS;
/** No lease rightly ends later; one that does was written by a clock that leapt, and is void. */
const LEASE_MS_MAX: number = 30 * MINUTE_MS;

/** Written out: an argument would keep SQLite from using the index over the enrolled jobs. */
const ENROLLED = sql<SqlBool>`enrolled = 1`;

const idle = (db: Db, now: Instant, leaseEndAt: Instant) =>
  db
    .selectFrom("jobs")
    .select(["token", "target", "deadline_at"])
    .where(ENROLLED)
    .where((eb) =>
      eb.or([eb("lease_until", "is", null), eb("lease_until", "<=", now), eb("lease_until", ">", leaseEndAt)]),
    );
const anyDue = prepared((db, now: Instant, leaseEndAt: Instant, sleepEndAt: Instant, limit: number) =>
  idle(db, now, leaseEndAt)
    .where("wake_at", "<=", now)
    .unionAll(idle(db, now, leaseEndAt).where("wake_at", ">", sleepEndAt))
    .limit(limit),
);
const firstWoken = prepared((db, now: Instant, leaseEndAt: Instant, limit: number) =>
  idle(db, now, leaseEndAt)
    .where("wake_at", "<=", now)
    .orderBy(sql`deadline_at is null`)
    .orderBy("deadline_at")
    .orderBy("token")
    .orderBy("target")
    .limit(limit),
);
/** Mostly a few are due or none, and are all there is: then SQLite need not set up a sorter, which costs more than the look. */
export async function due(db: Db, now: Instant, limit: number): Promise<readonly Job[]> {
  const leaseEndAt = now + LEASE_MS_MAX;
  let { rows } = await anyDue(db, now, leaseEndAt, now + SLEEP_MS_MAX, limit + 1);
  if (rows.length > limit) ({ rows } = await firstWoken(db, now, leaseEndAt, limit));
  return rows.toSorted(byDeadline).map(({ token, target }) => ({ token, target: target === "" ? null : target }));
}

type DueRow = Pick<Tables["jobs"], "token" | "target" | "deadline_at">;

function byDeadline(a: DueRow, b: DueRow): number {
  const [first, second] = [a.deadline_at ?? Infinity, b.deadline_at ?? Infinity];
  if (first !== second) return first - second;
  if (a.token !== b.token) return a.token < b.token ? -1 : 1;
  return a.target < b.target ? -1 : 1;
}

const firstWake = prepared((db) =>
  db
    .selectFrom("jobs")
    .select((eb) => eb.fn.min("wake_at").as("at"))
    .where(ENROLLED),
);

export async function nextWakeAt(db: Db): Promise<Instant | null> {
  return (await firstWake(db)).rows[0]?.at ?? null;
}

export async function wake(db: Db, which: WakeWhich, now: Instant): Promise<void> {
  let query = db.updateTable("jobs").set({ wake_at: now, wakes: sql<number>`wakes + 1` });
  if ("token" in which) query = query.where("token", "=", which.token).where("target", "=", "");
  if ("service" in which) {
    const { kind, key } = which.service;
    const users = db.selectFrom("jobs").select("token").where("service_kind", "=", kind).where("service_key", "=", key);
    query = query.where("token", "in", users).where("wake_at", "<=", now + HELD_BACK_MS_MAX);
  }
  if ("targetsOf" in which) query = query.where("token", "=", which.targetsOf).where("target", "<>", "");
  await query.execute();
}

export async function free(db: Db, which: ServiceKey | { readonly token: string }, now: Instant): Promise<void> {
  await db.transaction().execute(async (tx) => {
    let query = tx
      .selectFrom("jobs")
      .select(["token", "target", "trouble_json", "calls_json"])
      .where("trouble_json", "is not", null);
    if ("token" in which) query = query.where("token", "=", which.token);
    else query = query.where("service_kind", "=", which.kind).where("service_key", "=", which.key);
    for (const { token, target, trouble_json, calls_json } of await query.execute()) {
      const trouble = fromJson(trouble_json) as Trouble | null;
      if (trouble === null || !("token" in which || ERRORS[trouble.last.code].scope === "service")) continue;
      const calls = "token" in which ? roomier(calls_json) : calls_json;
      const freed = JSON.stringify({ ...trouble, nextTryAt: Math.min(trouble.nextTryAt, now) });
      await tx
        .updateTable("jobs")
        .set({ trouble_json: freed, calls_json: calls, wake_at: now, wakes: sql<number>`wakes + 1` })
        .where("token", "=", token)
        .where("target", "=", target)
        .execute();
    }
  });
}

function roomier(callsJson: string): string {
  return JSON.stringify(withRoom((fromJson(callsJson) ?? []) as readonly Instant[], CALLS_PER_HOUR_ONE));
}

const claimed = prepared(
  (db, token: string, target: string, holder: string, now: Instant, untilAt: Instant, leaseEndAt: Instant) =>
    db
      .updateTable("jobs")
      .set({ lease_holder: holder, lease_until: untilAt, fence: sql<number>`fence + 1` })
      .where("token", "=", token)
      .where("target", "=", target)
      .where((eb) =>
        eb.or([eb("lease_until", "is", null), eb("lease_until", "<=", now), eb("lease_until", ">", leaseEndAt)]),
      )
      .returning(["fence", "wakes"]),
);

export async function claim(db: Db, job: Job, holder: string, now: Instant, ttlMs: number): Promise<Lease | null> {
  const [row] = (await claimed(db, job.token, job.target ?? "", holder, now, now + ttlMs, now + LEASE_MS_MAX)).rows;
  return row === undefined ? null : { job, holder, fence: row.fence, wakes: row.wakes };
}

/** Whether some worker has the token. */
export async function isLeased(db: Db, token: string, now: Instant): Promise<boolean> {
  const row = await db
    .selectFrom("jobs")
    .select("token")
    .where("token", "=", token)
    .where("target", "=", "")
    .where("lease_until", ">", now)
    .where("lease_until", "<=", now + LEASE_MS_MAX)
    .executeTakeFirst();
  return row !== undefined;
}

/** Who holds the lease still, and until when. */
type Hold = [token: string, target: string, holder: string, fence: number, now: Instant];

function holdOf({ job, holder, fence }: Lease, now: Instant): Hold {
  return [job.token, job.target ?? "", holder, fence, now];
}

const jobHeld = (db: Db, ...[token, target, holder, fence, now]: Hold) =>
  db
    .updateTable("jobs")
    .where("token", "=", token)
    .where("target", "=", target)
    .where("lease_holder", "=", holder)
    .where("fence", "=", fence)
    .where("lease_until", ">", now);

const extended = prepared(
  (db, token: string, target: string, holder: string, fence: number, now: Instant, untilAt: Instant) =>
    jobHeld(db, token, target, holder, fence, now).set({ lease_until: untilAt }),
);

export async function extend(db: Db, lease: Lease, now: Instant, ttlMs: number): Promise<boolean> {
  return (await extended(db, ...holdOf(lease, now), now + ttlMs)).numAffectedRows === 1n;
}

/** How the job fares, where that changes. */
interface JobValues {
  readonly trouble?: Trouble | null | undefined;
  readonly calls?: readonly Instant[] | undefined;
}

const fared = prepared(
  (
    db,
    token: string,
    target: string,
    holder: string,
    fence: number,
    now: Instant,
    keepsTrouble: number,
    trouble: string | null,
    calls: string | null,
  ) =>
    jobHeld(db, token, target, holder, fence, now).set({
      trouble_json: sql<
        string | null
      >`case when cast(${keepsTrouble} as integer) = 1 then trouble_json else ${trouble} end`,
      calls_json: sql<string>`coalesce(${calls}, calls_json)`,
    }),
);

/** Changes the job's row if the lease is still held; answers whether it was. With nothing to change it only looks. */
export async function underLease(db: Db, lease: Lease, now: Instant, values: JobValues): Promise<boolean> {
  const { trouble, calls } = values;
  const kept = trouble === undefined ? 1 : 0;
  const callsText = calls === undefined ? null : JSON.stringify(calls);
  const { numAffectedRows } = await fared(db, ...holdOf(lease, now), kept, toJson(trouble), callsText);
  return numAffectedRows === 1n;
}

const released = prepared(
  (
    db,
    token: string,
    target: string,
    holder: string,
    fence: number,
    now: Instant,
    wakes: number,
    wakeAt: Instant,
    deadlineAt: Instant | null,
  ) =>
    jobHeld(db, token, target, holder, fence, now).set({
      lease_holder: null,
      lease_until: null,
      wake_at: sql<number>`case when wakes = ${wakes} then ${wakeAt} else ${now} end`,
      deadline_at: sql<number | null>`coalesce(${deadlineAt}, deadline_at)`,
    }),
);

export async function release(db: Db, lease: Lease, agenda: Agenda, now: Instant): Promise<boolean> {
  const deadlineAt = agenda.deadlineAt === null ? null : Math.round(agenda.deadlineAt);
  const { numAffectedRows } = await released(
    db,
    ...holdOf(lease, now),
    lease.wakes,
    Math.round(agenda.wakeAt),
    deadlineAt,
  );
  return numAffectedRows === 1n;
}

export async function freeLeases(db: Db): Promise<void> {
  await db
    .updateTable("jobs")
    .set({ lease_holder: null, lease_until: null })
    .where("lease_until", "is not", null)
    .execute();
}
