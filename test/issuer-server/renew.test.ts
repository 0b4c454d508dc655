import { describe, expect, test } from "vitest";
import { claimsOf, scopesOf, verify } from "./jwt.ts";
import { type Answer, type Fixture, type Visitor, isPage, startIssuer } from "./fixture.ts";

const HOUR = 3_600_000;

interface Renewed {
  readonly id: number;
  readonly token: string;
}

function renewedBy(answer: Answer): Renewed {
  expect(answer.status).toBe(200);
  return answer.json as Renewed;
}

function renew(user: Visitor, id: number | string, body?: unknown): Promise<Answer> {
  return user.post(`/tokens/tokens/${id}/renew`, { body });
}

async function withToken(roles = ["reader"]): Promise<{ issuer: Fixture; user: Visitor; id: number }> {
  const issuer = await startIssuer();
  const user = await issuer.user();
  return { issuer, user, id: await user.mint("airflow", roles) };
}

describe("renewing", () => {
  test("makes a new row with the same name, server, owner and roles, and leaves the old row and JWT alone", async () => {
    const { issuer, user, id } = await withToken(["reader", "runner"]);
    const [before] = await user.list();
    await issuer.clock.advance(HOUR / 4);
    const answer = await renew(user, id, { lifetime_minutes: 50 });
    const fresh = renewedBy(answer);
    expect(Object.keys(fresh)).toEqual(["id", "token"]);
    const rows = await user.list();
    expect(rows).toHaveLength(2);
    expect(rows[0]).toEqual(before);
    expect(rows[1]).toEqual({
      ...before,
      id: fresh.id,
      token: fresh.token,
      expires: new Date(issuer.clock.nowAt + 50 * 60_000).toUTCString(),
    });
    expect(fresh.id).not.toBe(id);
    const [old, next] = [claimsOf(before?.token ?? ""), claimsOf(fresh.token)];
    expect([next.sub, next.aud]).toEqual([old.sub, old.aud]);
    expect(next.exp - next.iat).toBe(3_000);
    expect(next.jti).not.toBe(old.jti);
    expect(scopesOf(fresh.token)).toEqual(scopesOf(before?.token ?? ""));
    for (const each of rows) await verify(each.token, issuer.server.publicKeyFile, issuer.clock.nowAt);
  });

  test("is spelled either way", async () => {
    const { user, id } = await withToken();
    renewedBy(await user.post(`/tokens/tokens/${id}/renew`));
    renewedBy(await user.post(`/tokens/${id}/renew`));
    expect(await user.list()).toHaveLength(3);
  });

  test("is not idempotent: each call makes another row, from any row of the chain", async () => {
    const { user, id } = await withToken();
    const second = renewedBy(await renew(user, id));
    renewedBy(await renew(user, second.id));
    renewedBy(await renew(user, id));
    expect((await user.list()).map((row) => row.name)).toEqual(Array(4).fill("airflow"));
  });

  test("works from an expired original", async () => {
    const { issuer, id } = await withToken();
    await issuer.clock.advance(30 * 24 * HOUR);
    const user = await issuer.user();
    const { token } = renewedBy(await renew(user, id));
    expect(claimsOf(token).exp * 1000).toBe(issuer.clock.nowAt + 24 * HOUR);
  });

  test.each([
    ["no body", {}],
    ["{}", { raw: "{}" }],
    ["a lifetime of null", { raw: '{"lifetime_minutes":null}' }],
    ["an empty list", { raw: "[]" }],
    ["unparsable JSON", { raw: '{"lifetime_minutes":5' }],
    ["another content type", { raw: '{"lifetime_minutes":5}', headers: { "Content-Type": "text/plain" } }],
  ])("takes %s for the longest lifetime", async (_case, options) => {
    const { user, id } = await withToken();
    const { token } = renewedBy(await user.post(`/tokens/tokens/${id}/renew`, options));
    expect(claimsOf(token).exp - claimsOf(token).iat).toBe(86_400);
  });

  test("uses the scopes as they are now", async () => {
    const { issuer, user, id } = await withToken();
    await issuer.admin.setRoleScopes("SRV_A", "reader", ["get_result", "added"]);
    expect(scopesOf(renewedBy(await renew(user, id)).token)).toEqual({ reader: ["added", "get_result"] });
  });

  test("drops a role that was deleted, without a word", async () => {
    const { issuer, user, id } = await withToken(["reader", "runner"]);
    await issuer.admin.deleteRole("SRV_A", "runner");
    const { token } = renewedBy(await renew(user, id));
    expect(Object.keys(scopesOf(token) as object)).toEqual(["reader"]);
  });
});

