import { html } from "hono/html";
import { formatDuration, type Instant, NEVER_AT } from "../../core/duration.ts";
import { renewalAt, type TokenStatus } from "../../core/status.ts";
import type { Html } from "./page.ts";
import { code } from "./parts.ts";
import { livesOf, miniTimeline } from "./timeline.ts";
import { timelineDrawing } from "./timeline-drawing.ts";
import { when } from "./times.ts";

interface Fact {
  readonly at: Instant;
  /** How it is drawn. */
  readonly kind: string;
  readonly text: string | Html;
}

/** The drawing, and the same facts as a list in order of time: for who cannot see it, and for phones. */
export function timelineView(token: TokenStatus, now: Instant): Html | "" {
  if (livesOf(token).length === 0) return "";
  const facts = factsOf(token, now).toSorted((a, b) => a.at - b.at);
  return html`<section id="part-timeline" aria-labelledby="timeline">
    <h2 id="timeline">Timeline</h2>
    ${timelineDrawing(token, now)}
    <div class="narrow">${miniTimeline(token, now)}</div>
    <ol class="facts">
      ${facts.map(
        ({ at, kind, text }) =>
          html`<li class="${at < now ? "past" : ""}">
            <span class="key ${kind}" aria-hidden="true"></span>
            ${text}${kind === "now" ? "" : html`: ${when(at, now)}`}
          </li>`,
      )}
    </ol>
  </section>`;
}

function factsOf(token: TokenStatus, now: Instant): readonly Fact[] {
  const facts: Fact[] = [{ at: now, kind: "now", text: html`<strong>now</strong>` }];
  for (const { name, tone, startAt, expAt, fingerprint } of livesOf(token)) {
    facts.push({ at: startAt, kind: tone, text: html`${name} ${code(fingerprint)} issued` });
    facts.push({ at: expAt, kind: tone, text: html`${name} ${code(fingerprint)} expires${overlapText(token, expAt)}` });
  }
  for (const { target, held, deadlineAt } of token.targets) {
    if (held === null || deadlineAt === null || held.fingerprint === token.newest?.fingerprint) continue;
    facts.push({ at: deadlineAt, kind: "deadline", text: `deadline of ${target}, which holds an older one` });
  }
  const { schedule, windows } = token;
  if (schedule === null || schedule.deadlineAt >= NEVER_AT - 366 * 86_400_000) return facts;
  facts.push({ at: renewalAt(token) ?? schedule.renewAt, kind: "renew", text: "renewal starts" });
  for (const { opensAt, closesAt } of windows) {
    const text = `a window in which it may start, ${formatDuration(closesAt - opensAt)} long`;
    facts.push({ at: opensAt, kind: "window", text });
  }
  facts.push({ at: schedule.latestAt, kind: "latest", text: "latest: from here on it is urgent" });
  facts.push({ at: schedule.deadlineAt, kind: "deadline", text: "deadline: later, readers get less than they need" });
  return facts;
}

function overlapText({ newest, previous }: TokenStatus, expAt: Instant): string {
  if (previous === null || newest === null || previous.expAt !== expAt || expAt <= newest.startAt) return "";
  return ` (both are valid for ${formatDuration(expAt - newest.startAt)})`;
}
