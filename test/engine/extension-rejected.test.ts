/** An extension brings no fresh token that could be kept out: what fails is the extension, not the token in use. */
import { expect, test } from "vitest";
import { HOUR_MS } from "../../src/core/duration.ts";
import { makeWorld, SHORT } from "../support/world.ts";

test("one that is rejected quarantines nothing: the token stays in use and is extended once the issuer is right again", async () => {
  const world = await makeWorld({
    ...SHORT,
    targets: ["a"],
    request: { ...SHORT.request, strategy: "extend" },
    issuer: { lists: false, secret: "chosen" },
  });
  await world.event("renewal:settled");
  const { desired } = await world.token();
  world.issuer.fail({ make: { subject: "somebody-else" } }, 1);
  await world.event("renewal:failed");
  expect(await world.token()).toMatchObject({
    desired: { fingerprint: desired?.fingerprint, expAt: desired?.expAt },
    mint: null,
    quarantined: null,
    trouble: { last: { code: "token_rejected" } },
  });
  world.issuer.rows.splice(0, 1, ...world.issuer.rows.map((row) => ({ ...row, subject: world.issuer.account })));
  await world.event("renewal:settled", 3 * HOUR_MS);
  expect((await world.token()).desired).toMatchObject({ fingerprint: desired?.fingerprint, origin: "extended" });
  expect(world.count("renewal:quarantined")).toBe(0);
  expect(world.place().written).toHaveLength(1);
});
