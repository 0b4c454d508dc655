import { describe, expect, it } from "vitest";
import { type Alert, alertOf, channelSubject } from "../../src/core/alert.ts";
import { becameOf } from "../../src/core/became.ts";
import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "../../src/core/duration.ts";
import type { Incident } from "../../src/core/incidents.ts";
import type { DeclaredToken } from "../../src/core/token.ts";
import { declaredTarget, declaredToken } from "./samples.ts";

const NOW = Date.parse("2026-07-01T01:33:00Z");
const ORIGIN = { instance: "prod", pageUrl: "https://renewd.example.org", runbooks: "https://docs.example.org/alerts" };

const incident = (over: Partial<Incident> = {}): Incident => ({
  token: "flow",
  target: "ireland",
  reason: "target_failing",
  severity: "warning",
  message: "A new one was made and verified at 2026-07-01T02:10:00Z. Failed 4 times: AccessDenied.",
  next: "Next try 2026-07-01T03:20:00Z, nothing to mint.",
  action: "Restore that permission, then `renewd renew flow`.",
  dangerAt: NOW + HOUR_MS + 12 * MINUTE_MS,
  expAt: NOW + DAY_MS,
  openedAt: NOW - HOUR_MS,
  tellAgainAt: NOW + HOUR_MS,
  toldTimes: 1,
  ...over,
});

const alert = (
  over: Partial<Incident> = {},
  declared: DeclaredToken | null = declaredToken(),
  cause: Alert["cause"] = "opened",
  now: Instant = NOW,
): Alert => alertOf(incident(over), ORIGIN, { cause, declared, now });

/** With the target that the incident is about. */
const declaredThere = (): DeclaredToken => declaredToken({ targets: [declaredTarget({ label: "ireland" })] });

