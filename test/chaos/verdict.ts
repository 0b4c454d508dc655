import type { CaseReport } from "./cases.ts";
import { type RoundReport, tooManySpares } from "./round.ts";
import { STEPS } from "./steps.ts";

export interface Verdict {
  /** What is wrong, then one `name: value` a line. */
  readonly lines: readonly string[];
  readonly holds: boolean;
}

/** The sum of all that was seen, and whether it is as promised. */
export function verdictOf(
  rounds: readonly RoundReport[],
  cases: readonly CaseReport[] = [],
  broken: readonly string[] = [],
): Verdict {
  const sum = (of: (round: RoundReport) => number): number => rounds.reduce((total, each) => total + of(each), 0);
  const all = (of: (round: RoundReport) => readonly string[]): readonly string[] => rounds.flatMap(of);
  const reached = new Set(all(({ reached: names }) => names));
  const missed = [...new Set(all(({ missed: names }) => names))].filter((name) => !reached.has(name));
  const untried = STEPS.filter(({ name }) => !reached.has(name) && !missed.includes(name));
  const figures = {
    kills: sum(({ kills }) => kills),
    renewals: sum(({ reckoning }) => reckoning.accepted),
    minted: sum(({ reckoning }) => reckoning.minted),
    delivered_or_adopted: sum(({ reckoning }) => reckoning.known),
    orphans: all(({ reckoning }) => reckoning.orphans).length,
    spares: all(({ reckoning }) => reckoning.spares).length,
    made_late: sum(({ madeLate }) => madeLate),
    strays: sum(({ reckoning }) => reckoning.strays),
    unknown_until_the_next_look: all(({ unknownUntilLook }) => unknownUntilLook).length,
    reads: sum(({ reads }) => reads),
    reads_below_hold: all(({ readsBelow }) => readsBelow).length,
    least_ms_above_hold: Math.min(...rounds.map(({ leastSpareMs }) => leastSpareMs)),
    plaintext_found: all(({ plaintext }) => plaintext).length,
    left_in_peace: sum(({ breathers }) => breathers),
    steps: STEPS.length,
    steps_reached: reached.size,
    steps_not_tried: untried.length,
    steps_never_reached: missed.length,
    cases: cases.length,
    cases_not_possible_here: cases.filter(({ notPossible }) => notPossible !== null).length,
    cases_failed: cases.filter(({ wrong }) => wrong !== null).length,
  };
  const wrong = [
    ...broken,
    ...all(({ reckoning }) => reckoning.orphans).map((each) => `orphan: ${each}`),
    ...all(({ readsBelow }) => readsBelow.slice(0, 20)).map((each) => `read below hold: ${each}`),
    ...all(({ plaintext }) => plaintext).map((each) => `plaintext: ${each}`),
    ...missed.map((each) => `step never reached: ${each}`),
    ...rounds.flatMap(({ reckoning, madeLate }) => tooManySpares(reckoning, madeLate)),
    ...all((round) => round.wrong),
    ...cases.flatMap(({ name, wrong: what }) => (what === null ? [] : [`${name}: ${what}`])),
    ...(rounds.some(({ reads }) => reads === 0) ? ["nothing was ever read"] : []),
  ];
  const lines = [
    ...wrong.map((each) => `WRONG ${each}`),
    ...(rounds.length > 0 && untried.length > 0 ? [`not tried: ${untried.map(({ name }) => name).join("; ")}`] : []),
    ...Object.entries(figures).map(([name, value]) => `${name}: ${value}`),
  ];
  return { lines, holds: wrong.length === 0 };
}
