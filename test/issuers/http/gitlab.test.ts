/** A worked example: GitLab's rotation of a personal access token, which revokes the old one at once. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MintAnswer, MintOrder } from "../../../src/core/ports.ts";
import { SecretText } from "../../../src/core/secret-text.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { type HttpBench, httpBench, NEVER_ABORTED } from "../../support/http-issuer/bench.ts";
import { FakeGitLab } from "../../support/http-issuer/gitlab.ts";
import { answer } from "../../support/http-issuer/json-server.ts";
import { gitlabOptions } from "./settings.ts";

const DAY = 86_400_000;

let clock: FakeClock;
let server: FakeGitLab;
let bench: HttpBench;

beforeEach(async () => {
  clock = new FakeClock();
  server = new FakeGitLab(clock);
  await server.start();
  bench = httpBench(clock, gitlabOptions(server.url), { roles: ["api"], lifetime: "30d" });
});
afterEach(async () => {
  await bench.issuer.close();
  await server.close();
});

const byHand = (scopes: readonly string[] = ["api"]): SecretText =>
  new SecretText(server.makeByHand(scopes, "2026-07-10").token);

const rotate = (base: SecretText | null, order: Partial<MintOrder> = {}): Promise<MintAnswer> =>
  bench.issuer.request(bench.orderOf({ kind: "renew", base, ...order }), NEVER_ABORTED);

function tokenOf(given: MintAnswer): SecretText {
  return given.outcome === "minted" ? given.token : expect.fail(given.error.message);
}

describe("a GitLab token", () => {
  it("that was made by hand is proved with all that is known of it", async () => {
    expect(await bench.issuer.inspect(byHand(), NEVER_ABORTED)).toEqual({
      outcome: "proved",
      claims: {
        subject: "42",
        audiences: [],
        issuedAt: clock.now(),
        notBeforeAt: null,
        expAt: Date.parse("2026-07-10T00:00:00Z"),
        scopes: { api: [] },
      },
    });
  });

  it("is rotated into one that lives as long as is counted on, and never longer than the settings say", async () => {
    for (const at of ["2026-07-01T08:00:00Z", "2026-07-01T00:00:00Z", "2026-07-01T23:59:59Z"]) {
      clock.jumpTo(Date.parse(at));
      const given = await rotate(byHand());
      if (given.outcome !== "minted" || given.expiresAt === null) return expect.fail("not minted");
      expect(given.expiresAt - clock.now()).toBeGreaterThanOrEqual(bench.request.lifetimeMs);
      expect(given.expiresAt - clock.now()).toBeLessThanOrEqual(30 * DAY);
      expect(given.scopes).toEqual({ api: [] });
      const proof = await bench.issuer.inspect(given.token, NEVER_ABORTED);
      expect(proof).toMatchObject({ outcome: "proved", claims: { expAt: given.expiresAt } });
    }
  });

  it("is no good from its rotation on", async () => {
    const old = byHand();
    await rotate(old);
    expect(await bench.issuer.inspect(old, NEVER_ABORTED)).toMatchObject({ outcome: "refuted", check: "active" });
  });

  it("that was revoked takes its whole family with it when it is rotated again", async () => {
    const old = byHand();
    const fresh = tokenOf(await rotate(old));
    expect(await rotate(old)).toMatchObject({ outcome: "refused", error: { code: "request_refused" } });
    expect(await bench.issuer.inspect(fresh, NEVER_ABORTED)).toMatchObject({ outcome: "refuted", check: "active" });
  });

  it("whose rotation was not answered is in doubt, and is not asked for twice", async () => {
    server.instead.push(answer(502));
    expect(await rotate(byHand())).toMatchObject({ outcome: "unknown", error: { code: "issuer_error" } });
    expect(server.seen).toHaveLength(1);
    expect(bench.issuer.capabilities).toEqual({ lists: false, overlap: "none", secret: "given", keeps: true });
  });

  it("that expired cannot be rotated", async () => {
    const old = byHand();
    clock.jumpTo(Date.parse("2026-07-10T00:00:00Z"));
    const given = await rotate(old);
    expect(given).toMatchObject({
      outcome: "refused",
      error: { message: expect.stringContaining("Token is expired") },
    });
  });

  it("must be allowed to rotate itself", async () => {
    const given = await rotate(byHand(["read_api"]));
    expect(given).toMatchObject({
      outcome: "refused",
      error: { message: expect.stringContaining("higher privileges") },
    });
  });

  it("is refused a lifetime that GitLab does not grant", async () => {
    const lifetimeMs = 400 * DAY;
    const given = await rotate(byHand(), { lifetimeMs, expAt: clock.now() + lifetimeMs });
    expect(given).toMatchObject({ outcome: "refused", error: { message: expect.stringContaining("allowed range") } });
  });

  it("is not made from nothing here", async () => {
    const given = await bench.issuer.request(bench.orderOf(), NEVER_ABORTED);
    expect(given).toMatchObject({ outcome: "refused", error: { code: "token_absent", sent: false } });
    expect(server.seen).toEqual([]);
  });

  it("of a project is rotated by its id", async () => {
    const options = gitlabOptions(server.url);
    const request = { ...(options["request"] as object), path: "/api/v4/personal_access_tokens/{{current.id}}/rotate" };
    await bench.issuer.close();
    bench = httpBench(clock, { ...options, request }, { lifetime: "30d" });
    // The id of one that was made by hand is asked for; that of a rotated one is known.
    const first = await rotate(byHand());
    if (first.outcome !== "minted") return expect.fail("not minted");
    expect(first.issuerId).toBe("2");
    expect(await rotate(first.token, { baseId: first.issuerId })).toMatchObject({ outcome: "minted", issuerId: "3" });
    expect(server.seen.map(({ path }) => path.replace("/api/v4/personal_access_tokens/", ""))).toEqual([
      "self",
      "1/rotate",
      "2/rotate",
    ]);
  });

  it("that somebody puts into a target must tell when it expires, or a probe says that it cannot be taken up", async () => {
    const options = gitlabOptions(server.url);
    const words = "cannot be taken up";
    expect((await bench.issuer.probe([], NEVER_ABORTED)).join("\n")).not.toContain(words);
    await bench.issuer.close();
    const verify = { ...(options["verify"] as object), expires_at: undefined };
    bench = httpBench(clock, { ...options, verify }, { lifetime: "30d" });
    expect((await bench.issuer.probe([], NEVER_ABORTED)).join("\n")).toContain(words);
  });

  it("is told of by a probe, with what its rotation means for readers", async () => {
    const lines = await bench.issuer.probe([bench.request], NEVER_ABORTED);
    expect(lines.join("\n")).toContain("`overlap: none`: a renewal ends the old token at once");
    expect(lines.join("\n")).toContain("one must be in a target before the first renewal");
    expect(lines.join("\n")).toContain(
      `a renewal will ask POST ${server.url}/api/v4/personal_access_tokens/self/rotate`,
    );
  });
});
