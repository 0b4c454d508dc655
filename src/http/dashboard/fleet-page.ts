import { html } from "hono/html";
import { compareTexts, dangerAt } from "../../core/danger.ts";
import { formatDuration, type Instant } from "../../core/duration.ts";
import type { StatusReport, TokenStatus } from "../../core/status.ts";
import { createdView } from "./created-view.ts";
import { daemonView } from "./daemon-view.ts";
import { fleetHref, type FleetQuery, isNarrowed, PAGE_ROWS, selectTokens, SHOWN, SORTS } from "./fleet-query.ts";
import { fleetRow } from "./fleet-row.ts";
import type { Html } from "./page.ts";
import { code, grouped, pager, plural } from "./parts.ts";
import { away, spoken } from "./times.ts";

/** What needs attention first; then the tokens, those in danger on top. */
export function fleetBody(report: StatusReport, query: FleetQuery): Html {
  const { at: now, tokens } = report;
  const found = selectTokens(tokens, query);
  const first = (found.page - 1) * PAGE_ROWS;
  const swept = report.lastSweepAt === null ? "not yet" : `${formatDuration(now - report.lastSweepAt)} ago`;
  return html`<section class="head ${report.ok ? "good" : "bad"}" aria-labelledby="headline">
      <h1 id="headline">${headline(report)}</h1>
      <p class="lead">${leadText(report)}</p>
      <p class="dim">As of ${spoken(now)}; tokens last looked at: ${swept}.</p>
    </section>
    ${daemonView(report)}
    <section id="part-tokens" aria-labelledby="tokens">
      <h2 id="tokens">Tokens</h2>
      ${
        tokens.length === 0
          ? ""
          : html`${filters(report, query)}
              <p class="dim" id="count">${countText(found.fitting, tokens.length, first, found.rows.length)}</p>`
      }
      <ul class="rows">
        ${found.rows.map((token) => fleetRow(token, now))}
      </ul>
      ${emptyText(tokens.length, found.fitting)}
      ${pager({ page: found.page, pages: found.pages, href: (page) => fleetHref(query, { page }) })}
    </section>
    ${createdView(report)}`;
}

export function headline(report: StatusReport): string {
  if (report.ok) return report.tokens.length === 0 ? "no token is declared" : "all is well";
  const attention = attentionOf(report).length;
  if (attention === 0) return "renewd needs attention";
  return attention === 1 ? "one token needs attention" : `${attention} tokens need attention`;
}

function attentionOf({ tokens }: StatusReport): readonly TokenStatus[] {
  return tokens.filter((token) => !token.ok);
}

interface First {
  readonly token: string;
  readonly target: string | null;
  readonly at: Instant;
}

/** Whose readers are in danger first, of these tokens. */
function firstInDanger(tokens: readonly TokenStatus[]): First | undefined {
  let first: First | undefined;
  for (const token of tokens) {
    const at = dangerAt(token);
    if (at === null || (first !== undefined && first.at <= at)) continue;
    const found = token.targets.find(
      (each) => each.deadlineAt === at || each.conditions.some((c) => c.dangerAt === at),
    );
    first = { token: token.token, target: found?.target ?? null, at };
  }
  return first;
}

/** How long there is. */
function leadText(report: StatusReport): string {
  const { at: now, tokens } = report;
  const attention = attentionOf(report);
  const first = firstInDanger(attention.length > 0 ? attention : tokens);
  const critical = attention.length > 0;
  if (first === undefined)
    return tokens.length === 0
      ? "Nothing is watched yet."
      : critical
        ? "No reader's deadline is known."
        : `${plural(tokens.length, "token", "tokens")} declared.`;
  const who = first.target === null ? first.token : `${first.token} → ${first.target}`;
  if (!critical) {
    return `The nearest deadline is that of ${who}, ${away(first.at, now)}; it is renewed long before.`;
  }
  return first.at <= now
    ? `In danger: ${who}, since ${spoken(first.at)} (${away(first.at, now)}): its readers get less than they need.`
    : `First in danger: ${who}, ${away(first.at, now)} (${spoken(first.at)}).`;
}

function filters({ tokens }: StatusReport, query: FleetQuery): Html {
  const issuers = [...new Set(tokens.map(({ issuer }) => issuer))].sort(compareTexts);
  const stores = [...new Set(tokens.flatMap(({ targets }) => targets.map(({ store }) => store)))].sort(compareTexts);
  return html`<form class="filters" method="get" action="/" role="search" aria-label="Tokens">
    <label
      >Search <input type="search" name="q" id="q" value="${query.q}" placeholder="name, comment, target, role"
    /></label>
    ${choice("state", "Show", SHOWN, query.state, STATE_WORDS)}
    ${choice("issuer", "Issuer", ["", ...issuers], query.issuer)}
    ${choice("store", "Store", ["", ...stores], query.store)} ${choice("sort", "Order", SORTS, query.sort, SORT_WORDS)}
    <button type="submit">Show</button>
    ${isNarrowed(query) ? html`<a href="${fleetHref({ ...query, q: "", state: "all", issuer: "", store: "", page: 1 })}">Show all</a>` : ""}
  </form>`;
}

const STATE_WORDS = {
  all: "all",
  attention: "what needs attention",
  ok: "what is well",
  paused: "what is paused",
} as const;
const SORT_WORDS = { danger: "danger first", renewal: "next renewal", expiry: "next expiry", name: "name" } as const;

function choice<T extends string>(
  name: string,
  label: string,
  values: readonly T[],
  chosen: T,
  words?: Readonly<Record<T, string>>,
): Html {
  return html`<label
    >${label}
    <select name="${name}" id="${name}">
      ${values.map((value) => {
        const text = words?.[value] ?? (value === "" ? "any" : value);
        return value === chosen
          ? html`<option value="${value}" selected>${text}</option>`
          : html`<option value="${value}">${text}</option>`;
      })}
    </select>
  </label>`;
}

function countText(fitting: number, all: number, first: number, shown: number): string {
  const range = shown === fitting ? "" : `, of which ${grouped(first + 1)} to ${grouped(first + shown)} are shown`;
  return fitting === all
    ? `${plural(all, "token", "tokens")}${range}.`
    : `${grouped(fitting)} of ${plural(all, "token", "tokens")}${range}.`;
}

function emptyText(all: number, fitting: number): Html | "" {
  if (all === 0)
    return html`<p>
      No token is declared. Name one under ${code("tokens")} in the settings; ${code("renewd init")} writes a first
      file.
    </p>`;
  return fitting === 0 ? html`<p>No token fits. <a href="/">Show all</a></p>` : "";
}
