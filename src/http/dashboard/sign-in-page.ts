import { html } from "hono/html";
import type { Html, Page } from "./page.ts";

/** Another way to sign in, as a link. */
export interface SignInWay {
  readonly label: string;
  readonly href: string;
}

/** Stands at the address that was asked for, so that who signs in finds it again. */
export function signInPage(said: string, ways: readonly SignInWay[]): Page {
  const body = html`<section class="head sign-in" aria-labelledby="headline">
      <h1 id="headline">Sign in to renewd</h1>
      <p class="problem" id="sign-in-problem" role="alert">${said}</p>
      ${ways.map(({ label, href }) => html`<p><a class="button main" href="${href}">${label}</a></p>`)}
    </section>
    <section aria-labelledby="by-token">
      <h2 id="by-token">With an API token</h2>
      <noscript><p>This form needs JavaScript; the link below does not.</p></noscript>
      <form id="sign-in" class="needs-js">
        <label
          >API token
          <input
            type="password"
            name="token"
            id="token"
            required
            maxlength="4096"
            autocomplete="current-password"
            spellcheck="false"
        /></label>
        <p class="dim">One of <code>http.tokens</code> in the settings, with the role viewer or operator.</p>
        <button type="submit" class="main">Sign in</button>
      </form>
    </section>
    <section aria-labelledby="by-link">
      <h2 id="by-link">With a link</h2>
      <p>
        On the host where renewd runs, <code>renewd dashboard</code> prints a link that signs in once, as an operator.
      </p>
    </section>`;
  return { title: "Sign in", role: null, view: null, live: null, body };
}

/** What went wrong, and what to do. */
export function refusalPage(detail: string, hint: string): Page {
  const body: Html = html`<section class="head bad" aria-labelledby="headline">
    <h1 id="headline">That did not work</h1>
    <p class="lead">${detail}</p>
    <p>${hint} <a href="/">Look again</a></p>
  </section>`;
  return { title: "Problem", role: null, view: null, live: null, body };
}
