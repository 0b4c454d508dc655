import type { Kysely } from "kysely";
import type { Instant } from "../core/duration.ts";
import type { Lease, TargetChange } from "../core/state-store.ts";
import * as history from "./history.ts";
import { underLease } from "./jobs.ts";
import { toJson } from "./rows.ts";
import type { Tables } from "./tables.ts";

/** One recorded step of a target. False, and nothing changed, when the lease was lost. */
export async function applyTargetChange(
  tx: Kysely<Tables>,
  lease: Lease,
  now: Instant,
  change: TargetChange,
): Promise<boolean> {
  if (!(await underLease(tx, lease, now, change))) return false;
  const values = {
    ...(change.held === undefined ? {} : { held_json: toJson(change.held) }),
    ...(change.ownership === undefined ? {} : { ownership: change.ownership }),
    ...(change.delivery === undefined ? {} : { delivery_json: toJson(change.delivery) }),
    ...(change.drift === undefined ? {} : { drift_json: toJson(change.drift) }),
    ...(change.lastDrift === undefined ? {} : { last_drift_json: toJson(change.lastDrift) }),
    ...(change.observedAt === undefined ? {} : { observed_at: change.observedAt }),
  };
  if (Object.keys(values).length > 0) {
    await tx
      .updateTable("targets")
      .set(values)
      .where("token", "=", lease.job.token)
      .where("label", "=", lease.job.target ?? "")
      .execute();
  }
  await history.append(tx, change.events ?? []);
  return true;
}
