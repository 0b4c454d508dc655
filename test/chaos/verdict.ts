import type { CaseReport } from "./cases.ts";
import type { CreationReport } from "./creations.ts";
import { KINDS } from "./kinds.ts";
import { type RoundReport, tooManySpares } from "./round.ts";
import { STEPS } from "./steps.ts";

export interface Verdict {
  /** What is wrong, then one `name: value` a line. */
  readonly lines: readonly string[];
  readonly holds: boolean;
}

interface Seen {
  readonly rounds: readonly RoundReport[];
  readonly creations?: readonly CreationReport[];
  readonly cases?: readonly CaseReport[];
  /** What could not be carried through. */
  readonly broken?: readonly string[];
}

type Figures = Readonly<Record<string, number>>;

/** The sum of all that was seen, and whether it is as promised. */
export function verdictOf({ rounds, creations = [], cases = [], broken = [] }: Seen): Verdict {
  const all = (of: (round: RoundReport) => readonly string[]): readonly string[] => rounds.flatMap(of);
  const reached = new Set(all(({ reached: names }) => names));
  const missed = [...new Set(all(({ missed: names }) => names))].filter((name) => !reached.has(name));
  const kinds = new Set(rounds.map(({ issuer }) => issuer));
  const possible = STEPS.filter((step) => step.kinds.some((kind) => kinds.has(kind)));
  const untried = possible.filter(({ name }) => !reached.has(name) && !missed.includes(name));
  const figures = {
    ...figuresOf(rounds),
    ...(creations.length === 0 ? {} : creationFigures(creations)),
    steps: possible.length,
    steps_reached: reached.size,
    steps_not_tried: untried.length,
    steps_never_reached: missed.length,
    cases: cases.length,
    cases_not_possible_here: cases.filter(({ notPossible }) => notPossible !== null).length,
    cases_failed: cases.filter(({ wrong }) => wrong !== null).length,
  };
  const wrong = [
    ...broken,
    ...rounds.flatMap(wrongIn),
    ...missed.map((each) => `step never reached: ${each}`),
    ...creations.flatMap((each) => [...each.wrong, ...each.plaintext.map((found) => `plaintext: ${found}`)]),
    ...cases.flatMap(({ name, wrong: what }) => (what === null ? [] : [`${name}: ${what}`])),
  ];
  const lines = [
    ...wrong.map((each) => `WRONG ${each}`),
    ...(rounds.length > 0 && untried.length > 0 ? [`not tried: ${untried.map(({ name }) => name).join("; ")}`] : []),
    ...(kinds.size > 1 ? KINDS.filter((kind) => kinds.has(kind)) : []).flatMap((kind) =>
      linesOf(figuresOf(rounds.filter(({ issuer }) => issuer === kind)), `${kind}_`),
    ),
    ...linesOf(figures),
  ];
  return { lines, holds: wrong.length === 0 };
}

function figuresOf(rounds: readonly RoundReport[]): Figures {
  const sum = (of: (round: RoundReport) => number): number => rounds.reduce((total, each) => total + of(each), 0);
  return {
    kills: sum(({ kills }) => kills),
    renewals: sum(({ reckoning }) => reckoning.accepted),
    minted: sum(({ reckoning }) => reckoning.minted),
    delivered_or_adopted: sum(({ reckoning }) => reckoning.known),
    orphans: sum(({ reckoning }) => reckoning.orphans.length),
    lost_with_an_answer: sum(({ reckoning }) => reckoning.lost.length),
    spares: sum(({ reckoning }) => reckoning.spares.length),
    made_late: sum(({ madeLate }) => madeLate),
    made_by_a_person: sum(({ person }) => person.made),
    discarded_by_a_person: sum(({ person }) => person.discarded),
    ended_early: sum(({ ended }) => ended),
    strays: sum(({ reckoning }) => reckoning.strays),
    unknown_until_the_next_look: sum(({ unknownUntilLook }) => unknownUntilLook.length),
    reads: sum(({ reads }) => reads),
    reads_below_hold: sum(({ readsBelow }) => readsBelow.length),
    reads_cut_off: sum(({ readsCutOff }) => readsCutOff),
    least_ms_above_hold: Math.min(...rounds.map(({ leastSpareMs }) => leastSpareMs)),
    plaintext_found: sum(({ plaintext }) => plaintext.length),
    left_in_peace: sum(({ breathers }) => breathers),
  };
}

function creationFigures(creations: readonly CreationReport[]): Figures {
  const sum = (of: (each: CreationReport) => number): number => creations.reduce((total, each) => total + of(each), 0);
  return {
    creations: creations.length,
    creations_killed: sum(({ killed }) => killed),
    creations_tokens_made: sum(({ made }) => made),
    creations_descriptions: creations.length,
    creations_orphans: sum(({ made }) => Math.max(0, made - 1)),
    creations_plaintext_found: sum(({ plaintext }) => plaintext.length),
    creations_steps_reached: new Set(creations.flatMap(({ reached }) => reached)).size,
  };
}

function wrongIn(round: RoundReport): readonly string[] {
  const { issuer, reckoning, madeLate, readsBelow, plaintext, reads } = round;
  return [
    ...reckoning.orphans.map((each) => `orphan: ${each}`),
    ...readsBelow.slice(0, 20).map((each) => `read below hold: ${each}`),
    ...plaintext.map((each) => `plaintext: ${each}`),
    ...tooManySpares(reckoning, madeLate),
    ...round.wrong,
    ...(reads === 0 ? ["nothing was ever read"] : []),
  ].map((each) => `${issuer}: ${each}`);
}

function linesOf(figures: Figures, prefix = ""): readonly string[] {
  return Object.entries(figures).map(([name, value]) => `${prefix}${name}: ${value}`);
}
