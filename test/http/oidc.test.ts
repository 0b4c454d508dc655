import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { OidcSettings } from "../../src/core/settings.ts";
import { SignInProvider } from "../support/oauth2/sign-in-provider.ts";
import { SECRET } from "../support/oauth2/provider.ts";
import { Browser, oidcBench, type OidcBench } from "./oidc-bench.ts";

let provider: SignInProvider;
beforeEach(async () => {
  provider = new SignInProvider();
  await provider.start();
});
afterEach(() => provider.close());

async function benchOf(given: Parameters<typeof oidcBench>[1] = {}, claimsInToken = true): Promise<OidcBench> {
  const bench = await oidcBench(provider.url, given);
  provider.serve(bench.settings.redirectUrl, claimsInToken);
  return bench;
}

const CALLBACK = /\/sign-in\/oidc\/callback/;

describe("who signs in at the provider", () => {
  it.each([
    { groups: ["ops"], role: "operator" },
    { groups: ["staff", "admins"], role: "operator" },
    { groups: ["others", "staff"], role: "viewer" },
    { groups: "staff", role: "viewer" },
  ])("with $groups is let in as $role", async ({ groups, role }) => {
    await using bench = await benchOf();
    provider.person = { sub: "alice", groups };
    const browser = new Browser();
    const seen = await browser.open(`${bench.url}/sign-in/oidc`);
    expect(seen).toMatchObject({ status: 200, body: expect.stringContaining('content="0; url=/"') });
    expect(await browser.get(`${bench.url}/`)).toMatchObject({ status: 200, body: role });
  });

  it("with none of the groups is told so, and not let in", async () => {
    await using bench = await benchOf();
    provider.person = { sub: "alice", groups: ["others", "OPS", "op"] };
    const browser = new Browser();
    const seen = await browser.open(`${bench.url}/sign-in/oidc`);
    expect(seen).toMatchObject({ status: 403, body: expect.stringContaining("none of your `groups` is let in") });
    expect(seen.body).toContain("Example &lt;ID&gt;");
    expect(browser.cookies(bench.url).size).toBe(0);
    expect((await browser.get(`${bench.url}/`)).status).toBe(401);
  });

  it("of whom the provider says nothing is not let in", async () => {
    await using bench = await benchOf();
    provider.person = { sub: "alice" };
    const seen = await new Browser().open(`${bench.url}/sign-in/oidc`);
    expect(seen).toMatchObject({ status: 403, body: expect.stringContaining("says nothing of your `groups`") });
  });

  it("and is turned away there is told in the provider's words", async () => {
    await using bench = await benchOf();
    const browser = new Browser();
    const seen = await browser.open(`${bench.url}/sign-in/oidc`);
    expect(seen).toMatchObject({ status: 403, body: expect.stringContaining("access_denied: not &lt;today&gt;") });
    expect(browser.cookies(bench.url).size).toBe(0);
  });

  it("stays signed in for twelve hours", async () => {
    await using bench = await benchOf();
    provider.person = { sub: "alice", groups: ["staff"] };
    const browser = new Browser();
    await browser.open(`${bench.url}/sign-in/oidc`);
    await bench.clock.advance(12 * HOUR_MS - 1_000);
    expect((await browser.get(`${bench.url}/`)).status).toBe(200);
    await bench.clock.advance(1_000);
    expect((await browser.get(`${bench.url}/`)).status).toBe(401);
  });
});

describe("what the provider tells", () => {
  it("at its userinfo endpoint alone counts as well", async () => {
    await using bench = await benchOf({}, false);
    provider.person = { sub: "alice", groups: ["ops"] };
    const browser = new Browser();
    await browser.open(`${bench.url}/sign-in/oidc`);
    expect(await browser.get(`${bench.url}/`)).toMatchObject({ body: "operator" });
    expect(provider.seen).toContain("GET /me");
  });

  it.each([
    { email_verified: true, status: 200 },
    { email_verified: false, status: 403 },
    { email_verified: undefined, status: 403 },
  ])("of an e-mail address counts only when that was verified: $email_verified", async ({ email_verified, status }) => {
    const byMail = { claim: "email", viewers: ["alice@example.org"], scopes: ["openid", "email"] };
    await using bench = await benchOf(byMail);
    provider.person = { sub: "alice", email: "alice@example.org", email_verified };
    expect((await new Browser().open(`${bench.url}/sign-in/oidc`)).status).toBe(status);
  });
});

it("signs in as a public client, without a secret", async () => {
  await using bench = await benchOf({ clientId: "renewd-public", clientSecret: null });
  provider.person = { sub: "alice", groups: ["staff"] };
  expect((await new Browser().open(`${bench.url}/sign-in/oidc`)).status).toBe(200);
});

