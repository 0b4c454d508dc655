import { html } from "hono/html";
import type { StatusReport } from "../../core/status.ts";
import type { Html } from "./page.ts";
import { badge, code, row } from "./parts.ts";
import { when } from "./times.ts";
import { CREATED_STATES } from "./words.ts";

const SHOWN_MAX = 100;

/** What create-token made. Nothing renews it, so it stands apart. */
export function createdView({ created, at: now }: StatusReport): Html | "" {
  if (created.length === 0) return "";
  return html`<section id="part-created" aria-labelledby="created">
    <h2 id="created">Made by create-token</h2>
    <p class="dim">
      In no settings, so nothing renews
      them.${created.length > SHOWN_MAX ? ` The first ${SHOWN_MAX} of ${created.length}; \`renewd status\` lists all.` : ""}
    </p>
    ${created.slice(0, SHOWN_MAX).map(
      ({ name, issuer, user, comment, roles, fingerprint, expiresAt, state }) =>
        html`<article class="card">
          <h3>${name} ${badge(state === "live" ? "good" : "still", CREATED_STATES[state])}</h3>
          <p class="dim">at ${issuer}${user === null ? "" : ` for ${user}`}</p>
          ${comment === null ? "" : html`<p>${comment}</p>`}
          <dl>
            ${fingerprint === null ? "" : row("token", code(fingerprint))}
            ${fingerprint === null ? "" : row("expires", expiresAt === null ? "never" : when(expiresAt, now))}
            ${row("roles", roles.join(", ") || "none")}
          </dl>
        </article>`,
    )}
  </section>`;
}
