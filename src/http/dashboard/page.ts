import { html, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import type { Role } from "../../core/settings.ts";

/** Text that is escaped already. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

/** Everything comes from here; nothing is inlined, framed, or sent elsewhere. */
const POLICY: string = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

const REFRESH_SECONDS = 20;

export interface Page {
  readonly title: string;
  /** Of who looks; null for who is not signed in. */
  readonly role: Role | null;
  /** Which of the views it is, for the list of them. */
  readonly view: "fleet" | "calendar" | "token" | null;
  /** Whether it keeps itself up to date, and how many tokens it would have to be made from. */
  readonly live: { readonly tokens: number } | null;
  readonly body: Html;
}

export async function pageAnswer(
  status: number,
  page: Page,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return new Response((await documentOf(page)).toString(), {
    status,
    headers: { ...headers, "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY },
  });
}

function documentOf({ title, role, view, live, body }: Page): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · renewd</title>
        <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="/assets/style.css" />
        <script type="module" src="/assets/page.js"></script>
        ${live === null ? "" : html`<noscript><meta http-equiv="refresh" content="${REFRESH_SECONDS}" /></noscript>`}
      </head>
      <body data-live="${live?.tokens ?? ""}">
        <a class="skip" href="#main">Skip to the content</a>
        <header class="bar">
          <p class="brand"><a href="/">renewd</a></p>
          ${role === null ? "" : nav(view)}
          ${live === null ? "" : html`<p id="live" class="live needs-js">Not connected yet</p>`}
          ${role === null ? "" : html`<button type="button" id="sign-out" class="quiet needs-js">Sign out</button>`}
        </header>
        <main id="main" tabindex="-1">${body}</main>
        <p id="said" class="said" role="status" aria-live="polite"></p>
      </body>
    </html>`;
}

function nav(view: Page["view"]): Html {
  const here = (name: Page["view"]): Html | "" => (name === view ? raw(' aria-current="page"') : "");
  return html`<nav aria-label="Views">
    <a href="/" ${here("fleet")}>Tokens</a>
    <a href="/calendar" ${here("calendar")}>Calendar</a>
  </nav>`;
}
