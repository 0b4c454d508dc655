import type { IssuerKind } from "./issuer-kinds.ts";

interface Found {
  readonly seed: number;
  readonly tokens: number;
  readonly days: number;
  /** Of all issuers. */
  readonly issuers: IssuerKind;
  readonly was: string;
}

/** Worlds in which something broke once, each with what it was. They are simulated again in every run of the tests. */
export const FOUND: readonly Found[] = [
  {
    seed: 1006,
    tokens: 5,
    days: 160,
    issuers: "named",
    was: "only the newest of several live tokens got a fate after a lost state",
  },
  {
    seed: 1051,
    tokens: 8,
    days: 160,
    issuers: "named",
    was: "twenty of hundreds of unknown tokens got a fate, and the rest had to wait",
  },
  {
    seed: 2171,
    tokens: 8,
    days: 160,
    issuers: "named",
    was: "a first token was minted beside one that could not be proved just then",
  },
];
