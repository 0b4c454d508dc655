/** What every view is put together from. */
import { html } from "hono/html";
import { formatInstant, type Instant } from "../../core/duration.ts";
import type { Next } from "../../core/status.ts";
import type { Html } from "./page.ts";
import { when } from "./times.ts";
import { MARKS, type Tone } from "./words.ts";

/** A state as a mark and a word, so that nobody needs its colour. */
export function badge(tone: Tone, word: string): Html {
  return html`<span class="badge ${tone}"><span aria-hidden="true">${MARKS[tone]}</span> ${word}</span>`;
}

export function row(name: string, value: string | Html): Html {
  return html`<dt>${name}</dt>
    <dd>${value}</dd>`;
}

export function code(text: string): Html {
  return html`<code>${text}</code>`;
}

/** Text of our own, in which `…` stands for what is to be typed. */
export function prose(text: string): Html {
  const parts = text.split("`");
  // A single one is no pair.
  if (parts.length % 2 === 0) return html`${text}`;
  return html`${parts.map((part, index) => (index % 2 === 1 ? code(part) : part))}`;
}

export function nextText({ action, at, reason }: Next, now: Instant): Html {
  // It says by itself until when, and how long that is.
  if (at !== null && action === "wait" && reason.startsWith(`due ${formatInstant(at)}, `)) return html`${reason}`;
  return html`${action}${at === null ? "" : html` until ${when(at, now)}`}: ${reason}`;
}

export function plural(count: number, one: string, many: string): string {
  return count === 1 ? `one ${one}` : `${grouped(count)} ${many}`;
}

/** `10,000`: from five digits on nobody reads a number without. */
export function grouped(count: number): string {
  return count < 10_000 ? String(count) : String(count).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}

export interface Paged {
  readonly page: number;
  readonly pages: number;
  readonly href: (page: number) => string;
}

export function pager({ page, pages, href }: Paged): Html | "" {
  if (pages <= 1) return "";
  return html`<nav class="pager" aria-label="Pages">
    ${page > 1 ? html`<a href="${href(page - 1)}" rel="prev">Previous</a>` : html`<span class="dim">Previous</span>`}
    <span>page ${page} of ${pages}</span>
    ${page < pages ? html`<a href="${href(page + 1)}" rel="next">Next</a>` : html`<span class="dim">Next</span>`}
  </nav>`;
}
