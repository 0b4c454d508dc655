/** The adapters that one load of the settings declares, made and joined to the tokens they serve. */
import { dirname, resolve } from "node:path";
import { paceOf } from "../core/decide.ts";
import type { Emit } from "../core/events.ts";
import { toRenewdError } from "../core/errors.ts";
import type { HttpClient, HttpOptions, Issuer, Store } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import type { ClockWatch } from "../engine/clock-watch.ts";
import type { Fleet, Member } from "../engine/fleet.ts";
import type { Channel } from "../engine/herald.ts";
import { issuerTypes } from "../issuers/index.ts";
import { notifierTypes } from "../notifiers/index.ts";
import { systemClock } from "../runtime/clock.ts";
import { createCommandRunner } from "../runtime/commands.ts";
import { systemEnvironment } from "../runtime/environment.ts";
import { createHttpClient } from "../runtime/http-client.ts";
import { systemRandom } from "../runtime/random.ts";
import { tracedClient } from "../runtime/trace.ts";
import { createReadSecret } from "../runtime/read-secret.ts";
import { storeTypes } from "../stores/index.ts";
import { describeMember } from "./describe-member.ts";

/** The adapters of one load of the settings. Making them does no I/O. */
export interface Adapters extends Fleet {
  readonly issuers: ReadonlyMap<string, Issuer>;
  readonly channels: readonly Channel[];
  close(): Promise<void>;
}

export function makeAdapters(
  settings: Settings,
  options: { readonly allowCommands: boolean; readonly version: string },
  emit: Emit,
  watch: ClockWatch,
): Adapters {
  const resolvePath = (path: string): string => resolve(dirname(settings.file), path);
  const readSecret = createReadSecret({
    allowCommands: options.allowCommands,
    environment: systemEnvironment,
    resolvePath,
  });
  const shared = { clock: systemClock, random: systemRandom, readSecret, resolvePath };
  const issuers = new Map<string, Issuer>();
  const stores = new Map<string, Store>();
  for (const { key, type, options: own } of settings.issuers) {
    const declared = settings.tokens.filter((token) => token.issuer === key);
    const http = (limits: HttpOptions): HttpClient =>
      countedClient(tracedClient(createHttpClient(limits)), key, emit, watch);
    issuers.set(key, kindOf(issuerTypes, type).create({ ...shared, key, options: own, declared, http }));
  }
  for (const { key, type, options: own } of settings.stores) {
    const called = (call: string, status: string): void =>
      emit({ type: "service:called", at: systemClock.now(), service: "store", key, call, status });
    stores.set(
      key,
      kindOf(storeTypes, type).create({ ...shared, key, options: own, instance: settings.instance, called }),
    );
  }
  const members = new Map(
    settings.tokens.map((declared) => [declared.key, makeMember(declared, settings, issuers, stores)]),
  );
  const channels = settings.alerts.channels.map(({ key, type, options: own }): Channel => {
    const context = { ...shared, key, options: own, instance: settings.instance, version: options.version };
    return { key, type, notifier: kindOf(notifierTypes, type).create({ ...context, http: createHttpClient }) };
  });
  const close = async (): Promise<void> => {
    const all = [...issuers.values(), ...stores.values(), ...channels.map(({ notifier }) => notifier)];
    await Promise.allSettled(all.map((each) => each.close()));
  };
  const describe: Adapters["describe"] = (description) => describeMember(settings, issuers, description);
  return { members, issuers, channels, readSecret, commands: createCommandRunner(options), describe, close };
}

function kindOf<T extends { readonly type: string }>(kinds: readonly T[], type: string): T {
  const kind = kinds.find((each) => each.type === type);
  if (kind === undefined) throw new TypeError(`no kind ${type}`);
  return kind;
}

function makeMember(
  declared: Settings["tokens"][number],
  settings: Settings,
  issuers: ReadonlyMap<string, Issuer>,
  stores: ReadonlyMap<string, Store>,
): Member {
  const issuer = issuers.get(declared.issuer);
  if (issuer === undefined) throw new TypeError(`no issuer ${declared.issuer}`);
  const intervals: number[] = [];
  const berths = declared.targets.map((target) => {
    const store = stores.get(target.store);
    if (store === undefined) throw new TypeError(`no store ${target.store}`);
    intervals.push(store.capabilities.writeIntervalMs);
    return { declared: target, place: store.open(target) };
  });
  return { declared, issuer, berths, pace: paceOf(declared, Math.max(2 * settings.tickMs, ...intervals)) };
}

/** Counts the calls to an issuer and lets its Date header vouch for our clock. */
function countedClient(client: HttpClient, key: string, emit: Emit, watch: ClockWatch): HttpClient {
  const tell = (call: string, status: string): void =>
    emit({ type: "service:called", at: systemClock.now(), service: "issuer", key, call, status });
  return {
    async send(request) {
      try {
        const response = await client.send(request);
        tell(request.call, String(response.status));
        const date = Date.parse(response.header("date") ?? "");
        if (!Number.isNaN(date)) watch.witness(date);
        return response;
      } catch (thrown) {
        tell(request.call, toRenewdError(thrown).code);
        throw thrown;
      }
    },
    close: () => client.close(),
  };
}
