import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { painter, widthOf } from "../../src/cli/format.ts";
import { statusText } from "../../src/cli/status-text.ts";
import type { Condition } from "../../src/core/incidents.ts";
import type { ChannelStatus, StatusReport, TokenStatus } from "../../src/core/status.ts";
import {
  type FakeApp,
  fakeApp,
  fakeControl,
  memoryCli,
  NOW,
  renewd,
  report,
  targetStatus,
  tokenStatus,
} from "./support.ts";

const HOUR = 3_600_000;

const failing: Condition = {
  reason: "target_failing",
  severity: "critical",
  message: "Failed 12 times since 2026-07-01T02:10:00Z: AccessDenied on PutSecretValue (store_denied).",
  next: "Next try 2026-07-01T12:20:00Z, nothing to mint.",
  action: "The store refused permission; grant what the message names.",
  dangerAt: NOW + HOUR,
  expAt: NOW + 5 * HOUR,
};
const capped: Condition = { ...failing, reason: "lifetime_capped", severity: "warning", message: "Capped." };

const showing = (change: Partial<StatusReport>): FakeApp =>
  fakeApp(fakeControl({ status: () => Promise.resolve(report(change)) }));

const many = (n: number, of: (i: number) => Partial<TokenStatus> = () => ({})): readonly TokenStatus[] =>
  Array.from({ length: n }, (_, i) => tokenStatus({ token: `token-${i}`, ...of(i) }));

const unwell = (change: Partial<TokenStatus> = {}): Partial<TokenStatus> => ({
  ok: false,
  targets: [targetStatus({ ok: false, state: "failing", conditions: [failing] }), targetStatus({ target: "eu" })],
  ...change,
});

describe("many tokens", () => {
  it("are a row each, those that need attention first and with why, next and you", async () => {
    const tokens = [...many(9), tokenStatus({ token: "airflow-flowapi", ...unwell({ state: "failing" }) })];
    const { code, out } = await renewd(showing({ ok: false, tokens }), "status");
    expect(code).toBe(1);
    expect(out.split("\n").slice(0, 11)).toEqual([
      "10 tokens, 1 needs attention; last looked 2 s ago",
      "",
      "  STATE    NEXT RENEWAL  SAFE UNTIL     TARGETS  TOKEN",
      "! failing  in 40 s       in 1 min 14 s  1/2      airflow-flowapi",
      "  !         critical, target_failing at file: Failed 12 times since",
      "            2026-07-01T02:10:00Z: AccessDenied on PutSecretValue (store_denied).",
      "  next:     Next try 2026-07-01T12:20:00Z, nothing to mint.",
      "  you:      The store refused permission; grant what the message names.",
      "  ok       in 40 s       in 1 min 14 s  1/1      token-0",
      "  ok       in 40 s       in 1 min 14 s  1/1      token-1",
      "  ok       in 40 s       in 1 min 14 s  1/1      token-2",
    ]);
  });

  it("that need attention come by gravity, then by how long their readers are safe", async () => {
    const until = (ms: number): TokenStatus["targets"] => [targetStatus({ deadlineAt: NOW + ms })];
    const tokens = [
      ...many(8, () => ({ targets: until(1) })),
      tokenStatus({ token: "light", ok: false, conditions: [capped], targets: until(10) }),
      tokenStatus({ token: "grave-later", ok: false, conditions: [failing], targets: until(HOUR) }),
      tokenStatus({ token: "grave-sooner", ok: false, conditions: [failing], targets: until(20) }),
    ];
    const { out } = await renewd(showing({ ok: false, tokens }), "status");
    const rows = out.split("\n").filter((line) => line.startsWith("! "));
    expect(rows.map((line) => line.split(" ").at(-1))).toEqual(["grave-sooner", "grave-later", "light"]);
  });

  it("are safe for as long as the target whose readers are worst off", async () => {
    const targets = [90, 30, 60].map((minutes) => targetStatus({ deadlineAt: NOW + minutes * 60_000 }));
    const { out } = await renewd(showing({ tokens: [...many(8), tokenStatus({ targets })] }), "status");
    expect(out).toMatch(/ in 30 min +3\/3 +airflow$/m);
  });

  it("show what has no instant in words: paused, due, not delivered, without an end", async () => {
    const pause = { since: NOW, until: null, reason: null, deliveries: false };
    const schedule = { renewAt: NOW - 1, latestAt: NOW, floorAt: NOW, deadlineAt: NOW };
    const endless = targetStatus({ deadlineAt: Date.parse("9999-12-31T23:59:59Z") });
    const empty = targetStatus({ deadlineAt: null, held: null });
    const tokens = [
      ...many(6),
      tokenStatus({ token: "a", state: "paused", pause }),
      tokenStatus({ token: "b", state: "due", schedule, targets: [endless] }),
      tokenStatus({ token: "c", state: "first", schedule: null, targets: [empty] }),
      tokenStatus({ token: "d", state: "undelivered", targets: [empty] }),
    ];
    const { out } = await renewd(showing({ tokens }), "status");
    expect(out).toMatch(/^ {2}paused +paused +in 1 min 14 s +1\/1 +a$/m);
    expect(out).toMatch(/^ {2}due +due +no end +1\/1 +b$/m);
    expect(out).toMatch(/^ {2}undelivered +in 40 s +- +0\/1 +d$/m);
    expect(out).toMatch(/^ {2}first +- +- +0\/1 +c$/m);
  });

  it("tell of one token three things at most, and how to see the others", async () => {
    const targets = Array.from({ length: 5 }, (_, i) =>
      targetStatus({ target: `t${i}`, ok: false, conditions: [failing] }),
    );
    const { out } = await renewd(
      showing({ ok: false, tokens: [...many(8), tokenStatus({ ok: false, targets })] }),
      "status",
    );
    expect(out.match(/target_failing/g)).toHaveLength(3);
    expect(out).toContain("and 2 more: `renewd status airflow`");
  });
});

