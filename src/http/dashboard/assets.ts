import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { Hono } from "hono";
import type { HttpEnv } from "../guard.ts";
import { STYLE } from "./style.ts";

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#0b6e4f"/><path d="M9 17a7 7 0 1 1 2 5M9 23v-6h6" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>`;

const SCRIPTS = ["page", "actions", "ask", "focus", "live", "morph", "pause", "renew", "sign-in"] as const;

interface Asset {
  readonly type: string;
  readonly text: string;
  readonly tag: string;
}

function asset(type: string, text: string): Asset {
  const hash = createHash("sha256").update(text).digest("base64url").slice(0, 22);
  return { type, text, tag: `"${hash}"` };
}

/** The build names a source map, which is not served. */
function withoutMap(text: string): string {
  return text.replace(/\n\/\/# sourceMappingURL=\S*\s*$/, "\n");
}

/** The style sheet and the scripts. Nothing in them is secret, and the sign-in page needs them: everybody may have them. */
export function assetRoutes(): Hono<HttpEnv> {
  const assets = new Map([
    ["style.css", asset("text/css; charset=utf-8", STYLE)],
    ["icon.svg", asset("image/svg+xml", ICON)],
  ]);
  for (const name of SCRIPTS) {
    const text = readFileSync(new URL(`./assets/${name}.js`, import.meta.url), "utf8");
    assets.set(`${name}.js`, asset("text/javascript; charset=utf-8", withoutMap(text)));
  }
  const routes = new Hono<HttpEnv>();
  routes.get("/:name", (c) => {
    const found = assets.get(c.req.param("name"));
    if (found === undefined) return c.notFound();
    const headers = { "Content-Type": found.type, ETag: found.tag, "Cache-Control": "no-cache" };
    if (c.req.header("if-none-match")?.includes(found.tag) === true) return c.body(null, 304, headers);
    return c.body(found.text, 200, headers);
  });
  return routes;
}
