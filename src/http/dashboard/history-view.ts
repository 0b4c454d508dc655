import { html } from "hono/html";
import { present } from "../../core/present.ts";
import type { HistoryEntry } from "../../core/state-store.ts";
import type { TokenStatus } from "../../core/status.ts";
import type { Html } from "./page.ts";
import { spoken } from "./times.ts";

export const HISTORY_ROWS = 50;
export const HISTORY_ROWS_MAX = 500;
const DETAIL_LENGTH_MAX = 300;

interface Shown {
  readonly token: Pick<TokenStatus, "token">;
  readonly history: readonly HistoryEntry[];
  readonly historyRows: number;
}

/** What happened to it, newest first. */
export function historyView({ token: { token }, history, historyRows }: Shown): Html {
  const more = history.length === historyRows && historyRows < HISTORY_ROWS_MAX;
  return html`<section aria-labelledby="history">
    <h2 id="history">History</h2>
    ${
      history.length === 0
        ? html`<p>Nothing has happened yet.</p>`
        : html`<table class="history">
            <thead>
              <tr>
                <th scope="col">When</th>
                <th scope="col">What</th>
                <th scope="col">More</th>
              </tr>
            </thead>
            <tbody>
              ${history.map(entryRow)}
            </tbody>
          </table>`
    }
    ${more ? html`<p><a href="/tokens/${token}?history=${HISTORY_ROWS_MAX}#history">Show up to ${HISTORY_ROWS_MAX}</a></p>` : ""}
  </section>`;
}

function entryRow({ at, type, target, data }: HistoryEntry): Html {
  return html`<tr>
    <td>${spoken(at)}</td>
    <td>${type.replace(":", " ").replaceAll("-", " ")}${target === null ? "" : ` in ${target}`}</td>
    <td>${detail(data)}</td>
  </tr>`;
}

function detail(data: HistoryEntry["data"]): string {
  const pairs = Object.entries(present(data) as object).filter(([, value]) => value !== null && value !== "");
  const text = pairs.map(([name, value]) => `${name.replaceAll("_", " ")} ${wordOf(value)}`).join("; ");
  return text.length <= DETAIL_LENGTH_MAX ? text : `${text.slice(0, DETAIL_LENGTH_MAX - 1)}…`;
}

function wordOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
