import { formatDuration, HOUR_MS } from "../core/duration.ts";
import type {
  IncidentSeen,
  RemedySeen,
  RenewalSeen,
  ServiceEndurance,
  SimulationReport,
  TargetSeen,
} from "../core/simulation.ts";
import { byDay, minuteOf, timeOf } from "./calendar-text.ts";
import type { Output } from "./command.ts";
import { count, labelled, painted, table } from "./format.ts";

const INDENT = 4;
const TARGETS_SHOWN = 10;
const DAYS_SHOWN = 31;
const NAMES_SHOWN = 3;
const INCIDENTS_SHOWN = 12;
const SHORTAGES_SHOWN = 10;

/** What a person wants to know of it, the gravest first. `--json` has all. */
export function simulationText(report: SimulationReport, out: Output): string {
  const parts = [
    headline(report, out),
    shortagesText(report, out),
    report.remedies.map((remedy) => remedyText(remedy, out)).join("\n"),
    incidentsText(report.incidents, out),
    lifeText(report.targets, out),
    servicesText(report.services, out),
    renewalsText(report.renewals, out),
    report.notes.map((note) => labelled("note: ", note, out.columns)).join("\n"),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

function headline(report: SimulationReport, out: Output): string {
  const { tokens, targets, fromAt, untilAt, outages, promiseHeld, assumedFresh } = report;
  const short = targets.filter(({ shortages }) => shortages.length > 0).length;
  const verdict = promiseHeld
    ? out.paint("good", "The promise held: every reader got a token that lived for its `hold`.")
    : out.paint("bad", `The promise broke at ${count(short, "target")} of ${targets.length}.`);
  const lines = [
    `${count(tokens, "token")} from ${minuteOf(fromAt)} to ${minuteOf(untilAt)}`,
    ...outages.map(
      ({ kind, key, fromAt: began, untilAt: over }) =>
        `${kind} ${key} cannot be reached from ${minuteOf(began)} for ${formatDuration(over - began)}`,
    ),
    ...(assumedFresh.length === 0
      ? []
      : [
          `${someOf(assumedFresh)}: nothing is known of ${assumedFresh.length === 1 ? "it" : "them"} yet, so taken to be issued now`,
        ]),
  ];
  const lucky = luckyWords(report).map((line) => painted(out.paint, "warn", labelled("", line, out.columns)));
  return [verdict, ...lines.map((line) => labelled("", line, out.columns)), ...lucky].join("\n");
}

/** An outage that is survived here may begin at a worse moment. */
function luckyWords({ outages, services, promiseHeld }: SimulationReport): readonly string[] {
  if (!promiseHeld) return [];
  return outages.flatMap(({ kind, key, fromAt, untilAt }) => {
    const sureMs = services.find((each) => each.kind === kind && each.key === key)?.sureMs ?? Infinity;
    if (sureMs >= untilAt - fromAt) return [];
    const sure = sureMs === 0 ? "nothing is sure" : `only ${formatDuration(sureMs)} are sure`;
    return `but that may be luck: had the one of ${kind} ${key} begun at the worst moment, ${sure}; what to change is below`;
  });
}

function shortagesText({ targets }: SimulationReport, out: Output): string {
  const short = targets.filter(({ shortages }) => shortages.length > 0);
  const lines = short.slice(0, SHORTAGES_SHOWN).map((target) => {
    const { token, target: label, holdMs, leastLifeMs, shortages, shortFromTheStart, filledAt } = target;
    if (filledAt === null) return `${out.paint("bad", `${token} -> ${label}`)}\n    never held a token`;
    const [first] = shortages;
    const when = first === undefined ? "" : `from ${minuteOf(first.fromAt)} until ${minuteOf(first.untilAt)}`;
    const more = shortages.length > 1 ? `, and ${count(shortages.length - 1, "time")} more` : "";
    const least =
      (leastLifeMs ?? 0) <= 0 ? "one that had expired" : `one with ${formatDuration(leastLifeMs ?? 0)} left`;
    const already = shortFromTheStart ? "; it is so already" : "";
    const isEmpty = first !== undefined && first.fromAt < filledAt;
    const what = isEmpty
      ? "there is no token for readers yet"
      : `readers get less than their hold of ${formatDuration(holdMs)}, at worst ${least}${already}`;
    const text = `${when}${more} ${what}`;
    return (
      out.paint("bad", `${token} -> ${label}`) +
      `\n${labelled("", text, out.columns - INDENT).replaceAll(/^/gm, "    ")}`
    );
  });
  return [...lines, ...rest(short.length, SHORTAGES_SHOWN, "target")].join("\n");
}

function remedyText(remedy: RemedySeen, out: Output): string {
  const { tokens, renewBefore, lifetime, renewFirst, holds, arithmetic, alternatives } = remedy;
  const settings = [`renew_before: ${renewBefore}`, ...(lifetime === null ? [] : [`lifetime: ${lifetime}`])].join(", ");
  const first = renewFirst ? ", and each renewed once before it begins (`renewd renew`)" : "";
  const head = holds
    ? `It would have held for ${someOf(tokens)} with ${settings}${first}: simulated too.`
    : `For ${someOf(tokens)} no setting helps any more: it begins too soon. Against the next: ${settings}.`;
  return [
    labelled("", head, out.columns),
    ...[...arithmetic, ...alternatives.map((each) => `or ${each}`)].map((line) =>
      labelled("    ", line, out.columns, INDENT),
    ),
  ].join("\n");
}

function incidentsText(incidents: readonly IncidentSeen[], out: Output): string {
  if (incidents.length === 0) return "";
  const alike = Map.groupBy(incidents, ({ reason }) => reason);
  const lines = [...alike].slice(0, INCIDENTS_SHOWN).map(([reason, all]) => {
    const [first] = all;
    if (first === undefined) return "";
    const ends = all.every(({ resolvedAt }) => resolvedAt !== null)
      ? `over by ${minuteOf(Math.max(...all.map(({ resolvedAt }) => resolvedAt ?? 0)))}`
      : "open still at the end";
    const who = first.target === "" ? first.token : `${first.token} -> ${first.target}`;
    const others = all.length > 1 ? ` and ${all.length - 1} more` : "";
    return labelled(
      "  ",
      `${minuteOf(first.openedAt)}  ${reason} (${first.severity}): ${who}${others}; ${ends}`,
      out.columns,
      INDENT,
    );
  });
  return [out.paint("strong", "You would be alerted"), ...lines].join("\n");
}

function lifeText(targets: readonly TargetSeen[], out: Output): string {
  const seen = targets.filter(({ leastLifeMs }) => leastLifeMs !== null);
  const rows = seen
    .slice(0, TARGETS_SHOWN)
    .map(({ token, target, holdMs, leastLifeMs, leastLifeAt }) => [
      `${token} -> ${target}`,
      formatDuration(leastLifeMs ?? 0),
      formatDuration(holdMs),
      leastLifeAt === null ? "" : minuteOf(leastLifeAt),
    ]);
  const head = out.paint("strong", "The least life that any reader saw");
  const lines = table([
    ["  reader", "life", "hold", "when"],
    ...rows.map(([who = "", ...cells]) => [`  ${who}`, ...cells]),
  ]);
  return [head, lines, ...rest(seen.length, TARGETS_SHOWN, "target")].join("\n");
}

function servicesText(services: readonly ServiceEndurance[], out: Output): string {
  const lines = services.map(({ kind, key, survivesMs, sureMs, token, target, tokens, arithmetic, advice }) => {
    const head = `  ${kind} ${key}: `;
    if (survivesMs === null)
      return labelled(head, tokens === 0 ? "no token uses it" : "no renewal hangs on it", out.columns, INDENT);
    const who = target === null ? token : `${token} -> ${target}`;
    const text = `${head.trim()} ${howLong(survivesMs, sureMs ?? 0)}; ${who} gives way first`;
    return [
      `  ${labelled("", text, out.columns - INDENT).replaceAll("\n", "\n    ")}`,
      ...arithmetic.map((line) => labelled("", line, out.columns - INDENT).replaceAll(/^/gm, "    ")),
      ...advice.map((line) => labelled("    -> ", line, out.columns)),
    ].join("\n");
  });
  const head = out.paint("strong", "The longest outage that is survived, whenever it begins");
  const isWeighed = services.some(({ survivesMs }) => survivesMs !== null);
  const legend = isWeighed ? [painted(out.paint, "faint", labelled("  ", LEGEND, out.columns))] : [];
  return [head, ...legend, ...lines].join("\n");
}

const LEGEND =
  "Plan with what is sure: the schedule vouches for it. `About` is what trials came to; each arrow is a way to more.";

function howLong(survivesMs: number, sureMs: number): string {
  if (survivesMs === 0) return "none at the worst moment";
  return `about ${formatDuration(survivesMs)}, ${sureMs === 0 ? "none surely" : `surely ${formatDuration(sureMs)}`}`;
}

function renewalsText(renewals: readonly RenewalSeen[], out: Output): string {
  if (renewals.length === 0) return "No renewal is due in this time.";
  const days = byDay(renewals, ({ at }) => at);
  const lines = days.slice(0, DAYS_SHOWN).map(([day, all]) => {
    const shown = all.slice(0, NAMES_SHOWN).map((each) => `${timeOf(each.at)} ${each.token}${remarkOn(each)}`);
    const more = all.length > shown.length ? ` and ${all.length - shown.length} more` : "";
    return labelled(`  ${day}  `, `${shown.join(", ")}${more}`, out.columns);
  });
  const head = `${count(renewals.length, "renewal")} on ${count(days.length, "day")}`;
  return [out.paint("strong", head), ...lines, ...rest(days.length, DAYS_SHOWN, "day")].join("\n");
}

/** What is out of the ordinary. */
function remarkOn({ at, deliveredAt, windowOverridden }: RenewalSeen): string {
  const remarks = [
    ...(windowOverridden ? ["outside its windows"] : []),
    ...(deliveredAt === null ? ["not delivered"] : []),
    ...(deliveredAt !== null && deliveredAt - at > LATE_MS
      ? [`delivered ${formatDuration(deliveredAt - at)} later`]
      : []),
  ];
  return remarks.length === 0 ? "" : ` (${remarks.join(", ")})`;
}

const LATE_MS: number = HOUR_MS;

function rest(all: number, shown: number, noun: string): readonly string[] {
  return all > shown ? [`  and ${count(all - shown, `more ${noun}`)}; --json tells of all`] : [];
}

function someOf(names: readonly string[]): string {
  const more = names.length - NAMES_SHOWN;
  return names.slice(0, NAMES_SHOWN).join(", ") + (more > 0 ? ` and ${more} more` : "");
}
