/** An operator at work: the real daemon, its embedded issuer, and the page in a real browser. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../support/process.ts";
import { type Chromium, close, HAS_CHROMIUM, startChromium, type Tab } from "./browser.ts";
import { focused, SIGN_IN, signedIn as signIn, tabTo } from "./operator.ts";
import { SECRETS, type Site, startSite, TOKEN } from "./site.ts";

let site: Site;
let chromium: Chromium;

const signedIn = (role: keyof typeof SECRETS, path?: string): Promise<Tab> => signIn(chromium, site, role, path);

const shows = (page: Page, text: string | RegExp): Promise<void> =>
  page.locator("main").getByText(text).first().waitFor();
const button = (page: Page, name: string | RegExp) => page.getByRole("button", { name });
const dialog = (page: Page) => page.getByRole("dialog");

/** Chooses a lifetime in minutes, and starts. */
async function renewFor(page: Page, minutes: number): Promise<void> {
  await button(page, "Renew…").click();
  await dialog(page).getByText("The issuer allows at most 1 d").waitFor();
  await dialog(page).getByLabel("How many").fill(String(minutes));
  await dialog(page).getByLabel("Unit").selectOption("minutes");
}

async function resume(page: Page): Promise<void> {
  await button(page, "Resume…").click();
  await dialog(page).getByRole("button", { name: "Resume" }).click();
  await button(page, "Renew…").waitFor();
}

