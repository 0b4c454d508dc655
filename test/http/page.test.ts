import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import type { StatusReport, TokenStatus } from "../../src/core/status.ts";
import { NOW, report, target, token } from "./fake-control.ts";
import { bearer, serving } from "./serving.ts";

async function pageOf(shown: StatusReport) {
  await using server = await serving();
  server.control.report = shown;
  return await server.call("GET", "/", bearer("viewer"));
}

const named = (key: string, changes: Partial<TokenStatus> = {}): TokenStatus => ({ ...token, token: key, ...changes });

describe("the status page", () => {
  it("shows each token's state, newest token, roles, next step and what its targets hold", async () => {
    const { status, headers, body } = await pageOf(report);
    expect([status, headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    for (const text of [
      "flowapi",
      "airflow-flowapi at flowauth",
      "00112233aabbccdd",
      "runner, viewer",
      "2026-07-31T08:00:00Z (in 30 d)",
      "2026-07-31T07:00:00Z",
      "not due yet",
      "holds the newest token",
      "all is well",
    ]) {
      expect(body).toContain(text);
    }
  });

  it("shows the token before while it lives", async () => {
    const before = { ...token.newest!, fingerprint: "9999888877776666" };
    const shown = async (expAt: number): Promise<string> =>
      (await pageOf({ ...report, tokens: [named("x", { previous: { ...before, expAt } })] })).body;
    expect(await shown(NOW + 1)).toContain("9999888877776666");
    expect(await shown(NOW)).not.toContain("9999888877776666");
  });

  it("puts what needs attention first, then the nearest deadline", async () => {
    const near = named("near", { targets: [{ ...target, deadlineAt: NOW + 1 }] });
    const bad = named("bad", { ok: false, state: "failing" });
    const { body } = await pageOf({ ...report, ok: false, tokens: [named("far"), near, bad] });
    const order = [...body.matchAll(/<h2>(\w+)/g)].map(([, key]) => key);
    expect(order).toEqual(["bad", "near", "far"]);
    expect(body).toContain("one token needs attention");
  });

  it("says what is wrong and what to do about it, for tokens, targets and services", async () => {
    const wrong = {
      reason: "drift",
      severity: "warning",
      message: "Somebody wrote it.",
      action: "Find them.",
    } as const;
    const late = { reason: "late", severity: "critical", message: "Not renewed yet.", action: "Look." } as const;
    const shown = named("x", {
      ok: false,
      conditions: [late],
      targets: [{ ...target, ok: false, conditions: [wrong] }],
    });
    const aws = { kind: "store", key: "aws", failures: 6, code: "store_denied", probeAt: NOW + 60_000 } as const;
    const { body } = await pageOf({ ...report, ok: false, services: [aws], tokens: [shown] });
    for (const text of ["warning: drift", "Somebody wrote it.", "What to do: Find them.", "critical: late"]) {
      expect(body).toContain(text);
    }
    expect(body).toContain("6 failures in a row (store_denied). Tried again at 2026-07-01T08:01:00Z.");
  });

  it("says of a state that is no failure why it is so and what to do, and nothing twice", async () => {
    const advice = { reason: "Rolled back from 00112233.", you: "Resume it." };
    const { body } = await pageOf({ ...report, tokens: [named("x", { state: "paused", advice })] });
    expect(body).toMatch(/<dt>why<\/dt>\s*<dd>Rolled back from 00112233.<\/dd>\s*<dt>you<\/dt>\s*<dd>Resume it.<\/dd>/);
    const wrong = { reason: "drift", severity: "warning", message: advice.reason, action: advice.you } as const;
    const twice = named("x", { state: "failing", ok: false, advice, conditions: [wrong] });
    expect((await pageOf({ ...report, ok: false, tokens: [twice] })).body.match(/Rolled back/g)).toHaveLength(1);
  });

  it("shows what a token is for, and what create-token made", async () => {
    const made = {
      key: "created:0011223344556677",
      issuer: "arvados",
      name: "kb",
      comment: "<b>for keep-balance</b>",
      user: "root",
      roles: ["GET /things"],
      fingerprint: "5555666677778888",
      expiresAt: null,
      state: "live",
    } as const;
    const lost = { ...made, name: "lost", comment: null, user: null, fingerprint: null, state: "unfinished" } as const;
    const shown = { ...report, tokens: [named("x", { comment: "for <i>Airflow</i>" })], created: [made, lost] };
    const { body } = await pageOf(shown);
    for (const text of [
      "for &lt;i&gt;Airflow&lt;/i&gt;",
      "Made by create-token",
      "at arvados for root",
      "&lt;b&gt;for keep-balance&lt;/b&gt;",
      "5555666677778888",
      "<dd>never</dd>",
      "asked for, and not there yet",
    ]) {
      expect(body).toContain(text);
    }
    expect((await pageOf(report)).body).not.toContain("create-token");
  });

  it("escapes whatever comes from outside", async () => {
    const evil = `<script>alert(1)</script>"'&`;
    const { fingerprint } = token.newest!;
    const hostile = named("x", {
      name: evil,
      issuer: evil,
      next: { action: evil, at: null, reason: evil },
      newest: { ...token.newest!, fingerprint, roles: [evil] },
      pause: { since: NOW, until: null, reason: evil, deliveries: false },
      advice: { reason: evil, you: evil },
      conditions: [{ reason: "late", severity: "info", message: evil, action: evil }],
      targets: [{ ...target, target: evil, store: evil }],
    });
    const { body } = await pageOf({ ...report, tokens: [hostile] });
    expect(body.match(/&lt;script&gt;alert\(1\)&lt;\/script&gt;&quot;&#39;&amp;/g)?.length).toBeGreaterThanOrEqual(9);
    expect(body).not.toMatch(/<script|alert\(1\)<\/script>/);
  });

  it("allows its one style sheet and nothing else, and no script at all", async () => {
    const { headers, body } = await pageOf(report);
    const style = /<style>([\s\S]*?)<\/style>/.exec(body)?.[1] ?? "";
    const hash = createHash("sha256").update(style).digest("base64");
    expect(headers["content-security-policy"]).toBe(
      `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    expect(body).not.toMatch(/ style=|<script|<img|<link|<form| on\w+=/);
    expect(style).toContain("prefers-color-scheme: dark");
    expect(body).toContain('<meta http-equiv="refresh" content="10" />');
    expect(body).toContain('name="viewport" content="width=device-width, initial-scale=1"');
  });

  it("says to a person who is not signed in how to sign in", async () => {
    await using server = await serving();
    const { status, headers, body } = await server.call("GET", "/");
    expect([status, headers["content-type"]]).toEqual([401, "text/html; charset=utf-8"]);
    expect(body).toContain("renewd dashboard");
    expect(body).not.toContain("flowapi");
  });

  it("says so when no token is declared", async () => {
    expect((await pageOf({ ...report, lastSweepAt: null, tokens: [] })).body).toContain("No token is declared.");
  });
});
