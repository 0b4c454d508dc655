import { describe, expect, it } from "vitest";
import { totp } from "../../../src/issuers/flowauth/totp.ts";
import { SecretText } from "../../../src/core/secret-text.ts";
import { type Bench, NAME, startBench } from "../../support/flowauth/bench.ts";

const TOTP_SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const never = new AbortController().signal;
const MINUTE = 60_000;

function find(bench: Bench, name = NAME): Promise<unknown> {
  return bench.issuer.find({ name, request: bench.request, notBefore: bench.clock.now() }, never);
}

function mint(bench: Bench): ReturnType<Bench["issuer"]["request"]> {
  const rest = { base: null, comment: null, secret: null, expAt: bench.clock.now() + 60 * MINUTE };
  return bench.issuer.request(
    { kind: "mint", baseId: null, name: NAME, request: bench.request, lifetimeMs: 60 * MINUTE, ...rest },
    never,
  );
}

describe("signing in to FlowAuth", () => {
  it("sends user name and password as JSON, with the Referer, and keeps them out of everything else", async () => {
    await using bench = await startBench();
    await find(bench);
    const [signIn, ...others] = bench.server.seen;
    expect(signIn).toMatchObject({
      path: "/signin",
      headers: { "content-type": "application/json", referer: `${bench.server.url}/` },
    });
    expect(JSON.parse(signIn?.body ?? "")).toEqual({ username: "flowbot", password: "correct horse" });
    expect(signIn?.headers.cookie).toBeUndefined();
    expect(JSON.stringify(others)).not.toContain("correct horse");
  });

  it("sends no Content-Type, no CSRF token and no body with a GET, but the Referer", async () => {
    await using bench = await startBench();
    await find(bench);
    const [list] = bench.server.calls("list");
    expect(list?.body).toBe("");
    expect(list?.headers).toMatchObject({ referer: `${bench.server.url}/` });
    expect(list?.headers["x-csrf-token"]).toBeUndefined();
    expect(list?.headers["content-type"]).toBeUndefined();
  });

  it("keeps both cookies from every answer and sends the newest CSRF value with a POST", async () => {
    await using bench = await startBench();
    await find(bench);
    await mint(bench);
    const cookies = bench.server.seen.map((each) => /session=[\w-]+\.(\d+)/.exec(each.headers.cookie ?? "")?.[1]);
    // Each answer's cookies carry its number: sign_in, servers, list, mint.
    expect(cookies).toEqual([undefined, "1", "2", "3"]);
    expect(bench.server.calls("mint")[0]?.headers["x-csrf-token"]).toMatch(/^csrf-.*\.3$/);
  });

  it("uses one session for many calls", async () => {
    await using bench = await startBench();
    for (let round = 0; round < 5; round += 1) {
      await find(bench);
      await bench.clock.advance(14 * MINUTE);
    }
    expect(bench.server.calls("sign_in")).toHaveLength(1);
  });

  it("opens a new session after 15 idle minutes, before FlowAuth's 20 are over", async () => {
    await using bench = await startBench();
    await find(bench);
    await bench.clock.advance(15 * MINUTE);
    await find(bench);
    expect(bench.server.seen.map((each) => each.call)).toEqual(["sign_in", "servers", "list", "sign_in", "list"]);
  });

  it("shares one sign-in between calls that start together", async () => {
    await using bench = await startBench({ names: ["a", "b"] });
    await Promise.all([find(bench, "a"), find(bench, "b"), mint(bench), bench.issuer.probe([bench.request], never)]);
    expect(bench.server.calls("sign_in")).toHaveLength(1);
  });

  it("goes on signing in for the others when one caller gives up", async () => {
    await using bench = await startBench();
    const gate = Promise.withResolvers<void>();
    bench.server.script("sign_in", { after: gate.promise });
    const caller = new AbortController();
    const first = bench.issuer.probe([bench.request], caller.signal);
    const other = bench.issuer.probe([bench.request], never);
    await bench.server.arrival("sign_in");
    caller.abort();
    await expect(first).rejects.toMatchObject({ code: "issuer_timeout" });
    gate.resolve();
    await other;
    expect(bench.server.calls("sign_in")).toHaveLength(1);
  });

  it.each([
    [
      "wrong password",
      { status: 401, json: { code: 401, message: "Incorrect username or password." } },
      "sign_in_refused",
    ],
    [
      "field missing",
      { status: 400, json: { code: 400, message: "Must supply username or password." } },
      "sign_in_refused",
    ],
    ["no JSON content type", { status: 400, html: "<title>400 Bad Request</title>" }, "issuer_answer_invalid"],
    [
      "two-factor code wanted",
      {
        status: 400,
        json: { code: 400, message: "Must supply a two-factor authentication code.", need_two_factor: true },
      },
      "two_factor_required",
    ],
    ["server error", { status: 500, html: "<title>500</title>" }, "issuer_error"],
    ["throttled by a proxy", { status: 429, html: "slow down", headers: { "retry-after": "7" } }, "issuer_throttled"],
    ["redirect", { status: 302, html: "", headers: { location: "https://elsewhere.example/" } }, "issuer_redirected"],
    ["a proxy's own page", { status: 200, html: "<h1>Welcome</h1>" }, "issuer_answer_invalid"],
    ["not logged in after all", { status: 200, json: { logged_in: false } }, "issuer_answer_invalid"],
  ] as const)("tells %s apart; nothing is minted", async (_, script, code) => {
    await using bench = await startBench();
    bench.server.script("sign_in", script);
    expect(await mint(bench)).toMatchObject({ outcome: "refused", error: { code, sent: false } });
    expect(bench.server.seen).toHaveLength(1);
  });

  it("never passes on a password or a cookie that the issuer repeats in its words", async () => {
    await using bench = await startBench();
    bench.server.script("sign_in", { status: 400, json: { code: 400, message: "bad: correct  horse of flowbot" } });
    const refused = await mint(bench);
    if (refused.outcome === "minted") throw new TypeError("it was to be refused");
    expect(refused.error.message).not.toContain("horse");
    expect(refused.error.message).toContain("[redacted] of flowbot");
  });

  it("passes on how long a proxy wants us to wait", async () => {
    await using bench = await startBench();
    bench.server.script("sign_in", { status: 503, html: "", headers: { "retry-after": "90" } });
    await expect(find(bench)).rejects.toMatchObject({ code: "issuer_throttled", retryAfterMs: 90_000 });
  });

  it.each(["session=1.1", "X-CSRF=1.1"])("says so when only %s was left of the answer's cookies", async (cookie) => {
    await using bench = await startBench();
    bench.server.script("sign_in", { status: 200, json: { logged_in: true }, headers: { "set-cookie": cookie } });
    await expect(find(bench)).rejects.toMatchObject({ code: "session_refused", sent: false });
  });

  it("sends a refused password once a minute at most, and a corrected one at once", async () => {
    await using bench = await startBench();
    bench.secrets.set("PASSWORD", "wrong");
    for (let round = 0; round < 5; round += 1)
      await expect(find(bench)).rejects.toMatchObject({ code: "sign_in_refused" });
    expect(bench.server.calls("sign_in")).toHaveLength(1);
    await bench.clock.advance(MINUTE);
    await expect(find(bench)).rejects.toMatchObject({ code: "sign_in_refused" });
    expect(bench.server.calls("sign_in")).toHaveLength(2);
    bench.secrets.set("PASSWORD", "correct horse");
    await find(bench);
  });

  it("fails as the secret does when the password cannot be read, and sends nothing", async () => {
    await using bench = await startBench();
    bench.secrets.delete("PASSWORD");
    expect(await mint(bench)).toMatchObject({ outcome: "refused", error: { code: "secret_unreadable", sent: false } });
    expect(bench.server.seen).toEqual([]);
  });
});

