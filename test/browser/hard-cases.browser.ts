/** What is hardest to show, looked at in each look: nothing overlaps, sticks out or is cut off. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NOW } from "../http/fake-control.ts";
import { serving, type Serving } from "../http/serving.ts";
import {
  ALL_LOOKS,
  ARTEFACTS,
  type Chromium,
  close,
  fitsWidth,
  HAS_CHROMIUM,
  startChromium,
  violationsOf,
} from "./browser.ts";
import { calendarOf, fleetOf } from "./fleet-of.ts";
import { hardCases, historyOf } from "./hard-cases.ts";

let server: Serving;
let chromium: Chromium;

/** Pairs of words in drawings that lie on each other, and words that stick out of their drawing. */
const clashes = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() => {
    const found: string[] = [];
    for (const svg of document.querySelectorAll("svg.timeline")) {
      const frame = svg.getBoundingClientRect();
      const texts = [...svg.querySelectorAll("text")]
        .map((element) => ({ words: element.textContent, box: element.getBoundingClientRect() }))
        .filter(({ box }) => box.width > 0);
      for (const [nth, { words, box }] of texts.entries()) {
        if (box.left < frame.left || box.right > frame.right || box.bottom > frame.bottom)
          found.push(`${words} sticks out`);
        for (const other of texts.slice(nth + 1)) {
          const apart =
            box.right <= other.box.left ||
            other.box.right <= box.left ||
            box.bottom <= other.box.top + 2 ||
            other.box.bottom <= box.top + 2;
          if (!apart) found.push(`${words} lies on ${other.words}`);
        }
      }
    }
    return found;
  });

describe.skipIf(!HAS_CHROMIUM)("what is hardest to show", () => {
  beforeAll(async () => {
    server = await serving();
    server.control.report = hardCases(NOW);
    server.control.history = () => Promise.resolve(historyOf(NOW));
    chromium = await startChromium();
  });
  afterAll(async () => {
    await chromium?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  /** Takes a picture, and looks for what is wrong in it. */
  async function judge(page: Page, path: string, name: string, fullPage = true): Promise<void> {
    await page.screenshot({ path: `${ARTEFACTS}hard-${name}.png`, fullPage });
    expect.soft([path, await clashes(page)]).toEqual([path, []]);
    expect.soft([path, await fitsWidth(page)]).toEqual([path, true]);
    expect.soft([path, await violationsOf(page)]).toEqual([path, []]);
  }

  it.each(ALL_LOOKS)("overlaps nowhere and sticks out nowhere, %s", async (look) => {
    server.control.report = hardCases(NOW);
    const tab = await chromium.open(look, { bypassCSP: true });
    const { page } = tab;
    await page.goto(server.access.issueLink(server.url, "operator"));
    const tokens = server.control.report.tokens.map(({ token }) => token);
    for (const path of ["/", ...tokens.map((token) => `/tokens/${token}`)]) {
      await page.goto(server.url + path);
      await judge(page, path, `${path === "/" ? "fleet" : path.slice(8, 24)}-${look}`);
    }
    await page.goto(`${server.url}/tokens/many-targets`);
    await page.locator("#open-rollback").click();
    await judge(page, "rollback", `rollback-${look}`, false);
    await close(tab);
  });

  it("keeps unfolded what somebody unfolded when the page is made anew", async () => {
    server.control.report = hardCases(NOW);
    const [many] = server.control.report.tokens.filter(({ newest }) => newest?.roles.length === 200);
    const tab = await chromium.open();
    const { page } = tab;
    await page.goto(server.access.issueLink(server.url, "operator"));
    await page.goto(`${server.url}/tokens/${many!.token}`);
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByText("200 roles").click();
    const tokens = server.control.report.tokens.map((token) => ({ ...token, comment: "seen anew" }));
    server.control.report = { ...server.control.report, tokens };
    server.events.onEvent({ type: "renewal:nothing-made", at: NOW, token: many!.token, renewal: "r" });
    await page.getByText("seen anew").waitFor();
    expect(await page.locator("#roles[open]").count()).toBe(1);
    await close(tab);
  });

  it.each(ALL_LOOKS)("has something to say where there is nothing, and room for very much, %s", async (look) => {
    const tab = await chromium.open(look, { bypassCSP: true });
    const { page } = tab;
    server.control.report = { ...fleetOf(10, NOW), ok: true, tokens: [], services: [], channels: [] };
    server.control.expected = [];
    await page.goto(server.access.issueLink(server.url, "operator"));
    await page.getByText("No token is declared.").waitFor();
    await judge(page, "empty", `empty-${look}`);
    await page.goto(`${server.url}/calendar`);
    await page.getByText("Nothing is expected.").waitFor();
    await judge(page, "/calendar", `empty-calendar-${look}`);
    server.control.report = fleetOf(10_000, NOW);
    server.control.expected = calendarOf(server.control.report, 30);
    for (const [name, path] of [
      ["calendar", "/calendar"],
      ["day", "/calendar?day=2026-07-10"],
      ["fleet", "/"],
    ] as const) {
      await page.goto(server.url + path);
      await judge(page, path, `very-many-${name}-${look}`, false);
    }
    await close(tab);
  });
});
