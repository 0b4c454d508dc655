import { html } from "hono/html";
import type { PlacedCondition } from "../../core/danger.ts";
import type { Instant } from "../../core/duration.ts";
import type { Html } from "./page.ts";
import { badge, prose, row } from "./parts.ts";
import { when } from "./times.ts";
import { SEVERITY_TONES } from "./words.ts";

/** The five things that an alert says too: who, until when, why, what renewd does, what you do. */
export function incidentView(incident: PlacedCondition, now: Instant): Html {
  const { severity, reason, target, message, next, action, dangerAt, expAt } = incident;
  const tone = SEVERITY_TONES[severity];
  return html`<article class="card ${tone}">
    <h3>${badge(tone, severity)} ${reason.replaceAll("_", " ")}${target === null ? "" : ` in ${target}`}</h3>
    <dl>
      ${row("why", prose(message))} ${dangerAt === null ? "" : row("readers in danger", when(dangerAt, now))}
      ${expAt === null ? "" : row("what they have expires", when(expAt, now))}
      ${next === "" ? "" : row("renewd", prose(next))} ${row("you", prose(action))}
    </dl>
  </article>`;
}
