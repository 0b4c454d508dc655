import { describe, expect, it } from "vitest";
import { byDanger, dangerAt, openConditions } from "../../src/core/danger.ts";
import type { Severity } from "../../src/core/incidents.ts";
import type { TokenStatus } from "../../src/core/status.ts";
import { condition, named } from "../http/dashboard/shown.ts";
import { NOW, target } from "../http/fake-control.ts";

const at = (deadlineAt: number | null): Partial<TokenStatus> => ({ targets: [{ ...target, deadlineAt }] });
const unwell = (severity: Severity, dangerInMs: number | null): Partial<TokenStatus> => ({
  ok: false,
  ...at(null),
  conditions: [{ ...condition, severity, dangerAt: dangerInMs === null ? null : NOW + dangerInMs }],
});

describe("the order of danger", () => {
  it("is by gravity, then by who is in danger first, then by key; unknown is first unless all is well", () => {
    const expected = [
      named("critical-unknown", unwell("critical", null)),
      named("critical", unwell("critical", 9_000)),
      named("warned-unknown", unwell("warning", null)),
      named("warned-sooner", unwell("warning", 400)),
      named("warned-a", unwell("warning", 500)),
      named("warned-b", unwell("warning", 500)),
      named("unwell", unwell("info", 1)),
      named("near", at(NOW + 1)),
      named("far", at(NOW + 2)),
      named("never-filled", at(null)),
    ];
    for (const shuffled of [expected.toReversed(), [...expected.slice(5), ...expected.slice(0, 5)]]) {
      expect(byDanger(shuffled).map(({ token }) => token)).toEqual(expected.map(({ token }) => token));
    }
  });

  it("goes by the first instant that any target or condition names", () => {
    const conditions = [{ ...condition, dangerAt: NOW + 3 }];
    const both = {
      targets: [
        { ...target, deadlineAt: NOW + 5 },
        { ...target, deadlineAt: NOW + 4, conditions },
      ],
    };
    expect(dangerAt(named("x", both))).toBe(NOW + 3);
    expect(dangerAt(named("x", at(NOW + 5)))).toBe(NOW + 5);
    // The schedule is that of a token which no target has.
    expect(dangerAt(named("x", at(null)))).toBeNull();
  });

  it("puts a token's graver conditions first, and says whose they are", () => {
    const critical = { ...condition, severity: "critical" } as const;
    const token = named("x", { conditions: [condition], targets: [{ ...target, conditions: [critical] }] });
    expect(openConditions(token).map(({ severity, target: of }) => [severity, of])).toEqual([
      ["critical", "airflow"],
      ["warning", null],
    ]);
  });
});
