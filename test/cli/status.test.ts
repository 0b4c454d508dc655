import { describe, expect, it } from "vitest";
import type { CreatedStatus } from "../../src/core/created-status.ts";
import type { Condition } from "../../src/core/incidents.ts";
import type { StatusReport, TokenStatus } from "../../src/core/status.ts";
import { fakeApp, fakeControl, NOW, renewd, report, targetStatus, tokenStatus } from "./support.ts";

const showing = (change: Partial<StatusReport>): ReturnType<typeof fakeApp> =>
  fakeApp(fakeControl({ status: () => Promise.resolve(report(change)) }));

const late: Condition = {
  reason: "late",
  severity: "critical",
  message: "Not renewed yet; readers are safe until 2026-07-01T12:01:14Z, 1 min 14 s from now.",
  action: "Check the issuer's url, DNS, proxy and firewall; renewd goes on trying.",
  next: "It tries again.",
  dangerAt: null,
  expAt: null,
};

describe("status", () => {
  it("of a well token fits in 80 columns and exits 0", async () => {
    const { code, out, err } = await renewd(fakeApp(), "status");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.split("\n")).toEqual([
      "1 token, all well; last looked 2 s ago",
      "",
      "ok  airflow (airflow-flowapi at flowauth)",
      "  newest    1111222233334444, expires 2026-07-01T12:01:40Z (in 1 min 40 s)",
      "  roles     runner, viewer",
      "  deadline  2026-07-01T12:01:14Z (in 1 min 14 s)",
      "  next      due 2026-07-01T12:00:40Z, 40 s from now",
      "  target    file at files, ok: holds 1111222233334444, expires",
      "            2026-07-01T12:01:40Z; readers safe until 2026-07-01T12:01:14Z (in 1",
      "            min 14 s)",
    ]);
  });

  it("shows the token before while it lives, for that is what a rollback goes back to", async () => {
    const before = { ...tokenStatus().newest, fingerprint: "9999888877776666" } as TokenStatus["newest"];
    const shown = async (previous: TokenStatus["newest"]): Promise<string> =>
      (await renewd(showing({ tokens: [tokenStatus({ previous })] }), "status")).out;
    expect(await shown(before)).toContain("\n  previous  9999888877776666, expires 2026-07-01T12:01:40Z");
    expect(await shown(before === null ? null : { ...before, expAt: NOW })).not.toContain("previous");
  });

  it("shows what is wrong and what to do, the endangered token first, and exits 1", async () => {
    const endangered = tokenStatus({ token: "late-one", state: "late", ok: false, conditions: [late] });
    const { code, out } = await renewd(showing({ ok: false, tokens: [tokenStatus(), endangered] }), "status");
    expect(code).toBe(1);
    expect(out).toMatch(/^2 tokens, 1 needs attention/);
    expect(out.indexOf("late-one")).toBeLessThan(out.indexOf("ok  airflow"));
    expect(out).toContain("  !         critical, late: Not renewed yet;");
    expect(out).toContain("  you:      Check the issuer's url");
    expect(out.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  it("says of a state that is no failure why it is so and what to do, and nothing twice", async () => {
    const advice = {
      reason: "Paused since 2026-07-01T11:00:00Z: audit.",
      you: "`renewd resume TOKEN` when it may go on.",
    };
    const held = { state: "withdrawn", advice: { reason: "It was rolled back.", you: "Nothing." } } as const;
    const paused = tokenStatus({ state: "paused", advice, targets: [targetStatus(held)] });
    const { code, out } = await renewd(showing({ tokens: [paused] }), "status");
    expect(code).toBe(0);
    expect(out).toContain(
      "  why       Paused since 2026-07-01T11:00:00Z: audit.\n  you:      `renewd resume TOKEN` when",
    );
    expect(out).toContain("  why       It was rolled back.\n  you:      Nothing.");
    const told = { reason: late.message, you: late.action };
    const twice = tokenStatus({ state: "late", ok: false, advice: told, conditions: [late] });
    const shown = (await renewd(showing({ ok: false, tokens: [twice] }), "status")).out;
    expect(shown.match(/Not renewed yet/g)).toHaveLength(1);
    expect(shown.match(/you:/g)).toHaveLength(1);
    const document = JSON.parse((await renewd(showing({ tokens: [paused] }), "status --json")).out) as object;
    expect(document).toMatchObject({ tokens: [{ state: "paused", advice, targets: [{ advice: held.advice }] }] });
  });

  it("says that the daemon needs attention when no token does", async () => {
    const { code, out } = await renewd(showing({ ok: false }), "status");
    expect(code).toBe(1);
    expect(out).toContain("the daemon needs attention");
  });

  it("shows failing services", async () => {
    const service = { kind: "store", key: "aws", failures: 7, code: "store_timeout", probeAt: NOW + 60_000 } as const;
    const { out } = await renewd(showing({ services: [service] }), "status");
    expect(out).toContain("store aws failed 7 times in a row (store_timeout); next try in 1 min");
  });

  it("says of a failing service that nothing has to be asked of when it is tried again", async () => {
    for (const probeAt of [null, NOW - 60_000]) {
      const service = { kind: "issuer", key: "flowauth", failures: 7, code: "issuer_timeout", probeAt } as const;
      const { out } = await renewd(showing({ services: [service] }), "status");
      expect(out.replaceAll(/\s+/g, " ")).toContain(
        "issuer flowauth failed 7 times in a row (issuer_timeout); tried again when a token next needs it, or by `renewd renew TOKEN`",
      );
    }
  });

  it.each([
    ["a moment", 59_000, 0],
    ["three ticks", 90_000, 0],
    ["longer than three ticks", 91_000, 3],
  ])("whose last sweep was %s ago exits rightly", async (_, agoMs, code) => {
    expect((await renewd(showing({ lastSweepAt: NOW - agoMs }), "status")).code).toBe(code);
  });

  it("before the first sweep exits 3", async () => {
    expect((await renewd(showing({ lastSweepAt: null }), "status")).code).toBe(3);
  });

  it("with settings refused meanwhile believes the daemon, whose tick may be an hour", async () => {
    const shown = async (change: Partial<StatusReport>): Promise<number> => {
      const checkSettings = (): Promise<never> => Promise.reject(new Error("x"));
      return (await renewd({ ...showing({ lastSweepAt: NOW - 3_600_000, ...change }), checkSettings }, "status")).code;
    };
    expect(await shown({})).toBe(0);
    expect(await shown({ ok: false, daemon: [{ ...late, reason: "scheduler_stalled" }] })).toBe(3);
  });

  it("shows what each token is for, and what create-token made that no setting declares", async () => {
    const about = {
      key: "created:0011223344556677",
      issuer: "arvados",
      name: "kb",
      comment: "for keep-balance",
      user: "root",
      roles: ["GET /things"],
    };
    const fingerprint = "5555666677778888";
    const [live, lost, old] = [
      { ...about, fingerprint, state: "live" },
      { ...about, name: "cut off", comment: null, user: null, fingerprint: null, state: "unfinished" },
      { ...about, name: "old", comment: null, fingerprint, state: "expired" },
    ] as const;
    const created: readonly CreatedStatus[] = [
      { ...live, expiresAt: null },
      { ...lost, expiresAt: null },
      { ...old, expiresAt: NOW - 60_000 },
    ];
    const app = showing({ tokens: [tokenStatus({ comment: "for Airflow" })], created });
    const { code, out } = await renewd(app, "status");
    expect(code).toBe(0);
    expect(out).toContain("\n  comment   for Airflow\n");
    expect(out.split("\n").slice(-13)).toEqual([
      "",
      "made by create-token and in no settings, so nothing renews them:",
      "live  kb at arvados for root (created:0011223344556677)",
      "  comment   for keep-balance",
      "  token     5555666677778888, has no end",
      "  roles     GET /things",
      "unfinished  cut off at arvados (created:0011223344556677)",
      "  token     none yet",
      "  roles     GET /things",
      "  you:      make the same call of create-token again: it goes on with it.",
      "expired  old at arvados for root (created:0011223344556677)",
      "  token     5555666677778888, expires 2026-07-01T11:59:00Z (1 min ago)",
      "  roles     GET /things",
    ]);
    expect((await renewd(app, "status airflow")).out).not.toContain("create-token");
    const document = JSON.parse((await renewd(app, "status --json")).out) as { created: unknown[] };
    expect(document.created).toEqual([
      { ...live, expires_at: null },
      { ...lost, expires_at: null },
      { ...old, expires_at: "2026-07-01T11:59:00Z" },
    ]);
  });

  it("of one token shows that one and goes by it alone", async () => {
    const unwell = report({ ok: false, tokens: [tokenStatus({ token: "other", ok: false }), tokenStatus()] });
    const app = fakeApp(fakeControl({ status: () => Promise.resolve(unwell) }));
    const { code, out } = await renewd(app, "status airflow");
    expect(code).toBe(0);
    expect(out).not.toContain("other");
  });

  it("with --json is the report in snake_case with RFC 3339 instants", async () => {
    const { out } = await renewd(fakeApp(), "status --json");
    const document = JSON.parse(out) as Record<string, unknown>;
    expect(document).toMatchObject({
      at: "2026-07-01T12:00:00Z",
      ok: true,
      last_sweep_at: "2026-07-01T11:59:58Z",
      tokens: [{ token: "airflow", newest: { exp_at: "2026-07-01T12:01:40Z" }, targets: [{ target: "file" }] }],
    });
    const one = JSON.parse((await renewd(fakeApp(), "status airflow --json")).out) as Record<string, unknown>;
    expect(one["token"]).toBe("airflow");
  });

  it("lets no foreign text drive the terminal", async () => {
    const hostile = targetStatus({ conditions: [{ ...late, message: "x\u001b[2Jy" }], ok: false });
    const { out } = await renewd(showing({ tokens: [tokenStatus({ targets: [hostile] })] }), "status");
    expect(out).not.toContain("\u001b");
  });
});
