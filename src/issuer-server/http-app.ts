import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { getCookie, setCookie } from "hono/cookie";
import { keyRoutes } from "./key-routes.ts";
import { Refusal, notFound, page } from "./refusal.ts";
import { type IssuerEnv, addRoutes } from "./routes.ts";
import type { IssuerServices } from "./services.ts";
import { SESSION_MS } from "./sessions.ts";
import { signInRoutes } from "./sign-in-routes.ts";
import { tokenRoutes } from "./token-routes.ts";

const MAX_BODY_BYTES = 64 * 1024;

/** The whole of the issuer's HTTP, without a listening socket. */
export function createIssuerApp(services: IssuerServices): Hono<IssuerEnv> {
  const app = new Hono<IssuerEnv>();
  app.onError((error, c) => answerError(services, c, error));
  app.notFound((c) => refuse(c, notFound()));
  app.use(async (c, next) => {
    c.set("session", services.sessions.read(getCookie(c, "session")));
    await next();
    finish(services, c);
  });
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES, onError: refuseTooLarge }));
  addRoutes(app, services, [...signInRoutes(services), ...tokenRoutes(services), ...keyRoutes(services)]);
  return app;
}

function refuseTooLarge(): never {
  throw page(413, `A request has at most ${MAX_BODY_BYTES} bytes.`);
}

/** Both cookies on every answer, refusals too, so that the session slides and the CSRF value stays fresh. */
function finish(services: IssuerServices, c: Context<IssuerEnv>): void {
  const session = c.get("session");
  const now = services.clock.now();
  const expires = new Date(now + SESSION_MS);
  setCookie(c, "session", services.sessions.sessionCookie(session), { path: "/", httpOnly: true, expires });
  setCookie(c, "X-CSRF", services.sessions.csrfCookie(session), { path: "/" });
  c.header("Date", new Date(now).toUTCString());
  c.header("Cache-Control", "no-store");
}

/** What was thrown on purpose goes out as it is; anything else is our fault, and its text is for the log alone. */
function answerError(services: IssuerServices, c: Context<IssuerEnv>, error: Error): Response {
  if (error instanceof Refusal) return refuse(c, error);
  const why = "code" in error ? `${error.name} ${String(error.code)}` : error.name;
  services.log(`${c.req.method} ${JSON.stringify(c.req.path)} failed: ${why}`);
  return refuse(c, page(500, "The issuer failed to answer; its log tells more."));
}

function refuse(c: Context<IssuerEnv>, refusal: Refusal): Response {
  const headers = { ...refusal.headers, "Content-Type": refusal.contentType };
  return new Response(c.req.method === "HEAD" ? null : refusal.body, { status: refusal.status, headers });
}
