/** Every page as it looks: to axe-core, on a phone, in the dark, with ten to ten thousand tokens; kept as pictures. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DomainEvent } from "../../src/core/events.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { NOW } from "../http/fake-control.ts";
import { serving, type Serving } from "../http/serving.ts";
import { until } from "../support/process.ts";
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

const PAGES = { fleet: "/", token: "/tokens/jupyter-ghana", calendar: "/calendar", "sign-in": "/sign-in" } as const;
/** What the server and the browser may take together, on a busy machine. */
const PATIENCE_MS = 10_000;

let server: Serving;
let chromium: Chromium;

function show(tokens: number): void {
  server.control.report = fleetOf(tokens, NOW);
  server.control.expected = calendarOf(server.control.report, 60);
  server.control.longest = { longestMs: 120 * 86_400_000, latestAt: null };
}

const signIn = (page: Page): Promise<unknown> => page.goto(server.access.issueLink(server.url, "operator"));

/** Small enough to point at with a finger, unless it stands in a line of text. */
const smallTargets = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll("button, select, input, nav a, h3 a, .agenda a, .month a")]
      .filter((element) => element.checkVisibility() && element.getAttribute("type") !== "radio")
      .filter((element) => element.getBoundingClientRect().height < 24)
      .map((element) => element.outerHTML.slice(0, 80)),
  );

