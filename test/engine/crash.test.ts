import { expect, test } from "vitest";
import { MINUTE_MS } from "../../src/core/duration.ts";
import { changesOfRenewal, renewalWithDeath } from "../support/death.ts";
import { bugs, forgotten, leastLifeMs } from "../support/oracle.ts";
import { SHORT, type WorldOptions } from "../support/world.ts";

const RELOAD = { command: ["reload"], env: {}, timeoutMs: MINUTE_MS };
const OPTIONS: WorldOptions = { ...SHORT, targets: ["a"], target: { ...SHORT.target, reload: RELOAD } };

for (const when of ["before", "after"] as const) {
  test(`a death just ${when} any recorded step loses no token, mints none twice and forgets no hook`, async () => {
    const changes = await changesOfRenewal(OPTIONS);
    expect(changes.length).toBeGreaterThan(10);
    for (const change of changes) {
      const world = await renewalWithDeath({ change, when }, OPTIONS);
      const [, second] = world.issuer.rows;
      const hint = `died ${when} change ${change}`;
      expect(world.issuer.rows, hint).toHaveLength(2);
      expect(world.place().seen, hint).toBe(second?.text);
      expect((await world.token()).desired?.issuerId, hint).toBe(second?.id);
      expect((await world.target()).held?.issuerId, hint).toBe(second?.id);
      expect(world.hooks.length, hint).toBeGreaterThanOrEqual(2);
      expect((await world.token()).lastSuccessAt, hint).toBeGreaterThanOrEqual(second?.startAt ?? Infinity);
      expect(leastLifeMs(world), hint).toBeGreaterThanOrEqual(SHORT.target.holdMs);
      expect(await forgotten(world), hint).toEqual([]);
      expect(bugs(world), hint).toEqual([]);
      expect(await world.incidents(), hint).toEqual([]);
    }
  });
}

test("with an issuer that has no list a death costs one spare token at most", async () => {
  const options = { ...OPTIONS, issuer: { lists: false } };
  for (const change of await changesOfRenewal(options)) {
    const world = await renewalWithDeath({ change, when: "before" }, options);
    expect(world.issuer.rows.length, `died before change ${change}`).toBeLessThanOrEqual(3);
    expect(world.place().seen, `died before change ${change}`).toBe(world.issuer.rows.at(-1)?.text);
  }
});
