/** The sentences of `Issuer.probe`. */
import { expect } from "vitest";
import { type IssuerBench, NEVER_ABORTED } from "./issuer-bench.ts";

export function probeContract(bench: IssuerBench): void {
  bench.sentence(
    [],
    "tells what a probe saw, one line each, without a secret",
    async ({ issuer, request, secrets }) => {
      const lines = await issuer.probe([request], NEVER_ABORTED);
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) expect(line).toMatch(/^\S.*$/);
      for (const secret of secrets) expect(lines.join("\n")).not.toContain(secret);
      if (issuer.account !== null) expect(lines.join("\n")).toContain(issuer.account);
    },
  );

  bench.sentence([], "changes nothing by a probe", async (subject) => {
    const { token } = await bench.mint();
    await subject.issuer.probe([subject.request], NEVER_ABORTED);
    expect(await subject.made()).toBe(1);
    expect(await subject.isGood(token)).toBe(true);
  });

  bench.sentence([], "throws an operating error from a probe when the issuer is away", async (subject) => {
    await subject.stop();
    await bench.expectFailure(subject.issuer.probe([subject.request], NEVER_ABORTED));
  });

  bench.sentence(
    ["what will not be served"],
    "throws an operating error for what will not be served",
    async (subject) => {
      const unserved = subject.unserved ?? expect.fail("no request that is not served");
      await bench.expectFailure(subject.issuer.probe([unserved], NEVER_ABORTED));
    },
  );
}
