import type { Context, Hono } from "hono";
import { userById } from "./queries.ts";
import { csrfError, notSignedIn, page } from "./refusal.ts";
import type { UserRow } from "./schema.ts";
import type { IssuerServices } from "./services.ts";
import type { Session } from "./sessions.ts";

export interface IssuerEnv {
  readonly Variables: { readonly session: Session };
}

export type IssuerContext = Context<IssuerEnv>;

/** One method of one address, and who may call it. */
export interface Route {
  readonly method: "GET" | "POST";
  /** Hono's form; several are spellings of one. */
  readonly paths: readonly string[];
  /** `signed_in` routes are given the user. */
  readonly access: "open" | "signed_in";
  /** Changing calls need the header; sign-in is the exception, since there is no session to protect yet. */
  readonly csrf: boolean;
  readonly handle: (c: IssuerContext, user: UserRow | null) => Promise<Response> | Response;
}

/** CSRF comes before the session's user, as in FlowAuth; what no route knows is 404 or 405 before either. */
export function addRoutes(app: Hono<IssuerEnv>, services: IssuerServices, routes: readonly Route[]): void {
  for (const route of routes) {
    app.on(route.method, [...route.paths], async (c) => {
      if (route.csrf) requireCsrf(services, c);
      return route.handle(c, route.access === "signed_in" ? await requireUser(services, c) : null);
    });
  }
  for (const path of new Set(routes.flatMap((route) => route.paths))) {
    const allowed = allowedMethods(routes.filter((route) => route.paths.includes(path)));
    app.options(path, (c) => c.body(null, 200, { Allow: allowed }));
    app.all(path, () => {
      throw page(405, "This method is not for this address.", { Allow: allowed });
    });
  }
}

/** The user of a route with access `signed_in`. */
export function signedIn(user: UserRow | null): UserRow {
  if (user === null) throw new TypeError("this route is not declared as signed_in");
  return user;
}

function requireCsrf(services: IssuerServices, c: IssuerContext): void {
  const header = c.req.header("X-CSRF-Token") ?? c.req.header("X-CSRFToken");
  if (!services.sessions.csrfHolds(c.get("session"), header)) throw csrfError();
  const url = new URL(c.req.url);
  if (url.protocol === "https:" && originOf(c.req.header("Referer")) !== url.origin) throw csrfError();
}

async function requireUser(services: IssuerServices, c: IssuerContext): Promise<UserRow> {
  const { userId } = c.get("session");
  const user = userId === null ? undefined : await userById(services.db, userId);
  if (user === undefined) throw notSignedIn();
  return user;
}

function originOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).origin : undefined;
}

function allowedMethods(routes: readonly Route[]): string {
  return routes
    .flatMap((route) => (route.method === "GET" ? ["GET", "HEAD"] : [route.method]))
    .concat("OPTIONS")
    .join(", ");
}
