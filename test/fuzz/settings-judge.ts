/** What must hold of any settings file, good or bad. */
import { expect } from "vitest";
import { parse as parseYaml } from "yaml";
import { isMapping } from "../../src/settings/plain.ts";
import { scheduleOf } from "../../src/core/schedule.ts";
import type { Settings } from "../../src/core/settings.ts";
import { type Problem, renderProblems, SettingsError } from "../../src/settings/load.ts";
import { longestClosedMs } from "../../src/settings/closed-gap.ts";
import { kinds, tools } from "../settings/support.ts";

export type Verdict = "good" | "refused";

const PROTOTYPES = [Object.prototype, Array.prototype, Function.prototype, String.prototype] as const;
const UNTOUCHED = PROTOTYPES.map((each) => Reflect.ownKeys(each).length);
/** A hang, not a slow machine. */
const LIMIT_MS = 20_000;

/** Loads a text, and holds the outcome against what an operator may rely on. `load` must load just this text. */
export async function judge(text: string, load: () => Settings | Promise<Settings>): Promise<Verdict> {
  const begunMs = performance.now();
  let verdict: Verdict;
  try {
    judgeGood(await load(), text);
    verdict = "good";
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    judgeProblems(error.problems, text);
    expect(error.message.length).toBeLessThan(2_000);
    verdict = "refused";
  }
  expect(PROTOTYPES.map((each) => Reflect.ownKeys(each).length)).toEqual(UNTOUCHED);
  expect(performance.now() - begunMs).toBeLessThan(LIMIT_MS);
  return verdict;
}

/** Each problem stands inside the text and says what is wrong and what to do, in plain words of a readable length. */
function judgeProblems(problems: readonly Problem[], text: string): void {
  const lines = text.split("\n");
  expect(problems.length).toBeGreaterThan(0);
  for (const { line, column, message, hint, path } of problems) {
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(lines.length);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
    for (const words of [message, hint]) {
      expect(words.trim()).not.toBe("");
      expect(words).not.toMatch(/\bundefined\b|\[object|Invalid input|NaN/);
      expect(words.length).toBeLessThan(1_000);
    }
    expect(path.length).toBeLessThan(8_000);
  }
  expect(renderProblems(problems).split("\n").length).toBeGreaterThanOrEqual(3);
}

function judgeGood(settings: Settings, text: string): void {
  expectFrozen(settings);
  expect(Number.isSafeInteger(settings.tickMs) && settings.tickMs >= 1_000).toBe(true);
  const written = parseYaml(text, { merge: true, logLevel: "silent", maxAliasCount: -1, uniqueKeys: false }) as Record<
    string,
    unknown
  >;
  expect(settings.tokens.map((token) => token.key).sort()).toEqual(keysOf(written["tokens"]));
  expect(settings.issuers.map((issuer) => issuer.key).sort()).toEqual(keysOf(written["issuers"]));
  expect(settings.stores.map((store) => store.key).sort()).toEqual(keysOf(written["stores"]));
  for (const token of settings.tokens) {
    const labels = token.targets.map((target) => target.label);
    const tokens = written["tokens"] as Record<string, Record<string, unknown> | null>;
    expect(labels).toEqual(expect.arrayContaining([...keysOf(tokens[token.key]?.["targets"])]));
    judgePromise(settings, token);
  }
}

/** A token issued for what is asked can be renewed between its floor and `latest`, in a window, and serves its readers. */
function judgePromise(settings: Settings, token: Settings["tokens"][number]): void {
  const { lifetimeMs } = token.request;
  const { policy, targets } = token;
  const intervals = targets.map((target) => writeIntervalMs(settings, target.store));
  const pace = { policy, minIntervalMs: Math.max(2 * settings.tickMs, ...intervals), uses: targets };
  const closedMs = longestClosedMs(policy.windows, tools.compileCron);
  for (const u of [0, 0.999]) {
    const { renewAt, latestAt, floorAt, deadlineAt } = scheduleOf({ startAt: 0, expAt: lifetimeMs, u }, pace);
    expect(floorAt).toBeLessThanOrEqual(renewAt);
    expect(renewAt).toBeLessThanOrEqual(latestAt);
    expect(latestAt).toBeLessThanOrEqual(deadlineAt);
    expect(deadlineAt).toBeGreaterThan(0);
    expect(closedMs).toBeLessThanOrEqual(latestAt - renewAt);
    for (const { holdMs, propagationMs, observeMs } of targets) {
      expect(lifetimeMs - deadlineAt).toBeGreaterThanOrEqual(holdMs + propagationMs);
      expect(observeMs).toBeGreaterThan(0);
    }
  }
}

function writeIntervalMs(settings: Settings, store: string): number {
  const type = settings.stores.find((each) => each.key === store)?.type;
  return kinds.stores.find((each) => each.type === type)?.capabilities.writeIntervalMs ?? Number.NaN;
}

function keysOf(section: unknown): readonly string[] {
  return isMapping(section)
    ? Object.keys(section)
        .filter((key) => key !== "__proto__")
        .sort()
    : [];
}

function expectFrozen(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return;
  expect(Object.isFrozen(value)).toBe(true);
  for (const each of Object.values(value)) expectFrozen(each);
}
