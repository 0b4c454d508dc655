import { html } from "hono/html";
import { openConditions } from "../../core/danger.ts";
import type { Instant } from "../../core/duration.ts";
import type { PlanEntry } from "../../core/plan.ts";
import type { HistoryEntry } from "../../core/state-store.ts";
import type { IssuedStatus, TokenStatus } from "../../core/status.ts";
import { actionsView, dialogsView } from "./actions-view.ts";
import { historyView } from "./history-view.ts";
import { incidentView } from "./incident-view.ts";
import type { Html } from "./page.ts";
import { badge, code, nextText, prose, row } from "./parts.ts";
import { targetView } from "./target-view.ts";
import { timelineView } from "./timeline-view.ts";
import { spoken, when } from "./times.ts";
import { TOKEN_STATES, tokenTone } from "./words.ts";

const ROLES_SHOWN = 12;

export interface TokenView {
  readonly token: TokenStatus;
  readonly plan: PlanEntry;
  readonly history: readonly HistoryEntry[];
  /** How many were asked for. */
  readonly historyRows: number;
  readonly now: Instant;
  /** Whether who looks may act. */
  readonly acts: boolean;
}

/** All there is to know of one token: how it is and what to do first, the rest below. */
export function tokenBody(view: TokenView): Html {
  const { token, now, acts } = view;
  const incidents = openConditions(token);
  return html`<section class="head ${token.ok ? "good" : "bad"}" aria-labelledby="headline">
      <h1 id="headline">${token.token}</h1>
      <p class="lead">${badge(tokenTone(token), TOKEN_STATES[token.state])}</p>
      ${aboutView(token)} ${adviceView(token)}
      <p><strong>Next:</strong> ${nextText(token.next, now)}</p>
      ${acts ? actionsView(token, now) : ""}
    </section>
    ${
      incidents.length === 0
        ? ""
        : html`<section id="part-incidents" aria-labelledby="incidents">
            <h2 id="incidents">Open incidents</h2>
            ${incidents.map((incident) => incidentView(incident, now))}
          </section>`
    }
    ${timelineView(token, now)}
    <section id="part-targets" aria-labelledby="targets">
      <h2 id="targets">Targets</h2>
      ${token.targets.length === 0 ? html`<p>None: nobody is given this token.</p>` : ""}
      <div class="targets">${troubledFirst(token).map((target) => targetView(token, target, now, acts))}</div>
    </section>
    ${issuesView(token, now)} ${planView(view.plan)} ${historyView(view)} ${acts ? dialogsView(token, now) : ""}`;
}

function aboutView({ token, name, issuer, comment, labels }: TokenStatus): Html {
  const pairs = Object.entries(labels);
  return html`<p class="dim">${name === token ? "" : html`<strong>${name}</strong> `}at ${issuer}</p>
    ${comment === null ? "" : html`<p>${comment}</p>`}
    ${
      pairs.length === 0
        ? ""
        : html`<ul class="labels" aria-label="Labels">
            ${pairs.map(([label, value]) => html`<li>${label}=${value}</li>`)}
          </ul>`
    }`;
}

/** Unless an incident below says so already. */
function adviceView({ advice, conditions, targets }: TokenStatus): Html | "" {
  const told = [...conditions, ...targets.flatMap((target) => target.conditions)];
  if (advice === null || told.some(({ message }) => message === advice.reason)) return "";
  return html`<p>${prose(advice.reason)} <strong>You:</strong> ${prose(advice.you)}</p>`;
}

function issuesView(token: TokenStatus, now: Instant): Html {
  const { newest, previous, quarantined, pause, lastSuccessAt } = token;
  return html`<section id="part-issues" aria-labelledby="issues">
    <h2 id="issues">What was issued</h2>
    <dl class="wide">
      ${newest === null ? row("newest", "none yet") : row("newest", issueText(newest, now))}
      ${newest === null ? "" : row("roles", rolesText(newest.roles))}
      ${previous === null ? "" : row("previous", issueText(previous, now))}
      ${
        quarantined === null
          ? ""
          : row(
              "quarantined",
              html`${code(quarantined.fingerprint)}: ${quarantined.message} (${quarantined.check}); expires
              ${when(quarantined.expAt, now)}`,
            )
      }
      ${pause === null ? "" : row("paused", pauseText(pause, now))}
      ${lastSuccessAt === null ? "" : row("last in all targets", when(lastSuccessAt, now))}
    </dl>
  </section>`;
}

/** The settings' order, below those that somebody has to look at. */
function troubledFirst({ targets }: TokenStatus): TokenStatus["targets"] {
  return targets.toSorted((a, b) => Number(a.ok) - Number(b.ok));
}

/** Hundreds of them would hide what stands below. */
function rolesText(roles: readonly string[]): string | Html {
  const all = roles.join(", ") || "none";
  if (roles.length <= ROLES_SHOWN) return all;
  return html`<details id="roles">
    <summary>${roles.length} roles</summary>
    ${all}
  </details>`;
}

function issueText({ fingerprint, issuerId, startAt, expAt, origin }: IssuedStatus, now: Instant): Html {
  const id = issuerId === null ? "" : `, id ${issuerId} at the issuer`;
  return html`${code(fingerprint)}, ${origin} ${spoken(startAt)}${id}; expires ${when(expAt, now)}`;
}

function pauseText({ since, until, reason, deliveries }: NonNullable<TokenStatus["pause"]>, now: Instant): Html {
  return html`since
  ${when(since, now)}${until === null ? ", until it is resumed" : html`, until ${when(until, now)}`}${
    reason === null ? "" : `: ${reason}`
  }${deliveries ? " (targets are put right all the same)" : ""}`;
}

function planView(plan: PlanEntry): Html {
  return html`<section id="part-plan" aria-labelledby="plan">
    <h2 id="plan">Schedule</h2>
    <p>${plan.action}: ${plan.reason}</p>
    <ul class="sums">
      ${plan.arithmetic.map((line) => html`<li>${line}</li>`)}
    </ul>
    ${plan.cautions.map((caution) => html`<p><strong>Beware:</strong> ${caution}</p>`)}
  </section>`;
}
