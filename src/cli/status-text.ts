import { type Instant, formatInstant } from "../core/duration.ts";
import type { CreatedStatus } from "../core/created-status.ts";
import type { Condition } from "../core/incidents.ts";
import type { Next, ServiceStatus, StatusReport, TargetStatus, TokenStatus } from "../core/status.ts";
import type { Output } from "./command.ts";
import { count, instantInWords, inWords, labelled, type Style } from "./format.ts";

const INDENT = 12;

/** The report for people: what needs attention first, then by deadline. */
export function statusText(report: StatusReport, out: Output): string {
  const tokens = report.tokens.toSorted((a, b) => Number(a.ok) - Number(b.ok) || deadlineOf(a) - deadlineOf(b));
  return [
    headline(report, out),
    ...report.daemon.map((condition) => conditionText(condition, out)),
    ...report.services.map((service) => serviceLine(service, report.at, out)),
    ...tokens.map((token) => `\n${tokenText(token, report.at, out)}`),
    ...(report.created.length === 0 ? [] : [`\n${out.paint("strong", CREATED_HEAD)}`]),
    ...report.created.map((created) => createdText(created, report.at, out)),
  ].join("\n");
}

const CREATED_HEAD = "made by create-token and in no settings, so nothing renews them:";

function headline({ at, ok, lastSweepAt, tokens }: StatusReport, out: Output): string {
  const unwell = tokens.filter((token) => !token.ok).length;
  const verdict =
    unwell > 0
      ? `${unwell} ${unwell === 1 ? "needs" : "need"} attention`
      : ok
        ? "all well"
        : "the daemon needs attention";
  const looked = lastSweepAt === null ? "never looked" : `last looked ${inWords(lastSweepAt, at)}`;
  return `${count(tokens.length, "token")}, ${out.paint(ok ? "good" : "bad", verdict)}; ${looked}`;
}

function serviceLine({ kind, key, failures, code, probeAt }: ServiceStatus, at: Instant, out: Output): string {
  const next = probeAt === null ? "" : `; next try ${inWords(probeAt, at)}`;
  return out.paint(
    "warn",
    `${kind} ${key} failed ${count(failures, "time")} in a row (${code ?? "no reason known"})${next}`,
  );
}

function tokenText(token: TokenStatus, at: Instant, out: Output): string {
  const { newest, previous, schedule } = token;
  const line = (label: string, text: string): string => labelled(`  ${label}`, text, out.columns, INDENT);
  const named = token.name === token.token ? "" : ` (${token.name} at ${token.issuer})`;
  const style: Style = token.ok ? "good" : "bad";
  const lines = [
    `${out.paint(style, wordOf(token.state))}  ${out.paint("strong", token.token)}${out.paint("plain", named)}`,
  ];
  if (token.comment !== null) lines.push(line("comment", token.comment));
  if (newest !== null) {
    lines.push(line("newest", `${newest.fingerprint}, expires ${instantInWords(newest.expAt, at)}`));
    if (newest.roles.length > 0) lines.push(line("roles", newest.roles.join(", ")));
  }
  if (previous !== null && previous.expAt > at)
    lines.push(line("previous", `${previous.fingerprint}, expires ${instantInWords(previous.expAt, at)}`));
  if (schedule !== null) lines.push(line("deadline", instantInWords(schedule.deadlineAt, at)));
  lines.push(line("next", nextWords(token.next)));
  lines.push(...adviceLines(token, out));
  lines.push(...token.conditions.map((condition) => conditionText(condition, out)));
  for (const target of token.targets) lines.push(targetText(target, at, out));
  return lines.join("\n");
}

function targetText(target: TargetStatus, at: Instant, out: Output): string {
  const { held, deadlineAt } = target;
  const holds =
    held === null ? "holds no token of ours" : `holds ${held.fingerprint}, expires ${formatInstant(held.expAt)}`;
  const safe = deadlineAt === null ? "" : `; readers safe until ${instantInWords(deadlineAt, at)}`;
  const next = target.state === "ok" ? "" : `; next: ${nextWords(target.next)}`;
  const text = `${target.target} at ${target.store}, ${wordOf(target.state)}: ${holds}${safe}${next}`;
  return [
    labelled("  target", text, out.columns, INDENT),
    ...adviceLines(target, out),
    ...target.conditions.map((condition) => conditionText(condition, out)),
  ].join("\n");
}

function createdText(created: CreatedStatus, at: Instant, out: Output): string {
  const { state, name, issuer, user, fingerprint, expiresAt, roles, comment, key } = created;
  const line = (label: string, text: string): string => labelled(`  ${label}`, text, out.columns, INDENT);
  const owner = user === null ? "" : ` for ${user}`;
  const style: Style = state === "live" ? "good" : state === "expired" ? "faint" : "warn";
  const ends = expiresAt === null ? "has no end" : `expires ${instantInWords(expiresAt, at)}`;
  return [
    `${out.paint(style, state)}  ${out.paint("strong", name)}${out.paint("plain", ` at ${issuer}${owner} (${key})`)}`,
    ...(comment === null ? [] : [line("comment", comment)]),
    line("token", fingerprint === null ? "none yet" : `${fingerprint}, ${ends}`),
    ...(roles.length === 0 ? [] : [line("roles", roles.join(", "))]),
    ...(state === "unfinished" ? [line("you:", "make the same call of create-token again: it goes on with it.")] : []),
  ].join("\n");
}

function conditionText({ severity, reason, message, action }: Condition, out: Output): string {
  const style: Style = severity === "critical" ? "bad" : severity === "warning" ? "warn" : "plain";
  const paintEach = (text: string): string =>
    text
      .split("\n")
      .map((line) => out.paint(style, line))
      .join("\n");
  return [
    paintEach(labelled("  !", `${severity}, ${reason}: ${message}`, out.columns, INDENT)),
    paintEach(labelled("  you:", action, out.columns, INDENT)),
  ].join("\n");
}

/** Why it is in this state and what a person does, unless one of its conditions says so already. */
function adviceLines(
  { advice, conditions }: Pick<TokenStatus, "advice" | "conditions">,
  out: Output,
): readonly string[] {
  if (advice === null || conditions.some(({ message }) => message === advice.reason)) return [];
  return [labelled("  why", advice.reason, out.columns, INDENT), labelled("  you:", advice.you, out.columns, INDENT)];
}

/** `not_owned` -> "not owned". */
function wordOf(state: string): string {
  return state.replaceAll("_", " ");
}

/** What waits says by itself until when. */
function nextWords({ action, reason }: Next): string {
  return action === "wait" || action === "nothing" ? reason : `${action} now: ${reason}`;
}

function deadlineOf({ schedule }: TokenStatus): Instant {
  return schedule?.deadlineAt ?? Number.NEGATIVE_INFINITY;
}
