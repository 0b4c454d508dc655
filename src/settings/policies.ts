import { toRenewdError } from "../core/errors.ts";
import type { Policy, Window } from "../core/policy.ts";
import { compileWindow } from "../core/windows.ts";
import type { CompileCron } from "./closed-gap.ts";
import { cronFields, fieldValues } from "./cron-fields.ts";
import type { Report } from "./report.ts";
import { LONGEST_WINDOW_MS, policyShape } from "./shapes.ts";

/** The section `policies`; `default` exists whether or not it is declared. A policy with something wrong is undefined. */
export function readPolicies(
  report: Report,
  value: unknown,
  compile: CompileCron,
): ReadonlyMap<string, Policy | undefined> {
  const policies = new Map<string, Policy | undefined>();
  for (const [key, raw] of report.entries(value, ["policies"])) {
    policies.set(key, readPolicy(report, key, raw, compile));
  }
  if (!policies.has("default")) policies.set("default", readPolicy(report, "default", {}, compile));
  return policies;
}

function readPolicy(report: Report, key: string, raw: unknown, compile: CompileCron): Policy | undefined {
  const path = ["policies", key];
  const read = report.check(policyShape, raw, path);
  if (read === undefined) return undefined;
  const windows = read.windows.map((each, index) => readWindow(report, each, [...path, "windows", index], compile));
  if (!windows.every((each) => each !== undefined)) return undefined;
  const renewEveryMs = read.renew_every ?? null;
  return { key, renewBefore: read.renew_before, jitter: read.jitter, repairMs: read.repair, renewEveryMs, windows };
}

function readWindow(
  report: Report,
  raw: { readonly opens: string; readonly for: number; readonly timezone: string },
  path: readonly PropertyKey[],
  compile: CompileCron,
): Window | undefined {
  const example = 'Write minute, hour, day, month and weekday, such as "0 9 * * mon-fri".';
  const [minute = "", hour = "", ...dates] = cronFields(raw.opens);
  if (dates.length !== 3) {
    report.add([...path, "opens"], "is not a cron expression of five fields", example);
    return undefined;
  }
  if (fieldValues(minute, 0, 59) === undefined || fieldValues(hour, 0, 23) === undefined) {
    report.add([...path, "opens"], "has minutes or hours that are no numbers, lists, ranges or steps", example);
    return undefined;
  }
  if (!isTimezone(raw.timezone)) {
    report.add([...path, "timezone"], "is not a time zone", "Write an IANA name, such as Europe/London or UTC.");
    return undefined;
  }
  if (raw.for > LONGEST_WINDOW_MS) {
    report.add([...path, "for"], "is longer than a year", "Leave the window out to renew at any time.");
    return undefined;
  }
  try {
    return compileWindow(raw.opens, raw.for, raw.timezone, compile);
  } catch (thrown) {
    report.add([...path, "opens"], toRenewdError(thrown).message, example);
    return undefined;
  }
}

function isTimezone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}
