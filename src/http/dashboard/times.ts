import { html } from "hono/html";
import { formatDuration, formatInstant, type Instant, NEVER_AT } from "../../core/duration.ts";
import type { Html } from "./page.ts";

/** `2026-07-01T08:00:00Z (in 3 d 4 h)`, for machines too. */
export function when(at: Instant, now: Instant): Html | string {
  if (at >= NEVER_AT) return "never";
  return html`<time datetime="${formatInstant(at)}">${spoken(at)}</time> <span class="dim">(${away(at, now)})</span>`;
}

/** The same the other way round, where what counts is how long there is. */
export function whenShort(at: Instant, now: Instant): Html | string {
  if (at >= NEVER_AT) return "never";
  return html`<time datetime="${formatInstant(at)}" title="${spoken(at)}">${away(at, now)}</time>`;
}

/** For how long something has been so. */
export function spanShort(since: Instant, now: Instant): Html {
  return html`<time datetime="${formatInstant(since)}" title="${spoken(since)}">${formatDuration(now - since)}</time>`;
}

/** `in 3 d 4 h`, `5 min ago`. */
export function away(at: Instant, now: Instant): string {
  return at >= now ? `in ${formatDuration(at - now)}` : `${formatDuration(now - at)} ago`;
}

/** As `formatInstant`, with a space that lets a line break. */
export function spoken(at: Instant): string {
  return formatInstant(at).replace("T", " ");
}

/** `2026-07-01`, in UTC as everything here. */
export function dayOf(at: Instant): string {
  return formatInstant(at).slice(0, 10);
}

/** `08:00Z`. */
export function timeOfDay(at: Instant): string {
  return `${formatInstant(at).slice(11, 16)}Z`;
}
