import { describe, expect, it } from "vitest";
import type { DomainEvent } from "../../src/core/events.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { type Access, createAccess } from "../../src/http/access.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { apiTokens, bearer, SECRETS, serving } from "./serving.ts";

const ME = "127.0.0.1";
const CHANGED = "a-changed-operator";

function access(secrets: Map<string, string> = new Map(Object.entries(SECRETS))): {
  readonly clock: FakeClock;
  readonly access: Access;
  readonly reads: () => number;
  readonly told: readonly DomainEvent[];
} {
  const clock = new FakeClock();
  let reads = 0;
  const readSecret = async (ref: object): Promise<SecretText> => {
    reads += 1;
    const text = "env" in ref ? secrets.get(String(ref.env)) : undefined;
    if (text === undefined) throw new Error("unreadable");
    return new SecretText(text);
  };
  const told: DomainEvent[] = [];
  const emit = (event: DomainEvent): void => void told.push(event);
  const made = createAccess({ tokens: apiTokens, readSecret, clock, random: systemRandom, emit });
  return { clock, access: made, reads: () => reads, told };
}

const judge = (made: Access, text: string, caller = ME) => made.judge({ caller, bearer: text, session: undefined });

describe("tokens", () => {
  it("are known by their secret alone, each with its role", async () => {
    const { access: made } = access();
    for (const role of ["viewer", "operator", "metrics"] as const) {
      expect(await judge(made, SECRETS[role])).toEqual({ known: true, role });
    }
    expect(await judge(made, "operator")).toEqual({ known: false, offered: true });
  });

  it("that are too short to withstand guessing let nobody in, which is said once", async () => {
    const secrets = new Map<string, string>(Object.entries({ ...SECRETS, viewer: "4711", operator: "x".repeat(15) }));
    const { access: made, clock, told } = access(secrets);
    for (const text of ["4711", "x".repeat(15)]) expect((await judge(made, text)).known).toBe(false);
    await clock.advance(6_000);
    expect((await judge(made, "4711")).known).toBe(false);
    const message = "too short: at least 16 characters";
    const said = { type: "api-token:refused", at: expect.any(Number), code: "secret_unreadable", message };
    expect(told).toEqual([
      { ...said, apiToken: "viewer" },
      { ...said, apiToken: "operator" },
    ]);
    secrets.set("operator", "x".repeat(16));
    await clock.advance(6_000);
    expect(await judge(made, "x".repeat(16))).toEqual({ known: true, role: "operator" });
    secrets.set("operator", "x".repeat(15));
    await clock.advance(6_000);
    await judge(made, "4711");
    expect(told).toHaveLength(3);
  });

  it("that cannot be read or are empty let nobody in, and leave the others alone", async () => {
    const { access: made } = access(
      new Map([
        ["viewer", ""],
        ["metrics", SECRETS.metrics],
      ]),
    );
    expect((await judge(made, "")).known).toBe(false);
    expect((await judge(made, SECRETS.operator)).known).toBe(false);
    expect(await judge(made, SECRETS.metrics)).toEqual({ known: true, role: "metrics" });
  });

  it("are read again after five seconds, and not before", async () => {
    const secrets = new Map<string, string>(Object.entries(SECRETS));
    const { access: made, clock, reads } = access(secrets);
    await judge(made, SECRETS.operator);
    secrets.set("operator", CHANGED);
    await clock.advance(4_900);
    expect((await judge(made, SECRETS.operator)).known).toBe(true);
    expect(reads()).toBe(apiTokens.length);
    await clock.advance(200);
    expect((await judge(made, SECRETS.operator)).known).toBe(false);
    expect((await judge(made, CHANGED)).known).toBe(true);
    expect(reads()).toBe(2 * apiTokens.length);
  });

  it("of reloaded settings count at once", async () => {
    const { access: made } = access();
    made.useTokens(apiTokens.filter(({ role }) => role !== "operator"));
    expect((await judge(made, SECRETS.operator)).known).toBe(false);
    expect((await judge(made, SECRETS.viewer)).known).toBe(true);
  });
});

describe("guessing", () => {
  it("is held back after ten failures and forgiven one by one; the right token is let in all the same", async () => {
    const { access: made, clock } = access();
    for (let failed = 0; failed < 10; failed += 1) expect((await judge(made, "wrong")).known).toBe(false);
    expect(await judge(made, "wrong")).toEqual({ known: false, waitMs: 6_000 });
    expect((await judge(made, SECRETS.operator)).known).toBe(true);
    await clock.advance(6_000);
    expect(await judge(made, "wrong")).toEqual({ known: false, offered: true });
    expect(await judge(made, "wrong")).toEqual({ known: false, waitMs: 6_000 });
  });

  it("from one address does not lock out another", async () => {
    const { access: made } = access();
    for (let failed = 0; failed < 20; failed += 1) await judge(made, "wrong", "192.0.2.1");
    expect((await judge(made, SECRETS.operator, "192.0.2.2")).known).toBe(true);
  });

  it("is held back for a whole IPv6 network, since each of its addresses is as easily had as the next", async () => {
    const { access: made } = access();
    for (let failed = 0; failed < 10; failed += 1) await judge(made, "wrong", `2001:db8::${failed}`);
    expect(await judge(made, "wrong", "2001:db8:0:0:ffff::1")).toEqual({ known: false, waitMs: 6_000 });
    for (const caller of ["2001:db8:0:1::1", "2001:db8:1::", "::1", "192.0.2.1"]) {
      expect(await judge(made, "wrong", caller)).toEqual({ known: false, offered: true });
    }
    for (let failed = 0; failed < 9; failed += 1) await judge(made, "wrong", "192.0.2.1");
    expect(await judge(made, "wrong", "::ffff:192.0.2.1")).toEqual({ known: false, waitMs: 6_000 });
    expect(await judge(made, "wrong", "::ffff:192.0.2.2")).toEqual({ known: false, offered: true });
  });

  it("is answered 429 with how long to wait; who brings nothing or an old session is not counted", async () => {
    await using server = await serving();
    for (let call = 0; call < 15; call += 1) {
      await server.call("GET", "/", { cookie: `renewd_session_${new URL(server.url).port}=old` });
      await server.call("GET", "/");
    }
    expect((await server.call("GET", "/api/v1/tokens", bearer("viewer"))).status).toBe(200);
    for (let call = 0; call < 10; call += 1) await server.call("GET", "/", { authorization: "Bearer wrong" });
    const held = await server.call("GET", "/", { authorization: "Bearer wrong" });
    expect([held.status, held.headers["retry-after"]]).toEqual([429, "6"]);
  });
});

