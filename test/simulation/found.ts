interface Found {
  readonly seed: number;
  readonly tokens: number;
  readonly days: number;
  readonly was: string;
}

/** Worlds in which something broke once, each with what it was. They are simulated again in every run of the tests. */
export const FOUND: readonly Found[] = [
  { seed: 9, tokens: 6, days: 60, was: "only the newest of several live tokens got a fate after a lost state" },
  { seed: 503, tokens: 1, days: 140, was: "a first token was minted beside one that could not be proved just then" },
];
