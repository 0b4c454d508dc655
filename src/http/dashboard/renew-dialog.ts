import { html } from "hono/html";
import { DAY_MS, formatDuration, formatInstant, HOUR_MS, MINUTE_MS } from "../../core/duration.ts";
import type { TokenStatus } from "../../core/status.ts";
import type { Html } from "./page.ts";

/** What people usually choose. Those that the issuer would cap, or that gain nothing, cannot be chosen. */
const COMMON_MS: readonly number[] = [
  HOUR_MS,
  6 * HOUR_MS,
  DAY_MS,
  7 * DAY_MS,
  30 * DAY_MS,
  90 * DAY_MS,
  180 * DAY_MS,
  365 * DAY_MS,
];

/**
 * The lifetime picker. What the issuer allows is asked when it opens: that may take seconds, and it works without an
 * answer. It tells its script what it must know in data attributes.
 */
export function renewDialog({ token, lifetimeMs, outliveAt }: TokenStatus): Html {
  const declared = lifetimeMs === null ? "without an end" : formatDuration(lifetimeMs);
  return html`<dialog id="dialog-renew" aria-labelledby="title-renew">
    <form
      id="renew"
      data-token="/api/v1/tokens/${token}"
      data-declared-minutes="${lifetimeMs === null ? "" : lifetimeMs / MINUTE_MS}"
      data-outlive="${outliveAt === null ? "" : formatInstant(outliveAt)}"
    >
      <h2 id="title-renew">Renew ${token}</h2>
      <p>
        A new token of the same name and roles is made, proved and delivered. The one in use stays valid until it
        expires, where the issuer lets it.
      </p>
      <p class="dim" id="renew-limits" role="status">The issuer was not asked yet how long a token may live.</p>
      <fieldset>
        <legend>How long is the new one to live?</legend>
        ${choice("", `as declared: ${declared}`, true)}
        ${COMMON_MS.map((ms) => choice(String(ms / MINUTE_MS), formatDuration(ms), false))}
        <label class="choice" id="renew-longest" hidden
          ><input type="radio" name="lifetime" value="" /> <span>the longest that is allowed</span></label
        >
        <div class="choice own">
          <label><input type="radio" name="lifetime" value="own" /> <span>another:</span></label>
          <input type="number" name="amount" min="1" step="1" inputmode="numeric" aria-label="How many" />
          <select name="unit" aria-label="Unit">
            <option value="1">minutes</option>
            <option value="60">hours</option>
            <option value="1440" selected>days</option>
          </select>
        </div>
      </fieldset>
      <p id="renew-outcome" aria-live="polite"></p>
      <p class="problem" role="alert"></p>
      <div class="buttons">
        <button type="submit" class="main">Renew now</button>
        <button type="button" data-close>Cancel</button>
      </div>
    </form>
    <div id="renew-progress" hidden>
      <h2>Renewing ${token}</h2>
      <p id="renew-standing" role="status" aria-live="polite"></p>
      <p class="problem" role="alert"></p>
      <div class="buttons"><button type="button" data-close>Close</button></div>
    </div>
  </dialog>`;
}

function choice(value: string, text: string, isChosen: boolean): Html {
  const input = isChosen
    ? html`<input type="radio" name="lifetime" value="${value}" checked />`
    : html`<input type="radio" name="lifetime" value="${value}" />`;
  return html`<label class="choice">${input} <span>${text}</span> <span class="dim bound"></span></label>`;
}
