import { html } from "hono/html";
import { dangerAt, openConditions } from "../../core/danger.ts";
import type { Instant } from "../../core/duration.ts";
import { renewalAt, type TokenStatus } from "../../core/status.ts";
import type { Html } from "./page.ts";
import { badge, row } from "./parts.ts";
import { miniTimeline } from "./timeline.ts";
import { spanShort, whenShort } from "./times.ts";
import { MARKS, SEVERITY_TONES, TARGET_STATES, targetTone, TOKEN_STATES, tokenTone } from "./words.ts";

const TARGETS_SHOWN = 6;

/** One token in one look: who, how it is, until when, why, and where it lies. */
export function fleetRow(token: TokenStatus, now: Instant): Html {
  const { token: key, name, issuer, comment } = token;
  const renewal = renewalAt(token);
  const danger = dangerAt(token);
  return html`<li id="token-${key}" class="row ${tokenTone(token)}">
    <div class="who">
      <h3><a href="/tokens/${key}">${key}</a></h3>
      <p class="dim">
        ${name === key ? "" : `${name}, `}at ${issuer}${comment === null ? "" : `: ${shortened(comment)}`}
      </p>
    </div>
    <div class="how">${badge(tokenTone(token), TOKEN_STATES[token.state])} ${worst(token)}</div>
    <dl class="times">
      ${renewalView(renewal, now)} ${row("deadline", danger === null ? "none known" : deadlineText(danger, now))}
    </dl>
    <div class="where">${miniTimeline(token, now)} ${targets(token)}</div>
  </li>`;
}

function renewalView(at: Instant | null, now: Instant): Html {
  if (at === null) return row("renewal", "as soon as possible");
  return at < now ? row("due for", spanShort(at, now)) : row("renewal", whenShort(at, now));
}

/** One that has passed is the worst that there is to see in a row. */
function deadlineText(at: Instant, now: Instant): Html | string {
  return at < now ? html`<strong class="bad">passed ${whenShort(at, now)}</strong>` : whenShort(at, now);
}

function worst(token: TokenStatus): Html | "" {
  const [first, ...more] = openConditions(token);
  if (first === undefined) return "";
  const { severity, reason, target, message } = first;
  return html`<p class="why">
    <strong class="${SEVERITY_TONES[severity]}">${severity}: ${reason.replaceAll("_", " ")}</strong>${
      target === null ? "" : ` in ${target}`
    }.
    ${shortened(message)}${more.length === 0 ? "" : html` <span class="dim">and ${more.length} more</span>`}
  </p>`;
}

function targets({ targets: all }: TokenStatus): Html {
  const shown = all.toSorted((a, b) => Number(a.ok) - Number(b.ok)).slice(0, TARGETS_SHOWN);
  return html`<ul class="dots">
    ${shown.map((target) => {
      const tone = targetTone(target);
      const words = target.state === "ok" ? "" : html` <span class="dim">${TARGET_STATES[target.state]}</span>`;
      const mark = html`<span class="${tone}" aria-hidden="true">${MARKS[tone]}</span>`;
      return html`<li>
        ${mark} ${target.target}${target.state === "ok" ? html`<span class="unseen"> is well</span>` : words}
      </li>`;
    })}
    ${all.length > shown.length ? html`<li class="dim">and ${all.length - shown.length} more</li>` : ""}
  </ul>`;
}

const SHORT = 140;

function shortened(text: string): string {
  return text.length <= SHORT ? text : `${text.slice(0, SHORT - 1).trimEnd()}…`;
}