describe("the second factor", () => {
  it("goes along as text, made from the secret and the clock", async () => {
    await using bench = await startBench({ totp: TOTP_SECRET });
    const code = totp(new SecretText(TOTP_SECRET), bench.clock.now());
    bench.server.account.twoFactor = (given) => given === code;
    await find(bench);
    expect(JSON.parse(bench.server.calls("sign_in")[0]?.body ?? "")).toMatchObject({ two_factor_code: code });
  });

  it("waits for the next step when the code is not valid, then tries once more", async () => {
    await using bench = await startBench({ totp: TOTP_SECRET });
    const nextCode = totp(new SecretText(TOTP_SECRET), bench.clock.now() + 30_000);
    bench.server.account.twoFactor = (given) => given === nextCode;
    const finding = find(bench);
    await untilTimer(bench);
    expect(bench.server.calls("sign_in")).toHaveLength(1);
    await bench.clock.advance(30_000);
    await finding;
    expect(bench.server.calls("sign_in")).toHaveLength(2);
  });

  it("is given up after the second refused code", async () => {
    await using bench = await startBench({ totp: TOTP_SECRET });
    bench.server.account.twoFactor = () => false;
    const finding = expect(find(bench)).rejects.toMatchObject({ code: "two_factor_refused" });
    await untilTimer(bench);
    await bench.clock.advance(30_000);
    await finding;
    expect(bench.server.calls("sign_in")).toHaveLength(2);
  });

  it("is never used twice in one step, not even by a new session", async () => {
    await using bench = await startBench({ totp: TOTP_SECRET });
    const used = new Set<unknown>();
    bench.server.account.twoFactor = (given) => !used.has(given) && used.add(given) !== undefined;
    await find(bench);
    bench.server.endSessions();
    await bench.clock.advance(1);
    const again = find(bench);
    await untilTimer(bench);
    expect(bench.server.calls("sign_in")).toHaveLength(1);
    await bench.clock.advance(30_000);
    await again;
    expect(used.size).toBe(2);
  });
});

