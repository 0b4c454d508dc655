import { describe, expect, it } from "vitest";
import type { MintAnswer } from "../../../src/core/ports.ts";
import { type Bench, DAY, NAME, startBench } from "../../support/flowauth/bench.ts";
import { limitsCountFrom } from "../../support/late-limits.ts";
import type { Script } from "../../support/flowauth/server.ts";

const never = new AbortController().signal;
const MINUTE = 60_000;

interface Asking {
  readonly kind?: "mint" | "renew";
  readonly baseId?: string;
  readonly lifetimeMs?: number;
  readonly signal?: AbortSignal;
}

async function ask(bench: Bench, asking: Asking = {}): Promise<MintAnswer> {
  const { kind = "renew", lifetimeMs = 60 * MINUTE, signal = never } = asking;
  const baseId = kind === "mint" ? null : (asking.baseId ?? (await oldRow(bench)));
  const rest = { base: null, comment: null, secret: null, expAt: bench.clock.now() + lifetimeMs };
  return bench.issuer.request({ kind, baseId, name: NAME, request: bench.request, lifetimeMs, ...rest }, signal);
}

async function oldRow(bench: Bench): Promise<string> {
  const now = bench.clock.now();
  return String((await bench.server.addRow({ name: NAME, issuedAt: now - DAY, expAt: now + DAY })).id);
}

function bodies(bench: Bench, call: "mint" | "renew"): unknown[] {
  return bench.server.calls(call).map((each) => JSON.parse(each.body) as unknown);
}

const badField = { bad_field: "lifetime_minutes", code: 400 };
const exceeds: Script = {
  status: 400,
  json: { ...badField, message: "Requested lifetime exceeds the maximum permitted by the server and original roles" },
};
const notPositive: Script = {
  status: 400,
  json: { ...badField, message: "lifetime_minutes must be a positive integer" },
};

