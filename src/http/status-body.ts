import { html } from "hono/html";
import { formatDuration, formatInstant, type Instant } from "../core/duration.ts";
import type { CreatedStatus } from "../core/created-status.ts";
import type { Condition } from "../core/incidents.ts";
import type {
  Next,
  ServiceStatus,
  StatusReport,
  TargetState,
  TargetStatus,
  TokenState,
  TokenStatus,
} from "../core/status.ts";
import type { Html } from "./page.ts";

const TOKEN_STATES: Readonly<Record<TokenState, string>> = {
  ok: "well",
  first: "waiting for its first token",
  due: "due for renewal",
  renewing: "being renewed",
  undelivered: "verified, but not in every target",
  delivered_in_part: "verified, and in some of its targets",
  waiting_for_person: "an answer was lost, and only a person can tell what was made",
  in_doubt: "an answer was lost and is looked for",
  verifying: "a fresh token is being verified",
  failing: "renewal is failing",
  quarantined: "the fresh token failed verification",
  paused: "paused",
  late: "late",
  expired: "expired",
};

const TARGET_STATES: Readonly<Record<TargetState, string>> = {
  ok: "holds the newest token",
  empty: "empty",
  behind: "still has an older token",
  confirming: "written, not yet visible",
  notifying: "written, its consumer is still to be told",
  withdrawn: "holds a token that was rolled back",
  failing: "delivery is failing",
  drift: "somebody else wrote it",
  not_owned: "holds something that is not renewd's",
  late: "late",
  expired: "its token expired",
};

/** The status as a person reads it: what needs attention first, then by deadline. */
export function statusBody(report: StatusReport): Html {
  const tokens = report.tokens.toSorted((a, b) => Number(a.ok) - Number(b.ok) || dangerAt(a) - dangerAt(b));
  const attention = tokens.filter((token) => !token.ok).length;
  const swept = report.lastSweepAt === null ? "not yet" : `${formatDuration(report.at - report.lastSweepAt)} ago`;
  return html`<header class="${report.ok ? "good" : "bad"}">
      <h1>renewd <span class="state">${headline(report, attention)}</span></h1>
      <p class="dim">As of ${formatInstant(report.at)}; tokens last looked at: ${swept}.</p>
    </header>
    ${report.daemon.map(conditionView)} ${report.services.map(serviceView)}
    ${tokens.map((token) => tokenView(token, report.at))}
    ${tokens.length === 0 ? html`<p>No token is declared.</p>` : ""} ${createdView(report)}`;
}

function headline(report: StatusReport, attention: number): string {
  if (report.ok) return "all is well";
  if (attention === 0) return "needs attention";
  return attention === 1 ? "one token needs attention" : `${attention} tokens need attention`;
}

/** The first instant at which a reader is no longer safe. */
function dangerAt({ targets, schedule }: TokenStatus): Instant {
  const deadlines = targets.map((target) => target.deadlineAt).filter((at) => at !== null);
  return Math.min(...deadlines, schedule?.deadlineAt ?? Number.POSITIVE_INFINITY);
}

function serviceView(service: ServiceStatus): Html {
  const probe = service.probeAt === null ? "" : ` Tried again at ${formatInstant(service.probeAt)}.`;
  const code = service.code === null ? "" : ` (${service.code})`;
  return html`<article class="bad">
    <h2>${service.kind} ${service.key} <span class="state">is failing</span></h2>
    <p>${service.failures} failures in a row${code}.${probe}</p>
  </article>`;
}

