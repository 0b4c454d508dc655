import { Hono, type Handler } from "hono";
import { z } from "zod";
import type { Access } from "./access.ts";
import { callerOf, type HttpEnv, NOTHING_BROUGHT, ownPagesOnly, smallBody, tooManyAttempts } from "./guard.ts";
import { looksAhead } from "./looks-ahead.ts";
import { Refusal } from "./problem.ts";
import { endSessions, sessionOf, setSession } from "./session-cookie.ts";

const tokenBody = z.strictObject({ token: z.string().min(1).max(4_096) });

/** How a person at a browser comes in, and leaves: by a one-time link, or by an API token. */
export function signInRoutes(access: Access): Hono<HttpEnv> {
  const routes = new Hono<HttpEnv>();
  routes.get("/sign-in", spendLink(access));
  routes.post("/sign-in", ownPagesOnly, smallBody, async (c) => {
    const token = tokenOf(await c.req.text());
    const opened = await access.signInByToken(callerOf(c), token);
    if ("waitMs" in opened) throw tooManyAttempts(opened.waitMs);
    if (!opened.known) throw new Refusal("unauthenticated", "This is no API token of the settings.");
    if (opened.session === undefined) throw new Refusal("forbidden", "This token may only read the metrics.");
    // The page's own address, which `ownPagesOnly` has looked at.
    setSession(c, opened.session, c.req.header("origin")?.startsWith("https:") === true);
    return c.json({ role: opened.role });
  });
  routes.post("/sign-out", ownPagesOnly, smallBody, (c) => {
    const session = sessionOf(c);
    if (session !== undefined) access.signOut(session);
    endSessions(c);
    return c.json({});
  });
  return routes;
}

/**
 * `GET /sign-in?code=…` spends a one-time link and opens a session. Who only looks ahead does not spend it,
 * as far as he says so: a program that opens links under a browser's name does.
 */
function spendLink(access: Access): Handler<HttpEnv> {
  return (c) => {
    if (c.req.method === "HEAD") return c.body(null, 200);
    if (looksAhead(c.req)) return c.body(null, 503);
    const code = c.req.query("code");
    if (code === undefined) throw new Refusal("unauthenticated", NOTHING_BROUGHT);
    const opened = access.signIn(callerOf(c), code);
    if (opened.session === undefined) {
      if (opened.waitMs > 0) throw tooManyAttempts(opened.waitMs);
      throw new Refusal("link_spent", "This link was used already, or is too old.");
    }
    setSession(c, opened.session, false);
    return c.redirect("/", 303);
  };
}

function tokenOf(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  const parsed = tokenBody.safeParse(value);
  // What was sent is not repeated: it may be a token with a slip of the pen in it.
  if (!parsed.success) throw new Refusal("body_invalid", 'The body is {"token": "…"} and nothing else.');
  return parsed.data.token.trim();
}
