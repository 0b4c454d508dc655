/** A token's lives drawn to scale: what is old, what is new, when it is renewed, and until when that may take. */
import { html } from "hono/html";
import { formatDuration, type Instant, NEVER_AT } from "../../core/duration.ts";
import { type IssuedStatus, renewalAt, type TokenStatus } from "../../core/status.ts";
import type { Html } from "./page.ts";
import { spoken } from "./times.ts";

export const WIDTH: number = 1_000;
/** Where an end is not in sight it is drawn so far off. */
const ENDLESS_MS = 90 * 86_400_000;

export interface Life {
  readonly name: string;
  readonly tone: "old" | "new";
  readonly startAt: Instant;
  readonly expAt: Instant;
  readonly fingerprint: string;
}

export interface Scale {
  readonly from: Instant;
  readonly until: Instant;
  readonly x: (at: Instant) => number;
}

/** Null while there is nothing to draw. */
export function scaleOf(token: TokenStatus, now: Instant): Scale | null {
  const lives = livesOf(token);
  if (lives.length === 0) return null;
  const ends = lives.map(({ expAt }) => (expAt >= NEVER_AT ? now + ENDLESS_MS : expAt));
  const deadline = token.schedule?.deadlineAt ?? now;
  const from = Math.min(now, ...lives.map(({ startAt }) => startAt));
  const until = Math.max(now, deadline >= NEVER_AT - ENDLESS_MS ? now : deadline, ...ends);
  const span = Math.max(1, until - from);
  const x = (at: Instant): number =>
    Math.round((Math.min(Math.max(at, from), until) - from) * (WIDTH / span) * 10) / 10;
  return { from, until, x };
}

/** The old one first. */
export function livesOf({ newest, previous, targets }: TokenStatus): readonly Life[] {
  const life = (name: string, tone: Life["tone"], issue: Pick<IssuedStatus, "startAt" | "expAt" | "fingerprint">) =>
    ({ name, tone, startAt: issue.startAt, expAt: issue.expAt, fingerprint: issue.fingerprint }) satisfies Life;
  const shown: Life[] = [];
  if (previous !== null) shown.push(life("previous", "old", previous));
  // A target may hold one that is older than both.
  for (const { held, target } of targets) {
    if (
      held === null ||
      held.fingerprint === newest?.fingerprint ||
      shown.some((e) => e.fingerprint === held.fingerprint)
    )
      continue;
    shown.push(life(`in ${target}`, "old", held));
  }
  if (newest !== null) shown.push(life("newest", "new", newest));
  return shown;
}

/** What all of it has in common, said instead of drawn. */
export function timelineText(token: TokenStatus, now: Instant): string {
  const { schedule, newest, previous, windows } = token;
  if (newest === null) return "No token is known yet.";
  const parts = [`Now ${spoken(now)}.`];
  if (previous !== null && previous.expAt > newest.startAt) {
    parts.push(
      `The token before overlaps it by ${formatDuration(previous.expAt - newest.startAt)}, until ${spoken(previous.expAt)}.`,
    );
  }
  const end = newest.expAt >= NEVER_AT ? "never expires" : `expires ${spoken(newest.expAt)}`;
  parts.push(`The newest was issued ${spoken(newest.startAt)} and ${end}.`);
  if (schedule !== null) {
    parts.push(
      `Renewal ${spoken(renewalAt(token) ?? schedule.renewAt)}, urgent from ${spoken(schedule.latestAt)}, readers are in danger from ${spoken(schedule.deadlineAt)}.`,
    );
  }
  if (windows.length > 0) {
    parts.push(`It may start in windows, the first from ${spoken(windows[0]?.opensAt ?? now)}.`);
  }
  return parts.join(" ");
}

/** Small, for a row: the words beside it say the same. */
export function miniTimeline(token: TokenStatus, now: Instant): Html | "" {
  const scale = scaleOf(token, now);
  if (scale === null) return "";
  const { x } = scale;
  const { schedule } = token;
  return html`<svg
    class="mini"
    viewBox="0 0 ${WIDTH} 28"
    preserveAspectRatio="none"
    aria-hidden="true"
    focusable="false"
  >
    ${livesOf(token)
      .slice(-2)
      .map((life, row) => bar(life, x, livesOf(token).length === 1 ? 8 : 3 + row * 12, 10))}
    ${
      schedule === null
        ? ""
        : html`<rect
              class="risk"
              x="${x(schedule.deadlineAt)}"
              y="0"
              width="${width(x, schedule.deadlineAt, scale.until)}"
              height="28"
            />
            <rect class="renew" x="${inside(x(renewalAt(token) ?? schedule.renewAt))}" y="0" width="8" height="28" />`
    }
    <rect class="now" x="${inside(x(now))}" y="0" width="8" height="28" />
  </svg>`;
}

/** A mark that is eight wide. */
function inside(x: number): number {
  return Math.min(x, WIDTH - 8);
}

export function bar({ startAt, expAt, tone }: Life, x: Scale["x"], y: number, height: number): Html {
  return html`<rect
    class="life ${tone}"
    x="${x(startAt)}"
    y="${y}"
    width="${Math.max(4, width(x, startAt, expAt))}"
    height="${height}"
  />`;
}

export function width(x: Scale["x"], from: Instant, until: Instant): number {
  return Math.max(0, Math.round((x(until) - x(from)) * 10) / 10);
}
