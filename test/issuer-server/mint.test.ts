import { decodeProtectedHeader } from "jose";
import { describe, expect, test } from "vitest";
import { claimsOf, scopesOf, verify } from "./jwt.ts";
import { type Answer, type Visitor, isPage, startIssuer } from "./fixture.ts";

const DAY_MINUTES = 1440;

function tokenOf(answer: Answer): string {
  expect(answer.status).toBe(200);
  return (answer.json as { token: string }).token;
}

function mint(user: Visitor, body: unknown, server = 1): Promise<Answer> {
  return user.post(`/tokens/tokens/${server}`, { body });
}

const reader = [{ name: "reader" }];

describe("minting", () => {
  test("answers with the token alone, and lists it with its roles", async () => {
    const issuer = await startIssuer();
    const user = await issuer.user();
    const roles = [{ name: "runner" }, { name: "reader" }];
    const answer = await mint(user, { name: "airflow", roles, lifetime_minutes: 30 });
    expect(Object.keys(answer.json as object)).toEqual(["token"]);
    expect(await user.list()).toEqual([
      {
        id: 1,
        name: "airflow",
        token: tokenOf(answer),
        expires: new Date(issuer.clock.nowAt + 30 * 60_000).toUTCString(),
        server_name: "SRV_A",
        username: "flowbot",
        roles: [
          { id: 1, name: "reader" },
          { id: 2, name: "runner" },
        ],
      },
    ]);
  });

  test("makes a JWT as FlowAPI reads it", async () => {
    const issuer = await startIssuer();
    const user = await issuer.user();
    await issuer.clock.advance(123);
    const token = tokenOf(await mint(user, { name: "airflow", roles: reader, lifetime_minutes: 30 }));
    expect(decodeProtectedHeader(token)).toEqual({ alg: "RS256", typ: "JWT" });
    const nowS = Math.floor(issuer.clock.nowAt / 1000);
    const { user_claims: packed, jti, ...rest } = claimsOf(token);
    expect(rest).toEqual({ iat: nowS, nbf: nowS, exp: nowS + 1800, sub: "flowbot", aud: "SRV_A" });
    expect(jti).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(scopesOf(token)).toEqual({ reader: ["daily&admin3", "get_result"] });
    expect(packed.split("\n").at(-1)).toBe("");
    expect(packed.split("\n").every((line) => line.length <= 76)).toBe(true);
    await verify(token, issuer.server.publicKeyFile, issuer.clock.nowAt);
  });

  test("wraps long claims after 76 characters", async () => {
    const issuer = await startIssuer();
    const scopes = Array.from({ length: 300 }, (_, index) => `scope ${index} ${(index * 7919) % 1013}`);
    await issuer.admin.setRoleScopes("SRV_A", "reader", scopes);
    const token = tokenOf(await mint(await issuer.user(), { name: "long", roles: reader }));
    const lines = claimsOf(token).user_claims.split("\n");
    expect(lines.length).toBeGreaterThan(5);
    expect(new Set(lines.slice(0, -2).map((line) => line.length))).toEqual(new Set([76]));
    expect(scopesOf(token)).toEqual({ reader: scopes.toSorted() });
  });

  test("without a lifetime gives the longest that the shortest role allows", async () => {
    const issuer = await startIssuer();
    const user = await issuer.user();
    const day = claimsOf(tokenOf(await mint(user, { name: "day", roles: reader, lifetime_minutes: null })));
    expect(day.exp - day.iat).toBe(86_400);
    const hour = claimsOf(tokenOf(await mint(user, { name: "hour", roles: [...reader, { name: "runner" }] })));
    expect(hour.exp - hour.iat).toBe(3_600);
  });

  test.each(["", "a\nb", "ünïcode 🦊", "x".repeat(75)])("takes the name %j as it is", async (name) => {
    const user = await (await startIssuer()).user();
    tokenOf(await mint(user, { name, roles: reader }));
    expect((await user.list()).map((row) => row.name)).toEqual([name]);
  });

  test("stores a number as its text, and lets many rows share a name", async () => {
    const user = await (await startIssuer()).user();
    tokenOf(await mint(user, { name: 42, roles: reader }));
    tokenOf(await mint(user, { name: "42", roles: reader }));
    expect((await user.list()).map((row) => row.name)).toEqual(["42", "42"]);
  });

  test("uses the role of its own server when two servers have one of the same name", async () => {
    const issuer = await startIssuer();
    const user = await issuer.user();
    const token = tokenOf(await mint(user, { name: "b", roles: reader }, 2));
    expect(claimsOf(token)).toMatchObject({ aud: "SRV_B", exp: claimsOf(token).iat + 7_200 });
    expect(scopesOf(token)).toEqual({ reader: ["other"] });
    expect((await user.list(2)).map((row) => row.roles)).toEqual([[{ id: 4, name: "reader" }]]);
    expect(await user.list(1)).toEqual([]);
  });
});

