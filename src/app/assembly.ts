import { isDeepStrictEqual } from "node:util";
import { channelOf } from "../core/alert.ts";
import type { Emit } from "../core/events.ts";
import type { ReadSecret } from "../core/ports.ts";
import { probeNow } from "../core/breaker.ts";
import type { DeclaredService, Settings } from "../core/settings.ts";
import type { ServiceKey, StateStore } from "../core/state-store.ts";
import { ClockWatch } from "../engine/clock-watch.ts";
import { Controller } from "../engine/controller.ts";
import type { Engine } from "../engine/engine.ts";
import { Herald } from "../engine/herald.ts";
import { Sweeper } from "../engine/sweeper.ts";
import { forgetChannel } from "../engine/tell.ts";
import { breathe } from "../runtime/breathe.ts";
import { systemClock } from "../runtime/clock.ts";
import { systemRandom } from "../runtime/random.ts";
import { systemTracer } from "../runtime/trace.ts";
import { openSqliteState } from "../state/open-sqlite.ts";
import { type Adapters, makeAdapters } from "./adapters.ts";

/** The engine on its state, with the adapters of the settings in force. */
export interface Assembly {
  readonly engine: Engine;
  readonly sweeper: Sweeper;
  readonly controller: Controller;
  /** Tells nobody before it is started. */
  readonly herald: Herald;
  readonly readSecret: ReadSecret;
  settings(): Settings;
  /** Puts other settings in force; what is under way ends with the adapters it began with. Answers how many tokens changed. */
  replace(settings: Settings): Promise<number>;
  close(): Promise<void>;
}

export interface AssemblyOptions {
  /** Whether `{ command }` secrets and reload hooks may run. */
  readonly allowCommands: boolean;
  /** renewd's own. */
  readonly version: string;
}

export async function assemble(
  settings: Settings,
  options: AssemblyOptions,
  emit: Emit,
  /** What keeps the daemon itself from working, as codes. */
  troubles: () => readonly string[] = () => [],
): Promise<Assembly> {
  const watch = new ClockWatch(systemClock);
  let current = settings;
  let adapters = makeAdapters(settings, options, emit, watch);
  const state = await openState(settings, adapters.readSecret);
  const engine: Engine = {
    clock: systemClock,
    random: systemRandom,
    state,
    emit,
    holder: `renewd-${systemRandom.hex(8)}`,
    watch,
    fleet: () => adapters,
    trace: systemTracer,
  };
  const sweeper = new Sweeper(engine);
  const services = (): readonly ServiceKey[] => servicesOf(current);
  const herald = new Herald({
    engine,
    instance: settings.instance,
    channels: () => adapters.channels,
    alerts: () => current.alerts,
    troubles,
  });
  return {
    engine,
    sweeper,
    herald,
    controller: new Controller(engine, sweeper, services, () => herald.status(), breathe),
    readSecret: (ref, signal) => adapters.readSecret(ref, signal),
    settings: () => current,
    async replace(next) {
      const [before, old] = [adapters, current];
      const made = makeAdapters(next, options, emit, watch);
      try {
        await enrol(engine, next);
      } catch (thrown) {
        await made.close();
        throw thrown;
      }
      adapters = made;
      current = next;
      await herald.forget(changedChannels(old, next));
      const changed = changedTokens(old, next);
      for (const key of changed) await hurry(state, key);
      for (const service of changedServices(old, next)) await tryAgain(state, service);
      void retire(before, sweeper, herald);
      herald.look();
      return changed.length;
    },
    async close() {
      await adapters.close();
      await state.close();
    },
  };
}

/** The keys of the tokens that are new or declared otherwise than before. */
function changedTokens(before: Settings, after: Settings): readonly string[] {
  return after.tokens
    .filter((token) => {
      const old = before.tokens.find((each) => each.key === token.key);
      return (
        old === undefined || !isDeepStrictEqual(JSON.parse(JSON.stringify(old)), JSON.parse(JSON.stringify(token)))
      );
    })
    .map((token) => token.key);
}

/** The services that are declared otherwise than before. */
function changedServices(before: Settings, after: Settings): readonly ServiceKey[] {
  const changed = (
    kind: ServiceKey["kind"],
    list: (settings: Settings) => readonly DeclaredService[],
  ): readonly ServiceKey[] =>
    list(after).flatMap((each) => (isAmong(each, list(before)) ? [] : [{ kind, key: each.key }]));
  return [...changed("issuer", (settings) => settings.issuers), ...changed("store", (settings) => settings.stores)];
}

/** The keys of the alert channels that are declared otherwise than before, or no more. */
function changedChannels(before: Settings, after: Settings): readonly string[] {
  return before.alerts.channels.filter((each) => !isAmong(each, after.alerts.channels)).map(({ key }) => key);
}

function isAmong(service: DeclaredService, services: readonly DeclaredService[]): boolean {
  return services.some((each) => isDeepStrictEqual(each, service));
}

/** Tells the state what is declared; incidents of what no longer is are over, and channels that are none any more forgotten. */
export async function enrol(engine: Pick<Engine, "state" | "emit" | "clock">, settings: Settings): Promise<void> {
  const tokens = settings.tokens.map(({ key, issuer, identity, targets }) => ({
    key,
    issuer,
    identity,
    targets: targets.map((target) => ({ label: target.label, store: target.store, identity: target.identity })),
  }));
  for (const event of await engine.state.enrol(tokens, engine.clock.now())) engine.emit(event);
  const declared = new Set(
    tokens.flatMap(({ key, targets }) => [`${key}/`, ...targets.map(({ label }) => `${key}/${label}`)]),
  );
  const open = await engine.state.incidents();
  const channels = new Set(settings.alerts.channels.map(({ key }) => key));
  const told = (await engine.state.tellings()).map(({ channel }) => channel);
  const failing = open.flatMap((incident) => channelOf(incident) ?? []);
  for (const channel of new Set([...(await engine.state.channels()).keys(), ...told, ...failing]))
    if (!channels.has(channel)) await forgetChannel(engine, channel);
  for (const incident of open) {
    const { token, target } = incident;
    if (token === "" || declared.has(`${token}/${target}`)) continue;
    const event = { type: "incident:resolved", at: engine.clock.now(), incident } as const;
    await engine.state.tell({ token, target }, { opened: [], repeated: [], resolved: [incident] }, [event]);
    engine.emit(event);
  }
}

/** Its settings changed: whatever held it up may be mended. */
async function hurry(state: StateStore, token: string): Promise<void> {
  const now = systemClock.now();
  await state.free({ token }, now);
  await state.wake({ token }, now);
  await state.wake({ targetsOf: token }, now);
}

async function tryAgain(state: StateStore, service: ServiceKey): Promise<void> {
  const now = systemClock.now();
  await state.changeBreaker(service, (breaker) => ({ breaker: probeNow(breaker, now), answer: undefined }));
  await state.free(service, now);
}

async function retire(adapters: Adapters, sweeper: Sweeper, herald: Herald): Promise<void> {
  await Promise.all([sweeper.current(), herald.current()]);
  await adapters.close();
}

function servicesOf(settings: Settings): readonly ServiceKey[] {
  return [
    ...settings.issuers.map(({ key }) => ({ kind: "issuer", key }) as const),
    ...settings.stores.map(({ key }) => ({ kind: "store", key }) as const),
  ];
}

async function openState(settings: Settings, readSecret: ReadSecret): Promise<StateStore> {
  const keys = await Promise.all(settings.state.keys.map((ref) => readSecret(ref, new AbortController().signal)));
  return openSqliteState({ file: settings.state.url.file, keys, random: systemRandom });
}
