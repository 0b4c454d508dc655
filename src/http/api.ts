import { type Context, Hono } from "hono";
import { createMiddleware } from "hono/factory";
import { z } from "zod";
import { CALENDAR_DAYS_MAX } from "../core/calendar.ts";
import type { Control } from "../core/control.ts";
import { MINUTE_MS, parseInstant, SECOND_MS } from "../core/duration.ts";
import { RenewdError } from "../core/errors.ts";
import { present } from "../core/present.ts";
import type { Access } from "./access.ts";
import type { EventHub } from "./event-hub.ts";
import type { FleetReads } from "./fleet-reads.ts";
import { allow, credentialsOf, type HttpEnv, ownPagesOnly, smallBody } from "./guard.ts";
import { Refusal } from "./problem.ts";
import { answerJson } from "./shared-json.ts";

const TEN_YEARS_MIN = 5_259_600;
const HISTORY_DEFAULT = 50;
const HISTORY_MAX = 500;
const CALENDAR_DAYS_DEFAULT = 30;

const renewBody = z.strictObject({ lifetime_minutes: z.int().min(1).max(TEN_YEARS_MIN).optional() });
const pauseBody = z.strictObject({
  until: z
    .string()
    .refine((text) => parseInstant(text) !== undefined, "an RFC 3339 instant such as 2026-07-01T08:00:00Z")
    .optional(),
  reason: z.string().min(1).max(500).optional(),
});
const emptyBody = z.strictObject({});
const calendarDays = z.coerce.number().int().min(1).max(CALENDAR_DAYS_MAX);
const historyLimit = z.coerce.number().int().min(1).max(HISTORY_MAX);

export interface ApiDeps {
  readonly control: Control;
  readonly reads: FleetReads;
  readonly access: Access;
  readonly events: EventHub;
}

/** What programs may ask (CONTRACT: HTTP). Answers are views of core as `present` shows them. */
export function createApi({ control, reads, access, events }: ApiDeps): Hono<HttpEnv> {
  const api = new Hono<HttpEnv>();
  const read = allow(access, "viewer", "operator");

  api.get("/tokens", read, async (c) => answerJson(c, await reads.statusJson()));
  api.get("/tokens/:token", read, async (c) => c.json(present(await control.tokenStatus(tokenOf(c)))));
  api.get("/tokens/:token/history", read, async (c) => {
    const token = tokenOf(c);
    const limit = parse(historyLimit, c.req.query("limit") ?? HISTORY_DEFAULT, "limit");
    return c.json({ token, history: present(await control.history(token, limit)) });
  });
  api.get("/tokens/:token/renewals/:since{[0-9]{1,15}}", read, async (c) =>
    c.json(present(await control.renewal(tokenOf(c), Number(c.req.param("since"))))),
  );
  api.get("/tokens/:token/limits", read, async (c) => {
    const token = tokenOf(c);
    const { longestMs, latestAt } = await control.limits(token);
    const longest = { longest_seconds: longestMs === null ? null : longestMs / SECOND_MS };
    return c.json({ token, ...longest, ...(present({ latestAt }) as object) });
  });
  api.get("/plan", read, async (c) => answerJson(c, await reads.planJson()));
  api.get("/calendar", read, async (c) => {
    const days = parse(calendarDays, c.req.query("days") ?? CALENDAR_DAYS_DEFAULT, "days");
    return answerJson(c, await reads.calendarJson(days));
  });
  api.get("/events", read, (c) => streamEvents(c, access, events));

  // Who acted and then looks sees what it came to.
  const acted = createMiddleware<HttpEnv>(async (_, next) => {
    await next();
    reads.forget();
  });
  const act = [allow(access, "operator"), ownPagesOnly, smallBody, acted] as const;
  api.post("/tokens/:token/renew", ...act, async (c) => {
    const { lifetime_minutes: minutes } = await body(c, renewBody);
    const ticket = await control.renew(tokenOf(c), minutes === undefined ? null : minutes * MINUTE_MS);
    const renewal = `/api/v1/tokens/${ticket.token}/renewals/${ticket.since}`;
    return c.json({ ...(present(ticket) as object), renewal }, 202, { Location: renewal });
  });
  api.post("/tokens/:token/pause", ...act, async (c) => {
    const { until, reason } = await body(c, pauseBody);
    await control.pause(tokenOf(c), parseInstant(until ?? "") ?? null, reason ?? null);
    return c.json(present(await control.tokenStatus(tokenOf(c))));
  });
  api.post("/tokens/:token/resume", ...act, async (c) => {
    await body(c, emptyBody);
    const wasPaused = (await control.tokenStatus(tokenOf(c))).pause !== null;
    if (wasPaused) await control.resume(tokenOf(c));
    return c.json(present({ ...(await control.tokenStatus(tokenOf(c))), wasPaused }));
  });
  for (const verb of ["rollback", "accept", "discard"] as const) {
    api.post(`/tokens/:token/${verb}`, ...act, async (c) => {
      await body(c, emptyBody);
      return c.json(present(await control[verb](tokenOf(c))));
    });
  }
  api.post("/tokens/:token/targets/:target/adopt", ...act, async (c) => {
    await body(c, emptyBody);
    await control.adopt(tokenOf(c), keyOf(c.req.param("target"), "target"));
    return c.json(present(await control.tokenStatus(tokenOf(c))));
  });
  return api;
}

function tokenOf(c: Context<HttpEnv>): string {
  return keyOf(c.req.param("token") ?? "", "token");
}

/** A key as settings allow it; anything else names nothing, and is not repeated in the answer. */
function keyOf(text: string, what: string): string {
  if (!/^[a-z0-9][a-z0-9._-]{0,62}$/i.test(text)) throw new RenewdError("unknown_token", `this is no ${what}'s name`);
  return text;
}

/** No body at all is an empty object. */
async function body<T>(c: Context<HttpEnv>, schema: z.ZodType<T>): Promise<T> {
  const text = await c.req.text();
  let value: unknown = {};
  try {
    if (text.trim() !== "") value = JSON.parse(text);
  } catch {
    throw new Refusal("body_invalid", "The body is not JSON.");
  }
  return parse(schema, value, "body");
}

function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const words = parsed.error.issues.map((issue) => `${[what, ...issue.path].join(".")}: ${issue.message}`);
  throw new Refusal("body_invalid", words.join("; ").slice(0, 200));
}

function streamEvents(c: Context<HttpEnv>, access: Access, events: EventHub): Response {
  const headers = { "Content-Type": "text/event-stream", "X-Accel-Buffering": "no" };
  if (c.req.method === "HEAD") return c.body(null, 200, headers);
  const ground = access.groundOf(credentialsOf(c));
  const stream = ground && events.open(ground);
  if (stream === undefined) throw new Refusal("too_many_clients", "So many listen already that no more are let in.");
  return c.body(stream, 200, headers);
}
