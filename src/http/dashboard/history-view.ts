import { html } from "hono/html";
import { formatInstant } from "../../core/duration.ts";
import type { Level } from "../../core/events.ts";
import { historyLevel, historyWords } from "../../core/history-words.ts";
import type { HistoryEntry } from "../../core/state-store.ts";
import type { TokenStatus } from "../../core/status.ts";
import type { Html } from "./page.ts";
import { prose } from "./parts.ts";
import { spoken } from "./times.ts";
import { MARKS, type Tone } from "./words.ts";

export const HISTORY_ROWS = 50;
export const HISTORY_ROWS_MAX = 500;
/** Longer ones are messages of somebody else's server. */
const TEXT_LENGTH_MAX = 600;

interface Shown {
  readonly token: Pick<TokenStatus, "token">;
  readonly history: readonly HistoryEntry[];
  readonly historyRows: number;
}

/** What happened to it, newest first. */
export function historyView({ token: { token }, history, historyRows }: Shown): Html {
  const more = history.length === historyRows && historyRows < HISTORY_ROWS_MAX;
  return html`<section id="part-history" aria-labelledby="history">
    <h2 id="history">History</h2>
    ${
      history.length === 0
        ? html`<p>Nothing has happened yet.</p>`
        : html`<table class="history">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">What</th>
              </tr>
            </thead>
            <tbody>
              ${history.map((entry) => entryRow(token, entry))}
            </tbody>
          </table>`
    }
    ${more ? html`<p><a href="/tokens/${token}?history=${HISTORY_ROWS_MAX}#history">Show up to ${HISTORY_ROWS_MAX}</a></p>` : ""}
  </section>`;
}

function entryRow(token: string, entry: HistoryEntry): Html {
  const { at, type, target } = entry;
  const words = shortened(historyWords(token, entry, spoken));
  return html`<tr>
    <td><time datetime="${formatInstant(at)}">${spoken(at)}</time></td>
    <td>
      ${toneMark(LEVEL_TONES[historyLevel(type)])}
      ${target === null ? prose(capitalised(words)) : html`<strong>${target}</strong>: ${prose(words)}`}
    </td>
  </tr>`;
}

/** What went wrong is found at a glance. */
const LEVEL_TONES: Readonly<Record<Level, Tone | null>> = { debug: null, info: null, warn: "warn", error: "bad" };

function toneMark(tone: Tone | null): Html | "" {
  return tone === null ? "" : html`<span class="badge ${tone}" aria-hidden="true">${MARKS[tone]}</span>`;
}

function capitalised(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function shortened(text: string): string {
  return text.length <= TEXT_LENGTH_MAX ? text : `${text.slice(0, TEXT_LENGTH_MAX - 1)}…`;
}