describe("renewing at FlowAuth", () => {
  it("asks for whole minutes as a JSON integer and answers the fresh token with its id", async () => {
    await using bench = await startBench();
    const answer = await ask(bench, { lifetimeMs: 59.99 * MINUTE });
    expect(bodies(bench, "renew")).toEqual([{ lifetime_minutes: 59 }]);
    expect(bench.server.calls("renew")[0]).toMatchObject({
      path: "/tokens/tokens/100/renew",
      headers: { "content-type": "application/json" },
    });
    expect(answer).toMatchObject({ outcome: "minted", issuerId: "101", expiresAt: null });
    expect(answer.outcome === "minted" && answer.token.reveal()).toBe(bench.server.rows[1]?.token);
  });

  it("asks for one minute at least", async () => {
    await using bench = await startBench();
    await ask(bench, { lifetimeMs: 10_000 });
    expect(bodies(bench, "renew")).toEqual([{ lifetime_minutes: 1 }]);
  });

  it("needs no list of servers", async () => {
    await using bench = await startBench();
    await ask(bench);
    expect(bench.server.seen.map((each) => each.call)).toEqual(["sign_in", "renew"]);
  });

  it.each([
    ["no such id", { status: 404, html: "<title>404 Not Found</title>" }, "token_absent"],
    [
      "not the owner",
      { status: 401, json: { code: 401, message: "You can only renew your own tokens." } },
      "token_not_owned",
    ],
    [
      "no roles recorded",
      {
        status: 400,
        json: {
          bad_field: "token_id",
          code: 400,
          message: "This token has no roles recorded against it and cannot be renewed; mint a new token instead.",
        },
      },
      "roles_unrecorded",
    ],
    [
      "a role no longer held",
      {
        status: 401,
        json: { code: 401, message: "Cannot renew: the following roles are no longer assigned to you: runner" },
      },
      "roles_not_held",
    ],
    [
      "a cap in the past",
      {
        status: 401,
        json: {
          code: 401,
          message: "Token for flowbot cannot be renewed: maximum permitted expiry has already passed.",
        },
      },
      "expiry_cap_passed",
    ],
    ["a lifetime that is no number", notPositive, "lifetime_refused"],
    [
      "a method that is not allowed",
      { status: 405, html: "<title>405</title>", headers: { allow: "POST" } },
      "issuer_answer_invalid",
    ],
    ["throttling", { status: 429, html: "", headers: { "retry-after": "3" } }, "issuer_throttled"],
    ["a redirect", { status: 308, html: "", headers: { location: "https://x.example/" } }, "issuer_redirected"],
    ["a proxy's refusal", { status: 403, html: "<h1>Forbidden</h1>" }, "issuer_answer_invalid"],
  ] as const)("refuses for certain: %s", async (_, script, code) => {
    await using bench = await startBench();
    bench.server.script("renew", script);
    expect(await ask(bench)).toMatchObject({ outcome: "refused", error: { code } });
    expect(bench.server.calls("renew")).toHaveLength(1);
  });

  it.each([
    ["server error", { status: 500, html: "<title>500</title>" }, "issuer_error"],
    ["bad gateway", { status: 502, html: "" }, "issuer_error"],
    ["proxy's time limit", { status: 504, html: "" }, "issuer_error"],
    ["unavailable for a while", { status: 503, html: "", headers: { "retry-after": "5" } }, "issuer_throttled"],
    ["request time limit", { status: 408, html: "" }, "issuer_answer_invalid"],
    ["page with 200", { status: 200, html: "<h1>ok</h1>" }, "issuer_answer_invalid"],
    ["JSON without a token", { status: 200, json: { id: 5 } }, "issuer_answer_invalid"],
    ["token that is none", { status: 200, json: { id: 5, token: "soon" } }, "issuer_answer_invalid"],
    ["lost answer", "lose", "issuer_unreachable"],
    ["dropped connection", "drop", "issuer_unreachable"],
    ["answer cut short", "cut", "issuer_unreachable"],
  ] as const)("does not know whether it was minted after a %s", async (_, script, code) => {
    await using bench = await startBench();
    bench.server.script("renew", script);
    expect(await ask(bench)).toMatchObject({ outcome: "unknown", error: { code } });
    expect(bench.server.calls("renew")).toHaveLength(1);
  });

  it("does not know it after its time limit either", async () => {
    await using bench = await startBench({ timeoutMs: 150 });
    bench.server.script("renew", "hang");
    using _ = limitsCountFrom(bench.server.arrival("renew"));
    expect(await ask(bench)).toMatchObject({ outcome: "unknown", error: { code: "issuer_timeout" } });
  });

  it("does not know it when it is called off under way, and is certain when called off before", async () => {
    await using bench = await startBench();
    bench.server.script("renew", "hang");
    const caller = new AbortController();
    const asking = ask(bench, { signal: caller.signal });
    await bench.server.arrival("renew");
    caller.abort();
    expect(await asking).toMatchObject({ outcome: "unknown", error: { code: "issuer_timeout", sent: true } });
    expect(await ask(bench, { signal: caller.signal })).toMatchObject({ outcome: "refused", error: { sent: false } });
  });

  it("is certain when nothing could be sent", async () => {
    await using bench = await startBench();
    await bench.server.close();
    expect(await ask(bench, { baseId: "100" })).toMatchObject({
      outcome: "refused",
      error: { code: "issuer_unreachable", sent: false },
    });
  });

  it("ends at its call limit, whatever hangs", async () => {
    await using bench = await startBench({ timeoutMs: 300_000 });
    bench.server.script("renew", "hang");
    const asking = ask(bench);
    await bench.server.arrival("renew");
    await bench.clock.advance(bench.issuer.callLimitMs);
    expect(await asking).toMatchObject({ outcome: "unknown", error: { code: "issuer_timeout" } });
    expect(bench.clock.pendingTimers).toBe(0);
  });

  it("answers a mistake of ours instead of throwing it", async () => {
    await using bench = await startBench();
    expect(await ask(bench, { baseId: "1/../2" })).toMatchObject({
      outcome: "refused",
      error: expect.any(TypeError) as Error,
    });
    expect(bench.server.seen).toEqual([]);
  });

  it("never repeats in a message what looks like a token, and bounds it", async () => {
    await using bench = await startBench();
    const canary = `eyJhbGciOiJSUzI1NiJ9.${"canary".repeat(10)}.c2lnbmF0dXJl`;
    bench.server.script("renew", { status: 422, json: { message: `no ${canary}\n${"very ".repeat(200)}` } });
    const answer = await ask(bench);
    const message = answer.outcome === "refused" ? answer.error.message : "";
    expect(message).toContain("no [redacted] very");
    expect(message).not.toContain("canary");
    expect(message.length).toBeLessThan(350);
  });
});