describe("ten thousand tokens", () => {
  const tokens = many(10_000, (i) =>
    i % 20 === 0 ? unwell({ state: "failing" }) : i % 3 === 0 ? { state: "paused" } : {},
  );

  it("show a hundred that need attention and count the rest by state", async () => {
    const { out } = await renewd(showing({ ok: false, tokens }), "status");
    const lines = out.split("\n");
    expect(lines.filter((line) => line.startsWith("! "))).toHaveLength(100);
    expect(lines.length).toBeLessThan(700);
    expect(lines.slice(-3)).toEqual([
      "400 more need attention. 9900 not shown. By state: 6333 ok, 3167 paused, 500",
      "failing.",
      "  -> `--all` lists every token, `--state` and `--issuer` choose among them.",
    ]);
    expect((await renewd(showing({ tokens: many(10_000) }), "status")).out.split("\n")).toEqual([
      "10000 tokens, all well; last looked 2 s ago",
      "",
      "10000 not shown. By state: 10000 ok.",
      "  -> `--all` lists every token, `--state` and `--issuer` choose among them.",
    ]);
  });

  it("are all there with --all, and in JSON", async () => {
    const { out } = await renewd(showing({ ok: false, tokens }), "status --all");
    expect(out.match(/token-\d+$/gm)).toHaveLength(10_000);
    const document = JSON.parse((await renewd(showing({ ok: false, tokens }), "status --json")).out) as {
      tokens: unknown[];
    };
    expect(document.tokens).toHaveLength(10_000);
  });
});

