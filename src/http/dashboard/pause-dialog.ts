import { html } from "hono/html";
import type { TokenStatus } from "../../core/status.ts";
import type { Html } from "./page.ts";

/** How long to pause, and why: the reason stands on the page and in the history until it is resumed. */
export function pauseDialog({ token, schedule }: TokenStatus): Html {
  return html`<dialog id="dialog-pause" aria-labelledby="title-pause">
    <form class="call" id="pause" data-call="/api/v1/tokens/${token}/pause" data-said="${token} is paused.">
      <h2 id="title-pause">Pause ${token}?</h2>
      <p>
        Nothing of it is renewed or delivered
        meanwhile${
          schedule === null ? "" : "; when its deadline comes, its readers are in danger and the alerts say so"
        }.
      </p>
      <label
        >For
        <select name="span">
          <option value="">until somebody resumes it</option>
          <option value="60">an hour</option>
          <option value="480">8 hours</option>
          <option value="1440">a day</option>
          <option value="10080">a week</option>
          <option value="own">until the time below</option>
        </select>
      </label>
      <label>Until (UTC) <input type="datetime-local" name="until" /></label>
      <label>Reason <input type="text" name="reason" maxlength="500" autocomplete="off" /></label>
      <p class="problem" role="alert"></p>
      <div class="buttons">
        <button type="submit" class="main">Pause</button>
        <button type="button" data-close>Cancel</button>
      </div>
    </form>
  </dialog>`;
}
