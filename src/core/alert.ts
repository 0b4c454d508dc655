/** What a channel is told of an incident: five lines for people, and what machines sort it by. */
import { DAY_MS, formatDuration, formatInstant, type Instant } from "./duration.ts";
import { type Incident, type IncidentReason, type Severity, STEADY, type Subject } from "./incidents.ts";
import type { DeclaredToken } from "./token.ts";

type Labels = Readonly<Record<string, string>>;

export interface Alert {
  /** `renewd/<instance>/<token>/<target>/<reason>`: the same over renewals and restarts, at most 255 characters. */
  readonly key: string;
  readonly status: "firing" | "resolved";
  /** Why it is told now. */
  readonly cause: "opened" | "repeated" | "resolved" | "test";
  readonly severity: Severity;
  /** With which it was told before, where those were others: channels that know an alert by its labels have to end that one. */
  readonly labelsBefore: Labels | null;
  /** `alertname`, `instance`, `severity`, `reason`; where they apply `token`, `name`, `issuer`, `target`, `store`, `channel`; and the token's own. Of an end those that were told. */
  readonly labels: Labels;
  readonly lines: AlertLines;
  readonly openedAt: Instant;
  /** How often it was worth telling: a repetition that is told again after a failure has the same number. */
  readonly toldTimes: number;
  /** Null while it fires. */
  readonly resolvedAt: Instant | null;
  /** The page that says what to do about this kind of incident. */
  readonly runbookUrl: string;
  /** The token's page of the dashboard; null where the settings give no address. */
  readonly pageUrl: string | null;
}

/** Each one or two sentences, ready to be read at three in the morning. */
export interface AlertLines {
  /** Which consumer: "airflow-flowapi -> ireland". */
  readonly who: string;
  /** How long there is: "Readers from 02:45Z, in 1 h 12 min, hold too short a token." */
  readonly until: string;
  /** Why. */
  readonly why: string;
  /** What renewd does next. */
  readonly next: string;
  /** What you do. */
  readonly you: string;
}

/** Whether all is well with every target, for a dead man's switch. */
export interface Pulse {
  readonly at: Instant;
  readonly ok: boolean;
  /** What is not well, one line each, bounded. */
  readonly lines: readonly string[];
}

/** What is the same for all alerts of a daemon. */
export interface AlertOrigin {
  readonly instance: string;
  readonly pageUrl: string | null;
  readonly runbooks: string;
}

/** The parts of an incident's `target` that are no target of a token but one of renewd's own. */
const CHANNEL = "channel ";

/** The incident's target of renewd's own that stands for an alert channel. */
export function channelSubject(channel: string): { readonly token: ""; readonly target: string } {
  return { token: "", target: `${CHANNEL}${channel}` };
}

/** The channel that an incident of renewd's own is about. */
export function channelOf({ token, target }: Subject): string | undefined {
  return token === "" && target.startsWith(CHANNEL) ? target.slice(CHANNEL.length) : undefined;
}

/** `declared` is null for the daemon's own, and for a token that is declared no more. */
export function alertLabels(
  incident: Incident,
  declared: DeclaredToken | null,
  origin: Pick<AlertOrigin, "instance">,
): Labels {
  const { token, target, reason, severity } = incident;
  const store = declared?.targets.find(({ label }) => label === target)?.store;
  const channel = channelOf(incident);
  const own = {
    alertname: `Renewd${reason.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())}`,
    instance: origin.instance,
    severity,
    reason,
    ...(token === "" ? {} : { token }),
    ...(declared === null ? {} : { name: declared.name, issuer: declared.issuer }),
    ...(token === "" || target === "" ? {} : { target }),
    ...(store === undefined ? {} : { store }),
    ...(channel === undefined ? {} : { channel }),
  };
  return { ...declared?.labels, ...own };
}

export interface AlertOccasion {
  readonly cause: Alert["cause"];
  readonly declared: DeclaredToken | null;
  /** With which the channel was told before. */
  readonly labelsBefore?: Labels | null;
  /** What is over because it became this graver thing, which is told by itself. */
  readonly became?: Incident | null;
  /** What is over for this channel only: as it is open still. */
  readonly still?: Incident | null;
  /** What else is critical of the same token. */
  readonly beside?: Incident | null;
  readonly now: Instant;
}

export function alertOf(incident: Incident, origin: AlertOrigin, occasion: AlertOccasion): Alert {
  const { token, target, reason, severity } = incident;
  const { cause, declared, labelsBefore = null, now } = occasion;
  const isOver = cause === "resolved";
  const own = alertLabels(incident, declared, origin);
  const labels = isOver ? (labelsBefore ?? own) : own;
  const page = token === "" ? "/" : `/tokens/${encodeURIComponent(token)}`;
  return {
    key: ["renewd", origin.instance, token, target, reason].join("/"),
    status: isOver ? "resolved" : "firing",
    cause,
    severity,
    labelsBefore: isOver || labelsBefore === null || areSame(labels, labelsBefore) ? null : labelsBefore,
    labels,
    lines: isOver ? linesOver(incident, occasion) : linesOf(incident, declared, now),
    openedAt: incident.openedAt,
    toldTimes: incident.toldTimes,
    resolvedAt: isOver ? now : null,
    runbookUrl: `${origin.runbooks}#${reason}`,
    pageUrl: origin.pageUrl === null ? null : `${origin.pageUrl}${page}`,
  };
}

