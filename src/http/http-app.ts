import { Hono } from "hono";
import type { Control } from "../core/control.ts";
import type { Access } from "./access.ts";
import { createApi } from "./api.ts";
import type { EventHub } from "./event-hub.ts";
import { allow, type HttpEnv, knownHostOnly, secureHeaders } from "./guard.ts";
import type { Health } from "./health.ts";
import type { Metrics } from "./metrics.ts";
import { livePage, problemPage } from "./page.ts";
import { answerProblem, Refusal } from "./problem.ts";
import { statusBody } from "./status-body.ts";
import { signInRoute } from "./sign-in.ts";

export interface HttpDeps {
  readonly control: Control;
  readonly health: () => Health;
  readonly metrics: Pick<Metrics, "render" | "contentType">;
  readonly access: Access;
  readonly events: EventHub;
  /** Names by which the server may be called, besides the address that it listens on and the loopback's. */
  readonly hostNames?: readonly string[];
}

export type HttpApp = Hono<HttpEnv>;

/** The whole of the daemon's HTTP, without a listening socket. */
export function createHttpApp(deps: HttpDeps): HttpApp {
  const { control, health, metrics, access } = deps;
  const app = new Hono<HttpEnv>();
  app.onError((error, c) => (wantsPage(c.req.path) ? problemPage(error) : answerProblem(error)));
  app.notFound(() => answerProblem(new Refusal("not_found", "There is nothing at this address.")));
  app.use(secureHeaders, knownHostOnly(deps.hostNames ?? []));

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
  app.get("/sign-in", signInRoute(access));
  app.get("/", allow(access, "viewer", "operator"), async () => livePage(200, statusBody(await control.status())));
  app.route("/api/v1", createApi(deps));
  return app;
}

/** People at a browser get pages, programs get problems. */
function wantsPage(path: string): boolean {
  return path === "/" || path === "/sign-in";
}
