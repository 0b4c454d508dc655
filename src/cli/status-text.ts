import { type Instant, formatInstant } from "../core/duration.ts";
import type { CreatedStatus } from "../core/created-status.ts";
import { byDanger } from "../core/danger.ts";
import type { ChannelStatus, Next, ServiceStatus, StatusReport, TargetStatus, TokenStatus } from "../core/status.ts";
import type { Output } from "./command.ts";
import { clean, count, instantInWords, inWords, labelled, painted, type Style, widthOf } from "./format.ts";
import { conditionText, INDENT, wordOf } from "./status-parts.ts";
import { tokenTable } from "./status-table.ts";

/** So many tokens are told of in full; more are a table. */
const FEW_TOKENS = 8;
/** Of services, channels and created tokens so many are shown unless all are asked for. */
const LINES_MAX = 20;

export interface Shown {
  readonly report: StatusReport;
  /** How many tokens there are, whether or not the report is of all of them. */
  readonly total: number;
  /** Nothing is left out. */
  readonly all: boolean;
}

/** The report for people: what needs attention first, then by deadline. */
export function statusText({ report, total, all }: Shown, out: Output): string {
  const { at, tokens } = report;
  const some = (texts: readonly string[]): readonly string[] => bounded(texts, all);
  const told =
    tokens.length > FEW_TOKENS
      ? [`\n${tokenTable(tokens, at, out, all)}`]
      : byDanger(tokens).map((token) => `\n${tokenText(token, at, out)}`);
  return [
    headline(report, total, out),
    ...report.daemon.map((condition) => conditionText(condition, out)),
    ...some(report.services.map((service) => serviceLine(service, at, out))),
    ...some(report.channels.flatMap((channel) => channelLine(channel, at, out))),
    ...channelsLine(report.channels, out),
    ...told,
    ...(report.created.length === 0 ? [] : [`\n${out.paint("strong", CREATED_HEAD)}`]),
    ...some(report.created.map((created) => createdText(created, at, out))),
  ].join("\n");
}

const CREATED_HEAD = "made by create-token and in no settings, so nothing renews them:";

function bounded(texts: readonly string[], all: boolean): readonly string[] {
  if (all || texts.length <= LINES_MAX) return texts;
  return [...texts.slice(0, LINES_MAX), `… and ${texts.length - LINES_MAX} more: \`--all\` shows them`];
}

function headline({ at, ok, lastSweepAt, tokens }: StatusReport, total: number, out: Output): string {
  const unwell = tokens.filter((token) => !token.ok).length;
  const verdict =
    unwell > 0
      ? `${unwell} ${unwell === 1 ? "needs" : "need"} attention`
      : ok
        ? "all well"
        : "the daemon needs attention";
  const looked = lastSweepAt === null ? "never looked" : `last looked ${inWords(lastSweepAt, at)}`;
  const of = tokens.length === total ? "" : ` of ${total}`;
  return `${count(tokens.length, "token")}${of}, ${out.paint(ok ? "good" : "bad", verdict)}; ${looked}`;
}

function serviceLine({ kind, key, failures, code, probeAt }: ServiceStatus, at: Instant, out: Output): string {
  // Nothing is asked of it for its own sake, so the count stays until a token needs it, which may be in weeks.
  const next =
    probeAt !== null && probeAt > at
      ? `; next try ${inWords(probeAt, at)}, once a token needs it`
      : "; tried again when a token next needs it, or by `renewd renew TOKEN`";
  const text = `${kind} ${key} failed ${count(failures, "time")} in a row (${code ?? "no reason known"})${next}`;
  return painted(out.paint, "warn", labelled("", text, out.columns, 2).trimStart());
}

/** Only a channel that fails has a line of its own. */
function channelLine(channel: ChannelStatus, at: Instant, out: Output): readonly string[] {
  const { failures, code, message, nextTryAt } = channel;
  if (failures === 0) return [];
  const why = code === null ? "" : ` (${code})${message === null ? "" : `: ${message}`}`;
  const next = nextTryAt === null ? "" : `; next try ${inWords(nextTryAt, at)}`;
  const text = `alert channel ${channel.channel} failed ${count(failures, "time")} in a row${why}${next}`;
  return [painted(out.paint, "bad", labelled("", text, out.columns, 2).trimStart())];
}

function channelsLine(channels: readonly ChannelStatus[], out: Output): readonly string[] {
  if (channels.length === 0) return [];
  const well = channels.filter(({ failures }) => failures === 0);
  const untold = well.filter(({ lastSuccessAt }) => lastSuccessAt === null).length;
  const tries = `\`renewd alert-test\` tries ${untold === 1 ? "it" : "them"}`;
  const note = untold === 0 ? "" : `; ${untold} told no real alert yet (${tries})`;
  const text = `${well.length} of ${count(channels.length, "alert channel")} well${note}`;
  return [out.paint(well.length === channels.length ? "plain" : "warn", text)];
}

function tokenText(token: TokenStatus, at: Instant, out: Output): string {
  const { newest, previous, schedule } = token;
  const line = (label: string, text: string): string => labelled(`  ${label}`, text, out.columns, INDENT);
  const named = token.name === token.token ? "" : `(${token.name} at ${token.issuer})`;
  const lines = [headText(token.ok ? "good" : "bad", wordOf(token.state), token.token, named, out)];
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
    headText(style, state, name, `at ${issuer}${owner} (${key})`, out),
    ...(comment === null ? [] : [line("comment", comment)]),
    line("token", fingerprint === null ? "none yet" : `${fingerprint}, ${ends}`),
    ...(roles.length === 0 ? [] : [line("roles", roles.join(", "))]),
    ...(state === "unfinished" ? [line("you:", "make the same call of create-token again: it goes on with it.")] : []),
  ].join("\n");
}

/** `late  airflow (airflow-flowapi at flowauth)`; what does not fit goes on below. */
function headText(style: Style, state: string, name: string, rest: string, out: Output): string {
  const head = `${out.paint(style, state)}  ${out.paint("strong", name)}`;
  const isWide = widthOf(clean(`${state}  ${name} ${rest}`)) > out.columns;
  if (rest === "") return head;
  return isWide ? `${head}\n${labelled("", rest, out.columns, INDENT)}` : `${head} ${out.paint("plain", rest)}`;
}

/** Why it is in this state and what a person does, unless one of its conditions says so already. */
function adviceLines(
  { advice, conditions }: Pick<TokenStatus, "advice" | "conditions">,
  out: Output,
): readonly string[] {
  if (advice === null || conditions.some(({ message }) => message === advice.reason)) return [];
  return [labelled("  why", advice.reason, out.columns, INDENT), labelled("  you:", advice.you, out.columns, INDENT)];
}

/** What waits says by itself until when. */
function nextWords({ action, reason }: Next): string {
  return action === "wait" || action === "nothing" ? reason : `${action} now: ${reason}`;
}