describe("minting refuses", () => {
  const tooLong = {
    bad_field: "lifetime_minutes",
    code: 400,
    message: "Requested lifetime exceeds the maximum permitted by the selected server and roles",
  };
  const invalid = {
    bad_field: "lifetime_minutes",
    code: 400,
    message: "lifetime_minutes must be a positive integer",
  };
  const noRoles = { bad_field: "roles", code: 400, message: "No roles." };
  const noName = { bad_field: "name", code: 400, message: "No name." };

  test.each([
    ["no name", { roles: reader }, noName],
    ["a name of null", { name: null, roles: reader }, noName],
    ["no roles", { name: "x" }, noRoles],
    ["an empty list of roles", { name: "x", roles: [] }, noRoles],
    ["roles that are no list", { name: "x", roles: "reader" }, noRoles],
    [
      "roles as plain texts",
      { name: "x", roles: ["reader"] },
      { bad_field: "roles", code: 400, message: 'Each role is an object with a "name".' },
    ],
    [
      "a name of 76 characters",
      { name: "x".repeat(76), roles: reader },
      { bad_field: "name", code: 400, message: "A name has at most 75 characters." },
    ],
    [
      "the same role twice",
      { name: "x", roles: [...reader, ...reader] },
      { status: 400, statusText: "Name already exists" },
    ],
    ["a lifetime of 0", { name: "x", roles: reader, lifetime_minutes: 0 }, invalid],
    ["a negative lifetime", { name: "x", roles: reader, lifetime_minutes: -5 }, invalid],
    ["a lifetime as a text", { name: "x", roles: reader, lifetime_minutes: "60" }, invalid],
    ["half a minute", { name: "x", roles: reader, lifetime_minutes: 1.5 }, invalid],
    ["a lifetime of true", { name: "x", roles: reader, lifetime_minutes: true }, invalid],
    ["more than the maximum", { name: "x", roles: reader, lifetime_minutes: DAY_MINUTES + 1 }, tooLong],
    ["exactly the maximum", { name: "x", roles: reader, lifetime_minutes: DAY_MINUTES }, tooLong],
    ["an absurd lifetime", { name: "x", roles: reader, lifetime_minutes: 1e13 }, tooLong],
    ["a list", [], { code: 400, message: "The request must be a JSON object." }],
  ])("%s with 400", async (_case, body, expected) => {
    const user = await (await startIssuer()).user();
    const answer = await mint(user, body);
    expect(answer.status).toBe(400);
    expect(answer.type).toBe("application/json");
    expect(answer.json).toEqual(expected);
    expect(await user.list()).toEqual([]);
  });

  test.each(["60.0", "6e1"])("the fraction %s with 400, as the first reader of the protocol does", async (literal) => {
    const user = await (await startIssuer()).user();
    const raw = `{"name":"x","roles":[{"name":"reader"}],"lifetime_minutes":${literal}}`;
    expect((await user.post("/tokens/tokens/1", { raw })).json).toEqual(invalid);
  });

  test("a role that is not held on this server with 401", async () => {
    const user = await (await startIssuer()).user();
    for (const [role, server] of [
      ["nope", 1],
      ["owner", 1],
      ["runner", 2],
      ["reader", 3],
    ] as const) {
      const answer = await mint(user, { name: "x", roles: [{ name: role }] }, server);
      expect(answer.status).toBe(401);
      expect(answer.json).toEqual({
        code: 401,
        message: `Role '${role}' is not permitted for the current user`,
      });
    }
  });

  test("when a cap of the role or of the server is past, with 401", async () => {
    const issuer = await startIssuer();
    const user = await issuer.user();
    const past = issuer.clock.nowAt - 1_000;
    const expected = { code: 401, message: "Token for flowbot expired" };
    await issuer.admin.setRoleLatest("SRV_A", "reader", past);
    const byRole = await mint(user, { name: "x", roles: reader });
    expect([byRole.status, byRole.json]).toEqual([401, expected]);
    await issuer.admin.setRoleLatest("SRV_A", "reader", null);
    await issuer.admin.setServerLatest("SRV_A", past);
    const byServer = await mint(user, { name: "x", roles: reader });
    expect([byServer.status, byServer.json]).toEqual([401, expected]);
  });

  test("what is no JSON with the page for 400, and unknown servers with the page for 404", async () => {
    const user = await (await startIssuer()).user();
    const notJson = await user.post("/tokens/tokens/1", { raw: "{", headers: { "Content-Type": "text/plain" } });
    expect([notJson.status, isPage(notJson)]).toEqual([400, true]);
    for (const server of ["99", "abc", "-1", "1.0"]) {
      const answer = await user.post(`/tokens/tokens/${server}`, { body: { name: "x", roles: reader } });
      expect([answer.status, isPage(answer)], server).toEqual([404, true]);
    }
  });

  test("a body of more than 64 KiB with 413", async () => {
    const user = await (await startIssuer()).user();
    const answer = await mint(user, { name: "x".repeat(70_000), roles: reader });
    expect([answer.status, isPage(answer)]).toEqual([413, true]);
    expect((await user.get("/is_signed_in")).status).toBe(200);
  });
});
