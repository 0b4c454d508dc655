import { describe, expect, test } from "vitest";
import { SecretText } from "../../src/core/secret-text.ts";
import { totpCode, totpStep } from "../../src/issuer-server/totp.ts";
import { type Fixture, isPage, startIssuer } from "./fixture.ts";

describe("sign-in", () => {
  test("tells who signed in, and sets both cookies as browsers need them", async () => {
    const issuer = await startIssuer();
    const answer = await issuer.visitor().signIn();
    expect(answer.status).toBe(200);
    expect(answer.type).toBe("application/json");
    expect(answer.json).toEqual({ is_admin: false, logged_in: true, require_two_factor_setup: false });
    const [session, csrf] = answer.headers.getSetCookie();
    const inTwentyMinutes = new Date(issuer.clock.nowAt + 20 * 60_000).toUTCString();
    expect(session).toMatch(/^session=[\w.-]+; /);
    expect(session?.split("; ").slice(1).toSorted()).toEqual([`Expires=${inTwentyMinutes}`, "HttpOnly", "Path=/"]);
    expect(csrf).toMatch(/^X-CSRF=[\w.-]+; Path=\/$/);
  });

  test("tells an administrator so", async () => {
    const issuer = await startIssuer();
    expect((await issuer.visitor().signIn("root")).json).toMatchObject({ is_admin: true });
  });

  test.each([
    ["a wrong password", { username: "flowbot", password: "wrong" }],
    ["an unknown user", { username: "nobody", password: "wrong" }],
    ["a name that is no text", { username: 7, password: "wrong" }],
    ["a password that is no text", { username: "flowbot", password: null }],
  ])("refuses %s with 401", async (_case, body) => {
    const issuer = await startIssuer();
    const answer = await issuer.visitor().post("/signin", { body });
    expect(answer.status).toBe(401);
    expect(answer.json).toEqual({ code: 401, message: "Incorrect username or password." });
    expect((await issuer.visitor().get("/is_signed_in")).status).toBe(401);
  });

  test.each([[{ username: "flowbot" }], [{ password: "x" }], [{}], [[]], [null], ["username password"]])(
    "refuses %j, where a field is missing, with 400",
    async (body) => {
      const answer = await (await startIssuer()).visitor().post("/signin", { raw: JSON.stringify(body) });
      expect(answer.status).toBe(400);
      expect(answer.json).toEqual({ code: 400, message: "Must supply username or password." });
    },
  );

  test.each([
    [
      "no JSON content type",
      { raw: '{"username":"flowbot","password":"x"}', headers: { "Content-Type": "text/plain" } },
    ],
    ["malformed JSON", { raw: '{"username":' }],
    ["no body", {}],
  ])("answers %s with the page for 400", async (_case, options) => {
    const answer = await (await startIssuer()).visitor().post("/signin", options);
    expect(answer.status).toBe(400);
    expect(isPage(answer)).toBe(true);
  });

  test("turns sign-ins away while too many hash, and lets those that wait in", async () => {
    const issuer = await startIssuer();
    const answers = await Promise.all(Array.from({ length: 100 }, () => issuer.visitor().signIn()));
    const statuses = answers.map((answer) => answer.status);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThanOrEqual(34);
    const refused = answers.filter((answer) => answer.status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused) {
      expect(answer.status).toBe(503);
      expect(answer.headers.get("Retry-After")).toBe("1");
    }
    expect((await issuer.visitor().signIn()).status).toBe(200);
  });
});

describe("two-factor sign-in", () => {
  async function withTwoFactor(): Promise<{ issuer: Fixture; code: () => string }> {
    const issuer = await startIssuer();
    const secret = await issuer.admin.enableTwoFactor("flowbot");
    return { issuer, code: () => totpCode(new SecretText(secret.reveal()), totpStep(issuer.clock.nowAt)) };
  }

  test.each([[undefined], [""]])("asks for a code after a right password when %j was sent", async (sent) => {
    const { issuer } = await withTwoFactor();
    const answer = await issuer.visitor().signIn("flowbot", sent);
    expect(answer.status).toBe(400);
    const message = "Must supply a two-factor authentication code.";
    expect(answer.json).toEqual({ code: 400, message, need_two_factor: true });
  });

  test("does not tell that there is a second factor after a wrong password", async () => {
    const { issuer, code } = await withTwoFactor();
    const answer = await issuer.visitor().signIn("flowbot", code(), "wrong");
    expect(answer.json).toEqual({ code: 401, message: "Incorrect username or password." });
  });

  test("takes the current code once, and the next one in the next step", async () => {
    const { issuer, code } = await withTwoFactor();
    const first = await issuer.visitor().signIn("flowbot", code());
    expect(first.status).toBe(200);
    expect(first.json).toMatchObject({ require_two_factor_setup: false });
    const again = await issuer.visitor().signIn("flowbot", code());
    expect(again.status).toBe(401);
    expect(again.json).toEqual({ code: 401, message: "Code not valid." });
    await issuer.clock.advance(30_000);
    expect((await issuer.visitor().signIn("flowbot", code())).status).toBe(200);
  });

  test("lets only one of two simultaneous sign-ins use a code", async () => {
    const { issuer, code } = await withTwoFactor();
    const answers = await Promise.all([1, 2].map(() => issuer.visitor().signIn("flowbot", code())));
    expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([200, 401]);
  });

  test("refuses the code of the step before, a wrong one, and one sent as a number", async () => {
    const { issuer, code } = await withTwoFactor();
    const old = code();
    await issuer.clock.advance(30_000);
    const asNumber = { username: "flowbot", password: "correct horse battery staple", two_factor_code: Number(code()) };
    for (const answer of [
      await issuer.visitor().signIn("flowbot", old),
      await issuer.visitor().signIn("flowbot", "no code"),
      await issuer.visitor().post("/signin", { body: asNumber }),
    ]) {
      expect(answer.status).toBe(401);
      expect(answer.json).toEqual({ code: 401, message: "Code not valid." });
    }
    expect((await issuer.visitor().signIn("flowbot", code())).status).toBe(200);
  });
});
