import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Berth } from "./berths.ts";
import { Readers } from "./readers.ts";
import type { IssuerSide, Life } from "./sides/side.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A berth whose reads take as long as the test says. */
class SlowBerth implements Berth {
  readonly name = "alpha/file";
  readonly token = "alpha";
  readonly holdMs = 1_000;
  readonly reads: ((token: string) => void)[] = [];

  read(): Promise<string> {
    return new Promise((resolve) => this.reads.push(resolve));
  }

  put(): Promise<void> {
    throw new Error("nobody puts anything here");
  }
}

/** An issuer that ends `old` when it makes `new`. */
function sideWhere(isOver: () => boolean): IssuerSide {
  const lifeOf = (token: string): Life => ({ expAt: Date.now() + 60_000, isRevoked: token === "old" && isOver() });
  return { lifeOf, endings: () => [] } as Partial<IssuerSide> as IssuerSide;
}

it("a read that takes longer than the next would have taken is no token that came back", async () => {
  let isOver = false;
  const berth = new SlowBerth();
  await using readers = new Readers(
    [berth],
    sideWhere(() => isOver),
  );
  await vi.advanceTimersByTimeAsync(75);
  berth.reads.shift()?.("old");
  await vi.advanceTimersByTimeAsync(75);
  await vi.advanceTimersByTimeAsync(75);
  isOver = true;
  const [slow, quick] = berth.reads;
  quick?.("new");
  await vi.advanceTimersByTimeAsync(0);
  slow?.("old");
  await vi.advanceTimersByTimeAsync(75);
  berth.reads.at(-1)?.("new");
  expect(readers.below).toEqual([]);
});

it("a token that the issuer ended and that is back where its successor was is told of", async () => {
  let isOver = false;
  const berth = new SlowBerth();
  await using readers = new Readers(
    [berth],
    sideWhere(() => isOver),
  );
  for (const token of ["old", "new", "old"]) {
    await vi.advanceTimersByTimeAsync(75);
    berth.reads.at(-1)?.(token);
    await vi.advanceTimersByTimeAsync(0);
    isOver = true;
  }
  expect(readers.below).toEqual([expect.stringContaining("what the issuer had ended came back")]);
});
