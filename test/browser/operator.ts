/** What an operator's hands do. */
import type { Page } from "playwright-core";
import { type Chromium, type Tab } from "./browser.ts";
import { SECRETS, type Site, TOKEN } from "./site.ts";

/** A sign-in page is answered 401, and the browser says so in its console. */
export const SIGN_IN: RegExp = /status of 401/;

export async function signedIn(
  chromium: Chromium,
  site: Site,
  role: keyof typeof SECRETS,
  path = `/tokens/${TOKEN}`,
): Promise<Tab> {
  const tab = await chromium.open();
  await tab.page.goto(site.url + path);
  await tab.page.getByLabel("API token", { exact: true }).fill(SECRETS[role]);
  await tab.page.getByRole("button", { name: "Sign in" }).click();
  await tab.page.getByRole("heading", { level: 2, name: path === "/" ? "Tokens" : "Targets" }).waitFor();
  return tab;
}

/** Presses Tab until what is called so has the focus. */
export async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  for (let presses = 0; presses < 40; presses += 1) {
    await page.keyboard.press("Tab");
    const text = await focused(page);
    if (typeof name === "string" ? text === name : name.test(text)) return;
  }
  throw new Error(`Tab never came to ${name}`);
}

/** The name of what has the focus; "" where nothing has it. */
export function focused(page: Page): Promise<string> {
  return page.evaluate(() => {
    const at = document.activeElement;
    if (at === null || at === document.body) return "";
    const label = at.getAttribute("aria-label") ?? (at as HTMLInputElement).labels?.[0]?.textContent;
    return (label ?? at.textContent).trim();
  });
}