describe("a session that has ended", () => {
  it.each([
    ["its CSRF token was refused", "mint", "CSRF error"],
    ["nobody is logged in", "list", "<!doctype html><title>401 Unauthorized</title>"],
  ] as const)("is opened anew when %s, and the call is sent once more", async (_, call, html) => {
    await using bench = await startBench();
    bench.server.script(call, { status: 401, html });
    if (call === "mint") expect(await mint(bench)).toMatchObject({ outcome: "minted" });
    else await find(bench);
    expect(bench.server.calls("sign_in")).toHaveLength(2);
    expect(bench.server.calls(call)).toHaveLength(2);
  });

  it("is not opened a third time: a second refusal is told", async () => {
    await using bench = await startBench();
    bench.server.script("mint", { status: 401, html: "CSRF error" }, { status: 401, html: "CSRF error" });
    expect(await mint(bench)).toMatchObject({ outcome: "refused", error: { code: "session_refused" } });
    expect(bench.server.calls("mint")).toHaveLength(2);
  });

  it("is told from a refusal of the request: a 401 with JSON signs nobody in again", async () => {
    await using bench = await startBench();
    bench.server.script("mint", { status: 401, json: { code: 401, message: "something new" } });
    expect(await mint(bench)).toMatchObject({
      outcome: "refused",
      error: { code: "request_refused", message: expect.stringContaining("something new") as string },
    });
    expect(bench.server.calls("sign_in")).toHaveLength(1);
  });

  it("is opened once for all calls that find it gone", async () => {
    await using bench = await startBench({ names: ["a", "b"] });
    await find(bench, "a");
    await bench.clock.advance(1);
    bench.server.endSessions();
    await Promise.all([find(bench, "a"), mint(bench)]);
    expect(bench.server.calls("sign_in")).toHaveLength(2);
  });

  it("is not taken for the new one by a call whose answer comes late", async () => {
    await using bench = await startBench({ names: ["a", "b"] });
    await find(bench, "a");
    await bench.clock.advance(1);
    const gate = Promise.withResolvers<void>();
    bench.server.script("list", { after: gate.promise, reply: { status: 401, html: "<title>401</title>" } });
    const late = find(bench, "a");
    await bench.server.arrival("list");
    bench.server.endSessions();
    expect(await mint(bench)).toMatchObject({ outcome: "minted" });
    gate.resolve();
    await late;
    expect(bench.server.calls("sign_in")).toHaveLength(2);
  });

  it("refuses the mint when no new session can be opened: the 401 page proves that nothing was minted", async () => {
    await using bench = await startBench();
    await find(bench);
    bench.server.endSessions();
    bench.server.script("sign_in", "drop");
    expect(await mint(bench)).toMatchObject({ outcome: "refused", error: { code: "issuer_unreachable", sent: false } });
  });
});

async function untilTimer(bench: Bench): Promise<void> {
  // The call's own limit may be a timer too; the wait for the next step is the one that comes after the sign-in.
  const before = bench.clock.pendingTimers;
  while (bench.clock.pendingTimers <= before) await new Promise((resolve) => setImmediate(resolve));
}