function tokenView(token: TokenStatus, now: Instant): Html {
  const { newest, previous, schedule } = token;
  return html`<article class="${token.ok ? "good" : "bad"}">
    <h2>${token.token} <span class="state">${TOKEN_STATES[token.state]}</span></h2>
    <p class="dim">${token.name} at ${token.issuer}</p>
    ${token.comment === null ? "" : html`<p>${token.comment}</p>`} ${token.conditions.map(conditionView)}
    <dl>
      ${
        newest === null
          ? row("newest", "none yet")
          : html`${row("newest", html`<code>${newest.fingerprint}</code>, ${newest.origin}`)}
            ${row("expires", when(newest.expAt, now))} ${row("roles", newest.roles.join(", ") || "none")}`
      }
      ${
        previous === null || previous.expAt <= now
          ? ""
          : row("previous", html`<code>${previous.fingerprint}</code>, expires ${when(previous.expAt, now)}`)
      }
      ${schedule === null ? "" : row("renewal", when(schedule.renewAt, now))}
      ${token.pause === null ? "" : row("paused", pauseText(token.pause))} ${row("next", nextText(token.next, now))}
      ${adviceView(token)}
    </dl>
    ${token.targets.map((target) => targetView(target, now))}
  </article>`;
}

const CREATED_STATES: Readonly<Record<CreatedStatus["state"], string>> = {
  live: "live",
  expired: "expired",
  unfinished: "asked for, and not there yet",
};

function createdView({ created, at }: StatusReport): Html | "" {
  if (created.length === 0) return "";
  return html`<h2>Made by create-token</h2>
    <p class="dim">In no settings, so nothing renews them.</p>
    ${created.map(
      ({ name, issuer, user, comment, roles, fingerprint, expiresAt, state }) =>
        html`<article>
          <h3>${name} <span class="state">${CREATED_STATES[state]}</span></h3>
          <p class="dim">at ${issuer}${user === null ? "" : ` for ${user}`}</p>
          ${comment === null ? "" : html`<p>${comment}</p>`}
          <dl>
            ${fingerprint === null ? "" : row("token", html`<code>${fingerprint}</code>`)}
            ${fingerprint === null ? "" : row("expires", expiresAt === null ? "never" : when(expiresAt, at))}
            ${row("roles", roles.join(", ") || "none")}
          </dl>
        </article>`,
    )}`;
}

function targetView(target: TargetStatus, now: Instant): Html {
  const { held, deadlineAt } = target;
  return html`<section class="${target.ok ? "good" : "bad"}">
    <strong>${target.target}</strong> in ${target.store}: <span class="state">${TARGET_STATES[target.state]}</span>
    ${target.conditions.map(conditionView)}
    <dl>
      ${
        held === null
          ? row("holds", "nothing of ours")
          : html`${row("holds", html`<code>${held.fingerprint}</code>`)} ${row("expires", when(held.expAt, now))}`
      }
      ${deadlineAt === null ? "" : row("deadline", when(deadlineAt, now))} ${row("next", nextText(target.next, now))}
      ${adviceView(target)}
    </dl>
  </section>`;
}

function conditionView({ severity, reason, message, action }: Condition): Html {
  return html`<p><strong>${severity}: ${reason}</strong> ${message}<br />What to do: ${action}</p>`;
}

/** Unless one of its conditions says so already. */
function adviceView({ advice, conditions }: Pick<TokenStatus, "advice" | "conditions">): Html | "" {
  if (advice === null || conditions.some(({ message }) => message === advice.reason)) return "";
  return html`${row("why", advice.reason)} ${row("you", advice.you)}`;
}

function row(name: string, value: string | Html): Html {
  return html`<dt>${name}</dt>
    <dd>${value}</dd>`;
}

function when(at: Instant, now: Instant): string {
  return `${formatInstant(at)} (${at >= now ? `in ${formatDuration(at - now)}` : `${formatDuration(now - at)} ago`})`;
}

function nextText({ action, at, reason }: Next, now: Instant): string {
  return `${action}${at === null ? "" : ` until ${when(at, now)}`}: ${reason}`;
}

function pauseText({ since, until, reason }: NonNullable<TokenStatus["pause"]>): string {
  const end = until === null ? "" : ` until ${formatInstant(until)}`;
  return `since ${formatInstant(since)}${end}${reason === null ? "" : ` (${reason})`}`;
}
