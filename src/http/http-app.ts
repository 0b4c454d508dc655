import { type Context, Hono } from "hono";
import type { Control } from "../core/control.ts";
import type { Clock } from "../core/ports.ts";
import type { Access } from "./access.ts";
import { createApi } from "./api.ts";
import { assetRoutes } from "./dashboard/assets.ts";
import { dashboardRoutes } from "./dashboard/routes.ts";
import type { SignInWay } from "./dashboard/sign-in-page.ts";
import type { EventHub } from "./event-hub.ts";
import { type FleetReads, fleetReads } from "./fleet-reads.ts";
import { allow, type HttpEnv, knownHostOnly, refusedAreCutOff, secureHeaders } from "./guard.ts";
import type { Health } from "./health.ts";
import type { Metrics } from "./metrics.ts";
import type { Oidc } from "./oidc.ts";
import { problemPage } from "./page.ts";
import { answerProblem, Refusal } from "./problem.ts";
import { signInRoutes } from "./sign-in.ts";

export interface HttpDeps {
  readonly control: Control;
  /** How the control is asked for the whole fleet; without it, by itself. */
  readonly reads?: FleetReads;
  readonly health: () => Health;
  readonly metrics: Pick<Metrics, "render" | "contentType">;
  readonly access: Access;
  readonly events: EventHub;
  /** Names by which the server may be called now, besides the address that it listens on and the loopback's. */
  readonly hostNames?: () => readonly string[];
  /** Without it, a page is as of the status that it shows. */
  readonly clock?: Pick<Clock, "now">;
  /** Sign-in at an OpenID provider, where the settings have one. */
  readonly oidc?: Pick<Oidc, "routes" | "label">;
}

export type HttpApp = Hono<HttpEnv>;

/** The whole of the daemon's HTTP, without a listening socket. */
export function createHttpApp(deps: HttpDeps): HttpApp {
  const { health, metrics, access } = deps;
  const reads = deps.reads ?? fleetReads(deps.control, undefined);
  const app = new Hono<HttpEnv>();
  app.onError((error, c) => (wantsPage(c) ? problemPage(error, waysOf(deps)) : answerProblem(error)));
  app.notFound(() => answerProblem(new Refusal("not_found", "There is nothing at this address.")));
  app.use(secureHeaders, refusedAreCutOff, knownHostOnly(deps.hostNames ?? (() => [])));

  app.get("/healthz", (c) => {
    const { alive } = health();
    return c.json({ status: alive ? "alive" : "dead" }, alive ? 200 : 503);
  });
  app.get("/readyz", (c) => {
    const { ready, reasons } = health();
    return c.json({ status: ready ? "ready" : "not_ready", reasons }, ready ? 200 : 503);
  });
  app.get("/metrics", allow(access, "viewer", "operator", "metrics"), async (c) =>
    c.body(await metrics.render(), 200, { "Content-Type": metrics.contentType }),
  );
  app.route("/assets", assetRoutes());
  app.route("/", signInRoutes(access));
  if (deps.oidc !== undefined) app.route("/", deps.oidc.routes);
  app.route("/", dashboardRoutes({ ...deps, reads }));
  app.route("/api/v1", createApi({ ...deps, reads }));
  return app;
}

/** Besides links and API tokens. Read at each page: settings are reloaded. */
function waysOf({ oidc }: HttpDeps): readonly SignInWay[] {
  const label = oidc?.label ?? null;
  return label === null ? [] : [{ label: `Sign in with ${label}`, href: "/sign-in/oidc" }];
}

/** People at a browser get pages, programs get problems. */
function wantsPage({ req }: Context<HttpEnv>): boolean {
  if (req.method !== "GET" && req.method !== "HEAD") return false;
  return req.path === "/" || /^\/(?:calendar$|tokens\/|sign-in)/.test(req.path);
}
