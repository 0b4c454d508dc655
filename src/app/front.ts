import { realpath } from "node:fs/promises";
import type { Control } from "../core/control.ts";
import { RenewdError } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import { createAccess } from "../http/access.ts";
import { EventHub } from "../http/event-hub.ts";
import { type FleetReads, fleetReads } from "../http/fleet-reads.ts";
import type { Health } from "../http/health.ts";
import { createHttpApp } from "../http/http-app.ts";
import { createMetrics } from "../http/metrics.ts";
import { createOidc } from "../http/oidc.ts";
import { serveHttp } from "../http/serve.ts";
import { type Remote, serveControl } from "../http/socket.ts";
import { breathe } from "../runtime/breathe.ts";
import { systemClock } from "../runtime/clock.ts";
import { createHttpClient } from "../runtime/http-client.ts";
import { systemRandom } from "../runtime/random.ts";
import type { Assembly } from "./assembly.ts";
import type { EventBus } from "./event-bus.ts";

/** Where the daemon is spoken to: the socket beside its state, and HTTP where the settings ask for it. */
export interface Front {
  readonly url: string | null;
  signInLink(): string | null;
  /** Other settings are in force. */
  declare(settings: Settings): void;
  close(): Promise<void>;
}

export interface FrontParts {
  readonly settings: Settings;
  readonly version: string;
  readonly assembly: Assembly;
  readonly bus: EventBus;
  readonly health: () => Health;
  readonly reload: () => Promise<readonly string[]>;
}

export function socketOf(settings: Settings): string {
  return socketBeside(settings.state.url.file);
}

export function socketBeside(stateFile: string): string {
  return `${stateFile}.sock`;
}

export async function openFront(parts: FrontParts): Promise<Front> {
  const { settings, assembly, bus } = parts;
  const { controller } = assembly;
  const reads = fleetReads(controller, systemClock, breathe);
  const metrics = createMetrics(
    { status: () => reads.report() },
    { version: parts.version, node: process.versions.node },
    breathe,
  );
  metrics.declare(settings);
  bus.add(metrics.onEvent);
  const events = new EventHub(systemClock);
  bus.add(events.onEvent);
  const access = createAccess({
    emit: bus.emit,
    tokens: settings.http?.tokens ?? [],
    readSecret: assembly.readSecret,
    clock: systemClock,
    random: systemRandom,
  });
  const oidc = createOidc({
    settings: settings.http?.oidc ?? null,
    access,
    clock: systemClock,
    random: systemRandom,
    readSecret: assembly.readSecret,
    http: createHttpClient,
  });
  let hostNames = hostNamesOf(settings);
  const app = createHttpApp({
    control: controller,
    reads,
    health: parts.health,
    metrics,
    access,
    events,
    hostNames: () => hostNames,
    oidc,
    clock: systemClock,
  });
  const listening = settings.http === null ? null : await serveHttp(app, settings.http);
  const link = (): string | null => (listening === null ? null : access.issueLink(listening.url, "operator"));
  const socket = await serveControl(remoteOf(controller, reads, link, parts), socketOf(settings));
  return {
    url: listening?.url ?? null,
    signInLink: link,
    declare(next) {
      metrics.declare(next);
      hostNames = hostNamesOf(next);
      access.useTokens(next.http?.tokens ?? []);
      oidc.declare(next.http?.oidc ?? null);
    },
    async close() {
      events.close();
      await socket.close();
      await listening?.close();
      await oidc.close();
    },
  };
}

function hostNamesOf({ http }: Settings): readonly string[] {
  return http === null ? [] : [http.host, ...http.names];
}

function remoteOf(control: Control, reads: FleetReads, link: () => string | null, parts: FrontParts): Remote {
  const acted = <T>(answer: Promise<T>): Promise<T> => answer.finally(() => reads.forget());
  return {
    status: () => reads.inTurn(() => control.status()),
    tokenStatus: (token) => control.tokenStatus(token),
    plan: () => reads.inTurn(() => control.plan()),
    planOf: (token) => control.planOf(token),
    calendar: (days, token) => reads.inTurn(() => control.calendar(days, token)),
    calendarDays: (asked) => reads.inTurn(() => control.calendarDays(asked)),
    limits: (token) => control.limits(token),
    history: (token, limit) => control.history(token, limit),
    renew: (token, lifetimeMs) => acted(control.renew(token, lifetimeMs)),
    renewal: (token, since) => control.renewal(token, since),
    pause: (token, until, reason) => acted(control.pause(token, until, reason)),
    resume: (token) => acted(control.resume(token)),
    rollback: (token) => acted(control.rollback(token)),
    accept: (token) => acted(control.accept(token)),
    discard: (token) => acted(control.discard(token)),
    createToken: (order) => acted(control.createToken(order)),
    adopt: (token, target) => acted(control.adopt(token, target)),
    reload: parts.reload,
    // Links may lead elsewhere since the start.
    health: async () => ({
      ...parts.health(),
      settingsFile: await realpath(parts.settings.file).catch(() => undefined),
    }),
    issueLink: () => {
      const given = link();
      if (given !== null) return Promise.resolve(given);
      return Promise.reject(new RenewdError("usage", "the settings have no `http`, so there is no page to sign in to"));
    },
  };
}
