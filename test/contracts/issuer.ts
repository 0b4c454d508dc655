/** What every issuer must do: the sentences of the part `issuers` of src/core/ports.ts as tests. */
import { describe, expect, it } from "vitest";
import { IssuerBench } from "./issuer-bench.ts";
import { findContract } from "./issuer-find.ts";
import { inspectContract } from "./issuer-inspect.ts";
import { limitsContract } from "./issuer-limits.ts";
import { probeContract } from "./issuer-probe.ts";
import { renewContract } from "./issuer-renew.ts";
import { requestContract } from "./issuer-request.ts";
import { retireContract } from "./issuer-retire.ts";
import type { IssuerSubject, IssuerTraits } from "./issuer-subject.ts";

export type { IssuerSubject, IssuerTraits } from "./issuer-subject.ts";

const HOUR_MS = 3_600_000;

/** `makeSubject` answers a new one for each test. A type of issuer runs `issuerTypeContract` besides. */
export function issuerContract(name: string, traits: IssuerTraits, makeSubject: () => Promise<IssuerSubject>): void {
  describe(`${name} as an issuer`, () => {
    const bench = new IssuerBench(traits, makeSubject);
    findContract(bench);
    requestContract(bench);
    renewContract(bench);
    inspectContract(bench);
    retireContract(bench);
    probeContract(bench);
    limitsContract(bench);

    bench.sentence([], "says how long a request can take at most", ({ issuer }) => {
      expect(issuer.callLimitMs).toBeGreaterThan(0);
      expect(issuer.callLimitMs).toBeLessThan(HOUR_MS);
    });

    it(`is what was said of it, so that there is nothing to ask about: ${[...bench.leftOut].join("; ")}`, () => {
      const { issuer, request } = bench.subject;
      expect(issuer.capabilities).toEqual(traits.capabilities);
      expect(issuer.retire !== null).toBe(traits.retires);
      expect(issuer.resembles !== undefined).toBe(traits.resembles === true);
      expect(issuer.limits !== undefined).toBe(traits.limits === true);
      expect(traits.finds === "by_name").toBe(traits.capabilities.lists);
      expect(traits.kinds).toContain("mint");
      // What has a name, a secret of ours or an expiry that can be moved is kept there.
      const isKept = traits.finds !== "nothing" || traits.capabilities.secret === "chosen";
      if (isKept || traits.kinds.includes("extend")) expect(traits.capabilities.keeps).toBe(true);
      if (request.strategy === "extend") expect(traits.kinds).toContain("extend");
      if (request.retire) expect(traits.retires).toBe(true);
    });
  });
}
