import { type Context, Hono, type Handler } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { z } from "zod";
import { SECOND_MS } from "../core/duration.ts";
import type { Access } from "./access.ts";
import {
  callerOf,
  type HttpEnv,
  NOTHING_BROUGHT,
  ownPagesOnly,
  SESSION_COOKIE,
  smallBody,
  tooManyAttempts,
} from "./guard.ts";
import { Refusal } from "./problem.ts";
import { SESSION_MS } from "./sessions.ts";

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
    setSession(c, opened.session);
    return c.json({ role: opened.role });
  });
  routes.post("/sign-out", ownPagesOnly, smallBody, (c) => {
    const session = getCookie(c, SESSION_COOKIE);
    if (session !== undefined) access.signOut(session);
    deleteCookie(c, SESSION_COOKIE, { httpOnly: true, sameSite: "Strict", path: "/" });
    return c.json({});
  });
  return routes;
}

/** No script can read it, and no other site's page sends it along. */
export function setSession(c: Context<HttpEnv>, session: string): void {
  setCookie(c, SESSION_COOKIE, session, {
    httpOnly: true,
    sameSite: "Strict",
    path: "/",
    maxAge: SESSION_MS / SECOND_MS,
  });
}

/**
 * `GET /sign-in?code=…` spends a one-time link and opens a session. Who only looks ahead (HEAD, a browser's prefetch, a
 * chat's link preview that says so) does not spend it.
 */
function spendLink(access: Access): Handler<HttpEnv> {
  return (c) => {
    const purpose = c.req.header("sec-purpose") ?? c.req.header("purpose") ?? "";
    if (c.req.method === "HEAD") return c.body(null, 200);
    if (purpose.includes("prefetch")) return c.body(null, 503);
    const code = c.req.query("code");
    if (code === undefined) throw new Refusal("unauthenticated", NOTHING_BROUGHT);
    const opened = access.signIn(callerOf(c), code);
    if (opened.session === undefined) {
      if (opened.waitMs > 0) throw tooManyAttempts(opened.waitMs);
      throw new Refusal("link_spent", "This link was used already, or is too old.");
    }
    setSession(c, opened.session);
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
