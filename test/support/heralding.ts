/** A herald beside a world's daemon, with channels that a test holds in its hands. */
import { HOUR_MS, type Instant, MINUTE_MS } from "../../src/core/duration.ts";
import type { Incident } from "../../src/core/incidents.ts";
import type { Notifier } from "../../src/core/ports.ts";
import type { AlertSettings, Route } from "../../src/core/settings.ts";
import { Herald } from "../../src/engine/herald.ts";
import { makeWorld, SHORT, type World } from "./world.ts";

/** Read at each look: a test may exchange what is in it. */
export interface HeraldOptions {
  channels: Readonly<Record<string, Notifier>>;
  routes?: readonly Route[];
  readonly troubles?: () => readonly string[];
}

/** Told of the world's events. Without routes every channel is told of warnings and worse. */
export async function startHerald(world: World, options: HeraldOptions): Promise<Herald> {
  const alerts = (): AlertSettings => ({
    pageUrl: "https://renewd.example.org",
    runbooks: "https://docs.example.org/alerts",
    channels: [],
    routes: options.routes ?? [{ to: Object.keys(options.channels), severity: "warning", match: {} }],
  });
  const herald = new Herald({
    engine: world.daemon.engine,
    instance: "test",
    channels: () => Object.entries(options.channels).map(([key, notifier]) => ({ key, type: "fake", notifier })),
    alerts,
    troubles: options.troubles ?? (() => []),
  });
  world.listeners.length = 0;
  world.listeners.push(herald.onEvent);
  await herald.start();
  return herald;
}

/** A world with one token whose issuer refuses it from now on. */
export async function refusedWorld(targets: readonly string[] = ["a"]): Promise<World> {
  const world = await makeWorld({ ...SHORT, targets });
  await world.run(HOUR_MS);
  world.issuer.fail({ refuse: "roles_not_held" });
  return world;
}

export function incidentOf(token: string, openedAt: Instant, changes: Partial<Incident> = {}): Incident {
  return {
    token,
    target: "",
    reason: "issuer_failing",
    severity: "critical",
    message: `It fails for ${token}.`,
    next: "It tries again.",
    action: "Look.",
    dangerAt: openedAt + HOUR_MS,
    expAt: openedAt + 2 * HOUR_MS,
    openedAt,
    tellAgainAt: openedAt + 15 * MINUTE_MS,
    toldTimes: 1,
    ...changes,
  };
}

/** As the engine opens it, or tells it again. */
export async function open(world: World, ...incidents: readonly Incident[]): Promise<void> {
  const { state, emit } = world.daemon.engine;
  for (const incident of incidents) {
    const event = { type: "incident:opened", at: world.clock.now(), incident } as const;
    await state.tell(incident, { opened: [incident], repeated: [], resolved: [] }, [event]);
    emit(event);
  }
}

export async function end(world: World, incident: Incident): Promise<void> {
  const { state, emit } = world.daemon.engine;
  const event = { type: "incident:resolved", at: world.clock.now(), incident } as const;
  await state.tell(incident, { opened: [], repeated: [], resolved: [incident] }, [event]);
  emit(event);
}
