import { describe, expect, it } from "vitest";
import { Sessions } from "../../src/http/sessions.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { apiTokens, bearer, SECRETS, serving, type Serving } from "./serving.ts";

const JSON_TYPE = { "content-type": "application/json" } as const;

function signIn(server: Serving, token: unknown, headers: Readonly<Record<string, string>> = {}) {
  return server.call("POST", "/sign-in", { ...JSON_TYPE, origin: server.url, ...headers }, JSON.stringify({ token }));
}

const cookieOf = ({ headers }: { readonly headers: Readonly<Record<string, string | string[] | undefined>> }): string =>
  (headers["set-cookie"]?.[0] ?? "").split(";")[0] ?? "";

const pageAs = async (server: Serving, cookie: string) => (await server.call("GET", "/", { cookie })).status;

describe("signing in with an API token", () => {
  it.each(["viewer", "operator"] as const)("opens a session with the role of a %s's token", async (role) => {
    await using server = await serving();
    const opened = await signIn(server, ` ${SECRETS[role]}\n`);
    expect([opened.status, JSON.parse(opened.body)]).toEqual([200, { role }]);
    expect(opened.headers["set-cookie"]?.[0]).toMatch(
      /^renewd_session_\d+=[0-9a-f]{64}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const cookie = cookieOf(opened);
    expect(await pageAs(server, cookie)).toBe(200);
    const renewed = await server.call("POST", "/api/v1/tokens/flowapi/renew", { ...JSON_TYPE, cookie }, "{}");
    expect(renewed.status).toBe(role === "operator" ? 202 : 403);
  });

  it("is refused to a metrics token, to no token and to a wrong one, without repeating what was sent", async () => {
    await using server = await serving();
    for (const [token, status] of [
      [SECRETS.metrics, 403],
      ["canary-wrong", 401],
      ["", 400],
      [7, 400],
      [undefined, 400],
    ] as const) {
      const answer = await signIn(server, token);
      expect([token, answer.status, answer.headers["set-cookie"]]).toEqual([token, status, undefined]);
      expect(answer.headers["content-type"]).toBe("application/problem+json");
      expect(answer.body).not.toContain("canary");
    }
  });

  it("is held back after ten failures, by the same count as tokens that are sent with a call", async () => {
    await using server = await serving();
    for (let tries = 0; tries < 5; tries += 1) await signIn(server, "wrong");
    for (let tries = 0; tries < 5; tries += 1) await server.call("GET", "/", { authorization: "Bearer wrong" });
    const held = await signIn(server, "wrong");
    expect([held.status, held.headers["retry-after"]]).toEqual([429, "6"]);
    expect((await signIn(server, SECRETS.viewer)).status).toBe(200);
  });

  it.each([
    ["a foreign origin", { origin: "https://evil.example" }, 403],
    ["another site", { "sec-fetch-site": "cross-site" }, 403],
    ["a form", { "content-type": "application/x-www-form-urlencoded" }, 415],
    ["an unknown host", { host: "evil.example" }, 403],
  ] as const)("is refused to %s", async (_, headers, status) => {
    await using server = await serving();
    const answer = await signIn(server, SECRETS.operator, headers);
    expect([answer.status, answer.headers["set-cookie"]]).toEqual([status, undefined]);
  });
});

describe("a session that was opened with a token", () => {
  it("ends when the token is taken out of the settings, or its secret is another", async () => {
    await using server = await serving();
    const cookie = cookieOf(await signIn(server, SECRETS.operator));
    server.access.useTokens(apiTokens.filter(({ role }) => role !== "operator"));
    expect(await pageAs(server, cookie)).toBe(401);
    server.access.useTokens(apiTokens);
    expect(await pageAs(server, cookie)).toBe(200);
    server.secrets.set("operator", "changed");
    await server.clock.advance(6_000);
    expect(await pageAs(server, cookie)).toBe(401);
  });

  it("has the role that the token has now", async () => {
    await using server = await serving();
    const cookie = cookieOf(await signIn(server, SECRETS.operator));
    server.access.useTokens([{ name: "operator", role: "viewer", secret: { env: "operator" } }]);
    expect((await server.call("POST", "/api/v1/tokens/flowapi/renew", { ...JSON_TYPE, cookie }, "{}")).status).toBe(
      403,
    );
    server.access.useTokens([{ name: "operator", role: "metrics", secret: { env: "operator" } }]);
    expect(await pageAs(server, cookie)).toBe(401);
  });

  it("ends after twelve hours", async () => {
    await using server = await serving();
    const cookie = cookieOf(await signIn(server, SECRETS.viewer));
    await server.clock.advance(12 * 3_600_000 - 1);
    expect(await pageAs(server, cookie)).toBe(200);
    await server.clock.advance(1);
    expect(await pageAs(server, cookie)).toBe(401);
  });

  it("ends by signing out, which a foreign page cannot do for anybody", async () => {
    await using server = await serving();
    const cookie = cookieOf(await signIn(server, SECRETS.viewer));
    const foreign = await server.call(
      "POST",
      "/sign-out",
      { ...JSON_TYPE, cookie, origin: "https://evil.example" },
      "{}",
    );
    expect([foreign.status, await pageAs(server, cookie)]).toEqual([403, 200]);
    const out = await server.call("POST", "/sign-out", { ...JSON_TYPE, cookie, origin: server.url }, "{}");
    expect(out.status).toBe(200);
    expect(out.headers["set-cookie"]?.[0]).toMatch(
      /^renewd_session_\d+=; Max-Age=0; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    expect(await pageAs(server, cookie)).toBe(401);
    expect((await server.call("POST", "/sign-out", { ...JSON_TYPE, ...bearer("viewer") }, "{}")).status).toBe(200);
  });
});

describe("a session's cookie", () => {
  const PROXIED = { host: "renewd.test", origin: "https://renewd.test" } as const;

  it("goes over TLS alone, and is this host's own, where the page came over TLS", async () => {
    await using server = await serving();
    const opened = await signIn(server, SECRETS.viewer, PROXIED);
    expect(opened.headers["set-cookie"]?.[0]).toMatch(
      /^__Host-renewd_session=[0-9a-f]{64}; Max-Age=43200; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    );
    const cookie = cookieOf(opened);
    const page = async (brought: string) =>
      (await server.call("GET", "/", { host: PROXIED.host, cookie: brought })).status;
    expect(await page(cookie)).toBe(200);
    expect(await page(`renewd_session=planted; ${cookie}`)).toBe(200);
    const out = await server.call("POST", "/sign-out", { ...JSON_TYPE, ...PROXIED, cookie }, "{}");
    expect(out.headers["set-cookie"]?.[0]).toMatch(/^__Host-renewd_session=; Max-Age=0; Path=\/; HttpOnly; Secure;/);
    expect(await page(cookie)).toBe(401);
  });

  it("leaves that of another daemon on this host alone", async () => {
    await using one = await serving();
    await using other = await serving();
    const cookies = [cookieOf(await signIn(one, SECRETS.viewer)), cookieOf(await signIn(other, SECRETS.operator))];
    expect(new Set(cookies.map((cookie) => cookie.split("=")[0])).size).toBe(2);
    for (const server of [one, other]) expect(await pageAs(server, cookies.join("; "))).toBe(200);
  });
});

describe("many sessions", () => {
  it("of one token push out its own oldest, and nobody else's", async () => {
    await using server = await serving();
    const operator = cookieOf(await signIn(server, SECRETS.operator));
    const viewers: string[] = [];
    for (let count = 0; count < 21; count += 1) viewers.push(cookieOf(await signIn(server, SECRETS.viewer)));
    const open = await Promise.all(viewers.map((cookie) => pageAs(server, cookie)));
    expect(open).toEqual([401, ...Array.from({ length: 20 }, () => 200)]);
    expect(await pageAs(server, operator)).toBe(200);
  });

  it("of many take the oldest of who has the most, once those that ended are gone", async () => {
    const clock = new FakeClock();
    const sessions = new Sessions(clock, systemRandom);
    const open = (key: string) => sessions.openOn({ key, roleNow: async () => "viewer" });
    const ended = Array.from({ length: 500 }, (_, of) => open(`ended ${of}`));
    await clock.advance(12 * 3_600_000);
    const alone = open("alone");
    const two = [open("two"), open("two")];
    const others = Array.from({ length: 997 }, (_, of) => open(`other ${of}`));
    const isOpen = (session: string) => sessions.groundOf(session) !== undefined;
    expect(ended.some(isOpen)).toBe(false);
    expect([alone, ...two, ...others].every(isOpen)).toBe(true);
    open("one more");
    expect([alone, ...two, ...others].filter((session) => !isOpen(session))).toEqual([two[0]]);
  });
});

describe("the sign-in page", () => {
  it("says of a link that was spent that it was, and how to get another", async () => {
    await using server = await serving();
    const { status, body } = await server.call("GET", "/sign-in?code=wrong");
    expect(status).toBe(401);
    expect(body).toContain("This link was used already, or is too old.");
    expect(body).toContain("renewd dashboard");
  });

  it("stands at its own address too, and counts nothing", async () => {
    await using server = await serving();
    for (let tries = 0; tries < 15; tries += 1) {
      const { status, body } = await server.call("GET", "/sign-in");
      expect(status).toBe(401);
      expect(body).not.toContain("needs a token or a session");
    }
    expect((await server.call("GET", "/", { authorization: "Bearer wrong" })).status).toBe(401);
  });
});
