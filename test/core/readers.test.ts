import { describe, expect, it } from "vitest";
import { nextTokenConditionAt, tokenConditions } from "../../src/core/conditions.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { TargetRecord } from "../../src/core/records.ts";
import { readersOf } from "../../src/core/readers.ts";
import {
  DEADLINE,
  declaredTarget,
  EXP,
  held,
  RENEW,
  START,
  targetRecord,
  tokenView,
  trouble,
  type ViewOver,
} from "./samples.ts";

/** As "airflow" was left when the newest token could not be written there. */
const OLDER = held({ fingerprint: "bbbbbbbbbbbbbbbb", startAt: START - 9 * DAY_MS, expAt: RENEW + DAY_MS });
const OLDER_DEADLINE = OLDER.expAt - (6 * HOUR_MS + 16 * MINUTE_MS);
const [DISK, CLOUD] = [declaredTarget({ label: "disk" }), declaredTarget({ label: "cloud", holdMs: 2 * HOUR_MS })];
const declared = { targets: [DISK, CLOUD] };
const disk = (over: Partial<TargetRecord> = {}): TargetRecord => targetRecord({ label: "disk", ...over });
const cloud = (over: Partial<TargetRecord> = {}): TargetRecord => targetRecord({ label: "cloud", ...over });

describe("the readers of a token", () => {
  it("are safe as long as the first of its targets' are", () => {
    const view = tokenView({ declared });
    expect(readersOf(view, [disk(), cloud()])).toEqual({ dangerAt: DEADLINE, expAt: EXP });
    expect(readersOf(view, [disk(), cloud({ held: OLDER })])).toEqual({
      dangerAt: OLDER_DEADLINE + 4 * HOUR_MS,
      expAt: OLDER.expAt,
    });
    expect(readersOf(view, [disk({ held: OLDER }), cloud()])).toEqual({
      dangerAt: OLDER_DEADLINE,
      expAt: OLDER.expAt,
    });
  });

  it("have what is held and not what was made: nothing where the targets were seen to hold none of ours", () => {
    const view = tokenView({ declared });
    const none = { dangerAt: null, expAt: null };
    expect(readersOf(view, [disk({ held: null }), cloud({ held: null })])).toEqual(none);
    expect(readersOf(view, [disk({ held: null }), cloud()])).toEqual({ dangerAt: DEADLINE + 4 * HOUR_MS, expAt: EXP });
  });

  it("are taken to have the newest token while no target was looked at, or none is declared", () => {
    const unseen = { held: null, observedAt: null };
    const safe = { dangerAt: DEADLINE, expAt: EXP };
    expect(readersOf(tokenView({ declared }), [disk(unseen), cloud(unseen)])).toEqual(safe);
    expect(readersOf(tokenView({ declared }), [])).toEqual(safe);
    expect(readersOf(tokenView({ record: { desired: null } }), [])).toEqual({ dangerAt: null, expAt: null });
  });
});

describe("an incident of a token whose newest one no target could take", () => {
  const record: ViewOver["record"] = { trouble: trouble("store_quota", { since: RENEW }) };
  const targets = [targetRecord({ held: OLDER })];

  it("says until when the readers of what is really there are safe, and is critical by that", () => {
    const [condition] = tokenConditions(tokenView({ record }), OLDER.expAt, targets);
    expect(condition).toMatchObject({
      reason: "target_failing",
      severity: "critical",
      dangerAt: OLDER_DEADLINE,
      expAt: OLDER.expAt,
    });
    expect(tokenConditions(tokenView({ record }), OLDER.expAt)).toMatchObject([
      { severity: "warning", dangerAt: DEADLINE },
    ]);
  });

  it("is looked at again when these fall into danger, and when what they have expires", () => {
    const view = tokenView({ record });
    const half = RENEW + (OLDER_DEADLINE - RENEW) / 2;
    const at = [RENEW, half, OLDER_DEADLINE].map((now) => nextTokenConditionAt(view, now, targets));
    expect(at).toEqual([half, OLDER_DEADLINE, OLDER.expAt]);
    expect(nextTokenConditionAt(view, RENEW)).toBe(RENEW + (DEADLINE - RENEW) / 2);
  });

  it("is told at once when its readers are in danger already, though it may be over in seconds", () => {
    const passing = { trouble: trouble("issuer_timeout", { since: RENEW }) };
    expect(tokenConditions(tokenView({ record: passing }), OLDER.expAt, [targetRecord()])).toEqual([]);
    expect(tokenConditions(tokenView({ record: passing }), OLDER.expAt, targets)).toMatchObject([
      { reason: "issuer_failing", severity: "critical" },
    ]);
  });
});
