import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placed, textWidth } from "../../../src/http/dashboard/timeline-labels.ts";

const label = (name: string, x: number) => ({ kind: name, name, x });

describe("the names of marks", () => {
  it("stand under their marks in one row where there is room, and in rows of their own where there is none", () => {
    expect(
      placed([label("deadline", 500), label("renewal", 100)]).map(({ name, textX, row }) => [name, textX, row]),
    ).toEqual([
      ["renewal", 100, 0],
      ["deadline", 500, 0],
    ]);
    expect(placed([label("a", 500), label("b", 501), label("c", 502)]).map(({ row }) => row)).toEqual([0, 1, 2]);
  });

  it("never lie on each other or stick out, wherever the marks are", () => {
    const anywhere = fc.array(
      fc.record({ kind: fc.constant("k"), name: fc.string({ minLength: 1, maxLength: 12 }), x: fc.nat(1_000) }),
    );
    fc.assert(
      fc.property(anywhere, (labels) => {
        const all = placed(labels).map(({ name, textX, row }) => ({
          row,
          from: textX - textWidth(name) / 2,
          to: textX + textWidth(name) / 2,
        }));
        const apart = all.every((a, nth) =>
          all.slice(nth + 1).every((b) => a.row !== b.row || a.to <= b.from || b.to <= a.from),
        );
        return apart && all.every(({ from, to }) => from >= -0.01 && to <= 1_000.01);
      }),
    );
  });
});