it("leaves no code, secret or token in a page, and keeps both cookies from scripts", async () => {
  await using bench = await benchOf();
  provider.person = { sub: "alice", groups: ["staff"] };
  const browser = new Browser();
  const sent = await browser.open(`${bench.url}/sign-in/oidc`, CALLBACK);
  const begun = await browser.get(`${bench.url}/sign-in/oidc`);
  expect(begun.headers.getSetCookie()).toEqual([
    expect.stringMatching(/^renewd_sign_in_\d+=[\w-]{200,500}; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/),
  ]);
  expect(begun.body).toBe("");
  expect(begun.headers.get("location")).not.toContain(SECRET);
  const first = new Browser();
  const last = await first.open(`${bench.url}/sign-in/oidc`);
  expect(last.headers.getSetCookie()).toContainEqual(
    expect.stringMatching(/^renewd_session_\d+=[0-9a-f]{64}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/),
  );
  expect(last.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(last.headers.get("referrer-policy")).toBe("no-referrer");
  const code = new URL(sent.url).searchParams.get("code") ?? "";
  expect(code).not.toBe("");
  for (const page of [last.body, (await browser.get(sent.url)).body]) {
    expect(page).not.toContain(code);
    expect(page).not.toContain(new URL(sent.url).searchParams.get("state"));
  }
});

describe("an answer that does not belong here", () => {
  const bad = { status: 400, body: expect.stringContaining("was not begun in this browser") };

  it("is good once", async () => {
    await using bench = await benchOf();
    provider.person = { sub: "alice", groups: ["staff"] };
    const browser = new Browser();
    const { url } = await browser.open(`${bench.url}/sign-in/oidc`, CALLBACK);
    const cookie = [...browser.cookies(bench.url)].map((pair) => pair.join("=")).join("; ");
    expect((await browser.get(url)).status).toBe(200);
    expect(await browser.get(url)).toMatchObject(bad);
    // A browser that did not let go of its cookie.
    expect(await new Browser().get(url, { cookie })).toMatchObject(bad);
  });

  it("is no good in another browser, and stays good in its own", async () => {
    await using bench = await benchOf();
    provider.person = { sub: "alice", groups: ["staff"] };
    const [mine, other] = [new Browser(), new Browser()];
    const { url } = await mine.open(`${bench.url}/sign-in/oidc`, CALLBACK);
    await other.open(`${bench.url}/sign-in/oidc`, CALLBACK);
    expect(await other.get(url)).toMatchObject(bad);
    expect(await new Browser().get(url)).toMatchObject(bad);
    expect((await mine.get(url)).status).toBe(200);
  });

  it("is no good after ten minutes", async () => {
    await using bench = await benchOf();
    provider.person = { sub: "alice", groups: ["staff"] };
    const browser = new Browser();
    const { url } = await browser.open(`${bench.url}/sign-in/oidc`, CALLBACK);
    await bench.clock.advance(10 * MINUTE_MS);
    expect(await browser.get(url)).toMatchObject(bad);
  });

  it("is no good with anything else in it, and costs the provider nothing", async () => {
    await using bench = await benchOf();
    provider.person = { sub: "alice", groups: ["staff"] };
    const browser = new Browser();
    const { url } = await browser.open(`${bench.url}/sign-in/oidc`, CALLBACK);
    const state = new URL(url).searchParams.get("state") ?? "";
    const before = provider.seen.length;
    const callback = bench.settings.redirectUrl;
    for (const query of ["", "?", "?code=x", `?code=x&state=${state.slice(1)}`, "?state=__proto__", "?state[]=x"]) {
      expect(await browser.get(`${callback}${query}`), query).toMatchObject(bad);
    }
    expect(provider.seen).toHaveLength(before);
    const doubled = await browser.get(`${url}&state=other&code=other`);
    expect(doubled.status).toBe(502);
    expect(browser.isSignedIn(bench.url)).toBe(false);
  });

  it("has to wait after too many of them from one address, and locks nobody else there out", async () => {
    await using bench = await benchOf();
    provider.person = { sub: "alice", groups: ["staff"] };
    const [browser, mine] = [new Browser(), new Browser()];
    for (let attempt = 0; attempt < 10; attempt += 1) await browser.get(`${bench.settings.redirectUrl}?state=x`);
    const seen = await browser.get(`${bench.settings.redirectUrl}?state=x`);
    expect(seen.status).toBe(429);
    expect(seen.headers.get("retry-after")).toBe("6");
    expect((await mine.open(`${bench.url}/sign-in/oidc`)).status).toBe(200);
  });

  it("is no good when what the browser keeps of it was changed", async () => {
    await using bench = await benchOf();
    provider.person = { sub: "alice", groups: ["staff"] };
    const browser = new Browser();
    const { url } = await browser.open(`${bench.url}/sign-in/oidc`, CALLBACK);
    const [[name, sealed] = ["", ""]] = browser.cookies(bench.url);
    const changed = (sealed.startsWith("A") ? "B" : "A") + sealed.slice(1);
    // Its end, which stands last, is another digit.
    const bytes = Buffer.from(sealed, "base64url");
    bytes[bytes.length - 2] = (bytes.at(-2) ?? 0) ^ 1;
    for (const kept of [bytes.toString("base64url"), changed, sealed.slice(0, -2), sealed.slice(0, 30), "", "A"]) {
      expect(await new Browser().get(url, { cookie: `${name}=${kept}` }), kept).toMatchObject(bad);
    }
    await bench.clock.advance(MINUTE_MS);
    expect((await browser.get(url)).status).toBe(200);
  });
});

it("never leads anywhere but to the provider and the dashboard", async () => {
  await using bench = await benchOf();
  provider.person = { sub: "alice", groups: ["staff"] };
  const browser = new Browser();
  const lures = "?next=https://evil.example&return_to=//evil.example&redirect_uri=https://evil.example";
  const seen = await browser.open(`${bench.url}/sign-in/oidc${lures}`);
  expect(seen.body).toContain('url=/"');
  expect([...new Set(browser.visited.map((each) => new URL(each).origin))].sort()).toEqual(
    [bench.url, provider.url].sort(),
  );
  expect(browser.visited.join(" ").replaceAll(lures, "")).not.toContain("evil");
});

it("lets nobody push out a sign-in that is under way, however many begin one", async () => {
  await using bench = await benchOf();
  provider.person = { sub: "alice", groups: ["staff"] };
  const mine = new Browser();
  const { url } = await mine.open(`${bench.url}/sign-in/oidc`, CALLBACK);
  for (let attempt = 0; attempt < 300; attempt += 1)
    expect((await new Browser().get(`${bench.url}/sign-in/oidc`)).status).toBe(303);
  expect((await mine.get(url)).status).toBe(200);
});

describe("a session of who signed in at the provider", () => {
  it.each<readonly [string, (settings: OidcSettings) => OidcSettings | null]>([
    ["none of whose groups is let in any more", (settings) => ({ ...settings, viewers: ["others"] })],
    ["by another claim than decides now", (settings) => ({ ...settings, claim: "roles" })],
    ["at another provider than there is now", (settings) => ({ ...settings, issuer: "https://other.example" })],
    ["when there is no provider any more", () => null],
  ])("ends for one %s", async (_, change) => {
    await using bench = await benchOf();
    provider.person = { sub: "alice", groups: ["staff"] };
    const browser = new Browser();
    await browser.open(`${bench.url}/sign-in/oidc`);
    bench.oidc.declare({ ...bench.settings, label: "Another" });
    expect(await browser.get(`${bench.url}/`)).toMatchObject({ status: 200, body: "viewer" });
    bench.oidc.declare(change(bench.settings));
    expect((await browser.get(`${bench.url}/`)).status).toBe(401);
  });

  it("has the role that the settings give now", async () => {
    await using bench = await benchOf();
    provider.person = { sub: "alice", groups: ["ops", "staff"] };
    const browser = new Browser();
    await browser.open(`${bench.url}/sign-in/oidc`);
    bench.oidc.declare({ ...bench.settings, operators: ["admins"] });
    expect(await browser.get(`${bench.url}/`)).toMatchObject({ status: 200, body: "viewer" });
  });
});

it("is begun only at the address that the provider sends people back to", async () => {
  await using bench = await benchOf();
  const elsewhere = bench.url.replace("127.0.0.1", "localhost");
  const seen = await new Browser().get(`${elsewhere}/sign-in/oidc`);
  expect(seen).toMatchObject({ status: 400, body: expect.stringContaining(`href="${bench.url}/sign-in/oidc"`) });
});

it("spends nothing on who only looks ahead", async () => {
  await using bench = await benchOf();
  provider.person = { sub: "alice", groups: ["staff"] };
  const browser = new Browser();
  const { url } = await browser.open(`${bench.url}/sign-in/oidc`, CALLBACK);
  expect((await browser.get(url, { "sec-purpose": "prefetch" })).status).toBe(503);
  expect((await fetch(url, { method: "HEAD" })).status).toBe(200);
  expect((await browser.get(url)).status).toBe(200);
});

it("goes by other settings at once, and by none when there are none", async () => {
  await using bench = await benchOf();
  provider.person = { sub: "alice", groups: ["staff"] };
  const browser = new Browser();
  const { url } = await browser.open(`${bench.url}/sign-in/oidc`, CALLBACK);
  bench.oidc.declare({ ...bench.settings });
  expect((await browser.get(url)).status).toBe(200);
  bench.oidc.declare({ ...bench.settings, viewers: [] });
  expect((await browser.open(`${bench.url}/sign-in/oidc`)).status).toBe(403);
  expect(bench.oidc.label).toBe("Example <ID>");
  bench.oidc.declare(null);
  expect(bench.oidc.label).toBeNull();
  expect((await browser.get(`${bench.url}/sign-in/oidc`)).status).toBe(404);
  expect((await browser.get(url)).status).toBe(404);
});
