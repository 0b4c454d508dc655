import { expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { makeWorld } from "../support/world.ts";

test.each([
  ["15 min", 15 * MINUTE_MS, 3 * MINUTE_MS],
  ["1 h", HOUR_MS, 12 * MINUTE_MS],
  ["2 h", 2 * HOUR_MS, 25 * MINUTE_MS],
])(
  "a token of %s survives an outage of half the time it has, for the hour's calls are spread over it",
  async (_, lifetimeMs, outageMs) => {
    const world = await makeWorld({
      targets: ["a"],
      request: { lifetimeMs },
      policy: { renewBefore: { share: 0.5 }, repairMs: MINUTE_MS },
      target: { holdMs: lifetimeMs / 10, observeMs: HOUR_MS },
    });
    await world.until(async () => (await world.state.targets("token-1"))[0]?.held != null);
    const { desired } = await world.token();
    const first = desired?.expAt ?? 0;
    world.issuer.fail({ refuse: "issuer_unreachable" });
    await world.event("renewal:failed");
    await world.run(outageMs);
    world.issuer.heal();
    await world.until(async () => ((await world.token()).desired?.expAt ?? 0) > first, 2 * HOUR_MS);
    expect(world.clock.now()).toBeLessThan(first - lifetimeMs / 10);
    expect(world.count("renewal:failed")).toBeLessThanOrEqual(6);
  },
);
