import { describe, expect, it } from "vitest";
import type { FoundToken } from "../../../src/core/ports.ts";
import { type Bench, DAY, NAME, startBench } from "../../support/flowauth/bench.ts";
import { packClaims, signPayload } from "../../support/flowauth/jwt.ts";

const never = new AbortController().signal;

function find(bench: Bench, name = NAME, notBefore = bench.clock.now()): Promise<readonly FoundToken[]> {
  return bench.issuer.find({ name, request: bench.request, notBefore }, never);
}

describe("finding tokens at FlowAuth", () => {
  it("answers the live ones of the name and the newest expired one, oldest first, by the JWT's own dates", async () => {
    await using bench = await startBench();
    const now = bench.clock.now();
    const add = (name: string, from: number, to: number): Promise<unknown> =>
      bench.server.addRow({ name, issuedAt: now + from, expAt: now + to });
    await add(NAME, -2 * DAY, DAY); // 100
    await add(NAME, -9 * DAY, -8 * DAY);
    await add("another", -DAY, DAY);
    await add(NAME, -3 * DAY, -1000); // 103: `expires` calls it live still
    await add(NAME, -4 * DAY, -2 * DAY);
    await add(NAME, -1 * DAY, 3 * DAY); // 105
    const found = await find(bench);
    expect(found.map((each) => each.issuerId)).toEqual(["103", "100", "105"]);
    const [, second] = found;
    expect(second).toMatchObject({ startAt: now - 2 * DAY, expAt: now + DAY, roles: ["runner", "viewer"] });
    expect(second?.token.reveal()).toBe(bench.server.rows[0]?.token);
    expect(second?.fingerprint).toBe(second?.token.fingerprint);
  });

  it("orders rows issued in one second by their number", async () => {
    await using bench = await startBench();
    const row = { name: NAME, issuedAt: bench.clock.now(), expAt: bench.clock.now() + DAY };
    for (let count = 0; count < 3; count += 1) await bench.server.addRow(row);
    expect((await find(bench)).map((each) => each.issuerId)).toEqual(["100", "101", "102"]);
  });

  it("answers rows without roles as such, and prefers an expired one with roles to renew from", async () => {
    await using bench = await startBench();
    const now = bench.clock.now();
    await bench.server.addRow({ name: NAME, issuedAt: now - 3 * DAY, expAt: now - 2 * DAY, roles: [] });
    await bench.server.addRow({ name: NAME, issuedAt: now - 5 * DAY, expAt: now - 4 * DAY });
    await bench.server.addRow({ name: NAME, issuedAt: now - 4 * DAY, expAt: now - 3 * DAY, roles: [] });
    await bench.server.addRow({ name: NAME, issuedAt: now - DAY, expAt: now + DAY, roles: [] });
    expect((await find(bench)).map((each) => [each.issuerId, each.roles.length])).toEqual([
      ["101", 2],
      ["103", 0],
    ]);
  });

  it("passes over rows whose token cannot be read", async () => {
    await using bench = await startBench();
    const good = await bench.server.addRow({ name: NAME, issuedAt: bench.clock.now(), expAt: bench.clock.now() + DAY });
    const noExp = await signPayload(bench.server.key, { iat: 1, user_claims: packClaims({}) });
    const rows = ["", "nonsense", "a.b.c", noExp, good.token].map((token, index) => ({
      id: index,
      name: NAME,
      token,
      roles: [],
    }));
    bench.server.script("list", { status: 200, json: rows });
    expect((await find(bench)).map((each) => each.issuerId)).toEqual(["4"]);
  });

  it("reads lists of FlowAuth versions that name no roles", async () => {
    await using bench = await startBench();
    const { token } = await bench.server.addRow({
      name: NAME,
      issuedAt: bench.clock.now(),
      expAt: bench.clock.now() + DAY,
    });
    bench.server.script("list", { status: 200, json: [{ id: 1, name: NAME, token }] });
    expect(await find(bench)).toMatchObject([{ issuerId: "1", roles: [] }]);
  });

  it("keeps the list of ten thousand rows out of the answer", async () => {
    await using bench = await startBench();
    const { token } = await bench.server.addRow({
      name: NAME,
      issuedAt: bench.clock.now(),
      expAt: bench.clock.now() + DAY,
    });
    const rows = Array.from({ length: 10_000 }, (_, id) => ({
      id,
      name: id === 7_000 ? NAME : `other-${id}`,
      token,
      roles: [],
    }));
    bench.server.script("list", { status: 200, json: rows });
    expect((await find(bench)).map((each) => each.issuerId)).toEqual(["7000"]);
  });

  it("shares one list between calls that run together and names of one sweep", async () => {
    await using bench = await startBench({ names: ["a", "b", "c"] });
    await bench.server.addRow({ name: "b", issuedAt: bench.clock.now(), expAt: bench.clock.now() + DAY });
    const sweepAt = bench.clock.now();
    const [a, b] = await Promise.all([find(bench, "a", sweepAt), find(bench, "b", sweepAt)]);
    await bench.clock.advance(60_000);
    await find(bench, "c", sweepAt);
    expect([a, b]).toMatchObject([[], [{ issuerId: "100" }]]);
    expect(bench.server.calls("list")).toHaveLength(1);
  });

  it("reads a new list for whoever needs a later one, or for a name that the last one did not keep", async () => {
    await using bench = await startBench();
    const sweepAt = bench.clock.now();
    await find(bench, NAME, sweepAt);
    await bench.clock.advance(1);
    await find(bench, NAME, sweepAt + 1);
    expect(bench.server.calls("list")).toHaveLength(2);
    await find(bench, "undeclared", sweepAt);
    await find(bench, NAME, sweepAt);
    expect(bench.server.calls("list")).toHaveLength(3);
  });

  it("does not take an old list for a new one after the clock was set back", async () => {
    await using bench = await startBench();
    await find(bench);
    bench.clock.jumpTo(bench.clock.now() - DAY);
    await find(bench);
    expect(bench.server.calls("list")).toHaveLength(2);
  });

  it("learns the id of a server made anew after a 404", async () => {
    await using bench = await startBench();
    await find(bench);
    bench.server.servers[0]!.id = 4;
    await bench.clock.advance(1);
    await expect(find(bench)).rejects.toMatchObject({ code: "server_unknown" });
    expect(await find(bench)).toEqual([]);
  });

  it("does not pass a failed list on to the next caller", async () => {
    await using bench = await startBench();
    bench.server.script("list", { status: 500, html: "" });
    await expect(find(bench)).rejects.toMatchObject({ code: "issuer_error" });
    expect(await find(bench)).toEqual([]);
  });

  it("goes on for the others when one caller gives up, and stops when all have", async () => {
    await using bench = await startBench();
    bench.server.script("list", "hang");
    const callers = [new AbortController(), new AbortController()] as const;
    const query = { name: NAME, request: bench.request, notBefore: bench.clock.now() };
    const [first, second] = callers.map((each) =>
      bench.issuer.find(query, each.signal).catch((error: unknown) => error),
    );
    await bench.server.arrival("list");
    callers[0].abort();
    expect(await first).toMatchObject({ code: "issuer_timeout" });
    callers[1].abort();
    expect(await second).toMatchObject({ code: "issuer_timeout" });
    expect(await find(bench)).toEqual([]);
    expect(bench.server.calls("list")).toHaveLength(2);
  });

  it.each([
    ["the server is gone", { status: 404, html: "<title>404</title>" }, "server_unknown"],
    ["it breaks off", "cut", "issuer_unreachable"],
    ["the connection is dropped", "drop", "issuer_unreachable"],
    ["it is a page", { status: 200, html: "<h1>hello</h1>" }, "issuer_answer_invalid"],
    ["it is no list", { status: 200, json: { tokens: [] } }, "issuer_answer_invalid"],
    [
      "a row is not as documented",
      { status: 200, json: [{ id: "1", name: NAME, token: "x" }] },
      "issuer_answer_invalid",
    ],
    ["FlowAuth fails", { status: 500, html: "" }, "issuer_error"],
    ["a proxy redirects", { status: 301, html: "", headers: { location: "/x" } }, "issuer_redirected"],
  ] as const)("throws when %s: half a list would look like a missing token", async (_, script, code) => {
    await using bench = await startBench();
    await bench.server.addRow({ name: NAME, issuedAt: bench.clock.now(), expAt: bench.clock.now() + DAY });
    bench.server.script("list", script);
    await expect(find(bench)).rejects.toMatchObject({ code });
  });
});

describe("looking at the account", () => {
  it("says what it saw", async () => {
    await using bench = await startBench();
    expect(await bench.issuer.probe([bench.request], never)).toEqual([
      "1 public key(s) read",
      `signed in at ${bench.server.url} as flowbot`,
      "server flowapi-prod is there (id 3)",
      "server flowapi-prod: roles runner, viewer exist",
    ]);
  });

  it("names a role that nobody holds, and a key that cannot be read", async () => {
    await using bench = await startBench();
    bench.server.roles.splice(0, 1);
    await expect(bench.issuer.probe([bench.request], never)).rejects.toMatchObject({
      code: "roles_not_held",
      message: expect.stringContaining("runner") as string,
    });
    bench.secrets.delete("KEY");
    await expect(bench.issuer.probe([bench.request], never)).rejects.toMatchObject({ code: "key_unreachable" });
  });

  it("does without the roles where they cannot be seen", async () => {
    await using bench = await startBench();
    bench.server.script("roles", { status: 500, html: "" });
    expect((await bench.issuer.probe([bench.request], never)).at(-1)).toContain("its roles cannot be looked at");
  });
});
