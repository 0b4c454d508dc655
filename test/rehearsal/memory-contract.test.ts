/** The state in memory under the contract of every state, but for what no simulation does. */
import { afterAll, beforeEach, describe, expect } from "vitest";
import { MemoryState } from "../../src/simulation/memory-state.ts";
import { useState } from "../contracts/state-bench.ts";
import { jobsContract } from "../contracts/state-jobs.ts";
import { leasesContract } from "../contracts/state-leases.ts";
import { recordsContract } from "../contracts/state-records.ts";
import { retiringContract } from "../contracts/state-retiring.ts";
import { stepsContract } from "../contracts/state-steps.ts";

const LEFT_OUT: ReadonlySet<string> = new Set([
  // Settings that change.
  "of a target that is another place now begins anew: nothing is believed of it that was learnt of the other",
  "of a token that is another one now has no token in use, and knows the old one as superseded",
  "makes what is no longer declared no longer due, and deletes nothing",
  // A clock that leaps.
  "counts a wake that is further off than any can rightly be as come",
  "that ends later than any can rightly do was written by another clock and is void",
  // What a person decides or makes.
  "is gone when the token begins anew, and when a person gives the mint up",
  "of a token that is not there is answered with false",
  "as leave to adopt is noted, ends the target's backoff and wakes it",
  "is told with its record, and stands in no list of the declared ones",
  "is never due by itself, and is not forgotten when others are enrolled",
  "is asked for, worked on and accepted like any",
  "described again keeps its record and says what it is now",
  "shares its issuer's service, and its issues are told by their fingerprint",
  // Who was told, and the history.
  "are told by channels, each of which is known by what it was last told until it was told the end",
  "of a channel that is forgotten nothing is known, and of the others all",
  "keep the labels that they were told with",
  "of an earlier version, which did not say what comes next, are to be told again at once",
  "needs no lease, is written into the history, and wakes the token",
  "a step of a target records its parts and leaves the absent ones as they are",
  "stand in the history of their token; the daemon's own in none",
  "history is newest first, bounded by what is asked for, and of one token",
]);

describe("state: in memory", () => {
  const unseen = new Set(LEFT_OUT);
  beforeEach(({ task, skip }) => {
    unseen.delete(task.name);
    skip(LEFT_OUT.has(task.name));
  });
  afterAll(() => expect([...unseen]).toEqual([]));
  const bench = useState(() => Promise.resolve(new MemoryState()));
  jobsContract(bench);
  leasesContract(bench);
  stepsContract(bench);
  recordsContract(bench);
  retiringContract(bench);
});
