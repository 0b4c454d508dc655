import { CALENDAR_DAYS_MAX, CALENDAR_ENTRIES_MAX, type CalendarEntry } from "../core/calendar.ts";
import { formatDuration, formatInstant, type Instant } from "../core/duration.ts";
import type { PlanEntry } from "../core/plan.ts";
import { countUpTo } from "./arguments.ts";
import { byDay, minuteOf, timeOf } from "./calendar-text.ts";
import { type AddVerb, JSON_OPTION, type JsonOption, type Output, printJson, type Shell } from "./command.ts";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { inWords, labelled } from "./format.ts";
import { timeline } from "./timeline.ts";
import { withControl } from "./with-control.ts";

const INDENT = 4;

interface PlanOptions extends JsonOption {
  readonly days?: number;
}

export const addPlan: AddVerb = (program, shell) => {
  program
    .command("plan")
    .description("a dry run: what each token would do next, when and why, with the arithmetic of its deadline")
    .argument("[token]", "tell of this one alone, its life drawn as a line")
    .option("--days <n>", `a calendar of so many days, at most ${CALENDAR_DAYS_MAX}`, countUpTo(CALENDAR_DAYS_MAX))
    .option(...JSON_OPTION)
    .action(
      shell.does((token: string | undefined, options: PlanOptions) =>
        options.days === undefined ? plan(shell, token, options) : calendar(shell, token, options.days, options),
      ),
    );
};

async function plan(shell: Shell, token: string | undefined, { json }: PlanOptions): Promise<ExitCode> {
  const entries = await withControl(shell, { need: "dry", token }, async (control) =>
    token === undefined ? control.plan() : [await control.planOf(token)],
  );
  const sorted = entries.toSorted((a, b) => (a.at ?? Infinity) - (b.at ?? Infinity));
  const now = shell.app.clock.now();
  if (json === true) printJson(shell, token === undefined ? sorted : sorted[0]);
  else if (sorted.length === 0) shell.out.line("no tokens are declared");
  else shell.out.line(sorted.map((entry) => entryText(entry, now, shell.out, token !== undefined)).join("\n\n"));
  return EXIT.well;
}

function entryText(entry: PlanEntry, now: Instant, out: Output, isDrawn: boolean): string {
  const unsure = entry.action === "paused" ? "until resumed" : "until a person decides";
  const when = entry.at === null ? unsure : `${formatInstant(entry.at)}  ${inWords(entry.at, now)}`;
  const indented = (text: string): string => labelled("", text, out.columns, INDENT);
  const drawn = isDrawn ? timeline(entry, now, out.columns) : undefined;
  return [
    `${out.paint("faint", when)}  ${out.paint("strong", entry.token)}: ${out.paint("plain", entry.action.replaceAll("_", " "))}`,
    indented(`because ${reasonOf(entry)}`),
    ...(drawn === undefined ? [] : ["", ...drawn, ""]),
    ...entry.arithmetic.map(indented),
    ...entry.cautions.map((caution) => indented(`note: ${caution}`)),
  ].join("\n");
}

/** The line above says when already. */
function reasonOf({ at, reason }: PlanEntry): string {
  if (at === null || !reason.startsWith(`due ${formatInstant(at)}, `)) return reason;
  return reason.replace(/^due \S+, [\w ]+ from now/, "it is due then");
}

async function calendar(
  shell: Shell,
  token: string | undefined,
  days: number,
  { json }: PlanOptions,
): Promise<ExitCode> {
  const entries = await withControl(shell, { need: "dry", token }, (control) =>
    token === undefined ? control.calendar(days) : control.calendar(days, token),
  );
  if (json === true) printJson(shell, entries);
  else if (entries.length === 0) shell.out.line(`nothing is to come within ${days} days`);
  else shell.out.line(calendarText(entries, shell.out));
  return EXIT.well;
}

function calendarText(entries: readonly CalendarEntry[], out: Output): string {
  const days = byDay(entries, ({ at }) => at).map(([day, all]) =>
    [out.paint("strong", day), ...all.map((entry) => dueText(entry, out))].join("\n"),
  );
  const isCut = entries.length >= CALENDAR_ENTRIES_MAX;
  return [...days, ...(isCut ? [`these are the first ${CALENDAR_ENTRIES_MAX}: look at fewer days`] : [])].join("\n\n");
}

function dueText(entry: CalendarEntry, out: Output): string {
  const { at, earliestAt, latestAt, deadlineAt, token, what, reason, more } = entry;
  const range = latestAt === earliestAt ? [] : [`some time between ${minuteOf(earliestAt)} and ${minuteOf(latestAt)}`];
  const slack = deadlineAt === null ? [] : [`deadline ${minuteOf(deadlineAt)}, ${slackWords(deadlineAt - at)}`];
  const indented = (text: string): string => labelled("", text, out.columns, 2 * INDENT);
  return [
    `  ${timeOf(at)}  ${out.paint("plain", token)}: ${out.paint(what === "expiry" ? "bad" : "plain", what)}`,
    ...[reason, ...range, ...slack, ...(more === 0 ? [] : [`and ${more} more on this day`])].map(indented),
  ].join("\n");
}

function slackWords(slackMs: number): string {
  return slackMs >= 0 ? `with ${formatDuration(slackMs)} to spare` : `missed by ${formatDuration(-slackMs)}`;
}
