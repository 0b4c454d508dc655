import { createHash } from "node:crypto";
import { html, raw } from "hono/html";
import type { HtmlEscapedString } from "hono/utils/html";
import { PAGE_STYLE } from "./page-style.ts";
import { problemOf } from "./problem.ts";

/** Text that is escaped already. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

const STYLE = raw(`<style>${PAGE_STYLE}</style>`);

/** Nothing but the one style sheet: no script, no image, no form, no frame. */
const POLICY: string = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(PAGE_STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const REFRESH_SECONDS = 10;

/** A page that shows the state and looks again by itself. */
export function livePage(status: number, body: Html): Promise<Response> {
  return page(status, html`<meta http-equiv="refresh" content="${REFRESH_SECONDS}" />`, body);
}

/** A page that says what went wrong. */
export function problemPage(thrown: unknown): Promise<Response> {
  const { status, detail, hint, headers } = problemOf(thrown);
  const body = html`<h1>renewd</h1>
    <p>${detail}</p>
    <p>${hint} <a href="/">Look again</a></p>`;
  return page(status, "", body, headers);
}

async function page(
  status: number,
  head: Html | string,
  body: Html,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const text = await html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        ${head}
        <title>renewd</title>
        ${STYLE}
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html>`;
  return new Response(text.toString(), {
    status,
    headers: { ...headers, "Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": POLICY },
  });
}