describe.skipIf(!HAS_CHROMIUM)("an operator", () => {
  beforeAll(async () => {
    site = await startSite();
    chromium = await startChromium();
  });
  afterAll(async () => {
    await chromium?.[Symbol.asyncDispose]();
    await site?.[Symbol.asyncDispose]();
  });

  it("signs in by the link that renewd dashboard prints, and out", async () => {
    const tab = await chromium.open();
    const { page } = tab;
    await page.goto(await site.link());
    expect(new URL(page.url()).pathname).toBe("/");
    await page.getByRole("heading", { level: 1, name: "all is well" }).waitFor();
    await button(page, "Sign out").click();
    await page.getByRole("heading", { level: 1, name: "Sign in to renewd" }).waitFor();
    expect(await page.context().cookies()).toEqual([]);
    await close(tab, SIGN_IN);
  });

  it("signs in by an API token at the address that was asked for, after one that is wrong", async () => {
    const tab = await chromium.open();
    const { page } = tab;
    await page.goto(`${site.url}/tokens/${TOKEN}`);
    await page.getByLabel("API token", { exact: true }).fill("wrong");
    await page.keyboard.press("Enter");
    await page.getByText("This is no API token of the settings.").waitFor();
    await page.getByLabel("API token", { exact: true }).fill(SECRETS.operator);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: TOKEN }).waitFor();
    await close(tab, SIGN_IN);
  });

  it("renews with a lifetime of his choice, and sees the new token in the page and in the target's file", async () => {
    const before = await site.held();
    const tab = await signedIn("operator");
    const { page } = tab;
    await shows(page, before.fingerprint);
    await renewFor(page, 90);
    await dialog(page)
      .getByText(/It would expire on \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ, 1 h 30 min from now\./)
      .waitFor();
    expect(await dialog(page).getByLabel("30 d").isDisabled()).toBe(true);
    await button(page, "Renew now").click();
    await dialog(page)
      .getByText(/^Delivered: [0-9a-f]{16} is in every target/)
      .waitFor();
    const after = await site.held();
    expect(after.fingerprint).not.toBe(before.fingerprint);
    expect(after.lifetimeSeconds).toBe(90 * 60);
    const exp = new Date(after.expAt).toISOString().slice(0, 19).replace("T", " ");
    expect(await dialog(page).getByRole("status").last().textContent()).toContain(
      `${after.fingerprint} is in every target and expires on ${exp}Z.`,
    );
    await button(page, "Close").click();
    const target = page.locator("#target-airflow");
    await target.getByText(after.fingerprint).waitFor();
    expect(await target.textContent()).toContain(exp);
    await close(tab, SIGN_IN);
  });

  it("is refused a lifetime that gains nothing, and told why before he asks", async () => {
    const tab = await signedIn("operator");
    const { page } = tab;
    await renewFor(page, 1);
    await dialog(page)
      .getByText(/Beware: no gain: the token in use lives longer/)
      .waitFor();
    await button(page, "Renew now").click();
    await dialog(page)
      .getByRole("alert")
      .getByText(/but the token in use lives until \S+Z\. The token in use lives at least as long/)
      .waitFor();
    expect(await focused(page)).toBe("Renew now");
    await dialog(page).getByLabel("How many").fill("");
    await button(page, "Renew now").click();
    await dialog(page).getByRole("alert").getByText("a whole number of at least one").waitFor();
    await close(tab, SIGN_IN, /status of 422/);
  });

  it("is shown what others do, without loading the page again, and keeps his place in it", async () => {
    const tab = await signedIn("operator");
    const { page } = tab;
    await page.getByText("Live", { exact: true }).waitFor();
    await page.evaluate(() => void Object.assign(window, { sameDocument: true }));
    await button(page, "Pause…").click();
    await dialog(page).getByLabel("Reason").fill("half a sen");
    expect(await site.place.run("pause", TOKEN, "--reason", "by a colleague")).toMatchObject({ code: 0 });
    await shows(page, /by a colleague/);
    expect(await dialog(page).getByLabel("Reason").inputValue()).toBe("half a sen");
    expect(await page.evaluate(() => document.activeElement?.getAttribute("name"))).toBe("reason");
    await page.keyboard.press("Escape");
    expect(await site.place.run("resume", TOKEN)).toMatchObject({ code: 0 });
    await button(page, "Pause…").waitFor();
    expect(await page.evaluate(() => "sameDocument" in window)).toBe(true);
    await close(tab, SIGN_IN);
  });

  it("pauses with a reason and an end, and resumes", async () => {
    const tab = await signedIn("operator");
    const { page } = tab;
    await button(page, "Pause…").click();
    await dialog(page).getByLabel("For").selectOption("8 hours");
    await dialog(page).getByLabel("Reason").fill("the cluster moves");
    await dialog(page).getByRole("button", { name: "Pause" }).click();
    await shows(page, /the cluster moves/);
    await page.getByRole("status").getByText(`${TOKEN} is paused.`).waitFor();
    const { stdout } = await site.place.run("status", TOKEN, "--json");
    expect(stdout).toContain("the cluster moves");
    await resume(page);
    await button(page, "Pause…").click();
    await dialog(page).getByLabel("Until (UTC)").fill("2031-02-03T04:05");
    expect(await dialog(page).getByLabel("For").inputValue()).toBe("own");
    await dialog(page).getByRole("button", { name: "Pause" }).click();
    await shows(page, "2031-02-03 04:05:00Z");
    await resume(page);
    await close(tab, SIGN_IN);
  });

  it("renews by the keyboard alone", async () => {
    const before = await site.held();
    const tab = await signedIn("operator");
    const { page } = tab;
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await tabTo(page, "Skip to the content");
    await tabTo(page, "Renew…");
    await page.keyboard.press("Enter");
    await dialog(page).waitFor();
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "hidden" });
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("open-renew");
    await page.keyboard.press("Enter");
    await dialog(page).getByText("The issuer allows at most").waitFor();
    await tabTo(page, "How many");
    await page.keyboard.type("3");
    await tabTo(page, "Unit");
    await page.keyboard.type("hours");
    await tabTo(page, "Renew now");
    await page.keyboard.press("Enter");
    await dialog(page)
      .getByText(/^Delivered: /)
      .waitFor();
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe("Close");
    await page.keyboard.press("Escape");
    await dialog(page).waitFor({ state: "hidden" });
    const after = await site.held();
    expect([after.lifetimeSeconds, after.fingerprint === before.fingerprint]).toEqual([3 * 3_600, false]);
    await close(tab, SIGN_IN);
  });

  it("rolls back after he has read what that comes to", async () => {
    const tab = await signedIn("operator");
    const { page } = tab;
    const newest = await site.held();
    const previous = /previous\s+([0-9a-f]{16})/.exec((await page.locator(".facts").textContent()) ?? "")?.[1];
    await button(page, "Roll back…").click();
    const words = await dialog(page).textContent();
    expect(words).toMatch(
      new RegExp(
        `Withdrawn for good: ${newest.fingerprint}[\\s\\S]*Put back: ${previous}[\\s\\S]*airflow: from ${newest.fingerprint} to ${previous}`,
      ),
    );
    await button(page, "Cancel").click();
    expect(await site.held()).toEqual(newest);
    await button(page, "Roll back…").click();
    await dialog(page).getByRole("button", { name: "Roll back" }).click();
    await until("the previous token is back", async () => (await site.held()).fingerprint === previous);
    await shows(page, /a person rolled back: token/i);
    await page
      .locator("#target-airflow")
      .getByText(previous ?? "")
      .waitFor();
    await resume(page);
    await close(tab, SIGN_IN);
  });

  it("is asked to read again when what he is about to confirm has changed meanwhile", async () => {
    const tab = await signedIn("operator");
    const { page } = tab;
    await renewFor(page, 300);
    await button(page, "Renew now").click();
    await dialog(page)
      .getByText(/^Delivered: /)
      .waitFor();
    await button(page, "Close").click();
    await button(page, "Roll back…").click();
    const shown = await site.held();
    expect(await site.place.renew(TOKEN).then(() => site.place.run("renew", TOKEN, "--lifetime", "6h"))).toMatchObject({
      code: 0,
    });
    expect((await site.held()).fingerprint).not.toBe(shown.fingerprint);
    await dialog(page).getByRole("button", { name: "Roll back" }).click();
    await dialog(page).getByText("has changed meanwhile").waitFor();
    expect(await dialog(page).textContent()).toContain((await site.held()).fingerprint);
    await page.keyboard.press("Escape");
    await close(tab, SIGN_IN);
  });

  it("is told when the issuer gives less than he asked for", async () => {
    const tab = await signedIn("operator");
    const { page } = tab;
    await renewFor(page, 3 * 1_440);
    await button(page, "Renew now").click();
    await dialog(page)
      .getByText(/^Delivered: .* Asked for 3 d, the issuer gave 23 h 59 min\.$/)
      .waitFor();
    await button(page, "Close").click();
    await close(tab, SIGN_IN);
  });

  it("sees what is coming in the calendar", async () => {
    const tab = await signedIn("operator", "/");
    const { page } = tab;
    await page.getByRole("link", { name: "Calendar" }).click();
    await page.getByRole("heading", { level: 1, name: "Calendar" }).waitFor();
    await page.locator(".agenda").getByRole("link", { name: TOKEN }).first().click();
    await page.getByRole("heading", { level: 1, name: TOKEN }).waitFor();
    await close(tab, SIGN_IN);
  });

  it("is told when the connection is gone, and no viewer sees an action", async () => {
    const tab = await signedIn("viewer");
    const { page } = tab;
    await page.getByText("Live", { exact: true }).waitFor();
    expect(await page.getByRole("button").allTextContents()).toEqual(["Sign out"]);
    expect(await page.locator("dialog").count()).toBe(0);
    for (const running of site.place.processes.filter((each) => each.running)) await running.stop();
    await page.getByText(/^Not connected since \d\d:\d\d:\d\dZ$/).waitFor();
    await page.getByRole("heading", { level: 1, name: TOKEN }).waitFor();
    await close(tab, SIGN_IN, /ERR_|Failed to load/);
  });
});
