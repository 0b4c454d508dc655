import { html } from "hono/html";
import type { Instant } from "../../core/duration.ts";
import type { TargetStatus, TokenStatus } from "../../core/status.ts";
import { opener } from "./actions-view.ts";
import type { Html } from "./page.ts";
import { badge, code, nextText, prose, row } from "./parts.ts";
import { spoken, when } from "./times.ts";
import { TARGET_STATES, targetTone } from "./words.ts";

/** What one target really holds, since when, and who proved it. */
export function targetView(token: TokenStatus, target: TargetStatus, now: Instant, acts: boolean): Html {
  const { held, deadlineAt, drift, delivery, trouble } = target;
  return html`<article
    class="card ${targetTone(target)}"
    id="target-${target.target}"
    tabindex="-1"
    aria-labelledby="name-${target.target}"
  >
    <h3 id="name-${target.target}">${target.target} <span class="dim">in ${target.store}</span></h3>
    <p>${badge(targetTone(target), TARGET_STATES[target.state])}</p>
    <dl>
      ${
        held === null
          ? row("holds", "nothing of ours")
          : html`${row("holds", html`${code(held.fingerprint)}${whichOne(token, held.fingerprint)}`)}
            ${row("expires", when(held.expAt, now))} ${row("since", when(held.sinceAt, now))}
            ${row("last proved", when(held.provedAt, now))}`
      }
      ${deadlineAt === null ? "" : row("deadline", when(deadlineAt, now))}
      ${
        drift === null
          ? ""
          : row(
              "seen there",
              html`${drift.fingerprint === null ? "something unreadable" : code(drift.fingerprint)} ${spoken(drift.at)}`,
            )
      }
      ${delivery === null ? "" : row("under way", html`${code(delivery.fingerprint)} ${delivery.phase} ${spoken(delivery.at)}`)}
      ${
        trouble === null
          ? ""
          : row(
              "failing",
              html`${trouble.attempts === 1 ? "once" : `${trouble.attempts} times`} since ${spoken(trouble.since)}:
              ${trouble.last.message} (${trouble.last.code})`,
            )
      }
      ${row("next", nextText(target.next, now))} ${adviceRows(target)}
    </dl>
    ${acts && target.state === "not_owned" ? opener(`adopt-${target.target}`, `Let renewd write ${target.target}…`) : ""}
  </article>`;
}

function whichOne({ newest, previous }: TokenStatus, fingerprint: string): string {
  if (fingerprint === newest?.fingerprint) return ", the newest";
  return fingerprint === previous?.fingerprint ? ", the one before" : ", an older one";
}

/** Unless an incident says so already. */
function adviceRows({ advice, conditions }: TargetStatus): Html | "" {
  if (advice === null || conditions.some(({ message }) => message === advice.reason)) return "";
  return html`${row("why", prose(advice.reason))} ${row("you", prose(advice.you))}`;
}