describe("the lifetime asked for", () => {
  it("is one minute less where exactly the maximum is refused", async () => {
    await using bench = await startBench();
    for (const role of bench.server.roles) role.longestMinutes = 60;
    expect(await ask(bench)).toMatchObject({ outcome: "minted" });
    expect(bodies(bench, "renew")).toEqual([{ lifetime_minutes: 60 }, { lifetime_minutes: 59 }]);
  });

  it("becomes a minute less than the least maximum of its own roles", async () => {
    await using bench = await startBench();
    bench.server.roles[0]!.longestMinutes = 45;
    bench.server.roles.push({ ...bench.server.roles[0]!, id: 13, name: "other", longestMinutes: 5 });
    await ask(bench);
    expect(bodies(bench, "renew")).toEqual([
      { lifetime_minutes: 60 },
      { lifetime_minutes: 59 },
      { lifetime_minutes: 44 },
    ]);
  });

  it("heeds a latest expiry of a role", async () => {
    await using bench = await startBench();
    bench.server.roles[1]!.latestAt = bench.clock.now() + 30.5 * MINUTE;
    await ask(bench);
    expect(bodies(bench, "renew").at(-1)).toEqual({ lifetime_minutes: 29 });
  });

  it("is left out at last, after four requests in all", async () => {
    await using bench = await startBench();
    bench.server.roles[0]!.longestMinutes = 45;
    bench.server.script("renew", exceeds, exceeds, exceeds);
    expect(await ask(bench)).toMatchObject({ outcome: "minted" });
    expect(bodies(bench, "renew").slice(2)).toEqual([{ lifetime_minutes: 44 }, {}]);
    bench.server.script("renew", exceeds, exceeds, exceeds, exceeds);
    expect(await ask(bench)).toMatchObject({ outcome: "refused", error: { code: "lifetime_refused" } });
    expect(bench.server.calls("renew")).toHaveLength(8);
  });

  it("is never asked for anew above what was refused, nor below one minute", async () => {
    await using bench = await startBench();
    bench.server.script("renew", exceeds, exceeds);
    await ask(bench);
    expect(bodies(bench, "renew")).toEqual([{ lifetime_minutes: 60 }, { lifetime_minutes: 59 }, {}]);
    bench.server.script("renew", exceeds);
    await ask(bench, { lifetimeMs: MINUTE });
    expect(bodies(bench, "renew").slice(3)).toEqual([{ lifetime_minutes: 1 }, {}]);
  });

  it("is left out when the limits cannot be read", async () => {
    await using bench = await startBench();
    bench.server.script("renew", exceeds, exceeds);
    bench.server.script("roles", { status: 500, html: "" });
    await ask(bench);
    expect(bodies(bench, "renew")).toEqual([{ lifetime_minutes: 60 }, { lifetime_minutes: 59 }, {}]);
  });

  it("is asked for no further once an answer was lost", async () => {
    await using bench = await startBench();
    bench.server.script("renew", exceeds, "lose");
    expect(await ask(bench)).toMatchObject({ outcome: "unknown" });
    expect(bench.server.calls("renew")).toHaveLength(2);
  });
});