describe("a sign-in link", () => {
  const path = (link: string): string => link.replace(/^http:\/\/[^/]+/, "");
  const cookieOf = (header: string | string[] | undefined): string => (header?.[0] ?? "").split(";")[0] ?? "";

  it("opens one session, which has its role and no script can read", async () => {
    await using server = await serving();
    const link = server.access.issueLink(`${server.url}/`, "operator");
    expect(link).toMatch(new RegExp(`^${server.url}/sign-in\\?code=[0-9a-f]{64}$`));
    const first = await server.call("GET", path(link));
    expect([first.status, first.headers["location"]]).toEqual([303, "/"]);
    expect(first.headers["set-cookie"]?.[0]).toMatch(
      /^renewd_session_\d+=[0-9a-f]{64}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const cookie = cookieOf(first.headers["set-cookie"]);
    expect((await server.call("GET", "/", { cookie })).status).toBe(200);
    const renew = await server.call(
      "POST",
      "/api/v1/tokens/flowapi/renew",
      { cookie, "content-type": "application/json", origin: server.url },
      "{}",
    );
    expect(renew.status).toBe(202);
    const second = await server.call("GET", path(link));
    expect([second.status, second.headers["set-cookie"]]).toEqual([401, undefined]);
  });

  it.each([
    { "sec-purpose": "prefetch;prerender" },
    { purpose: "prefetch" },
    { "x-purpose": "preview" },
    { "x-moz": "prefetch" },
    { "sec-fetch-dest": "empty", "sec-fetch-mode": "cors" },
    { "sec-fetch-dest": "image" },
    { "user-agent": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)" },
    { "user-agent": "WhatsApp/2.23.20.0" },
    { "user-agent": "TelegramBot (like TwitterBot)" },
    { "user-agent": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)" },
    { "user-agent": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)" },
    { "user-agent": "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5" },
  ])("is not spent by who only looks ahead: %j", async (headers) => {
    await using server = await serving();
    const link = path(server.access.issueLink(server.url, "viewer"));
    await server.call("HEAD", link);
    expect((await server.call("GET", link, headers)).status).toBe(503);
    expect((await server.call("GET", link)).status).toBe(303);
  });

  it.each([
    { "sec-fetch-dest": "document", "sec-fetch-mode": "navigate" },
    { "sec-fetch-mode": "cors" },
    {
      "user-agent":
        "Mozilla/5.0 (Linux; Android 14; CUBOT KINGKONG) AppleWebKit/537.36 Chrome/120 Mobile Safari/537.36",
    },
  ])("is spent by a browser, and by a program: %j", async (headers) => {
    await using server = await serving();
    const link = path(server.access.issueLink(server.url, "viewer"));
    expect((await server.call("GET", link, headers)).status).toBe(303);
  });

  it("ends after ten minutes, its session after twelve hours, though the wall clock be set back", async () => {
    const { access: made, clock } = access();
    const codeOf = (link: string): string => link.split("code=")[1] ?? "";
    const late = codeOf(made.issueLink("http://x", "viewer"));
    const session = made.signIn(ME, codeOf(made.issueLink("http://x", "viewer"))).session;
    await clock.advance(10 * 60_000);
    clock.jumpTo(0);
    expect(made.signIn(ME, late).session).toBeUndefined();
    expect((await made.judge({ caller: ME, bearer: undefined, session })).known).toBe(true);
    await clock.advance(12 * 3_600_000 - 10 * 60_000);
    expect((await made.judge({ caller: ME, bearer: undefined, session })).known).toBe(false);
  });

  it("makes the oldest of more than twenty void", () => {
    const { access: made } = access();
    const codes = Array.from({ length: 21 }, () => made.issueLink("http://x", "viewer").split("code=")[1] ?? "");
    expect(made.signIn(ME, codes[0] ?? "").session).toBeUndefined();
    expect(made.signIn(ME, codes[1] ?? "").session).toBeDefined();
  });

  it("gives a viewer's session a viewer's rights", async () => {
    await using server = await serving();
    const signedIn = await server.call("GET", path(server.access.issueLink(server.url, "viewer")));
    const headers = { cookie: cookieOf(signedIn.headers["set-cookie"]), "content-type": "application/json" };
    expect((await server.call("GET", "/api/v1/tokens", headers)).status).toBe(200);
    expect((await server.call("POST", "/api/v1/tokens/flowapi/renew", headers)).status).toBe(403);
  });
});
