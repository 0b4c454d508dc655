import { expect, it } from "vitest";
import { namesIn } from "./promql.ts";

it("finds what an expression names, wherever it stands", () => {
  expect(
    namesIn('sum by (a, b) (rate(m_total{x="y{z", q=~"r"}[5m])) / on (a) group_left () r:m:last unless n > 5'),
  ).toEqual({
    metrics: [
      { name: "m_total", labels: ["x", "q"] },
      { name: "r:m:last", labels: [] },
      { name: "n", labels: [] },
    ],
    grouped: ["a", "b", "a"],
    functions: ["sum", "rate"],
  });
});