describe.skipIf(!HAS_CHROMIUM)("every page", () => {
  beforeAll(async () => {
    server = await serving();
    chromium = await startChromium();
    show(24);
  });
  afterAll(async () => {
    await chromium?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  it.each(ALL_LOOKS.flatMap((look) => Object.entries(PAGES).map(([name, path]) => ({ look, name, path }))))(
    "$name, $look: nothing for axe-core to find, no sideways scrolling, targets that a finger hits",
    async ({ look, name, path }) => {
      const tab = await chromium.open(look, { bypassCSP: true });
      const { page } = tab;
      if (name !== "sign-in") await signIn(page);
      await page.goto(server.url + path);
      await page.screenshot({ path: `${ARTEFACTS}${name}-${look}.png` });
      expect(await violationsOf(page)).toEqual([]);
      expect(await fitsWidth(page)).toBe(true);
      expect(await smallTargets(page)).toEqual([]);
      await close(tab, /status of 401/);
    },
  );

  it.each(ALL_LOOKS)("the lifetime picker and the other dialogs, %s: nothing for axe-core to find", async (look) => {
    const tab = await chromium.open(look, { bypassCSP: true });
    const { page } = tab;
    await signIn(page);
    await page.goto(`${server.url}/tokens/etl-mozambique`);
    const names = await page
      .locator("[data-open]")
      .evaluateAll((all) => all.map((each) => (each as HTMLElement).dataset["open"] ?? ""));
    expect(names).toEqual(["dialog-renew", "dialog-pause", "dialog-accept", "dialog-discard"]);
    for (const name of names) {
      await page.locator(`[data-open=${name}]`).click();
      await page.locator(`#${name}[open]`).waitFor();
      if (name === "dialog-renew") await page.getByText("The issuer allows at most").waitFor();
      await page.screenshot({ path: `${ARTEFACTS}${name}-${look}.png` });
      expect([name, await violationsOf(page)]).toEqual([name, []]);
      expect(await fitsWidth(page)).toBe(true);
      await page.keyboard.press("Escape");
    }
    await close(tab);
  });

  it.each([10, 1_000, 10_000])(
    "the fleet of %i tokens is quick, small, and searched without a script",
    async (tokens) => {
      show(tokens);
      const tab = await chromium.open("light", { javaScriptEnabled: false });
      const { page } = tab;
      await signIn(page);
      for (const path of ["/", "/calendar", "/?sort=expiry"]) {
        const startedMs = performance.now();
        const answer = await page.goto(server.url + path);
        expect(performance.now() - startedMs).toBeLessThan(PATIENCE_MS);
        expect((await answer?.body())?.length).toBeLessThan(300_000);
      }
      expect(await page.locator(".row").count()).toBe(Math.min(tokens, 50));
      await page.getByLabel("Search").fill("haiti etl");
      await page.getByLabel("Show").selectOption("all");
      await page.getByRole("button", { name: "Show" }).click();
      await page.waitForURL(/q=haiti\+etl/);
      for (const text of await page.locator(".row").allTextContents()) expect(text).toContain("haiti");
      await close(tab);
      show(24);
    },
  );

  it("is brought up to date by what is told, keeping the search that is being typed", async () => {
    const tab = await chromium.open();
    const { page } = tab;
    await signIn(page);
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByLabel("Search").pressSequentially("hai");
    await page.evaluate(() => window.scrollTo(0, 300));
    const renamed = server.control.report.tokens.map((token) => ({ ...token, comment: `seen anew: ${token.token}` }));
    server.control.report = { ...server.control.report, tokens: renamed };
    const event: DomainEvent = { type: "renewal:nothing-made", at: NOW, token: renamed[0]!.token, renewal: "r" };
    server.events.onEvent(event);
    await page.getByText("seen anew: airflow-ireland").waitFor();
    expect(await page.getByLabel("Search").inputValue()).toBe("hai");
    expect(await page.evaluate(() => [document.activeElement?.id, window.scrollY])).toEqual(["q", 300]);
    // A section above it that goes takes nothing away from it.
    server.control.report = { ...server.control.report, services: [] };
    server.events.onEvent(event);
    await page.getByRole("heading", { name: "store aws-ireland" }).waitFor({ state: "detached" });
    expect(await page.getByLabel("Search").inputValue()).toBe("hai");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("q");
    await close(tab);
    show(24);
  });

  it("listens only while somebody looks, and is up to date at once when somebody does again", async () => {
    const tab = await chromium.open();
    const { page } = tab;
    const look = (state: "hidden" | "visible"): Promise<void> =>
      page.evaluate((now) => {
        Object.defineProperty(document, "visibilityState", { value: now, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, state);
    await signIn(page);
    await until("it listens", () => server.events.clientCount === 1);
    await look("hidden");
    await until("it listens no more", () => server.events.clientCount === 0);
    server.control.report = { ...server.control.report, ok: true };
    await look("visible");
    await page.getByRole("heading", { level: 1, name: "all is well" }).waitFor();
    await until("it listens again", () => server.events.clientCount === 1);
    await close(tab);
    show(24);
  });

  it("lets a token be renewed as declared though the issuer does not tell what it allows, and says why it failed", async () => {
    const tab = await chromium.open();
    const { page } = tab;
    const { limits, renewal } = server.control;
    server.control.limits = () =>
      Promise.reject(new RenewdError("issuer_unreachable", "flowauth is not asked again yet"));
    server.control.renewal = async () => ({
      state: "failed",
      detail: "FlowAuth answered 503",
      hint: "See that it is up.",
    });
    await signIn(page);
    await page.goto(`${server.url}/tokens/jupyter-ghana`);
    await page.locator("#open-renew").click();
    const dialog = page.getByRole("dialog");
    await dialog.getByText(/The issuer did not tell .* flowauth is not asked again yet/).waitFor();
    expect(await dialog.getByLabel("365 d").isEnabled()).toBe(true);
    await dialog.getByRole("button", { name: "Renew now" }).click();
    await dialog.getByRole("alert").getByText("It failed: FlowAuth answered 503. See that it is up.").waitFor();
    expect(server.control.asked.findLast(([what]) => what === "renew")).toEqual(["renew", "jupyter-ghana", null]);
    Object.assign(server.control, { limits, renewal });
    await close(tab, /status of 50\d/);
  });

  it("says so when its session has ended", async () => {
    const tab = await chromium.open();
    const { page } = tab;
    await signIn(page);
    await page.goto(`${server.url}/tokens/jupyter-ghana`);
    await page.locator("#open-pause").click();
    await page.context().clearCookies();
    await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
    await page.getByText("You are not signed in any more. Load the page again to sign in.").waitFor();
    await close(tab, /status of 401/);
  });

  it("makes a hostile name no markup", async () => {
    const [first, ...others] = server.control.report.tokens;
    const evil = `<img src=x onerror="document.title='owned'">`;
    server.control.report = {
      ...server.control.report,
      tokens: [{ ...first!, name: evil, comment: evil, labels: { [evil]: evil } }, ...others],
    };
    const tab = await chromium.open();
    const { page } = tab;
    await signIn(page);
    for (const path of ["/", `/tokens/${first!.token}`]) {
      await page.goto(server.url + path);
      expect([await page.locator("main img").count(), (await page.title()).includes("owned")]).toEqual([0, false]);
      await page.getByText("onerror").first().waitFor();
    }
    await close(tab);
    show(24);
  });
});
