/** More than anybody can want: bodies, heads, cookies and rows without end. */
import { describe, expect, it } from "vitest";
import { HOUR_MS } from "../../src/core/duration.ts";
import type { ErrorCode } from "../../src/core/errors.ts";
import type { TokenRow } from "../support/flowauth/server.ts";
import type { Spoil } from "../support/hostile-front.ts";
import { type Flood, flood, text, withHeaders } from "../support/hostile-spoils.ts";
import { forge } from "../support/hostile-tokens.ts";
import { HostileWorld, NAME } from "../support/hostile-world.ts";
import { attack, expectClean, type SpoiltCall } from "./attack.ts";

/** Of the 100 MiB that were on offer: what was read, and what lies in the buffers of two sockets. */
const TAKEN_MOST_BYTES = 24 * 1024 * 1024;
const HTML = { status: "500 Oops", type: "text/html" } as const;
const row = (more: string): string => `[{"id":1,"name":"x","token":"${more}`;

describe("100 MiB", () => {
  const cases: readonly (readonly [string, SpoiltCall, (flooded: Flood) => Spoil, ErrorCode, number])[] = [
    ["of blanks", "sign_in", (flooded) => flood({}, flooded), "issuer_answer_too_large", 2],
    ["of blanks", "servers", (flooded) => flood({}, flooded), "issuer_answer_too_large", 2],
    ["of blanks", "list", (flooded) => flood({}, flooded), "issuer_answer_too_large", 2],
    ["of one row", "list", (flooded) => flood({}, flooded, row(""), "x"), "issuer_answer_too_large", 2],
    ["of no JSON", "list", (flooded) => flood({}, flooded, "[", "x"), "issuer_answer_invalid", 2],
    ["of a page with 500", "sign_in", (flooded) => flood(HTML, flooded, "<p>", "x"), "issuer_error", 9],
    ["of a page with 500", "list", (flooded) => flood(HTML, flooded, "<p>", "x"), "issuer_error", 9],
    [
      "of words of a refusal",
      "servers",
      (flooded) => flood({ status: "418 x" }, flooded, '{"message":"', "x"),
      "issuer_answer_invalid",
      2,
    ],
    ["of a token", "renew", (flooded) => flood({}, flooded, '{"token":"', "x"), "issuer_answer_too_large", 2],
    ["of a page with 500", "renew", (flooded) => flood(HTML, flooded, "<p>", "x"), "issuer_error", 6],
  ];

  it.each(cases)("%s at %s are not read to the end", async (_, at, make, code, calls) => {
    const tries: Flood[] = [];
    const spoil: Spoil = (exchange) => {
      const flooded = { sentBytes: 0 };
      tries.push(flooded);
      return make(flooded)(exchange);
    };
    await attack({ at, spoil: () => spoil, code, ends: "kept", calls });
    expect(tries).toHaveLength(calls);
    for (const { sentBytes } of tries) expect(sentBytes).toBeLessThan(TAKEN_MOST_BYTES);
  });

  it("of one row are not kept where the list may be long", async () => {
    const flooded = { sentBytes: 0 };
    const spoil = (): Spoil => flood({}, flooded, row(""), "x");
    const options = { maxResponse: "64MiB" };
    await attack({ at: "list", spoil, code: "issuer_answer_invalid", ends: "kept", calls: 2, options });
    expect(flooded.sentBytes).toBeLessThan(2 * TAKEN_MOST_BYTES);
  });
});

describe("a flood of cookies", () => {
  const junk = Array.from({ length: 1_000 }, (_, index) => `Set-Cookie: j${index}=x`);

  it("before the two that count leaves no room for them, and that is told", () =>
    attack({ at: "sign_in", spoil: () => withHeaders(...junk), code: "session_refused", ends: "kept", calls: 6 }));

  it("after a session is open does no harm", async () => {
    await using world = await HostileWorld.start();
    await world.untilDue();
    for (const call of ["servers", "list", "renew"]) world.front.spoil(call, withHeaders(...junk));
    await world.run(HOUR_MS);
    expect(world.told("renewal:failed")).toEqual([]);
    expect(world.fake.written).toEqual(world.made);
    expect(world.made).toHaveLength(2);
  });

  it("that takes the session away again and again ends in a named failure", () => {
    const gone = ["Set-Cookie: session=; Max-Age=0", "Set-Cookie: X-CSRF=; Max-Age=0"];
    return attack({ at: "sign_in", spoil: () => onlyCookies(gone), code: "session_refused", ends: "kept", calls: 6 });
  });
});

describe("a cookie", () => {
  it.each(["\u0001", "\u007f", "\u2603", "a b", "a,b", '"', "__proto__"])(
    "that holds %j does no harm",
    async (held) => {
      await using world = await HostileWorld.start();
      await world.untilDue();
      const cookie = Buffer.from(`Set-Cookie: ${held}=${held}`).toString("latin1");
      world.front.spoil("list", withHeaders(cookie), 1);
      await world.run(HOUR_MS);
      const codes = world.told("renewal:failed").map(({ code }) => code);
      expect(codes.filter((code) => code !== "issuer_answer_invalid")).toEqual([]);
      expect(world.fake.written).toEqual(world.made);
      expect(world.made).toHaveLength(2);
      expectClean(world);
    },
  );
});

/** The sign-in's own answer with these cookies behind its own. */
function onlyCookies(lines: readonly string[]): Spoil {
  return async ({ truth, socket }) => {
    const { status, headers: own, body } = await truth();
    const head = [status, ...own, ...lines, `Content-Length: ${body.length}`, "Connection: close"].join("\r\n");
    socket.end(Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]));
  };
}

describe("a list of forged rows", () => {
  async function withRows(count: number, change: (given: TokenRow, index: number) => TokenRow): Promise<HostileWorld> {
    const world = await HostileWorld.start();
    await world.untilDue();
    const now = world.clock.now();
    const moment = { now: Math.floor(now / 1_000), oldExp: 0, trap: "" };
    for (let index = 0; index < count; index += 1) {
      const given = await world.issuerSide.addRow({ name: NAME, issuedAt: now, expAt: now });
      const token = forge(moment, { payload: { jti: index, exp: moment.now + 9_000 + index }, by: "other" });
      world.issuerSide.rows[world.issuerSide.rows.length - 1] = change({ ...given, token }, index);
    }
    return world;
  }

  it("newer than ours hides neither the token in use nor the fresh one", async () => {
    await using world = await withRows(60, (given) => given);
    await world.run(HOUR_MS);
    expect(world.told("issue:foreign").length).toBeGreaterThanOrEqual(20);
    expect(world.fake.written).toEqual([world.made[0], world.made.at(-1)]);
    expect(world.front.count("renew")).toBe(1);
    expectClean(world);
  });

  it("that all have one id costs no more than one renewal", async () => {
    await using world = await withRows(30, (given) => ({ ...given, id: 100 }));
    await world.run(HOUR_MS);
    expect(world.fake.written).toEqual([world.made[0], world.made.at(-1)]);
    expect(world.front.count("renew")).toBe(1);
    expectClean(world);
  });

  it("hides an answer that was lost only until one is asked for again", async () => {
    await using world = await withRows(30, (given) => given);
    world.front.spoil(
      "renew",
      text(() => ""),
      1,
    );
    await world.run(2 * HOUR_MS);
    const written = world.fake.written.slice(1);
    expect(written).toHaveLength(1);
    expect(world.made.slice(-2)).toContain(written[0]);
    expect(world.front.count("renew")).toBeLessThanOrEqual(2);
    expect(await world.incidents()).toEqual([]);
  });
});