describe("minting at FlowAuth", () => {
  it("names the token, its roles as objects and the lifetime; the answer has no id", async () => {
    await using bench = await startBench();
    expect(await ask(bench, { kind: "mint" })).toMatchObject({ outcome: "minted", issuerId: null });
    expect(bench.server.calls("mint")[0]?.path).toBe("/tokens/tokens/3");
    expect(bodies(bench, "mint")).toEqual([
      { name: NAME, roles: [{ name: "runner" }, { name: "viewer" }], lifetime_minutes: 60 },
    ]);
  });

  it.each([
    ["no name", { status: 400, json: { bad_field: "name", code: 400, message: "No name." } }, "request_refused"],
    ["no roles", { status: 400, json: { bad_field: "roles", code: 400, message: "No roles." } }, "request_refused"],
    [
      "a role not held",
      { status: 401, json: { code: 401, message: "Role 'nope' is not permitted for the current user" } },
      "roles_not_held",
    ],
    [
      "a role named twice",
      { status: 400, json: { status: 400, statusText: "Name already exists" } },
      "request_refused",
    ],
    ["a lifetime that is no number", notPositive, "lifetime_refused"],
    [
      "a cap in the past",
      { status: 401, json: { code: 401, message: "Token for flowbot expired" } },
      "expiry_cap_passed",
    ],
    ["an unknown server", { status: 404, html: "<title>404</title>" }, "server_unknown"],
  ] as const)("refuses for certain: %s", async (_, script, code) => {
    await using bench = await startBench();
    bench.server.script("mint", script);
    expect(await ask(bench, { kind: "mint" })).toMatchObject({ outcome: "refused", error: { code } });
    expect(bench.server.calls("mint")).toHaveLength(1);
  });

  it("keeps the server's own words where they help", async () => {
    await using bench = await startBench();
    bench.server.script("mint", { status: 400, json: { status: 400, statusText: "Name already exists" } });
    const answer = await ask(bench, { kind: "mint" });
    expect(answer).toMatchObject({
      error: {
        message: expect.stringMatching(
          /minting of "airflow-flowapi" at http.*answered 400: Name already exists/,
        ) as string,
      },
    });
  });

  it("asks for a shorter lifetime in the same way", async () => {
    await using bench = await startBench();
    bench.server.roles[0]!.longestMinutes = 60;
    expect(await ask(bench, { kind: "mint" })).toMatchObject({ outcome: "minted" });
    expect(bench.server.calls("mint")).toHaveLength(2);
  });

  it("does not know whether it was minted after a 500", async () => {
    await using bench = await startBench();
    bench.server.script("mint", { status: 500, html: "" });
    expect(await ask(bench, { kind: "mint" })).toMatchObject({ outcome: "unknown", error: { code: "issuer_error" } });
  });

  it("learns the id of a server made anew after a 404", async () => {
    await using bench = await startBench();
    await ask(bench, { kind: "mint" });
    bench.server.servers[0]!.id = 4;
    bench.server.roles.splice(0, 2, ...bench.server.roles.map((role) => ({ ...role, server: 4 })));
    expect(await ask(bench, { kind: "mint" })).toMatchObject({ outcome: "refused", error: { code: "server_unknown" } });
    expect(await ask(bench, { kind: "mint" })).toMatchObject({ outcome: "minted" });
  });

  it.each([
    [
      "the account has no role on the server",
      { status: 200, json: [{ id: 9, server_name: "another" }] },
      "server_unknown",
    ],
    ["the list of servers fails", { status: 500, html: "" }, "issuer_error"],
    ["the list of servers is lost", "lose", "issuer_unreachable"],
    ["the list of servers is none", { status: 200, json: { servers: [] } }, "issuer_answer_invalid"],
  ] as const)("is certain that nothing was minted when %s", async (_, script, code) => {
    await using bench = await startBench();
    bench.server.script("servers", script);
    expect(await ask(bench, { kind: "mint" })).toMatchObject({ outcome: "refused", error: { code } });
    expect(bench.server.calls("mint")).toEqual([]);
  });
});
