import { readFile } from "node:fs/promises";
import { createLocalJWKSet, jwtVerify } from "jose";
import { describe, expect, test } from "vitest";
import { isPage, startIssuer } from "./fixture.ts";

describe("what the session's user sees", () => {
  test("the servers on which a role is held, by name", async () => {
    const issuer = await startIssuer();
    expect((await (await issuer.user()).get("/tokens/servers")).json).toEqual([
      { id: 1, server_name: "SRV_A" },
      { id: 2, server_name: "SRV_B" },
    ]);
    expect((await (await issuer.user("root")).get("/tokens/servers")).json).toEqual([{ id: 1, server_name: "SRV_A" }]);
  });

  test("what may be had on a server, and until when", async () => {
    const issuer = await startIssuer();
    const user = await issuer.user();
    const inADay = new Date(issuer.clock.nowAt + 86_400_000).toUTCString();
    expect((await user.get("/tokens/servers/1")).json).toEqual({
      allowed_claims: { reader: ["daily&admin3", "get_result"], runner: ["run"] },
      latest_expiry: inADay,
    });
    expect((await user.get("/tokens/servers/3")).json).toEqual({ allowed_claims: {}, latest_expiry: null });
  });

  test("the caller's own roles on a server, with their limits", async () => {
    const issuer = await startIssuer();
    const user = await issuer.user();
    const latest = issuer.clock.nowAt + 5_000;
    await issuer.admin.setRoleLatest("SRV_A", "runner", latest);
    const seconds = new Date(latest).toISOString().slice(0, 19);
    expect((await user.get("/user/roles/server/1")).json).toEqual([
      {
        id: 1,
        latest_token_expiry: null,
        longest_token_life_minutes: 1440,
        name: "reader",
        scopes: [2, 1],
        server: 1,
        users: [1],
      },
      {
        id: 2,
        latest_token_expiry: `${seconds}.000000Z`,
        longest_token_life_minutes: 60,
        name: "runner",
        scopes: [3],
        server: 1,
        users: [1],
      },
    ]);
  });

  test("the own tokens of one server only, the expired ones for ever", async () => {
    const issuer = await startIssuer();
    const user = await issuer.user();
    const root = await issuer.user("root");
    await user.mint("mine");
    await root.mint("not mine", ["owner"]);
    expect((await user.list()).map((row) => row.name)).toEqual(["mine"]);
    expect((await root.list()).map((row) => row.name)).toEqual(["not mine"]);
    expect(await user.list(2)).toEqual([]);
    await issuer.clock.advance(90 * 86_400_000);
    expect(await (await issuer.user()).list()).toHaveLength(1);
  });

  test.each(["/tokens/servers", "/tokens/tokens", "/user/roles/server"])("nothing at %s/99 and /abc", async (path) => {
    const user = await (await startIssuer()).user();
    for (const id of ["99", "abc"]) {
      const answer = await user.get(`${path}/${id}`);
      expect([answer.status, isPage(answer)]).toEqual([404, true]);
    }
  });
});

describe("the public key", () => {
  test("is an administrator's to read in the protocol", async () => {
    const issuer = await startIssuer();
    const pem = await readFile(issuer.server.publicKeyFile, "utf8");
    expect(pem).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    expect((await (await issuer.user("root")).get("/admin/public_key")).json).toEqual({ public_key: pem });
    for (const visitor of [await issuer.user(), issuer.visitor()]) {
      const answer = await visitor.get("/admin/public_key");
      expect([answer.status, isPage(answer)]).toEqual([401, true]);
    }
  });

  test("is there for everybody as PEM and as a key set that verifies tokens", async () => {
    const issuer = await startIssuer();
    const pem = await issuer.visitor().get("/public_key");
    expect([pem.status, pem.text]).toEqual([200, await readFile(issuer.server.publicKeyFile, "utf8")]);
    const { json } = await issuer.visitor().get("/.well-known/jwks.json");
    const set = json as { keys: { kty: string; n: string; e: string }[] };
    expect(set.keys.map((key) => Object.keys(key).toSorted())).toEqual([["alg", "e", "kty", "n", "use"]]);
    const user = await issuer.user();
    await user.mint("verified");
    const [row] = await user.list();
    await jwtVerify(row?.token ?? "", createLocalJWKSet(set), { currentDate: new Date(issuer.clock.nowAt) });
  });
});

describe("the server", () => {
  test("tells its version without a login", async () => {
    const issuer = await startIssuer({ version: "9.9.9" });
    expect((await issuer.visitor().get("/version")).json).toEqual({ version: "9.9.9" });
  });

  test("answers with the time of its own clock", async () => {
    const issuer = await startIssuer();
    const answer = await issuer.visitor().get("/version");
    expect(answer.headers.get("Date")).toBe(new Date(issuer.clock.nowAt).toUTCString());
  });

  test("knows nothing of other addresses, with a slash at the end or not", async () => {
    const user = await (await startIssuer()).user();
    for (const path of ["/", "/tokens/servers/", "/tokens/tokens/", "/renew"]) {
      const answer = await user.post(path, { csrf: false });
      expect([answer.status, isPage(answer)], path).toEqual([404, true]);
    }
  });

  test("says in its log who did what, and never a token or a password", async () => {
    const issuer = await startIssuer();
    const user = await issuer.user();
    const id = await user.mint("logged");
    await user.post(`/tokens/${id}/renew`);
    expect(issuer.log.join("\n")).toMatch(/"flowbot" renewed row 1 as row 2, valid until /);
    for (const row of await user.list()) expect(issuer.log.join("\n")).not.toContain(row.token.slice(0, 40));
    expect(issuer.log.join("\n")).not.toContain("battery");
  });
});
