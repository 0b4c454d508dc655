import { isDeepStrictEqual } from "node:util";
import type { Emit } from "../core/events.ts";
import type { ReadSecret } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import type { ServiceKey, StateStore } from "../core/state-store.ts";
import { ClockWatch } from "../engine/clock-watch.ts";
import { Controller } from "../engine/controller.ts";
import type { Engine } from "../engine/engine.ts";
import { Sweeper } from "../engine/sweeper.ts";
import { systemClock } from "../runtime/clock.ts";
import { systemRandom } from "../runtime/random.ts";
import { openSqliteState } from "../state/open-sqlite.ts";
import { type Adapters, makeAdapters } from "./adapters.ts";

/** The engine on its state, with the adapters of the settings in force. */
export interface Assembly {
  readonly engine: Engine;
  readonly sweeper: Sweeper;
  readonly controller: Controller;
  readonly readSecret: ReadSecret;
  settings(): Settings;
  /** Puts other settings in force; what is under way ends with the adapters it began with. Answers how many tokens changed. */
  replace(settings: Settings): Promise<number>;
  close(): Promise<void>;
}

export async function assemble(
  settings: Settings,
  options: { readonly allowCommands: boolean },
  emit: Emit,
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
  };
  const sweeper = new Sweeper(engine);
  const services = (): readonly ServiceKey[] => servicesOf(current);
  return {
    engine,
    sweeper,
    controller: new Controller(engine, sweeper, services),
    readSecret: (ref, signal) => adapters.readSecret(ref, signal),
    settings: () => current,
    async replace(next) {
      const before = adapters;
      const changed = changedTokens(current, next);
      adapters = makeAdapters(next, options, emit, watch);
      current = next;
      await enrol(state, next);
      for (const key of changed) await wakeToken(state, key);
      void retire(before, sweeper);
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

export async function enrol(state: StateStore, settings: Settings): Promise<void> {
  const tokens = settings.tokens.map(({ key, issuer, targets }) => ({
    key,
    issuer,
    targets: targets.map(({ label, store }) => ({ label, store })),
  }));
  await state.enrol(tokens, systemClock.now());
}

async function wakeToken(state: StateStore, key: string): Promise<void> {
  await state.wake({ token: key }, systemClock.now());
  await state.wake({ targetsOf: key }, systemClock.now());
}

async function retire(adapters: Adapters, sweeper: Sweeper): Promise<void> {
  await sweeper.current();
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
