/** A token's lives drawn to scale: what is old, what is new, when it is renewed, and until when that may take. */
import { html } from "hono/html";
import { formatDuration, type Instant, NEVER_AT } from "../../core/duration.ts";
import { type IssuedStatus, renewalAt, type TokenStatus } from "../../core/status.ts";
import type { Html } from "./page.ts";
import { spoken } from "./times.ts";

const WIDTH = 1_000;
/** Where an end is not in sight it is drawn so far off. */
const ENDLESS_MS = 90 * 86_400_000;

interface Life {
  readonly name: string;
  readonly tone: "old" | "new";
  readonly startAt: Instant;
  readonly expAt: Instant;
  readonly fingerprint: string;
}

interface Scale {
  readonly from: Instant;
  readonly until: Instant;
  readonly x: (at: Instant) => number;
}

/** Null while there is nothing to draw. */
function scaleOf(token: TokenStatus, now: Instant): Scale | null {
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
function timelineText(token: TokenStatus, now: Instant): string {
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
            <rect class="renew" x="${x(renewalAt(token) ?? schedule.renewAt)}" y="0" width="8" height="28" />`
    }
    <rect class="now" x="${x(now)}" y="0" width="8" height="28" />
  </svg>`;
}

/** The whole picture. Marks carry their name in the drawing; `<desc>` and the list beside it say the same in words. */
export function timeline(token: TokenStatus, now: Instant): Html | "" {
  const scale = scaleOf(token, now);
  if (scale === null) return "";
  const { x, from, until } = scale;
  const lives = livesOf(token).slice(-5);
  const top = 34;
  const bottom = top + lives.length * 30;
  const { schedule, windows } = token;
  return html`<svg class="timeline" viewBox="-10 0 1020 ${bottom + 52}" role="img" aria-labelledby="tl-title tl-desc">
    <title id="tl-title">Timeline of ${token.token}</title>
    <desc id="tl-desc">${timelineText(token, now)}</desc>
    ${windows.map(
      ({ opensAt, closesAt }) =>
        html`<rect
          class="window"
          x="${x(opensAt)}"
          y="${top - 6}"
          width="${Math.max(3, width(x, opensAt, closesAt))}"
          height="${bottom - top + 6}"
        >
          <title>Window: ${spoken(opensAt)} to ${spoken(closesAt)}</title>
        </rect>`,
    )}
    ${
      schedule === null
        ? ""
        : html`<rect
              class="urgent"
              x="${x(schedule.latestAt)}"
              y="${top - 6}"
              width="${width(x, schedule.latestAt, schedule.deadlineAt)}"
              height="${bottom - top + 6}"
            />
            <rect
              class="risk"
              x="${x(schedule.deadlineAt)}"
              y="${top - 6}"
              width="${width(x, schedule.deadlineAt, until)}"
              height="${bottom - top + 6}"
            />`
    }
    ${lives.map((life, row) => labelled(life, x, top + row * 30))}
    ${
      schedule === null
        ? ""
        : html`${mark("renew", "renewal", x(renewalAt(token) ?? schedule.renewAt), bottom, "middle")}
          ${mark("latest", "latest", x(schedule.latestAt), bottom, "end")}
          ${mark("deadline", "deadline", x(schedule.deadlineAt), bottom, "start")}`
    }
    <line class="nowline" x1="${x(now)}" x2="${x(now)}" y1="20" y2="${bottom}" />
    <text class="nowtext" x="${x(now)}" y="15" text-anchor="${anchor(x(now))}">now</text>
    <text class="edge" x="0" y="${bottom + 48}">${spoken(from).slice(0, 16)}Z</text>
    <text class="edge" x="${WIDTH}" y="${bottom + 48}" text-anchor="end">${spoken(until).slice(0, 16)}Z</text>
  </svg>`;
}

function bar({ startAt, expAt, tone }: Life, x: Scale["x"], y: number, height: number): Html {
  return html`<rect
    class="life ${tone}"
    x="${x(startAt)}"
    y="${y}"
    width="${Math.max(4, width(x, startAt, expAt))}"
    height="${height}"
  />`;
}

function labelled(life: Life, x: Scale["x"], y: number): Html {
  const start = x(life.startAt);
  const isRight = start > WIDTH * 0.6;
  return html`<g>
    ${bar(life, x, y, 22)}
    <text
      class="on ${life.tone}"
      x="${isRight ? x(life.expAt) - 8 : start + 8}"
      y="${y + 16}"
      text-anchor="${isRight ? "end" : "start"}"
      >${life.name} ${life.fingerprint.slice(0, 8)}</text
    >
  </g>`;
}

/** Those that may lie close together keep to their own side, and to a line of their own. */
function mark(kind: string, name: string, at: number, bottom: number, side: "start" | "middle" | "end"): Html {
  const line = side === "end" ? 1 : 0;
  const text = anchor(at) === "middle" ? side : anchor(at);
  return html`<line class="mark ${kind}" x1="${at}" x2="${at}" y1="26" y2="${bottom + 4}" />
    <text class="marktext" x="${at}" y="${bottom + 17 + line * 14}" text-anchor="${text}">${name}</text>`;
}

function anchor(at: number): string {
  return at < 60 ? "start" : at > WIDTH - 60 ? "end" : "middle";
}

function width(x: Scale["x"], from: Instant, until: Instant): number {
  return Math.max(0, Math.round((x(until) - x(from)) * 10) / 10);
}
