import type { Handler } from "hono";
import { setCookie } from "hono/cookie";
import { SECOND_MS } from "../core/duration.ts";
import type { Access } from "./access.ts";
import { callerOf, type HttpEnv, SESSION_COOKIE, tooManyAttempts } from "./guard.ts";
import { Refusal } from "./problem.ts";
import { SESSION_MS } from "./sessions.ts";

/**
 * `GET /sign-in?code=…` spends a one-time link and opens a session. Who only looks ahead (HEAD, a browser's prefetch, a
 * chat's link preview that says so) does not spend it.
 */
export function signInRoute(access: Access): Handler<HttpEnv> {
  return (c) => {
    const purpose = c.req.header("sec-purpose") ?? c.req.header("purpose") ?? "";
    if (c.req.method === "HEAD") return c.body(null, 200);
    if (purpose.includes("prefetch")) return c.body(null, 503);
    const opened = access.signIn(callerOf(c), c.req.query("code") ?? "");
    if (opened.session === undefined) {
      if (opened.waitMs > 0) throw tooManyAttempts(opened.waitMs);
      throw new Refusal("link_spent", "This link was used already, or is too old.");
    }
    setCookie(c, SESSION_COOKIE, opened.session, {
      httpOnly: true,
      sameSite: "Strict",
      path: "/",
      maxAge: SESSION_MS / SECOND_MS,
    });
    return c.redirect("/", 303);
  };
}