describe("the five lines", () => {
  it("say who, until when, why, what renewd does next and what you do", () => {
    const declared = { ...declaredToken(), name: "flow" };
    expect(alert({}, declared).lines).toEqual({
      who: "flow -> ireland",
      until: "Readers from 02:45Z, in 1 h 12 min, hold too short a token.",
      why: "A new one was made and verified at 2026-07-01T02:10:00Z. Failed 4 times: AccessDenied.",
      next: "Next try 2026-07-01T03:20:00Z, nothing to mint.",
      you: "Restore that permission, then `renewd renew flow`.",
    });
  });

  it("carry the name at the issuer where that is another, for monitoring goes by it", () => {
    const declared = declaredToken();
    expect(alert({}, declared).lines.who).toBe(`flow (${declared.name} at ${declared.issuer}) -> ireland`);
  });

  it("of the token as a whole name its consumers, a few of many", () => {
    const [target] = declaredToken().targets;
    if (target === undefined) throw new TypeError("no target");
    const targets = ["a", "b", "c", "d", "e", "f", "g"].map((label) => ({ ...target, label }));
    const declared = { ...declaredToken(), name: "flow", targets };
    expect(alert({ target: "" }, declared).lines.who).toBe("flow -> a, b, c, d, e and 2 more");
  });

  it.each([
    [HOUR_MS, DAY_MS, "Readers from 02:33Z, in 1 h, hold too short a token."],
    [10 * DAY_MS, 20 * DAY_MS, "Readers from 2026-07-11 01:33Z, in 10 d, hold too short a token."],
    [-HOUR_MS, HOUR_MS, "Readers since 00:33Z, 1 h ago, hold too short a token; it expires at 02:33Z, in 1 h."],
    [-2 * HOUR_MS, -HOUR_MS, "What readers have expired at 00:33Z, 1 h ago."],
    [null, null, "Readers find no token of renewd's there."],
  ])("say how long there is: danger in %j, expiry in %j ms", (dangerInMs, expInMs, until) => {
    const at = (inMs: number | null): Instant | null => (inMs === null ? null : NOW + inMs);
    expect(alert({ dangerAt: at(dangerInMs), expAt: at(expInMs) }).lines.until).toBe(until);
  });

  it("of renewd itself say that no reader is in danger", () => {
    const own = { token: "", target: "settings", reason: "settings_refused", dangerAt: null, expAt: null } as const;
    expect(alert(own, null).lines.until).toBe("How long readers are safe, each token's own alert says.");
  });

  it("say of what grew worse that it is not mended, and what it became", () => {
    const late = incident({ target: "", reason: "late", message: "Not renewed yet." });
    const missed = { ...late, reason: "deadline_missed" } as const;
    const elsewhere = [
      { ...missed, target: "ireland", openedAt: late.openedAt - HOUR_MS },
      { ...missed, token: "other" },
      incident({ target: "" }),
    ];
    expect(becameOf(late, elsewhere)).toBeNull();
    expect(becameOf(missed, [late])).toBeNull();
    const became = becameOf(late, [...elsewhere, missed]);
    expect(became).toBe(missed);
    const occasion = { cause: "resolved", declared: null, became, now: NOW } as const;
    expect(alertOf(late, ORIGIN, occasion)).toMatchObject({
      status: "resolved",
      lines: {
        until: "Not mended: since 00:33Z it is `deadline_missed`, which is told by itself.",
        why: "It was: Not renewed yet.",
        you: "What that alert says.",
      },
    });
  });

  it("say of a fresh one that gained nothing that it is not mended while one is quarantined still", () => {
    const stuck = incident({ target: "", reason: "no_progress" });
    const quarantined = { ...stuck, reason: "quarantined" } as const;
    expect(becameOf(stuck, [quarantined])).toBe(quarantined);
    expect(becameOf(quarantined, [stuck])).toBeNull();
    expect(becameOf(stuck, [{ ...stuck, reason: "expired" }])).toBeNull();
  });

  it("say of a token that was renewed that this is not mended for a target that could not take it", () => {
    const late = incident({ target: "", reason: "late" });
    const left = incident({ reason: "deadline_missed" });
    expect(becameOf(late, [left])).toBe(left);
    expect(becameOf({ ...late, reason: "deadline_missed" }, [left])).toBe(left);
    expect(becameOf({ ...late, reason: "expired" }, [left])).toBeNull();
    expect(becameOf(late, [incident(), incident({ reason: "never_delivered" })])).toBeNull();
    expect(becameOf(late, [{ ...left, openedAt: late.openedAt - HOUR_MS }])).toBeNull();
    const blocked = incident({ target: "" });
    expect(becameOf(blocked, [incident()])).toEqual(incident());
    const occasion = { cause: "resolved", declared: null, became: incident(), now: NOW } as const;
    expect(alertOf(blocked, ORIGIN, occasion).lines.until).toBe(
      "Not mended: since 00:33Z it is `target_failing` in ireland, which is told by itself.",
    );
  });

  it("say of what is over beside something critical that this is open still, and do not say that nothing is to be done", () => {
    const over = incident({ target: "", reason: "issuer_failing" });
    const beside = incident({ reason: "expired", severity: "critical" });
    const occasion = { cause: "resolved", declared: declaredThere(), beside, now: NOW } as const;
    expect(alertOf(over, ORIGIN, occasion).lines).toMatchObject({
      next: "`expired` in ireland is open still.",
      you: "What that alert says.",
    });
  });

  it("say of a renewal that fails for something else by now that it is not mended", () => {
    const failing = incident({ target: "", reason: "issuer_failing" });
    const lost = { ...failing, reason: "roles_lost" } as const;
    expect([becameOf(failing, [lost]), becameOf(lost, [failing])]).toEqual([lost, failing]);
    expect(becameOf(failing, [{ ...lost, token: "other" }, incident({ reason: "target_failing" })])).toBeNull();
    expect(becameOf(failing, [{ ...failing, reason: "quarantined" }])).toBeNull();
  });

  it("say of what is told to others only by now that it is open still", () => {
    const still = incident({ severity: "info", message: "Failed 9 times." });
    const occasion = { cause: "resolved", declared: null, still, now: NOW } as const;
    expect(alertOf(incident(), ORIGIN, occasion)).toMatchObject({
      status: "resolved",
      lines: {
        until: "Not told here any more since 01:33Z: it is still open, as info.",
        why: "Failed 9 times.",
        next: still.next,
        you: still.action,
      },
    });
  });

  it("of an earlier version, which did not say what renewd does next, say where that is told", () => {
    expect(alert({ next: "" }).lines.next).toBe("See `renewd status`.");
  });

  it("never say that something was over before it began", () => {
    const { lines } = alert({ openedAt: NOW + 399 * DAY_MS }, declaredThere(), "resolved");
    expect(lines.until).toBe("Over since 01:33Z, after 0 s.");
  });

  it("say that it is over, and after how long", () => {
    const { lines, status, resolvedAt } = alert({}, declaredThere(), "resolved");
    expect([status, resolvedAt]).toEqual(["resolved", NOW]);
    expect(lines).toMatchObject({ until: "Over since 01:33Z, after 1 h.", you: "Nothing." });
    expect(lines.why).toMatch(/^It was: A new one/);
  });

  it.each([
    ["a token", null, "ireland"],
    ["a token as a whole", null, ""],
    ["a target", declaredToken(), "ireland"],
  ])("do not say of %s that is declared no more that all is well", (_, declared, target) => {
    const { lines } = alert({ target }, declared, "resolved");
    expect(lines.until).toBe("Not watched any more since 01:33Z: it is declared no more.");
    expect(lines.next).toBe("Nothing.");
    expect(lines.you).toMatch(/^Nothing, if that was meant/);
  });

  it("say what is still to be done once readers have what they need again", () => {
    const you = (reason: Incident["reason"]): string => alert({ reason }, declaredThere(), "resolved").lines.you;
    expect(you("deadline_missed")).toMatch(/work that began meanwhile/);
    expect(you("expired")).toMatch(/^Start anew what .* failed meanwhile\.$/);
    expect(alert({ token: "", target: "daemon", reason: "daemon_absent" }, null, "resolved").lines.you).toBe(
      "Nothing.",
    );
  });

  it.each(["lifetime_capped", "scopes_gained", "roles_differ", "not_retired"] as const)(
    "say of what merely is so, as %s, that no reader is in danger by it, until one is",
    (reason) => {
      const until = (dangerAt: Instant): string => alert({ reason, target: "", dangerAt }).lines.until;
      expect(until(NOW + HOUR_MS)).toBe("No reader is in danger by this: what they have serves until 02:33Z.");
      expect(until(NOW - HOUR_MS)).toMatch(/^Readers since 00:33Z/);
    },
  );
});

