import { type Severity, SEVERITIES } from "./incidents.ts";
import type { Route } from "./settings.ts";

type Labels = Readonly<Record<string, string>>;

/** The keys of the channels that are told of what has these labels. */
export function channelsFor(routes: readonly Route[], severity: Severity, labels: Labels): ReadonlySet<string> {
  const fitting = routes.filter((route) => isAtLeast(severity, route.severity) && fits(route.match, labels));
  return new Set(fitting.flatMap(({ to }) => to));
}

function isAtLeast(severity: Severity, least: Severity): boolean {
  return SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(least);
}

function fits(match: Labels, labels: Labels): boolean {
  return Object.entries(match).every(([label, pattern]) => isLike(labels[label] ?? "", pattern));
}

/** `*` stands for any text. Step by step, for a pattern of many stars would make a regular expression try for ever. */
export function isLike(text: string, pattern: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return text === pattern;
  if (!text.startsWith(first)) return false;
  let from = first.length;
  for (const part of rest) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return text.length - last.length >= from && text.endsWith(last);
}
