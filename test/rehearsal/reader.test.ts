import { describe, expect, it } from "vitest";
import { Reader } from "../../src/simulation/reader.ts";

describe("a reader", () => {
  it("that read just before a newer token showed got the least", () => {
    const reader = new Reader(10);
    reader.sees({ expAt: 100 }, 0);
    reader.sees({ expAt: 200 }, 70);
    reader.readUntil(120);
    expect(reader.least).toEqual({ at: 70, lifeMs: 30 });
    expect(reader.shortages).toEqual([]);
  });

  it("reads until the end, where nothing newer came", () => {
    const reader = new Reader(10);
    reader.sees({ expAt: 100 }, 0);
    reader.readUntil(95);
    expect(reader.least).toEqual({ at: 95, lifeMs: 5 });
    expect(reader.shortages).toEqual([{ fromAt: 90, untilAt: 95 }]);
  });

  it("sees nothing before a write shows, and a later write in place of one that never showed", () => {
    const reader = new Reader(10);
    reader.sees({ expAt: 50 }, 30);
    reader.readUntil(10);
    expect(reader.least).toBeUndefined();
    reader.sees({ expAt: 100 }, 30);
    reader.readUntil(60);
    expect(reader.least).toEqual({ at: 60, lifeMs: 40 });
  });

  it("of a token whose expiry is moved had the old one until then", () => {
    const reader = new Reader(10);
    const token = { expAt: 100 };
    reader.sees(token, 0);
    reader.readUntil(85);
    token.expAt = 300;
    reader.readUntil(250);
    expect(reader.least).toEqual({ at: 85, lifeMs: 15 });
  });

  it("is spared the instant at which the token was ended for a newer one, and no other", () => {
    const reader = new Reader(10);
    const token = { expAt: 100 };
    reader.sees(token, 0);
    reader.readUntil(50);
    token.expAt = 50;
    reader.takesOver({ expAt: 150 }, 50);
    reader.readUntil(120);
    expect(reader.least).toEqual({ at: 120, lifeMs: 30 });
    expect(reader.shortages).toEqual([]);
  });

  it("tells each time in which it got too little, as one for as long as it lasts", () => {
    const reader = new Reader(20);
    reader.sees({ expAt: 100 }, 0);
    reader.readUntil(90);
    reader.readUntil(95);
    reader.sees({ expAt: 200 }, 97);
    reader.sees({ expAt: 300 }, 190);
    reader.readUntil(200);
    expect(reader.shortages).toEqual([
      { fromAt: 80, untilAt: 97 },
      { fromAt: 180, untilAt: 190 },
    ]);
  });
});
