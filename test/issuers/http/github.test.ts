/** A worked example: installation tokens of a GitHub App, asked for with a JWT that the app signs. */
import { generateKeyPairSync } from "node:crypto";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../support/fake-clock.ts";
import { type HttpBench, httpBench, NEVER_ABORTED } from "../../support/http-issuer/bench.ts";
import { FakeGitHub } from "../../support/http-issuer/github.ts";
import { bearerOf } from "../../support/http-issuer/json-server.ts";
import { githubOptions, githubRequest } from "./settings.ts";

let clock: FakeClock;
let server: FakeGitHub;
let bench: HttpBench;

beforeEach(async () => {
  clock = new FakeClock();
  server = new FakeGitHub(clock);
  await server.start();
  bench = httpBench(clock, githubOptions(server.url), githubRequest, { APP_KEY: server.key });
});
afterEach(async () => {
  await bench.issuer.close();
  await server.close();
});

describe("an installation token of a GitHub App", () => {
  it("is asked for with the permissions of the settings, and lives an hour", async () => {
    const given = await bench.issuer.request(bench.orderOf(), NEVER_ABORTED);
    expect(given).toMatchObject({
      outcome: "minted",
      issuerId: null,
      expiresAt: clock.now() + 3_600_000,
      scopes: { "contents:read": [], "metadata:read": [] },
    });
    expect(server.seen[0]?.path).toBe("/app/installations/51/access_tokens");
    expect(server.seen[0]?.body).toEqual({ permissions: { contents: "read", metadata: "read" } });
  });

  it("is asked for with a JWT that begins a minute ago and ends within ten", async () => {
    await bench.issuer.request(bench.orderOf(), NEVER_ABORTED);
    const jwt = bearerOf(server.seen[0]!);
    const nowS = clock.now() / 1_000;
    expect(decodeProtectedHeader(jwt)).toEqual({ alg: "RS256", typ: "JWT" });
    expect(decodeJwt(jwt)).toEqual({ iss: "Iv23liExample", iat: nowS - 60, exp: nowS - 60 + 540 });
  });

  it("is also given to a host whose clock is up to a minute ahead", async () => {
    const ahead = new FakeClock(clock.now() + 59_000);
    const other = httpBench(ahead, githubOptions(server.url), githubRequest, { APP_KEY: server.key });
    expect(await other.issuer.request(other.orderOf(), NEVER_ABORTED)).toMatchObject({ outcome: "minted" });
    await other.issuer.close();
  });

  it("is renewed by asking for another, and the old one lives on", async () => {
    const first = await bench.issuer.request(bench.orderOf(), NEVER_ABORTED);
    if (first.outcome !== "minted") return expect.fail("not minted");
    const order = bench.orderOf({ kind: "renew", base: first.token });
    expect(await bench.issuer.request(order, NEVER_ABORTED)).toMatchObject({ outcome: "minted" });
    expect(server.isGood(first.token.reveal())).toBe(true);
  });

  it("is refused to another installation, with other permissions, and under another key", async () => {
    const ask = async (request: object, key = server.key): Promise<string> => {
      const other = httpBench(clock, githubOptions(server.url), { ...githubRequest, ...request }, { APP_KEY: key });
      const given = await other.issuer.request(other.orderOf(), NEVER_ABORTED);
      await other.issuer.close();
      return given.outcome === "refused" ? given.error.message : expect.fail(given.outcome);
    };
    expect(await ask({ variables: { installation: "52" } })).toContain("answered 404: Not Found");
    expect(await ask({ roles: ["contents:write"] })).toContain(
      "answered 422: The permissions requested are not granted",
    );
    expect(await ask({}, anotherKey())).toContain("answered 401: A JSON web token could not be decoded");
  });

  it("is ended before its time, and that it is gone already is no failure", async () => {
    const given = await bench.issuer.request(bench.orderOf(), NEVER_ABORTED);
    if (given.outcome !== "minted") return expect.fail("not minted");
    for (let round = 0; round < 2; round += 1) {
      await bench.issuer.retire?.({ token: given.token, issuerId: null }, NEVER_ABORTED);
      expect(server.isGood(given.token.reveal())).toBe(false);
    }
  });

  it("is probed as the app", async () => {
    const lines = await bench.issuer.probe([bench.request], NEVER_ABORTED);
    expect(lines).toContain("a JWT of our own was signed");
    expect(lines).toContain(`${server.url}/app answered 200`);
    expect(server.rows).toEqual([]);
  });
});

function anotherKey(): string {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}
