/** A real Chromium, unpacked into a folder of its own, and pages in it that note whatever goes wrong. */
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import axe from "axe-core";
import sparticuz from "@sparticuz/chromium";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

/** What the package brings is Linux on x64. Elsewhere these suites are left out by name. */
export const HAS_CHROMIUM: boolean = process.platform === "linux" && process.arch === "x64";

export const ARTEFACTS: string = new URL("artefacts/", import.meta.url).pathname;

/** Not the package's own flags: some of those switch off what is tested here, as the same-origin policy. */
const FLAGS = ["--no-sandbox", "--no-zygote", "--disable-gpu", "--use-gl=angle", "--use-angle=swiftshader"] as const;

const LOOKS = {
  light: { colorScheme: "light", viewport: { width: 1280, height: 800 } },
  dark: { colorScheme: "dark", viewport: { width: 1280, height: 800 } },
  phone: { colorScheme: "light", viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true },
} as const satisfies Readonly<Record<string, BrowserContextOptions>>;

export type Look = keyof typeof LOOKS;

export const ALL_LOOKS = Object.keys(LOOKS) as readonly Look[];

export interface Tab {
  readonly page: Page;
  /** Errors of the console and of scripts, and what the page's policy refused, so far. */
  readonly troubles: string[];
}

export interface Chromium extends AsyncDisposable {
  /** A window of its own, with no session; `bypassCSP` for who puts a script of his own into it. */
  open(look?: Look, options?: BrowserContextOptions): Promise<Tab>;
}

export async function startChromium(): Promise<Chromium> {
  const folder = await mkdtemp(join(tmpdir(), "renewd-browser-"));
  const browser = await launch(folder).catch(async (cause: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw new Error("Chromium of @sparticuz/chromium could not be started", { cause });
  });
  await mkdir(ARTEFACTS, { recursive: true });
  return {
    open: async (look = "light", options = {}) => {
      const context = await browser.newContext({ ...LOOKS[look], reducedMotion: "reduce", ...options });
      const troubles: string[] = [];
      await context.exposeBinding("noteViolation", (_, text: string) => void troubles.push(text));
      await context.addInitScript(() => {
        document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
          const { noteViolation } = window as unknown as { noteViolation: (text: string) => void };
          noteViolation(`refused by ${violatedDirective}: ${blockedURI}`);
        });
      });
      const page = await context.newPage();
      page.setDefaultTimeout(90_000);
      page.on("pageerror", ({ message }) => void troubles.push(message));
      page.on("console", (message) => {
        if (message.type() === "error") troubles.push(message.text());
      });
      return { page, troubles };
    },
    [Symbol.asyncDispose]: async () => {
      await browser.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** It unpacks itself below the temporary folder, and is to leave nothing there. */
async function launch(folder: string): Promise<Browser> {
  const usual = process.env["TMPDIR"];
  process.env["TMPDIR"] = folder;
  try {
    const executablePath = await sparticuz.executablePath();
    return await chromium.launch({ executablePath, args: [...FLAGS], headless: true });
  } finally {
    if (usual === undefined) delete process.env["TMPDIR"];
    else process.env["TMPDIR"] = usual;
  }
}

/** Closes the window; nothing may have gone wrong in it, besides what the test was about. */
export async function close({ page, troubles }: Tab, ...expected: readonly RegExp[]): Promise<void> {
  await page.context().close();
  expect(troubles.filter((text) => !expected.some((each) => each.test(text)))).toEqual([]);
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}

/** What axe-core holds against the page as it stands. The window has to be opened with `bypassCSP`. */
export async function violationsOf(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { axe: runner } = window as unknown as { axe: { run: (options: object) => Promise<AxeResults> } };
    const { violations } = await runner.run({ resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => ({
      id,
      nodes: nodes.slice(0, 3).map(({ html, failureSummary }) => ({ html, failureSummary })),
    }));
  });
  return found.map(
    ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary ?? ""}`).join(" | ")}`,
  );
}

/** Whether nothing sticks out to the right. */
export function fitsWidth(page: Page): Promise<boolean> {
  return page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);
}
