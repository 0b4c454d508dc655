import { resolve } from "node:path";
import { SECOND_MS } from "../core/duration.ts";
import { toRenewdError } from "../core/errors.ts";
import type { HttpSettings, Settings, StateUrl } from "../core/settings.ts";
import type { CompileCron } from "./closed-gap.ts";
import { cronFields } from "./cron-fields.ts";
import { readOidc } from "./oidc.ts";
import { isMapping } from "./plain.ts";
import type { Report } from "./report.ts";
import { httpShape, rootShape, stateShape, tickShape } from "./shapes.ts";
import { longestTickGapMs } from "./tick.ts";

/** The top-level sections; `x-…` are the writer's own, and an empty section is as good as none. */
export function readRoot(report: Report, value: unknown): Readonly<Record<string, unknown>> {
  if (!isMapping(value)) {
    report.add([], "has no settings", "Begin with `version: 1`; config/renewd.yaml is an example.");
    return {};
  }
  const sections = Object.fromEntries(
    Object.entries(value).filter(([key, each]) => !key.startsWith("x-") && each !== null),
  );
  report.check(rootShape, sections, []);
  return sections;
}

/** `longestGapMs` is of no meaning when something was wrong. */
export function readTick(
  report: Report,
  raw: unknown,
  compile: CompileCron,
): { expression: string; longestGapMs: number } {
  const path = ["tick"];
  const expression = report.check(tickShape, raw, path);
  const fallback = { expression: "", longestGapMs: SECOND_MS };
  if (expression === undefined) return fallback;
  const example = 'Write second, minute, hour, day, month and weekday, such as "*/30 * * * * *".';
  if (cronFields(expression).length !== 6) {
    report.add(path, "is not a cron expression of six fields", example);
    return fallback;
  }
  try {
    compile(expression, "Etc/UTC");
  } catch (thrown) {
    report.add(path, toRenewdError(thrown).message, example);
    return fallback;
  }
  const longestGapMs = longestTickGapMs(expression);
  if (longestGapMs !== undefined) return { expression, longestGapMs };
  report.add(path, "leaves more than an hour between two looks", `Leave hours and days at *. ${example}`);
  return fallback;
}

export function readState(report: Report, raw: unknown, folder: string): Settings["state"] {
  const read = report.check(stateShape, raw, ["state"]);
  const at = ["state", "url"];
  const none: StateUrl = { kind: "sqlite", file: "" };
  if (read === undefined) return { url: none, keys: [] };
  const { url, keys } = read;
  if (typeof url !== "string" || /^postgres(ql)?:/i.test(url)) {
    report.add(at, "PostgreSQL as the state is not in this version", "Use a file: sqlite:./renewd.db");
    return { url: none, keys };
  }
  const path = /^sqlite:(?!\/\/[^/]|:memory:)(.+)$/.exec(url)?.[1];
  if (path === undefined) {
    report.add(
      at,
      "is not the address of a SQLite file",
      "Write sqlite:./renewd.db or sqlite:/var/lib/renewd/renewd.db",
    );
    return { url: none, keys };
  }
  return { url: { kind: "sqlite", file: resolve(folder, path) }, keys };
}

export function readHttp(report: Report, raw: unknown): HttpSettings | null {
  const read = report.check(httpShape, raw, ["http"]);
  if (read === undefined) return null;
  const tokens = Object.entries(read.tokens).map(([name, each]) => ({ name, ...each }));
  const oidc = readOidc(report, read.oidc, [read.listen.host, ...read.names]);
  return { ...read.listen, names: read.names, tokens, oidc };
}
