/** Issues, policies and tokens as wide apart as settings and issuers can make them. */
import fc from "fast-check";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, type Span } from "../../src/core/duration.ts";
import type { AcceptedIssue } from "../../src/core/records.ts";
import type { Policy, Window } from "../../src/core/policy.ts";
import { compileWindow } from "../../src/core/windows.ts";
import type { Pace } from "../../src/core/schedule.ts";
import type { DeclaredToken } from "../../src/core/token.ts";
import { compileCron } from "../../src/runtime/cron.ts";
import { longestClosedMs } from "../../src/settings/closed-gap.ts";
import { promiseProblem } from "../../src/settings/promise.ts";
import { declaredTarget, declaredToken, issue } from "../core/samples.ts";

/** Lengths of time of every order of magnitude up to `mostMs`; one seconds, many minutes, some exact days. */
export function length(mostMs: number, leastMs = 0): fc.Arbitrary<number> {
  const scales = [SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS, 30 * DAY_MS, 400 * DAY_MS].filter((scale) => scale < mostMs);
  const within = (max: number): fc.Arbitrary<number> => fc.integer({ min: leastMs, max: Math.max(leastMs, max) });
  return fc.oneof(
    within(mostMs),
    ...scales.map((scale) => within(scale)),
    fc.constantFrom(leastMs, ...scales.filter((scale) => scale >= leastMs)),
  );
}

const lifetime: fc.Arbitrary<number> = length(3_653 * DAY_MS, SECOND_MS);
const share: fc.Arbitrary<number> = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const span: fc.Arbitrary<Span> = fc.oneof(
  fc.double({ min: 0, max: 0.99, noNaN: true }).map((part) => ({ share: part })),
  length(100 * DAY_MS).map((ms) => ({ ms })),
);
const startAt: fc.Arbitrary<number> = fc.integer({ min: Date.UTC(2027, 0, 1), max: Date.UTC(2028, 5, 1) });

const use = fc.record({ holdMs: length(40 * DAY_MS), propagationMs: length(HOUR_MS) });

/** `startAt` lies within the two years that windows are judged by; `u` is anything that may be drawn. */
export const anyIssue: fc.Arbitrary<AcceptedIssue> = fc
  .tuple(startAt, lifetime, share)
  .map(([start, ms, u]) => issue({ startAt: start, expAt: start + ms, acceptedAt: start, u }));

export const anyPace: fc.Arbitrary<Pace> = fc.record({
  policy: fc.record({ renewBefore: span, jitter: span, repairMs: length(10 * DAY_MS) }),
  minIntervalMs: length(3 * HOUR_MS, 2 * SECOND_MS),
  uses: fc.array(use, { maxLength: 3 }),
});

interface Windows {
  readonly windows: readonly Window[];
  readonly longestClosedMs: number;
}

const OPENINGS: readonly (readonly [opens: string, forMs: number, timezone: string])[][] = [
  [],
  [["0 9 * * mon-fri", 8 * HOUR_MS, "Europe/London"]],
  [["0 22 * * *", 4 * HOUR_MS, "America/New_York"]],
  [["30 1 * * *", 10 * MINUTE_MS, "Australia/Lord_Howe"]],
  [["*/20 * * * *", MINUTE_MS, "UTC"]],
  [["0 */6 * * *", 30 * MINUTE_MS, "Africa/Casablanca"]],
  [
    ["0 6 * * sat,sun", 12 * HOUR_MS, "Asia/Kolkata"],
    ["15 12 1,15 * *", 3 * HOUR_MS, "Pacific/Apia"],
  ],
  [["0 3 * * sun", 90 * MINUTE_MS, "America/St_Johns"]],
  [["0 0 1 * *", 24 * HOUR_MS, "Europe/Berlin"]],
];
const made = new Map<number, Windows>();

/** Sets of windows from every twenty minutes to once a month, with the longest time that each stays closed. */
const anyWindows: fc.Arbitrary<Windows> = fc.nat({ max: OPENINGS.length - 1 }).map((index) => {
  let known = made.get(index);
  if (known === undefined) {
    const windows = (OPENINGS[index] ?? []).map(([opens, forMs, zone]) =>
      compileWindow(opens, forMs, zone, compileCron),
    );
    known = { windows, longestClosedMs: longestClosedMs(windows, compileCron) };
    made.set(index, known);
  }
  return known;
});

export interface Declared {
  readonly declared: DeclaredToken;
  readonly pace: Pace;
}

/** Any token, whether or not settings would accept it. */
export const anyDeclared: fc.Arbitrary<Declared & { readonly longestClosedMs: number }> = fc
  .tuple(lifetime, anyPace, anyWindows, fc.boolean(), fc.constantFrom("replace", "extend"), fc.boolean())
  .map(([lifetimeMs, wide, { windows, longestClosedMs: closed }, create, strategy, retire]) => {
    const policy: Policy = { key: "default", renewEveryMs: null, ...wide.policy, windows };
    const uses = wide.uses.length === 0 ? [{ holdMs: 0, propagationMs: 0 }] : wide.uses;
    const targets = uses.map((each, index) => declaredTarget({ label: `target-${index}`, ...each }));
    const request = { ...declaredToken().request, lifetimeMs, strategy, retire };
    const declared = declaredToken({ policy, targets, create, request });
    return { declared, pace: { policy, minIntervalMs: wide.minIntervalMs, uses: targets }, longestClosedMs: closed };
  });

/** Tokens whose promise the settings believe; holds are scaled down to the lifetime so that most can be kept. */
export const acceptedDeclared: fc.Arbitrary<Declared> = fc
  .tuple(anyDeclared, fc.double({ min: 0, max: 0.6, noNaN: true }), fc.double({ min: 0, max: 0.3, noNaN: true }))
  .map(([{ declared, pace, longestClosedMs: closed }, holdShare, shareOfRepair]) => {
    const { lifetimeMs } = declared.request;
    const targets = declared.targets.map((each) => ({
      ...each,
      holdMs: Math.min(each.holdMs, Math.floor(lifetimeMs * holdShare)),
      propagationMs: Math.min(each.propagationMs, Math.floor(lifetimeMs / 20)),
    }));
    const policy = { ...declared.policy, repairMs: Math.min(declared.policy.repairMs, lifetimeMs * shareOfRepair) };
    const request = { ...declared.request, retire: false };
    const scaled = { ...declared, targets, policy, request };
    return { declared: scaled, pace: { ...pace, policy, uses: targets }, closed };
  })
  .filter(({ declared, pace, closed }) => isAccepted(declared, pace, closed))
  .map(({ declared, pace }) => ({ declared, pace }));

function isAccepted(declared: DeclaredToken, pace: Pace, closedMs: number): boolean {
  const { lifetimeMs } = declared.request;
  return promiseProblem({ lifetimeMs, pace, uses: declared.targets, longestClosedMs: closedMs }) === undefined;
}