describe("a choice among the tokens", () => {
  const tokens = [
    tokenStatus({ token: "a", state: "paused" }),
    tokenStatus({ token: "b", state: "late", ...unwell(), issuer: "arvados" }),
    tokenStatus({ token: "c" }),
  ];
  const app = showing({ ok: false, tokens });

  it.each([
    ["--state paused", 0, ["a"]],
    ["--state paused --state late", 1, ["b", "a"]],
    ["--issuer arvados", 1, ["b"]],
    ["--attention", 1, ["b"]],
    ["--attention --issuer flowauth", 0, []],
  ])("`status %s` is of these alone, and exits by them", async (flags, code, keys) => {
    const ran = await renewd(app, `status ${flags}`);
    expect(ran.code).toBe(code);
    expect(ran.out.split("\n")[0]).toMatch(new RegExp(`^${keys.length} tokens? of 3, `));
    const shown = [...ran.out.matchAll(/^\w+ {2}(\w) \(/gm)].map(([, key]) => key);
    expect(shown).toEqual(keys);
    const document = JSON.parse((await renewd(app, `status ${flags} --json`)).out) as { tokens: { token: string }[] };
    expect(document.tokens.map(({ token }) => token).sort()).toEqual(keys.toSorted());
  });

  it("that names nothing known, or comes with a token, is a usage error", async () => {
    expect(await renewd(app, "status --issuer arvado")).toMatchObject({
      code: 64,
      err: expect.stringContaining("arvados"),
    });
    expect(await renewd(app, "status --state well")).toMatchObject({
      code: 64,
      err: expect.stringContaining("undelivered"),
    });
    expect((await renewd(app, "status airflow --attention")).code).toBe(64);
  });
});

describe("alert channels and services", () => {
  const channel = (change: Partial<ChannelStatus>): ChannelStatus => {
    const well = { failures: 0, code: null, message: null, nextTryAt: null, lastSuccessAt: NOW - HOUR };
    return { channel: "pager", type: "pagerduty", ...well, ...change };
  };

  it("are one line when well, and one more for each that fails", async () => {
    const bad = { failures: 3, code: "channel_refused", message: "HTTP 400: bad key", nextTryAt: NOW + HOUR };
    const channels = [
      channel({}),
      channel({ channel: "chat", ...bad }),
      channel({ channel: "new", lastSuccessAt: null }),
    ];
    const { out } = await renewd(showing({ channels }), "status");
    expect(out.split("\n").slice(1, 5)).toEqual([
      "alert channel chat failed 3 times in a row (channel_refused): HTTP 400: bad",
      "  key; next try in 1 h",
      "2 of 3 alert channels well; 1 told no real alert yet (`renewd alert-test` tries it)",
      "",
    ]);
    expect((await renewd(showing({ channels: [channel({})] }), "status")).out).toContain(
      "\n1 of 1 alert channel well\n",
    );
  });

  it("that fail in great number are counted", async () => {
    const service = { kind: "store", failures: 7, code: "store_timeout", probeAt: null } as const;
    const services = Array.from({ length: 50 }, (_, i) => ({ ...service, key: `store-${i}` }));
    const { out } = await renewd(showing({ services }), "status");
    expect(out.match(/failed 7 times/g)).toHaveLength(20);
    expect(out).toContain("… and 30 more: `--all` shows them");
    expect((await renewd(showing({ services }), "status --all")).out.match(/failed 7 times/g)).toHaveLength(50);
  });
});

describe("the width of a terminal", () => {
  const key = fc.stringMatching(/^[a-z][a-z0-9.-]{0,62}$/);
  const words = fc
    .array(fc.stringMatching(/^[a-zA-Z0-9`./:日本語é]{1,14}$/u), { minLength: 1, maxLength: 40 })
    .map((all) => all.join(" "));
  const condition = fc.record({
    reason: fc.constantFrom("late", "deadline_missed", "paused_past_deadline"),
    severity: fc.constantFrom("critical", "warning", "info"),
    message: words,
    next: words,
    action: words,
    dangerAt: fc.constant(null),
    expAt: fc.constant(null),
  }) as fc.Arbitrary<Condition>;
  const token = fc
    .record({
      token: key,
      name: words,
      issuer: key,
      comment: fc.option(words),
      state: fc.constantFrom("ok", "waiting_for_person", "delivered_in_part"),
      ok: fc.boolean(),
      conditions: fc.array(condition, { maxLength: 4 }),
      target: key,
      heldUntil: fc.integer({ min: -40, max: 4_000 }),
    })
    .map(({ target, heldUntil, ...each }) =>
      tokenStatus({
        ...(each as Partial<TokenStatus>),
        targets: [
          targetStatus({ target, store: target, deadlineAt: NOW + heldUntil * HOUR, conditions: each.conditions }),
        ],
      }),
    );

  it("is kept by every line, but for a word that has to be copied whole", () => {
    const few = fc.tuple(fc.array(token, { maxLength: 8 }), fc.constantFrom(60, 80, 120));
    const more = fc.tuple(fc.array(token, { minLength: 9, maxLength: 20 }), fc.constantFrom(80, 120));
    fc.assert(
      fc.property(fc.oneof(few, more), ([all, columns]) => {
        const { out } = memoryCli(fakeApp(), true, columns).cli;
        const text = statusText({ report: report({ tokens: all }), total: all.length, all: false }, out);
        for (const line of text.split("\n")) {
          if (widthOf(line) <= columns) continue;
          const told = line.replace(/^ {2}(?:!|you:|next:?|why|comment|target|newest) +/, "").trim();
          expect(told.replace(/^[a-z ]{1,20} {2}/, "")).not.toContain(" ");
        }
      }),
      { numRuns: 200 },
    );
  });

  it("counts a wide letter twice and a mark that is put upon another not at all", () => {
    expect(["abc", "日本", "é", "e\u0301", "🚨"].map(widthOf)).toEqual([3, 4, 1, 1, 2]);
  });
});

it("says the same with colours and without: a state is a word and a mark, never a colour alone", async () => {
  const tokens = [...many(9), tokenStatus({ token: "bad", ...unwell({ state: "late" }) })];
  const { cli } = memoryCli(showing({ ok: false, tokens }));
  const shown = { report: report({ ok: false, tokens }), total: 10, all: false };
  const coloured = statusText(shown, { ...cli.out, paint: painter(true) });
  expect(coloured).toContain("\u001b[31m");
  // oxlint-disable-next-line no-control-regex
  expect(coloured.replaceAll(/\u001b\[\d+m/g, "")).toBe(statusText(shown, cli.out));
});
