import type { IssuerKind } from "../simulation/issuer-kinds.ts";

/** One of the design's ten invariants, by its number. */
export type Invariant = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10;

/** The invariants, as short as can be. */
export const INVARIANTS: Readonly<Record<Invariant, string>> = {
  1: "no reader gets less than hold",
  2: "no token that was made is forgotten",
  3: "only what was verified is written, and never over what supersedes it",
  4: "one open mint per token, and nothing without lease and fence",
  5: "a restart, a reload or another worker causes nothing by itself",
  6: "no secret stands in clear anywhere",
  7: "every failure is told before the deadline, and its end as well",
  8: "calls to what fails are bounded",
  9: "settings that cannot work are refused, and leave the old ones in force",
  10: "nothing is changed that is not renewd's",
};

/** A fault that is put into the code on purpose, and the test that must fail for it. */
export interface Mutant {
  /** What the faulty code does, in a few words with hyphens. */
  readonly name: string;
  readonly breaks: readonly Invariant[];
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly text: string;
  readonly becomes: string;
  readonly caughtBy: Catcher;
  /** With issuers of this kind `--with-simulation` tries, too, whether the simulation sees it without any test. */
  readonly simulated?: IssuerKind;
}

/** A test file, and a part of the names of those of its tests, or of the suites they are in, that are run. */
export interface Catcher {
  readonly file: string;
  readonly named: string;
}

/** The source with the fault in it. Throws when the text does not stand in it exactly once. */
export function mutate(source: string, { name, file, text, becomes }: Mutant): string {
  const parts = source.split(text);
  if (parts.length !== 2) {
    const found = parts.length === 1 ? "is not" : `stands ${parts.length - 1} times`;
    throw new Error(`the mutant ${name} no longer applies: its text ${found} in ${file}`);
  }
  return parts.join(becomes);
}
