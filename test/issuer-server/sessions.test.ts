import { describe, expect, test } from "vitest";
import { type Answer, isPage, startIssuer } from "./fixture.ts";

const MINUTE = 60_000;

function expectCsrfError(answer: Answer): void {
  expect(answer.status).toBe(401);
  expect(answer.type).toBe("text/html; charset=utf-8");
  expect(answer.text).toBe("CSRF error");
}

describe("a session", () => {
  test("answers who is signed in, and the page for 401 to everybody else", async () => {
    const issuer = await startIssuer();
    const user = await issuer.user();
    const known = await user.get("/is_signed_in");
    expect(known.status).toBe(200);
    expect(known.json).toEqual({ is_admin: false, logged_in: true, require_two_factor_setup: false });
    for (const path of ["/is_signed_in", "/signout", "/tokens/servers", "/tokens/tokens/1", "/user/roles/server/1"]) {
      const stranger = await issuer.visitor().get(path);
      expect(stranger.status, path).toBe(401);
      expect(isPage(stranger), path).toBe(true);
    }
  });

  test("lasts through 20 idle minutes, not a second longer", async () => {
    const issuer = await startIssuer();
    const user = await issuer.user();
    await issuer.clock.advance(20 * MINUTE);
    expect((await user.get("/is_signed_in")).status).toBe(200);
    await issuer.clock.advance(20 * MINUTE + 1_000);
    expect((await user.get("/is_signed_in")).status).toBe(401);
  });

  test("slides with every answer", async () => {
    const issuer = await startIssuer();
    const user = await issuer.user();
    for (let round = 0; round < 10; round += 1) {
      await issuer.clock.advance(19 * MINUTE);
      expect((await user.get("/version")).status).toBe(200);
    }
    expect((await user.get("/is_signed_in")).status).toBe(200);
  });

  test("ends with sign-out, in the cookie alone", async () => {
    const issuer = await startIssuer();
    const user = await issuer.user();
    const copied = user.cookies.get("session") ?? "";
    expect((await user.get("/signout")).json).toEqual({ logged_in: false });
    expect((await user.get("/is_signed_in")).status).toBe(401);
    expect((await user.get("/signout")).status).toBe(401);
    user.cookies.set("session", copied);
    expect((await user.get("/is_signed_in")).status).toBe(200);
  });

  test("cannot be forged", async () => {
    const issuer = await startIssuer();
    const user = await issuer.user();
    const [text, time, mac] = (user.cookies.get("session") ?? "").split(".");
    const forged = Buffer.from(
      Buffer.from(text ?? "", "base64url")
        .toString()
        .replace(/:\d+$/, ":2"),
    );
    for (const cookie of [
      `${forged.toString("base64url")}.${time}.${mac}`,
      `${text}.${Number(time) + 1}.${mac}`,
      `${text}.${time}.`,
      // A value signed for the other cookie.
      user.cookies.get("X-CSRF") ?? "",
    ]) {
      const visitor = issuer.visitor();
      visitor.cookies.set("session", cookie);
      expect((await visitor.get("/is_signed_in")).status).toBe(401);
    }
  });

  test("and its CSRF value come with every answer, whatever its status", async () => {
    const issuer = await startIssuer();
    const visitor = issuer.visitor();
    for (const [method, path, status] of [
      ["GET", "/version", 200],
      ["GET", "/tokens/servers", 401],
      ["GET", "/nowhere", 404],
      ["GET", "/tokens/tokens/1/renew", 405],
      ["POST", "/signin", 400],
      ["POST", "/tokens/tokens/1/renew", 401],
    ] as const) {
      const answer = await visitor.call(method, path, { csrf: false });
      expect(answer.status, path).toBe(status);
      const names = answer.headers.getSetCookie().map((cookie) => cookie.split("=")[0]);
      expect(names, path).toEqual(["session", "X-CSRF"]);
    }
  });
});

describe("the CSRF header", () => {
  test("is wanted before the login, so that an ended session looks the same", async () => {
    const issuer = await startIssuer();
    const user = await issuer.user();
    expectCsrfError(await user.post("/tokens/tokens/1/renew", { csrf: false }));
    expectCsrfError(await user.post("/tokens/tokens/1", { csrf: false }));
    expectCsrfError(await user.post("/tokens/tokens/1/renew", { csrf: "nonsense" }));
    expectCsrfError(await issuer.visitor().post("/tokens/tokens/1/renew"));
    const csrf = user.cookies.get("X-CSRF") ?? "";
    await issuer.clock.advance(21 * MINUTE);
    expectCsrfError(await user.post("/tokens/tokens/1/renew", { csrf }));
  });

  test("holds for a session that did not sign in, which then gets the page for 401", async () => {
    const issuer = await startIssuer();
    const visitor = issuer.visitor();
    await visitor.get("/version");
    const answer = await visitor.post("/tokens/tokens/1/renew");
    expect(answer.status).toBe(401);
    expect(isPage(answer)).toBe(true);
  });

  test("is bound to its session", async () => {
    const issuer = await startIssuer();
    const [one, other] = [await issuer.user(), await issuer.user()];
    expectCsrfError(await one.post("/tokens/tokens/1/renew", { csrf: other.cookies.get("X-CSRF") ?? "" }));
  });

  test("lives an hour, also in a session that lives on", async () => {
    const issuer = await startIssuer();
    const user = await issuer.user();
    const id = await user.mint("kept alive");
    const csrf = user.cookies.get("X-CSRF") ?? "";
    for (let round = 0; round < 4; round += 1) {
      await issuer.clock.advance(15 * MINUTE);
      await user.get("/version");
    }
    expect((await user.post(`/tokens/tokens/${id}/renew`, { csrf })).status).toBe(200);
    await issuer.clock.advance(5 * MINUTE);
    expectCsrfError(await user.post(`/tokens/tokens/${id}/renew`, { csrf }));
    expect((await user.get("/is_signed_in")).status).toBe(200);
    expect((await user.post(`/tokens/tokens/${id}/renew`)).status).toBe(200);
  });

  test("may be spelled X-CSRFToken, and the X-CSRF cookie need not come back", async () => {
    const issuer = await startIssuer();
    const user = await issuer.user();
    const id = await user.mint("spelled");
    const csrf = user.cookies.get("X-CSRF") ?? "";
    user.cookies.delete("X-CSRF");
    const answer = await user.post(`/tokens/tokens/${id}/renew`, { csrf: false, headers: { "X-CSRFToken": csrf } });
    expect(answer.status).toBe(200);
  });
});