/** In whatever order. */
export function areSame(a: Labels, b: Labels): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function linesOf(incident: Incident, declared: DeclaredToken | null, now: Instant): AlertLines {
  return {
    who: whoOf(incident, declared),
    until: untilOf(incident, now),
    why: incident.message,
    // An earlier version did not say.
    next: incident.next === "" ? "See `renewd status`." : incident.next,
    you: incident.action,
  };
}

function linesOver(incident: Incident, occasion: AlertOccasion): AlertLines {
  const { declared, labelsBefore, became, still, beside, now } = occasion;
  const who = whoOf(incident, declared ?? namesIn(labelsBefore));
  if (still != null) {
    const until = `Not told here any more since ${clockTime(now, now)}: it is still open, as ${still.severity}.`;
    return { ...linesOf(still, declared, now), who, until };
  }
  const why = `It was: ${incident.message}`;
  if (became != null) {
    const where = became.target === incident.target ? "" : ` in ${became.target}`;
    const until = `Not mended: since ${clockTime(became.openedAt, now)} it is \`${became.reason}\`${where}, which is told by itself.`;
    return { who, until, why, next: "See that alert.", you: "What that alert says." };
  }
  if (!isDeclared(incident, declared)) {
    const until = `Not watched any more since ${clockTime(now, now)}: it is declared no more.`;
    return { who, until, why, next: "Nothing.", you: "Nothing, if that was meant: what was delivered stays there." };
  }
  // Less than nothing by a clock that was set back.
  const until = `Over since ${clockTime(now, now)}, after ${formatDuration(Math.max(0, now - incident.openedAt))}.`;
  if (beside != null) {
    const where = beside.target === "" ? "" : ` in ${beside.target}`;
    return { who, until, why, next: `\`${beside.reason}\`${where} is open still.`, you: "What that alert says." };
  }
  return { who, until, why, next: "It goes on as planned.", you: AFTER[incident.reason] ?? "Nothing." };
}

const SHORT = "See to the consumer's work that began meanwhile: it may outlive the token that it has.";
/** What is over for renewd, and not yet for the consumer. */
const AFTER: Readonly<Partial<Record<IncidentReason, string>>> = {
  deadline_missed: SHORT,
  paused_past_deadline: SHORT,
  expired: "Start anew what of the consumer's work failed meanwhile.",
};

/** renewd's own always is. */
function isDeclared({ token, target }: Subject, declared: DeclaredToken | null): boolean {
  if (token === "") return true;
  return declared !== null && (target === "" || declared.targets.some(({ label }) => label === target));
}

/** Of a token that is declared no more, the name that it was told by. */
function namesIn(labels: Labels | null | undefined): Names | null {
  const { name, issuer } = labels ?? {};
  return name === undefined || issuer === undefined ? null : { name, issuer, targets: [] };
}

type Names = Pick<DeclaredToken, "name" | "issuer"> & { readonly targets: readonly { readonly label: string }[] };

/** Monitoring of FlowAuth's tokens goes by the name at the issuer, so that stands in every alert. */
function whoOf({ token, target }: Incident, declared: Names | null): string {
  if (token === "") return target === "" ? "renewd itself" : `renewd itself: ${target}`;
  const at = declared === null || declared.name === token ? "" : ` (${declared.name} at ${declared.issuer})`;
  const consumer = target === "" ? consumersOf(declared) : target;
  return `${token}${at}${consumer === "" ? "" : ` -> ${consumer}`}`;
}

const CONSUMERS_SHOWN = 5;

function consumersOf(declared: Names | null): string {
  const labels = declared?.targets.map(({ label }) => label) ?? [];
  const more = labels.length - CONSUMERS_SHOWN;
  return labels.slice(0, CONSUMERS_SHOWN).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function untilOf({ token, reason, dangerAt, expAt }: Incident, now: Instant): string {
  if (expAt !== null && now >= expAt)
    return `What readers have expired at ${clockTime(expAt, now)}, ${formatDuration(now - expAt)} ago.`;
  // Of a token and of a target it is null only where none of ours is known to be in use.
  if (dangerAt === null)
    return token === ""
      ? "How long readers are safe, each token's own alert says."
      : "Readers find no token of renewd's there.";
  if (now < dangerAt && STEADY.has(reason))
    return `No reader is in danger by this: what they have serves until ${clockTime(dangerAt, now)}.`;
  if (now < dangerAt)
    return `Readers from ${clockTime(dangerAt, now)}, in ${formatDuration(dangerAt - now)}, hold too short a token.`;
  const end = expAt === null ? "" : `; it expires at ${clockTime(expAt, now)}, in ${formatDuration(expAt - now)}`;
  return `Readers since ${clockTime(dangerAt, now)}, ${formatDuration(now - dangerAt)} ago, hold too short a token${end}.`;
}

/** "02:45Z" within half a day, else with the date. */
function clockTime(at: Instant, now: Instant): string {
  const text = formatInstant(at);
  const minutes = `${text.slice(11, 16)}Z`;
  return Math.abs(at - now) < DAY_MS / 2 ? minutes : `${text.slice(0, 10)} ${minutes}`;
}
