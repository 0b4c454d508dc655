/** What every state must do: the sentences of src/core/state-store.ts as tests. */
import { describe } from "vitest";
import type { StateStore } from "../../src/core/state-store.ts";
import { useState } from "./state-bench.ts";
import { jobsContract } from "./state-jobs.ts";
import { leasesContract } from "./state-leases.ts";
import { recordsContract } from "./state-records.ts";
import { retiringContract } from "./state-retiring.ts";
import { rulingsContract } from "./state-rulings.ts";
import { stepsContract } from "./state-steps.ts";

/** `open` answers a new and empty state each time. */
export function stateContract(name: string, open: () => Promise<StateStore>): void {
  describe(`state: ${name}`, () => {
    const bench = useState(open);
    jobsContract(bench);
    leasesContract(bench);
    stepsContract(bench);
    recordsContract(bench);
    rulingsContract(bench);
    retiringContract(bench);
  });
}
