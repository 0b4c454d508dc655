/** What a person sees on the way in: pages without a script, and without anything of the answer in them. */
import { createHash } from "node:crypto";
import type { Context } from "hono";
import { html, raw } from "hono/html";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { SECOND_MS } from "../core/duration.ts";
import type { SignInFailure } from "./oidc-failure.ts";

const STYLE =
  ":root { color-scheme: light dark; } body { margin: 0 auto; max-width: 40rem; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; }";
const POLICY: string = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/**
 * Leads on to the dashboard. A redirect would not do: the session's cookie is not sent along while a browser still follows
 * a chain of redirects that another site began.
 */
export function signedInPage(c: Context): Promise<Response> {
  const onward = html`<meta http-equiv="refresh" content="0; url=/" />`;
  const body = html`<h1>Signed in</h1>
    <p><a href="/">Go on to the dashboard</a></p>`;
  return page(c, 200, onward, body);
}

export function failurePage(c: Context, { status, message, advice, waitMs, href }: SignInFailure): Promise<Response> {
  if (waitMs !== undefined) c.header("Retry-After", String(Math.ceil(waitMs / SECOND_MS)));
  const body = html`<h1>Not signed in</h1>
    <p>${message}</p>
    <p>${advice}</p>
    <p><a href="${href}">Begin again</a></p>`;
  return page(c, status, "", body);
}

async function page(c: Context, status: ContentfulStatusCode, head: unknown, body: unknown): Promise<Response> {
  const text = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        ${head}
        <title>renewd: sign in</title>
        ${raw(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html>`;
  c.header("Content-Security-Policy", POLICY);
  return c.html(text.toString(), status);
}
