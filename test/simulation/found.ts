/** Worlds in which something broke once, each with what it was. They are simulated again in every run of the tests. */
export const FOUND: readonly {
  readonly seed: number;
  readonly tokens: number;
  readonly days: number;
  readonly was: string;
}[] = [{ seed: 9, tokens: 6, days: 60, was: "after a lost state only the newest of several live tokens got a fate" }  { seed: 503, tokens: 2, days: 125, was: "while the key was out of reach a first token was minted beside those that the issuer listed" },
];
