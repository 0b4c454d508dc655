import type { HttpBindings } from "@hono/node-server";
import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { createMiddleware } from "hono/factory";
import { SECOND_MS } from "../core/duration.ts";
import type { Role } from "../core/settings.ts";
import type { Access, Credentials } from "./access.ts";
import { isKnownHost, isOwnOrigin } from "./known-host.ts";
import { Refusal } from "./problem.ts";
import { sessionOf } from "./session-cookie.ts";

export interface HttpEnv {
  Bindings: Partial<HttpBindings>;
  /** The caller's, once `allow` let him in. */
  Variables: { role: Role };
}

/** Said to who brought nothing to sign in with. */
export const NOTHING_BROUGHT = "This needs a token or a session.";
const OPEN_TO_ALL: ReadonlySet<string> = new Set(["/healthz", "/readyz"]);
const BODY_BYTES_MAX: number = 16 * 1024;

/** On every answer. A page's own policy for its content stands where it is made, as does what may be kept of an asset. */
export const secureHeaders: MiddlewareHandler<HttpEnv> = createMiddleware<HttpEnv>(async (c, next) => {
  await next();
  const { headers } = c.res;
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("X-Frame-Options", "DENY");
  headers.set("Referrer-Policy", "no-referrer");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
  if (!headers.has("Content-Security-Policy")) {
    headers.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  }
});

/** What is left of a long body is not worth reading once the request is refused; the connection would wait for it. */
export const refusedAreCutOff: MiddlewareHandler<HttpEnv> = createMiddleware<HttpEnv>(async (c, next) => {
  await next();
  const isLong = Number(c.req.header("content-length") ?? 0) > BODY_BYTES_MAX;
  const isOpenEnded = c.req.header("transfer-encoding") !== undefined;
  if (c.res.status >= 400 && (isLong || isOpenEnded)) c.res.headers.set("Connection", "close");
});

/**
 * Refuses what was meant for another name: whatever changes something, and the pages of a browser. Who only reads, with a
 * token of its own or what anybody may read, may call renewd by any name (a service's, a proxy's).
 */
export function knownHostOnly(names: () => readonly string[]): MiddlewareHandler<HttpEnv> {
  return createMiddleware<HttpEnv>(async (c, next) => {
    const isRead = c.req.method === "GET" || c.req.method === "HEAD";
    if (isRead && (OPEN_TO_ALL.has(c.req.path) || c.req.header("authorization") !== undefined)) return next();
    const socket = c.env.incoming?.socket;
    const local = { address: socket?.localAddress, port: socket?.localPort };
    if (!isKnownHost(c.req.header("host"), local, names())) {
      throw new Refusal("unknown_host", "The Host header does not name this server.");
    }
    await next();
  });
}

/** Who may go on; `metrics` may read the metrics and nothing else. */
export function allow(access: Access, ...roles: readonly Role[]): MiddlewareHandler<HttpEnv> {
  return createMiddleware<HttpEnv>(async (c, next) => {
    const role = await roleOf(access, c);
    if (!roles.includes(role)) throw new Refusal("forbidden", `This needs the role ${roles[0]}; you have ${role}.`);
    c.set("role", role);
    await next();
  });
}

async function roleOf(access: Access, c: Context<HttpEnv>): Promise<Role> {
  const verdict = await access.judge(credentialsOf(c));
  if (verdict.known) return verdict.role;
  if ("waitMs" in verdict) throw tooManyAttempts(verdict.waitMs);
  const offered = verdict.offered || c.req.header("authorization") !== undefined;
  const detail = offered ? "What was sent to sign in is not valid, or not valid any more." : NOTHING_BROUGHT;
  throw new Refusal("unauthenticated", detail, { "WWW-Authenticate": 'Bearer realm="renewd"' });
}

export function credentialsOf(c: Context<HttpEnv>): Credentials {
  const bearer = /^Bearer +(\S{1,4096})$/i.exec(c.req.header("authorization") ?? "")?.[1];
  return { caller: callerOf(c), bearer, session: sessionOf(c) };
}

export function tooManyAttempts(waitMs: number): Refusal {
  const seconds = Math.ceil(waitMs / SECOND_MS);
  return new Refusal("too_many_attempts", `Ask again in ${seconds} s.`, { "Retry-After": String(seconds) });
}

export function callerOf(c: Context<HttpEnv>): string {
  return c.env.incoming?.socket.remoteAddress ?? "";
}

/** What a browser on a foreign page could send on its own (a form, a simple request) changes nothing. */
export const ownPagesOnly: MiddlewareHandler<HttpEnv> = createMiddleware<HttpEnv>(async (c, next) => {
  const site = c.req.header("sec-fetch-site") ?? "none";
  if (!isOwnOrigin(c.req.header("origin"), c.req.header("host")) || !["same-origin", "none"].includes(site)) {
    throw new Refusal("foreign_origin", "The request comes from a page that is not renewd's own.");
  }
  if (!/^application\/json *(?:;|$)/i.test(c.req.header("content-type") ?? "")) {
    throw new Refusal("not_json", "A call that changes something is sent as application/json.");
  }
  await next();
});

export const smallBody: MiddlewareHandler = bodyLimit({
  maxSize: BODY_BYTES_MAX,
  onError: () => {
    throw new Refusal("body_too_large", `A request has at most ${BODY_BYTES_MAX} bytes.`);
  },
});
