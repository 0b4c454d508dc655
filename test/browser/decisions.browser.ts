/** What only a person may decide, decided in the page of a real daemon: by the mouse once, by the keyboard once. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../support/process.ts";
import { type Chromium, close, HAS_CHROMIUM, startChromium } from "./browser.ts";
import { focused, SIGN_IN, signedIn, tabTo } from "./operator.ts";
import { type Site, startSite, STRANGER, TOKEN } from "./site.ts";

let site: Site;
let chromium: Chromium;

const dialog = (page: Page) => page.getByRole("dialog");
const said = (page: Page, text: string) => page.locator("#said").getByText(text).waitFor();

/** A renewal whose token lacks a scope; renewd sets it apart. */
async function quarantine(): Promise<void> {
  site.setScope("run", false);
  expect((await site.place.renew(TOKEN)).code).toBe(1);
  site.setScope("run", true);
}

const quarantinedIn = async (page: Page): Promise<string> => {
  const text = await page.locator("section", { has: page.locator("#issues") }).textContent();
  return until("what is quarantined", () => /quarantined\s+([0-9a-f]{16})/.exec(text ?? "")?.[1]);
};

describe.skipIf(!HAS_CHROMIUM)("a person", () => {
  beforeAll(async () => {
    site = await startSite();
    chromium = await startChromium();
  });
  afterAll(async () => {
    await chromium?.[Symbol.asyncDispose]();
    await site?.[Symbol.asyncDispose]();
  });

  it("discards what is quarantined, by the mouse; the token in use stays", async () => {
    const before = await site.held();
    await quarantine();
    const tab = await signedIn(chromium, site, "operator");
    const { page } = tab;
    const fingerprint = await quarantinedIn(page);
    await page.getByRole("button", { name: "Discard what is quarantined…" }).click();
    await dialog(page).getByText(`${fingerprint} is dropped for good`).waitFor();
    await dialog(page).getByRole("button", { name: "Discard", exact: true }).click();
    await said(page, "It is discarded; renewd asks anew.");
    await page.getByText(`A person discarded the quarantined token ${fingerprint}`).waitFor();
    await page.getByRole("button", { name: "Discard what is quarantined…" }).waitFor({ state: "detached" });
    expect(await focused(page)).toBe("Renew…");
    expect(await site.held()).toEqual(before);
    await close(tab, SIGN_IN);
  });

  it("accepts what is quarantined, by the keyboard; every target gets it", async () => {
    await quarantine();
    const tab = await signedIn(chromium, site, "operator");
    const { page } = tab;
    const fingerprint = await quarantinedIn(page);
    await tabTo(page, "Accept what is quarantined…");
    await page.keyboard.press("Enter");
    await dialog(page).getByText(`${fingerprint} failed verification: it lacks`).waitFor();
    await tabTo(page, "Accept");
    await page.keyboard.press("Enter");
    await said(page, "It is accepted and will be delivered.");
    await until("it is delivered", async () => (await site.held()).fingerprint === fingerprint);
    await page.locator("#target-airflow").getByText(fingerprint).waitFor();
    await page.getByText(`A person accepted token ${fingerprint} in spite of its scopes`).waitFor();
    await page.getByRole("button", { name: "Accept what is quarantined…" }).waitFor({ state: "detached" });
    expect(await focused(page)).toBe("Renew…");
    await close(tab, SIGN_IN);
  });

  it("lets renewd write a target that somebody else wrote first", async () => {
    await site.place.write("var/secrets/STRANGER", "put there by hand");
    await site.declareStranger();
    const tab = await signedIn(chromium, site, "operator", `/tokens/${STRANGER}`);
    const { page } = tab;
    const target = page.locator("#target-reader");
    await target.getByText("holds something that is not renewd's").waitFor();
    await target.getByRole("button", { name: "Let renewd write reader…" }).focus();
    await page.keyboard.press("Enter");
    await dialog(page)
      .getByText(/holds a value that renewd did not write.*What is there now is lost/s)
      .waitFor();
    await page.keyboard.press("Escape");
    expect(await focused(page)).toBe("Let renewd write reader…");
    await page.keyboard.press("Enter");
    await dialog(page).getByRole("button", { name: "Let renewd write it" }).click();
    await said(page, "renewd may write reader.");
    await target.getByText("holds the newest token").first().waitFor();
    await page.getByText("reader: a person allowed renewd to write it").waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("target-reader");
    await page.getByRole("article", { name: "reader in files" }).waitFor();
    await close(tab, SIGN_IN);
  });

  it("does not lose his place when a colleague takes the button away that he stands on", async () => {
    const tab = await signedIn(chromium, site, "operator");
    const { page } = tab;
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Pause…" }).focus();
    expect(await site.place.run("pause", TOKEN)).toMatchObject({ code: 0 });
    await page.getByRole("button", { name: "Resume…" }).waitFor();
    expect(await focused(page)).toBe("Resume…");
    await page.keyboard.press("Enter");
    await dialog(page).waitFor();
    expect(await site.place.run("resume", TOKEN)).toMatchObject({ code: 0 });
    await dialog(page).getByRole("button", { name: "Resume" }).click();
    await said(page, "It was not paused: nothing was changed.");
    await page.getByRole("button", { name: "Renew…" }).waitFor();
    await until("the focus is on a button", async () => (await focused(page)) === "Renew…");
    await close(tab, SIGN_IN);
  });
});
