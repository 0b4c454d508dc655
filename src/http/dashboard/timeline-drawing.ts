import { html } from "hono/html";
import type { Instant } from "../../core/duration.ts";
import { renewalAt, type TokenStatus } from "../../core/status.ts";
import type { Html } from "./page.ts";
import { bar, type Life, livesOf, type Scale, scaleOf, timelineText, WIDTH, width } from "./timeline.ts";
import { type Label, placed, textWidth } from "./timeline-labels.ts";
import { spoken } from "./times.ts";

const TOP = 26;
const LIFE_STEP = 30;
const LIFE_HEIGHT = 22;
const WINDOWS_STEP = 16;
const LABEL_STEP = 16;
/** More are in the list only. */
const LIVES_SHOWN = 5;

interface Frame {
  readonly token: TokenStatus;
  readonly scale: Scale;
  /** Where the lives and the windows end, and the names of the marks begin. */
  readonly bottom: number;
}

/** The whole picture. Marks carry their name in the drawing; `<desc>` and the list beside it say the same in words. */
export function timelineDrawing(token: TokenStatus, now: Instant): Html | "" {
  const scale = scaleOf(token, now);
  if (scale === null) return "";
  const { x, from, until } = scale;
  const lives = livesOf(token).slice(-LIVES_SHOWN);
  const livesEnd = TOP + lives.length * LIFE_STEP;
  const bottom = livesEnd + (token.windows.length > 0 ? WINDOWS_STEP : 0);
  const frame: Frame = { token, scale, bottom };
  const labels = placed(marksOf(frame));
  const edgeY = bottom + 18 + LABEL_STEP * (1 + Math.max(0, ...labels.map(({ row }) => row)));
  const [nowLabel] = placed([{ kind: "nowtext", name: "now", x: x(now) }]);
  return html`<svg class="timeline" viewBox="-10 0 1020 ${edgeY + 6}" role="img" aria-labelledby="tl-title tl-desc">
    <title id="tl-title">Timeline of ${token.token}</title>
    <desc id="tl-desc">${timelineText(token, now)}</desc>
    ${zones(frame)} ${lives.map((life, row) => bar(life, x, TOP + row * LIFE_STEP, LIFE_HEIGHT))}
    ${windowsLane(frame, livesEnd)}
    ${labels.map(({ kind, x: at }) => html`<line class="mark ${kind}" x1="${at}" x2="${at}" y1="20" y2="${bottom + 4}" />`)}
    <line class="nowline" x1="${x(now)}" x2="${x(now)}" y1="18" y2="${bottom}" />
    ${lives.map((life, row) => nameOf(life, x, TOP + row * LIFE_STEP + 16))}
    ${labels.map(({ kind, name, textX, row }) => text(`marktext ${kind}`, textX, bottom + 18 + row * LABEL_STEP, name))}
    ${nowLabel === undefined ? "" : text("nowtext", nowLabel.textX, 14, "now")}
    <text class="edge" x="0" y="${edgeY}">${spoken(from).slice(0, 16)}Z</text>
    <text class="edge" x="${WIDTH}" y="${edgeY}" text-anchor="end">${spoken(until).slice(0, 16)}Z</text>
  </svg>`;
}

function marksOf({ token, scale: { x } }: Frame): readonly Label[] {
  const { schedule } = token;
  if (schedule === null) return [];
  return [
    { kind: "renew", name: "renewal", x: x(renewalAt(token) ?? schedule.renewAt) },
    { kind: "latest", name: "latest", x: x(schedule.latestAt) },
    { kind: "deadline", name: "deadline", x: x(schedule.deadlineAt) },
  ];
}

/** From when on it is urgent, and from when on readers are in danger. */
function zones({ token: { schedule }, scale: { x, until }, bottom }: Frame): Html | "" {
  if (schedule === null) return "";
  const { latestAt, deadlineAt } = schedule;
  const zone = (kind: string, start: Instant, end: Instant): Html =>
    html`<rect
      class="${kind}"
      x="${x(start)}"
      y="${TOP - 6}"
      width="${width(x, start, end)}"
      height="${bottom - TOP + 6}"
    />`;
  return html`${zone("urgent", latestAt, deadlineAt)} ${zone("risk", deadlineAt, until)}`;
}

/** In a lane of their own, where no life hides them. */
function windowsLane({ token: { windows }, scale: { x } }: Frame, y: number): Html | "" {
  if (windows.length === 0) return "";
  return html`<line class="lane" x1="0" x2="${WIDTH}" y1="${y + 5}" y2="${y + 5}" /> ${windows.map(
      ({ opensAt, closesAt }) =>
        html`<rect
          class="window"
          x="${x(opensAt)}"
          y="${y}"
          width="${Math.max(4, width(x, opensAt, closesAt))}"
          height="10"
        >
          <title>Window: ${spoken(opensAt)} to ${spoken(closesAt)}</title>
        </rect>`,
    )}`;
}

/** In its bar where there is room, else beside it. */
function nameOf({ name, fingerprint, tone, startAt, expAt }: Life, x: Scale["x"], y: number): Html {
  const words = `${name} ${fingerprint.slice(0, 8)}`;
  const [start, end, room] = [x(startAt), x(expAt), textWidth(words) + 16];
  if (end - start >= room) return text(`on ${tone}`, start + room / 2, y, words);
  return text("beside", end + room <= WIDTH ? end + room / 2 : Math.max(room / 2, start - room / 2), y, words);
}

function text(kind: string, x: number, y: number, words: string): Html {
  return html`<text class="${kind}" x="${Math.round(x * 10) / 10}" y="${y}" text-anchor="middle">${words}</text>`;
}
