interface Found {
  readonly seed: number;
  readonly tokens: number;
  readonly days: number;
  readonly was: string;
}

/** Worlds in which something broke once, each with what it was. They are simulated again in every run of the tests. */
export const FOUND: readonly Found[] = [
  { seed: 1006, tokens: 5, days: 160, was: "only the newest of several live tokens got a fate after a lost state" },
  {
    seed: 1051,
    tokens: 8,
    days: 160,
    was: "twenty of hundreds of unknown tokens got a fate, and the rest had to wait",
  },
  { seed: 2171, tokens: 8, days: 160, was: "a first token was minted beside one that could not be proved just then" },
];