describe("what machines sort an alert by", () => {
  it("is one key over renewals, severities and restarts", () => {
    const key = "renewd/prod/flow/ireland/target_failing";
    expect(alert().key).toBe(key);
    expect(alert({ severity: "critical", openedAt: NOW, toldTimes: 9, message: "other" }).key).toBe(key);
    expect(alert({}, declaredToken(), "resolved").key).toBe(key);
  });

  it("is no longer than a dedup key may be, however long the names are", () => {
    const long = "x".repeat(63);
    const longest = alertOf(
      incident({ token: long, target: long, reason: "paused_past_deadline" }),
      { ...ORIGIN, instance: long },
      { cause: "opened", declared: null, now: NOW },
    );
    expect(longest.key.length).toBeLessThanOrEqual(255);
  });

  it("are labels: renewd's own, which no label of a token replaces, and the token's", () => {
    const declared = { ...declaredToken(), labels: { team: "data", severity: "low" } };
    const [target] = declared.targets;
    expect(alert({ target: target?.label ?? "" }, declared).labels).toEqual({
      alertname: "RenewdTargetFailing",
      instance: "prod",
      severity: "warning",
      reason: "target_failing",
      token: "flow",
      name: declared.name,
      issuer: declared.issuer,
      target: target?.label,
      store: target?.store,
      team: "data",
    });
  });

  it("of renewd itself have no token; of a channel the channel", () => {
    const own = alert({ ...channelSubject("pager"), reason: "channel_failing" }, null);
    expect(own.labels).toEqual({
      alertname: "RenewdChannelFailing",
      instance: "prod",
      severity: "warning",
      reason: "channel_failing",
      channel: "pager",
    });
    expect(own.lines.who).toBe("renewd itself: channel pager");
    expect(own.pageUrl).toBe("https://renewd.example.org/");
  });

  it("lead to the runbook and to the token's page", () => {
    expect(alert().runbookUrl).toBe("https://docs.example.org/alerts#target_failing");
    expect(alert().pageUrl).toBe("https://renewd.example.org/tokens/flow");
    const without = alertOf(incident(), { ...ORIGIN, pageUrl: null }, { cause: "opened", declared: null, now: NOW });
    expect(without.pageUrl).toBeNull();
  });

  it("tell the labels before only where those were others", () => {
    const { labels } = alert();
    const of = (labelsBefore: Alert["labels"] | null): Alert["labelsBefore"] =>
      alertOf(incident(), ORIGIN, { cause: "repeated", declared: declaredToken(), labelsBefore, now: NOW })
        .labelsBefore;
    const reversed = Object.fromEntries(Object.entries(labels).toReversed());
    expect([of(null), of(labels), of(reversed)]).toEqual([null, null, null]);
    const others = [
      { ...labels, severity: "critical" },
      { ...labels, team: "data" },
    ];
    expect(others.map(of)).toEqual(others);
  });

  it("of an end are those that were told, though the token is declared no more", () => {
    const labelsBefore = { ...alert().labels, team: "data" };
    const end = alertOf(incident(), ORIGIN, { cause: "resolved", declared: null, labelsBefore, now: NOW });
    expect(end).toMatchObject({ labels: labelsBefore, labelsBefore: null });
    expect(end.lines.who).toBe(`flow (${declaredToken().name} at ${declaredToken().issuer}) -> ireland`);
  });
});