describe("renewing refuses", () => {
  test.each(["99", "abc", "-1", "1.0", "99999999999999999999"])(
    "the unknown id %s with the page for 404",
    async (id) => {
      const { user } = await withToken();
      for (const path of [`/tokens/tokens/${id}/renew`, `/tokens/${id}/renew`]) {
        const answer = await user.post(path);
        expect([answer.status, isPage(answer)]).toEqual([404, true]);
      }
    },
  );

  test("a token of somebody else with 401, administrators too", async () => {
    const { issuer, id } = await withToken();
    const answer = await renew(await issuer.user("root"), id);
    expect(answer.status).toBe(401);
    expect(answer.json).toEqual({ code: 401, message: "You can only renew your own tokens." });
  });

  test("a token without recorded roles with 400", async () => {
    const { issuer, user, id } = await withToken();
    await issuer.admin.deleteRole("SRV_A", "reader");
    expect((await user.list())[0]?.roles).toEqual([]);
    const answer = await renew(user, id);
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      bad_field: "token_id",
      code: 400,
      message: "This token has no roles recorded against it and cannot be renewed; mint a new token instead.",
    });
  });

  test("roles that are no longer held with 401, sorted by name", async () => {
    const { issuer, user } = await withToken();
    await issuer.admin.addRole({ server: "SRV_A", name: "analyst", maxLifeMs: HOUR, scopes: ["a"] });
    await issuer.admin.grant("flowbot", "SRV_A", "analyst");
    const id = await user.mint("three", ["runner", "reader", "analyst"]);
    const begin = "Cannot renew: the following roles are no longer assigned to you:";
    for (const [revoked, lost] of [
      ["runner", "runner"],
      ["reader", "reader, runner"],
      ["analyst", "analyst, reader, runner"],
    ] as const) {
      await issuer.admin.revoke("flowbot", "SRV_A", revoked);
      const answer = await renew(user, id);
      expect([answer.status, answer.json]).toEqual([401, { code: 401, message: `${begin} ${lost}` }]);
    }
  });

  test.each(["server", "role"])("when the cap of the %s is past, with 401", async (which) => {
    const { issuer, user, id } = await withToken();
    const past = issuer.clock.nowAt - 1;
    if (which === "server") await issuer.admin.setServerLatest("SRV_A", past);
    else await issuer.admin.setRoleLatest("SRV_A", "reader", past);
    const answer = await renew(user, id, { lifetime_minutes: "wrong, but asked later" });
    expect(answer.status).toBe(401);
    expect(answer.json).toEqual({
      code: 401,
      message: "Token for flowbot cannot be renewed: maximum permitted expiry has already passed.",
    });
  });

  test.each(["0", "-1", '"60"', "1.5", "60.0", "true", "[]", "{}"])("the lifetime %s with 400", async (literal) => {
    const { user, id } = await withToken();
    const answer = await user.post(`/tokens/tokens/${id}/renew`, { raw: `{"lifetime_minutes":${literal}}` });
    expect(answer.status).toBe(400);
    expect(answer.json).toEqual({
      bad_field: "lifetime_minutes",
      code: 400,
      message: "lifetime_minutes must be a positive integer",
    });
  });

  test("the maximum and more with 400, and grants one minute less", async () => {
    const { user, id } = await withToken();
    for (const minutes of [1440, 1441, 1e13]) {
      const answer = await renew(user, id, { lifetime_minutes: minutes });
      expect(answer.status).toBe(400);
      expect(answer.json).toEqual({
        bad_field: "lifetime_minutes",
        code: 400,
        message: "Requested lifetime exceeds the maximum permitted by the server and original roles",
      });
    }
    const { token } = renewedBy(await renew(user, id, { lifetime_minutes: 1439 }));
    expect(claimsOf(token).exp - claimsOf(token).iat).toBe(1439 * 60);
  });

  test("a list or a text with 400", async () => {
    const { user, id } = await withToken();
    for (const raw of ["[5]", '"text"']) {
      const answer = await user.post(`/tokens/tokens/${id}/renew`, { raw });
      expect([answer.status, answer.json]).toEqual([400, { code: 400, message: "The request must be a JSON object." }]);
    }
  });

  test("another method with the page for 405", async () => {
    const { user, id } = await withToken();
    const answer = await user.get(`/tokens/tokens/${id}/renew`);
    expect([answer.status, isPage(answer), answer.headers.get("Allow")]).toEqual([405, true, "POST, OPTIONS"]);
    const options = await user.call("OPTIONS", `/tokens/tokens/${id}/renew`);
    expect([options.status, options.headers.get("Allow")]).toEqual([200, "POST, OPTIONS"]);
  });

  test("and records nothing then", async () => {
    const { user, id } = await withToken();
    await renew(user, id, { lifetime_minutes: 0 });
    await renew(user, 99);
    expect(await user.list()).toHaveLength(1);
  });
});

