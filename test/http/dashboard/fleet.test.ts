import { describe, expect, it } from "vitest";
import type { StatusReport } from "../../../src/core/status.ts";
import { EXP, NOW, target, token } from "../fake-control.ts";
import { condition, EVIL, EVIL_SHOWN, named, pageOf, textOf } from "./shown.ts";

const rowsOf = (body: string): readonly string[] =>
  [...body.matchAll(/<li id="token-([^"]+)"/g)].map(([, key]) => key!);
const shownBy = async (query: string, tokens: StatusReport["tokens"]) =>
  rowsOf((await pageOf(`/?${query}`, { tokens })).body);

describe("the fleet's page", () => {
  it("says that all is well, how long that lasts, and shows each token with its renewal, deadline and targets", async () => {
    const page = await pageOf("/");
    expect([page.status, page.headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    const text = textOf(page);
    for (const words of [
      "all is well",
      "The nearest deadline is that of flowapi → airflow, in 29 d 23 h",
      "flowapi airflow-flowapi, at flowauth",
      "✓ well",
      "renewal in 29 d 22 h deadline in 29 d 23 h",
      "✓ airflow is well",
      "tokens last looked at: 2 s ago",
    ]) {
      expect(text).toContain(words);
    }
    expect(page.body).toContain('<a href="/tokens/flowapi">');
  });

  it("says first who is in danger and in how long, when something needs attention", async () => {
    const near = { ...target, target: "ireland", ok: false, deadlineAt: NOW + 72 * 60_000, conditions: [condition] };
    const tokens = [named("far"), named("bad", { ok: false, state: "failing", targets: [target, near] })];
    const page = await pageOf("/", { ok: false, tokens });
    expect(textOf(page)).toContain(
      "one token needs attention First in danger: bad → ireland, in 1 h 12 min (2026-07-01 09:12:00Z).",
    );
    expect(textOf(page)).toContain("warning: target failing in ireland. AccessDenied on PutSecretValue.");
    const late = named("bad", { ok: false, targets: [{ ...near, deadlineAt: NOW - 60_000 }] });
    expect(textOf(await pageOf("/", { ok: false, tokens: [late] }))).toContain(
      "In danger: bad → ireland, since 2026-07-01 07:59:00Z",
    );
    expect(page.body).toContain("<title>one token needs attention · renewd</title>");
  });

  it("puts the gravest first, then who is in danger first, then the nearest deadline", async () => {
    const at = (deadlineAt: number) => ({ targets: [{ ...target, deadlineAt }] });
    const critical = { ...condition, severity: "critical" } as const;
    const tokens = [
      named("far"),
      named("near", at(NOW + 1)),
      named("warned", { ok: false, conditions: [{ ...condition, dangerAt: NOW + 500 }] }),
      named("warned-sooner", { ok: false, conditions: [{ ...condition, dangerAt: NOW + 400 }] }),
      named("critical", { ok: false, conditions: [critical] }),
    ];
    expect(await shownBy("", tokens)).toEqual(["critical", "warned-sooner", "warned", "near", "far"]);
  });

  it("shows what is wrong with the daemon, its services and its channels, with what to do", async () => {
    const daemon = [
      { ...condition, reason: "settings_refused", message: "The file was refused.", action: "Mend it." },
    ] as const;
    const services = [{ kind: "store", key: "aws", failures: 6, code: "store_denied", probeAt: NOW + 60_000 }] as const;
    const channel = {
      channel: "pager",
      type: "pagerduty",
      failures: 0,
      code: null,
      message: null,
      nextTryAt: null,
      lastSuccessAt: null,
    };
    const channels = [
      channel,
      {
        ...channel,
        channel: "team",
        type: "slack",
        failures: 2,
        code: "channel_refused",
        message: "403",
        nextTryAt: NOW,
      },
    ];
    const text = textOf(await pageOf("/", { ok: false, daemon, services, channels }));
    for (const words of [
      "renewd needs attention",
      "! warning settings refused why The file was refused. renewd Next try 2026-07-01T09:20:00Z. you Mend it.",
      "store aws ✕ is failing 6 failures in a row (store_denied). Next try 2026-07-01 08:01:00Z (in 1 min) .",
      "alert channel team ✕ is failing slack: 2 failures in a row (channel_refused): 403.",
      "Alerts go to pager (pagerduty), team (slack, failing).",
    ]) {
      expect(text).toContain(words);
    }
  });

  it("shows what create-token made", async () => {
    const made = {
      key: "created:0011",
      issuer: "arvados",
      name: "kb",
      comment: EVIL,
      user: "root",
      roles: ["GET /things"],
      fingerprint: "5555666677778888",
      expiresAt: null,
      state: "live",
    } as const;
    const lost = { ...made, name: "lost", comment: null, user: null, fingerprint: null, state: "unfinished" } as const;
    const page = await pageOf("/", { created: [made, lost] });
    for (const words of [
      "Made by create-token",
      "at arvados for root",
      "5555666677778888",
      "expires never",
      "asked for, and not there yet",
    ]) {
      expect(textOf(page)).toContain(words);
    }
    expect(page.body.match(EVIL_SHOWN)).toHaveLength(1);
    expect(textOf(await pageOf("/"))).not.toContain("create-token");
  });

  it("says for how long a renewal is due, and since when a deadline has passed", async () => {
    const hour = 3_600_000;
    const schedule = { ...token.schedule!, renewAt: NOW - 30 * hour, latestAt: NOW - 2 * hour, deadlineAt: NOW - hour };
    const next = { action: "renew", at: null, reason: "due" };
    const targets = token.targets.map((each) => ({ ...each, deadlineAt: schedule.deadlineAt }));
    const late = { ...token, schedule, next, targets, ok: false, state: "late" as const };
    expect(textOf(await pageOf("/", { tokens: [late] }))).toMatch(/due for 1 d 6 h deadline passed 1 h ago/);
  });

  it("says so when no token is declared, and when none fits", async () => {
    const empty = textOf(await pageOf("/", { tokens: [], lastSweepAt: null }));
    expect(empty).toContain("no token is declared Nothing is watched yet.");
    expect(empty).toContain(
      "No token is declared. Name one under tokens in the settings; renewd init writes a first file.",
    );
    expect(empty).toContain("Alerts go to nobody");
    expect(empty).not.toContain("Search");
    expect(textOf(await pageOf("/?q=nobody"))).toContain("0 of one token. No token fits.");
  });

  it("escapes whatever comes from outside, the search itself too", async () => {
    const hostile = named("x", {
      name: EVIL,
      issuer: EVIL,
      comment: EVIL,
      conditions: [{ ...condition, message: EVIL }],
      targets: [{ ...target, target: EVIL, store: EVIL }],
    });
    const { body } = await pageOf(`/?q=${encodeURIComponent("alert(1)")}&issuer=${encodeURIComponent(EVIL)}`, {
      tokens: [hostile],
    });
    expect(body.match(EVIL_SHOWN)?.length).toBeGreaterThanOrEqual(7);
    expect(body).not.toMatch(/<script>|alert\(1\)<\/script>/);
    const { body: searched } = await pageOf(`/?q=${encodeURIComponent(EVIL)}`);
    expect(searched).toMatch(/value="&lt;script&gt;alert/);
  });
});

describe("searching", () => {
  const tokens = [
    named("etl-haiti", { comment: "Nightly loads", issuer: "arvados", labels: { team: "data" } }),
    named("airflow-ghana", { name: "Ghana-FlowAPI", targets: [{ ...target, target: "accra", store: "vault" }] }),
    named("paused", { pause: { since: NOW, until: null, reason: null, deliveries: false }, state: "paused" }),
    named("bad", { ok: false, newest: { ...token.newest!, roles: ["auditor"] } }),
  ];

  it.each([
    ["q=ETL", ["etl-haiti"]],
    ["q=nightly+haiti", ["etl-haiti"]],
    ["q=nightly+ghana", []],
    ["q=ghana-flowapi", ["airflow-ghana"]],
    ["q=accra", ["airflow-ghana"]],
    ["q=vault", ["airflow-ghana"]],
    ["q=auditor", ["bad"]],
    ["q=team%3Ddata", ["etl-haiti"]],
    ["q=arvados", ["etl-haiti"]],
    ["state=attention", ["bad"]],
    ["state=paused", ["paused"]],
    ["state=ok", ["airflow-ghana", "etl-haiti"]],
    ["state=nonsense&issuer=arvados", ["etl-haiti"]],
    ["store=vault", ["airflow-ghana"]],
    ["sort=name", ["airflow-ghana", "bad", "etl-haiti", "paused"]],
  ])("by %s shows %j", async (query, keys) => {
    expect(await shownBy(query, tokens)).toEqual(keys);
  });

  it("orders by the next renewal or expiry, those with none first", async () => {
    const at = (expAt: number) => ({
      newest: { ...token.newest!, expAt },
      schedule: { ...token.schedule!, renewAt: expAt - 1 },
    });
    const timed = [named("late", at(EXP + 9)), named("none", { newest: null, schedule: null }), named("soon", at(EXP))];
    expect(await shownBy("sort=expiry", timed)).toEqual(["none", "soon", "late"]);
    expect(await shownBy("sort=renewal", timed)).toEqual(["none", "soon", "late"]);
  });

  it("keeps what was asked for in the form, and in the links to other pages", async () => {
    const many = Array.from({ length: 120 }, (_, index) => named(`etl-${String(index).padStart(3, "0")}`));
    const page = await pageOf("/?q=etl&sort=name&page=2", { tokens: many });
    expect(rowsOf(page.body)).toEqual(many.slice(50, 100).map(({ token: key }) => key));
    expect(textOf(page)).toContain("120 tokens, of which 51 to 100 are shown.");
    expect(page.body).toContain('href="/?q=etl&amp;sort=name" rel="prev"');
    expect(page.body).toContain('href="/?q=etl&amp;sort=name&amp;page=3" rel="next"');
    expect(page.body).toMatch(/<option value="name" selected>/);
    expect(page.body).toMatch(/<input[^>]*name="q"[^>]*value="etl"/);
  });

  it("shows the last page to who asks for one behind it", async () => {
    const many = Array.from({ length: 51 }, (_, index) => named(`t-${String(index).padStart(3, "0")}`));
    for (const page of ["2", "999999"]) expect(await shownBy(`sort=name&page=${page}`, many)).toEqual(["t-050"]);
    for (const page of ["0", "-1", "x", "1e3", "99999999"])
      expect(await shownBy(`sort=name&page=${page}`, many)).toHaveLength(50);
  });

  it("of ten thousand tokens answers with one small page", async () => {
    const many = Array.from({ length: 10_000 }, (_, index) => named(`t-${index}`));
    const { body } = await pageOf("/", { tokens: many });
    expect(rowsOf(body)).toHaveLength(50);
    expect(Buffer.byteLength(body)).toBeLessThan(300_000);
    expect(body).toContain('data-live="10000"');
  });
});
