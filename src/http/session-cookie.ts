import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { SECOND_MS } from "../core/duration.ts";
import type { HttpEnv } from "./guard.ts";
import { SESSION_MS } from "./sessions.ts";

const NAME = "renewd_session";
const SCHEMES = [true, false] as const;

/** The session that a request brings; the one that no neighbour can have planted goes first. */
export function sessionOf(c: Context<HttpEnv>): string | undefined {
  return SCHEMES.map((secure) => getCookie(c, nameFor(c, secure))).find((found) => found !== undefined);
}

/** No script can read it, and no other site's page sends it along. `secure` where the browser speaks TLS, perhaps to a proxy. */
export function setSession(c: Context<HttpEnv>, session: string, secure: boolean): void {
  endSession(c, !secure);
  setCookie(c, nameFor(c, secure), session, { ...attributesOf(secure), maxAge: SESSION_MS / SECOND_MS });
}

/** Lets the browser forget what it brought. */
export function endSessions(c: Context<HttpEnv>): void {
  for (const secure of SCHEMES) endSession(c, secure);
}

/**
 * Browsers do not keep a host's ports apart, so the port goes into the name: two daemons on one host sign nobody out of the
 * other. It is the one that the browser called, which a container's own need not be. With the prefix a browser takes a cookie
 * from this host alone, and over TLS (RFC 6265bis §4.1.3.2).
 */
export function cookieName(base: string, host: string | undefined, secure: boolean): string {
  const port = /:(\d{1,5})$/.exec(host ?? "")?.[1];
  return `${secure ? "__Host-" : ""}${base}${port === undefined ? "" : `_${port}`}`;
}

function endSession(c: Context<HttpEnv>, secure: boolean): void {
  const name = nameFor(c, secure);
  if (getCookie(c, name) !== undefined) deleteCookie(c, name, attributesOf(secure));
}

function nameFor(c: Context<HttpEnv>, secure: boolean): string {
  return cookieName(NAME, c.req.header("host"), secure);
}

function attributesOf(secure: boolean) {
  return { httpOnly: true, sameSite: "Strict", path: "/", secure } as const;
}