describe("the order of the refusals", () => {
  test("is the order of the protocol's table", async () => {
    const { issuer, user, id } = await withToken(["reader", "runner"]);
    const other = await issuer.user("root");
    const past = issuer.clock.nowAt - 1;
    const body = { lifetime_minutes: 0 };
    const messageOf = (answer: Answer): unknown => (answer.json as { message?: string } | undefined)?.message;
    await issuer.admin.setServerLatest("SRV_A", past);
    await issuer.admin.revoke("flowbot", "SRV_A", "runner");
    expect((await other.post(`/tokens/tokens/${id}/renew`, { csrf: false, body })).text).toBe("CSRF error");
    expect(messageOf(await renew(other, id, body))).toMatch(/your own tokens/);
    expect(messageOf(await renew(user, id, body))).toMatch(/no longer assigned to you: runner/);
    await issuer.admin.grant("flowbot", "SRV_A", "runner");
    expect(messageOf(await renew(user, id, body))).toMatch(/has already passed/);
    await issuer.admin.setServerLatest("SRV_A", null);
    expect(messageOf(await renew(user, id, body))).toMatch(/positive integer/);
    expect(messageOf(await renew(user, id, { lifetime_minutes: 60 }))).toMatch(/exceeds the maximum/);
    expect((await renew(user, id, { lifetime_minutes: 59 })).status).toBe(200);
  });
});

describe("near a latest expiry", () => {
  test("each renewal without a lifetime is shorter than the one before, until it is refused", async () => {
    const { issuer, user, id } = await withToken();
    const cap = issuer.clock.nowAt + 2 * HOUR;
    await issuer.admin.setRoleLatest("SRV_A", "reader", cap);
    const lives: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      await issuer.clock.advance(HOUR / 4);
      const { exp, iat } = claimsOf(renewedBy(await renew(user, id)).token);
      expect(exp * 1000).toBe(cap);
      lives.push(exp - iat);
    }
    expect(lives).toEqual([6300, 5400, 4500, 3600, 2700, 1800, 900]);
    await issuer.clock.advance(HOUR / 4);
    expect((await renew(user, id)).status).toBe(401);
  });

  test("a lifetime that is asked for is never shortened", async () => {
    const { issuer, user, id } = await withToken();
    await issuer.admin.setServerLatest("SRV_A", issuer.clock.nowAt + 2 * HOUR);
    expect((await renew(user, id, { lifetime_minutes: 180 })).status).toBe(400);
    const { exp, iat } = claimsOf(renewedBy(await renew(user, id, { lifetime_minutes: 119 })).token);
    expect(exp - iat).toBe(119 * 60);
  });
});
