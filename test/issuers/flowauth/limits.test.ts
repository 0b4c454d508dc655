import { expect, test } from "vitest";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../../src/core/duration.ts";
import { startBench } from "../../support/flowauth/bench.ts";

const never = new AbortController().signal;

test("the shortest of the request's roles counts, and the earliest of their last instants", async () => {
  await using bench = await startBench();
  const { server, issuer, request, clock } = bench;
  const [runner, viewer] = server.roles;
  if (runner === undefined || viewer === undefined) expect.fail("no roles");
  runner.longestMinutes = 90;
  viewer.latestAt = clock.now() + 2 * DAY_MS;
  server.roles.push({ ...runner, id: 99, name: "of-no-concern", longestMinutes: 1, latestAt: clock.now() });
  const limits = await issuer.limits?.(request, never);
  expect(limits).toEqual({ longestMs: 90 * MINUTE_MS, latestAt: viewer.latestAt });
});

test("without a last instant there is none", async () => {
  await using bench = await startBench();
  const limits = await bench.issuer.limits?.(bench.request, never);
  expect(limits).toEqual({ longestMs: 43_200 * MINUTE_MS, latestAt: null });
});

test("a role that nobody holds any more is named", async () => {
  await using bench = await startBench();
  bench.server.roles.splice(0, 1);
  await expect(bench.issuer.limits?.(bench.request, never)).rejects.toMatchObject({
    code: "roles_not_held",
    message: expect.stringContaining("runner"),
  });
});

test("it shares the session with the other calls, and signs in again when that is gone", async () => {
  await using bench = await startBench();
  const { server, issuer, request, clock } = bench;
  await issuer.find({ name: "airflow-flowapi", request, notBefore: clock.now() }, never);
  await issuer.limits?.(request, never);
  expect(server.calls("sign_in")).toHaveLength(1);
  await clock.advance(HOUR_MS);
  server.endSessions();
  expect(await issuer.limits?.(request, never)).toMatchObject({ latestAt: null });
  expect(server.calls("sign_in")).toHaveLength(2);
});

test("limits that are not as documented are an error of the issuer's", async () => {
  await using bench = await startBench();
  bench.server.script("roles", { status: 200, json: [{ name: "runner", longest_token_life_minutes: "soon" }] });
  await expect(bench.issuer.limits?.(bench.request, never)).rejects.toMatchObject({ code: "issuer_answer_invalid" });
});
