import { type Context, Hono } from "hono";
import type { Control } from "../../core/control.ts";
import { RenewdError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import type { Access } from "../access.ts";
import type { FleetReads } from "../fleet-reads.ts";
import { allow, type HttpEnv } from "../guard.ts";
import { calendarBody } from "./calendar-page.ts";
import { daysAskedBy, readCalendarQuery } from "./calendar-query.ts";
import { fleetBody, headline } from "./fleet-page.ts";
import { readFleetQuery } from "./fleet-query.ts";
import { HISTORY_ROWS, HISTORY_ROWS_MAX } from "./history-view.ts";
import { pageAnswer } from "./page.ts";
import { tokenBody } from "./token-page.ts";

export interface DashboardDeps {
  readonly control: Control;
  readonly reads: Pick<FleetReads, "report" | "calendarDays">;
  readonly access: Access;
  /** Without it, a page is as of the status. */
  readonly clock?: Pick<Clock, "now"> | undefined;
}

/** What people see: three views, each of them whole without a script. */
export function dashboardRoutes({ control, reads, access, clock }: DashboardDeps): Hono<HttpEnv> {
  const routes = new Hono<HttpEnv>();
  const read = allow(access, "viewer", "operator");

  routes.get("/", read, async (c) => {
    const found = await reads.report();
    const body = fleetBody(
      found,
      readFleetQuery((name) => c.req.query(name)),
    );
    const live = { tokens: found.tokens.length };
    return pageAnswer(200, { title: headline(found), role: c.get("role"), view: "fleet", live, body });
  });

  routes.get("/tokens/:token", read, async (c) => {
    const key = keyOf(c);
    const historyRows = c.req.query("history") === String(HISTORY_ROWS_MAX) ? HISTORY_ROWS_MAX : HISTORY_ROWS;
    const [now, token, plan, history] = await Promise.all([
      clock?.now() ?? reads.report().then(({ at }) => at),
      control.tokenStatus(key),
      control.planOf(key),
      control.history(key, historyRows),
    ]);
    const acts = c.get("role") === "operator";
    const body = tokenBody({ token, plan, history, historyRows, now, acts });
    return pageAnswer(200, { title: key, role: c.get("role"), view: "token", live: { tokens: 1 }, body });
  });

  routes.get("/calendar", read, async (c) => {
    const query = readCalendarQuery((name) => c.req.query(name));
    const [calendar, { at, tokens }] = await Promise.all([reads.calendarDays(daysAskedBy(query)), reads.report()]);
    const live = { tokens: Math.max(tokens.length, 1_000) };
    const body = calendarBody(calendar, query, at);
    return pageAnswer(200, { title: "Calendar", role: c.get("role"), view: "calendar", live, body });
  });
  return routes;
}

function keyOf(c: Context<HttpEnv>): string {
  const key = c.req.param("token") ?? "";
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/i.test(key)) throw new RenewdError("unknown_token", "this is no token's name");
  return key;
}
