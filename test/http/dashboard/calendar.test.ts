import { describe, expect, it } from "vitest";
import type { CalendarEntry } from "../../../src/core/calendar.ts";
import type { DaysAsked } from "../../../src/core/calendar-days.ts";
import { NOW } from "../fake-control.ts";
import { type Answer, bearer, serving } from "../serving.ts";
import { EVIL, EVIL_SHOWN, textOf } from "./shown.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const entry = (changes: Partial<CalendarEntry> = {}): CalendarEntry => {
  const at = changes.at ?? NOW + DAY;
  const times = { at, earliestAt: at, latestAt: at, deadlineAt: at + DAY };
  const of = {
    token: "flowapi",
    name: "airflow-flowapi",
    issuer: "flowauth",
    what: "renewal",
    reason: "half of it is over",
    more: 0,
  } as const;
  return { ...of, ...times, ...changes };
};

async function calendar(
  expected: readonly CalendarEntry[],
  query = "",
  countedUntilAt = Infinity,
): Promise<Answer & { readonly asked: unknown }> {
  await using server = await serving();
  server.control.expected = expected.toSorted((a, b) => a.at - b.at);
  server.control.countedUntilAt = countedUntilAt;
  const answer = await server.call("GET", `/calendar${query}`, bearer("viewer"));
  const [, asked] = server.control.asked.find(([what]) => what === "calendarDays") ?? [];
  return { ...answer, asked: (asked as DaysAsked | undefined)?.days };
}

describe("the calendar", () => {
  it("lists by day what is to come in sixty days, with its deadline, its reason and a link to the token", async () => {
    const page = await calendar([
      entry(),
      entry({ token: "old", what: "expiry", at: NOW + 2 * DAY, deadlineAt: null }),
    ]);
    expect([page.status, page.asked]).toEqual([200, 60]);
    const text = textOf(page);
    for (const words of [
      "2 entries in 60 days.",
      "Thu 2026-07-02 one entry 08:00Z flowapi airflow-flowapi at flowauth : renewal, by 2026-07-03 08:00:00Z at the latest half of it is over",
      "Fri 2026-07-03 one entry 08:00Z old airflow-flowapi at flowauth : expires, and nothing renews it",
    ]) {
      expect(text).toContain(words);
    }
    expect(page.body).toContain('<a href="/tokens/flowapi">flowapi</a>');
  });

  it("shows the range where the jitter is not drawn, over midnight too", async () => {
    const at = NOW + DAY;
    expect(textOf(await calendar([entry({ earliestAt: at - 3 * HOUR })]))).toContain("05:00Z – 08:00Z");
    expect(textOf(await calendar([entry({ earliestAt: at - 20 * HOUR })]))).toContain("07-01 12:00Z – 07-02 08:00Z");
    expect(textOf(await calendar([entry({ latestAt: at + 20 * HOUR })]))).toContain("08:00Z – 07-03 04:00Z");
  });

  it("has a grid of each month, whose days say how much is to come and lead there", async () => {
    const crowd = Array.from({ length: 25 }, (_, index) => entry({ token: `t-${index}` }));
    const page = await calendar([...crowd, entry({ at: NOW + 3 * DAY })], "?days=40");
    const grids = page.body.match(/<table class="month">[\s\S]*?<\/table>/g) ?? [];
    expect(grids.map((grid) => /<caption>\s*([^<]*\S)\s*</.exec(grid)?.[1])).toEqual(["July 2026", "August 2026"]);
    expect(grids[0]).toMatch(
      /<td class="crowd">\s*<a href="\/calendar\?days=40&amp;day=2026-07-02"\s*>2 <strong>25<\/strong\s*><span class="unseen">\s*entries on 2026-07-02</,
    );
    // Of the first week Monday and Tuesday lie in June.
    expect(grids[0]).toMatch(/<tr>\s*<td><\/td>\s*<td><\/td>\s*<td class=" today">/);
    // July 2026 begins on a Wednesday and has 31 days.
    const cells = [...(grids[0] ?? "").matchAll(/<td/g)].length;
    expect(cells).toBe(35);
    expect(textOf(page)).toContain("The fullest day is 2026-07-02 with 25.");
    expect(textOf(page)).toContain("and 13 more on 2026-07-02");
  });

  it("shows one day by itself, page by page", async () => {
    const crowd = Array.from({ length: 450 }, (_, index) => entry({ token: `t-${String(index).padStart(3, "0")}` }));
    const page = await calendar([...crowd, entry({ at: NOW + 3 * DAY, token: "other" })], "?day=2026-07-02&page=3");
    const shown = [...page.body.matchAll(/<a href="\/tokens\/([\w-]+)">/g)].map(([, key]) => key);
    expect([shown.length, shown[0], shown.at(-1)]).toEqual([50, "t-400", "t-449"]);
    expect(page.body).toContain('href="/calendar?day=2026-07-02&amp;page=2" rel="prev"');
  });

  it("finds tokens, and takes what it does not understand as not asked for", async () => {
    const expected = [entry(), entry({ token: "etl", name: "etl-haiti", issuer: "arvados" })];
    expect(textOf(await calendar(expected, "?q=HAITI"))).toMatch(/1 entry in 60 days.*etl etl-haiti at arvados/);
    for (const [query, days] of [
      ["?days=7", 7],
      ["?days=9999", 366],
      ["?days=0", 60],
      ["?days=x&day=today&page=-1", 60],
    ] as const) {
      const page = await calendar(expected, query);
      expect([query, page.status, page.asked]).toEqual([query, 200, days]);
    }
    expect(textOf(await calendar([]))).toContain("Nothing is expected.");
  });

  it("counts what is not listed of a token that is renewed many times a day", async () => {
    const text = textOf(await calendar([entry(), entry({ token: "quick", more: 14 }), entry({ at: NOW + 2 * DAY })]));
    expect(text).toContain("17 entries in 60 days.");
    expect(text).toMatch(/Thu 2026-07-02 16 entries .* half of it is over; and 14 more on this day Fri/);
    expect(text).not.toContain("more on 2026-07-02");
  });

  it("says until when it counted, where there is too much to count", async () => {
    const words = "So much is to come that only what is before 2026-07-08 08:00:00Z is counted.";
    expect(textOf(await calendar([entry()], "", NOW + 7 * DAY))).toContain(words);
    expect(textOf(await calendar([entry()]))).not.toContain("is counted");
  });

  it("of a large fleet stays small", async () => {
    const many = Array.from({ length: 20_000 }, (_, index) =>
      entry({ token: `t-${index}`, at: NOW + (index % 60) * DAY }),
    );
    const { body } = await calendar(many);
    expect(Buffer.byteLength(body)).toBeLessThan(300_000);
  });

  it("escapes whatever comes from outside", async () => {
    const { body } = await calendar(
      [entry({ name: EVIL, issuer: EVIL, reason: EVIL })],
      `?q=${encodeURIComponent("<script>")}`,
    );
    expect(body.match(EVIL_SHOWN)?.length).toBeGreaterThanOrEqual(3);
    expect(body).not.toContain("<script>");
  });
});
