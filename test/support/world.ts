/** The engine on a real state, with an issuer, stores and a clock that a test holds in its hands. */
import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS, parseDuration } from "../../src/core/duration.ts";
import type { Description } from "../../src/core/control.ts";
import type { DomainEvent, Emit, EventMap, EventType } from "../../src/core/events.ts";
import type { IncidentReason } from "../../src/core/incidents.ts";
import type { Policy } from "../../src/core/policy.ts";
import type { TargetRecord, TokenRecord } from "../../src/core/records.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { RenewdError } from "../../src/core/errors.ts";
import type { IssuerCapabilities } from "../../src/core/ports.ts";
import type { StateStore } from "../../src/core/state-store.ts";
import type { DeclaredTarget, DeclaredToken, TokenRequest } from "../../src/core/token.ts";
import { paceOf } from "../../src/core/decide.ts";
import { ClockWatch } from "../../src/engine/clock-watch.ts";
import { Controller } from "../../src/engine/controller.ts";
import type { Engine } from "../../src/engine/engine.ts";
import type { Fleet, Member } from "../../src/engine/fleet.ts";
import { Sweeper } from "../../src/engine/sweeper.ts";
import { openSqliteState } from "../../src/state/open-sqlite.ts";
import { AUDIENCE, FakeIssuer } from "./fake-issuer.ts";
import { FakePlace } from "./fake-place.ts";
import { FakeRandom } from "./fake-random.ts";
import { Life } from "./mortal-state.ts";
import { SteppingClock } from "./stepping-clock.ts";

/** How often the daemon looks while nothing is due. */
const TICK_MS = 1_000;
/** More steps than this in one minute of the clock are a hot loop. */
const STEPS_PER_MINUTE_MAX = 400;
/** More of them at one instant are one, too. */
const OPERATIONS_AT_ONCE_MAX = 20_000;
/** In so many turns of the event loop even a busy machine ends what was asked of the state. */
const IDLE_TURNS_MAX = 2_000_000;

export interface WorldOptions {
  readonly seed?: number;
  readonly tokens?: number;
  /** Labels; each lies in a store of its own, called `store-<label>`. */
  readonly targets?: readonly string[];
  readonly issuer?: Partial<IssuerCapabilities>;
  readonly request?: Partial<TokenRequest>;
  readonly policy?: Partial<Policy>;
  readonly target?: Partial<DeclaredTarget>;
  readonly create?: boolean;
}

/** One running daemon. */
export interface Daemon {
  readonly engine: Engine;
  readonly sweeper: Sweeper;
  readonly controller: Controller;
  readonly life: Life;
}

export interface HookCall {
  readonly at: Instant;
  readonly key: string;
}

export class World {
  readonly clock = new SteppingClock();
  readonly random: FakeRandom;
  readonly state: StateStore;
  readonly issuer: FakeIssuer;
  readonly events: DomainEvent[] = [];
  readonly hooks: HookCall[] = [];
  /** Told of every event, as what the daemon is made of is. */
  readonly listeners: Emit[] = [];
  hookFails = false;
  daemons: Daemon[] = [];
  readonly #places = new Map<string, FakePlace>();
  #declared: readonly DeclaredToken[];
  #fleet: Fleet;
  #steps = { minute: 0, count: 0 };
  #started = 0;

  constructor(state: StateStore, random: FakeRandom, options: WorldOptions) {
    this.state = state;
    this.random = random;
    const capabilities = { lists: true, overlap: "kept", secret: "given", keeps: true, ...options.issuer } as const;
    this.issuer = new FakeIssuer(this.clock, capabilities);
    if (options.request?.retire === true) this.issuer.allowRetiring();
    const keys = Array.from({ length: options.tokens ?? 1 }, (_, index) => tokenKey(index));
    this.#declared = keys.map((key) => declare(key, options));
    this.#fleet = this.#fleetOf(this.#declared);
  }

  // ---------------------------------------------------------------- what is there

  get daemon(): Daemon {
    const daemon = this.daemons.at(-1);
    if (daemon === undefined) throw new TypeError("no daemon runs");
    return daemon;
  }

  place(target = "a", token: string = tokenKey(0)): FakePlace {
    const name = `${token}/${target}`;
    const place = this.#places.get(name) ?? new FakePlace(this.clock);
    this.#places.set(name, place);
    return place;
  }

  get places(): readonly FakePlace[] {
    return [...this.#places.values()];
  }

  async token(key: string = tokenKey(0)): Promise<TokenRecord> {
    const record = await this.state.token(key);
    if (record === undefined) throw new TypeError(`no token ${key}`);
    return record;
  }

  async target(label = "a", key: string = tokenKey(0)): Promise<TargetRecord> {
    const record = (await this.state.targets(key)).find((each) => each.label === label);
    if (record === undefined) throw new TypeError(`no target ${label}`);
    return record;
  }

  async incidents(): Promise<readonly IncidentReason[]> {
    return (await this.state.incidents()).map((incident) => incident.reason);
  }

  count(type: EventType): number {
    return this.events.filter((event) => event.type === type).length;
  }

  told<T extends EventType>(type: T): readonly (EventMap[T] & { readonly at: Instant })[] {
    return this.events.filter((event) => event.type === type) as unknown as (EventMap[T] & { at: Instant })[];
  }

  // ---------------------------------------------------------------- what happens to it

  /** A process starts on the state. `frees`: as a SQLite daemon, which alone can have it, it frees the leases of its predecessor. */
  async start(options: { readonly frees?: boolean } = {}): Promise<Daemon> {
    this.#started += 1;
    const life = new Life(this.state);
    const engine: Engine = {
      clock: this.clock,
      random: this.random,
      state: life.state,
      emit: (event) => {
        if (life.dead) return;
        this.events.push(event);
        for (const listener of this.listeners) listener(event);
      },
      holder: `daemon-${this.#started}`,
      watch: new ClockWatch(this.clock),
      fleet: () => this.#fleet,
    };
    const sweeper = new Sweeper(engine);
    const daemon = { engine, sweeper, life, controller: new Controller(engine, sweeper, () => []) };
    await this.#enrol();
    if (options.frees ?? true) await this.state.freeLeases();
    this.daemons.push(daemon);
    return daemon;
  }

  /** As SIGKILL does: whatever was under way never goes on. */
  kill(daemon: Daemon = this.daemon): void {
    daemon.life.die();
    this.daemons = this.daemons.filter((each) => each !== daemon);
  }

  async restart(): Promise<Daemon> {
    this.kill();
    return this.start();
  }

  /** Other settings are loaded; what is under way ends with those that it began with. */
  async reload(change: (declared: DeclaredToken) => DeclaredToken): Promise<void> {
    this.#declared = this.#declared.map(change);
    this.#fleet = this.#fleetOf(this.#declared);
    await this.#enrol();
    await this.state.wake({ all: true }, this.clock.now());
  }

  /** Lets everything happen that can happen at this instant. */
  async sweep(): Promise<void> {
    for (const { sweeper } of this.daemons) void sweeper.sweep();
    await this.quiet();
  }

  /** Moves time on, stopping at each instant at which something is due. */
  async run(ms: number): Promise<void> {
    const endMs = this.clock.monotonic + ms;
    for (;;) {
      await this.sweep();
      const leftMs = endMs - this.clock.monotonic;
      if (leftMs <= 0) return;
      await this.clock.advance(Math.min(leftMs, await this.#nextStepMs()));
    }
  }

  /** Runs until something is the case. Throws when it is not so within `limitMs`. */
  async until(isSo: () => boolean | Promise<boolean>, limitMs: number = 60 * DAY_MS): Promise<void> {
    const endMs = this.clock.monotonic + limitMs;
    for (;;) {
      await this.sweep();
      if (await isSo()) return;
      if (this.clock.monotonic >= endMs) throw new Error(`it did not come to that: ${String(isSo)}`);
      await this.clock.advance(Math.min(endMs - this.clock.monotonic, await this.#nextStepMs()));
    }
  }

  /** Runs until one more event of this type has happened. */
  async event(type: EventType, limitMs?: number): Promise<void> {
    const before = this.count(type);
    await this.until(() => this.count(type) > before, limitMs);
  }

  /** Everything under way has ended or waits for the clock. */
  async quiet(): Promise<void> {
    // Counted by what is done, not by how long that takes: a machine may be busy with something else.
    const operations = (): number => this.daemons.reduce((sum, { life }) => sum + life.operations, 0);
    const before = operations();
    for (let still = 0, idle = 0, seen = before; still < 3; idle += 1) {
      if (operations() !== seen) idle = 0;
      seen = operations();
      if (seen - before > OPERATIONS_AT_ONCE_MAX) throw new Error("it never comes to rest at this instant");
      if (idle > IDLE_TURNS_MAX) throw new Error("something under way never ends");
      await new Promise((resolve) => setImmediate(resolve));
      still = this.daemons.some(({ life }) => !life.dead && life.inFlight > 0) ? 0 : still + 1;
    }
  }

  async #nextStepMs(): Promise<number> {
    const minute = Math.floor(this.clock.monotonic / MINUTE_MS);
    this.#steps = { minute, count: minute === this.#steps.minute ? this.#steps.count + 1 : 1 };
    if (this.#steps.count > STEPS_PER_MINUTE_MAX) throw new Error("hot loop");
    const now = this.clock.now();
    const wakeAt = (await this.state.nextWakeAt()) ?? Infinity;
    const wakeInMs = wakeAt > now ? wakeAt - now : TICK_MS;
    return Math.max(1, Math.min(wakeInMs, this.clock.nextTimerInMs));
  }

  async #enrol(): Promise<void> {
    const tokens = this.#declared.map(({ key, identity, issuer, targets }) => ({
      key,
      identity,
      issuer,
      targets: targets.map(({ label, store }) => ({ label, store })),
    }));
    this.events.push(...(await this.state.enrol(tokens, this.clock.now())));
  }

  #fleetOf(declared: readonly DeclaredToken[]): Fleet {
    const members = declared.map((token): readonly [string, Member] => [
      token.key,
      {
        declared: token,
        pace: paceOf(token, 2 * TICK_MS),
        issuer: this.issuer,
        berths: token.targets.map((target) => ({ declared: target, place: this.place(target.label, token.key) })),
      },
    ]);
    return {
      members: new Map(members),
      commands: { run: (_argv, env) => this.#runHook(env["RENEWD_IDEMPOTENCY_KEY"] ?? "") },
      readSecret: () => Promise.resolve(new SecretText("hook-secret")),
      describe: (description) => this.#describe(description),
    };
  }

  /** As the application makes one, in its plainest form: by user, name and roles. */
  #describe({ name, comment, flags }: Description): Member {
    const { user, roles, lifetime } = flags;
    const key = `~issuer/${user ?? ""}/${name ?? ""}/${roles.join("+")}`;
    const lifetimeMs = lifetime === null ? Infinity : (parseDuration(lifetime) ?? 0);
    const plain = declare(key, { targets: [], request: { lifetimeMs, roles, subject: user } });
    const declared = { ...plain, name: name ?? key, comment, targets: [] };
    return { declared, pace: paceOf(declared, 2 * TICK_MS), issuer: this.issuer, berths: [] };
  }

  #runHook(key: string): Promise<void> {
    this.hooks.push({ at: this.clock.now(), key });
    return this.hookFails ? Promise.reject(new RenewdError("reload_failed", "exit 1")) : Promise.resolve();
  }
}

/** By default one token with 30 days of life, renewed with a third left, for two targets whose readers hold it for 6 hours. */
export async function makeWorld(options: WorldOptions = {}): Promise<World> {
  const random = new FakeRandom(options.seed ?? 1);
  const state = await openSqliteState({ file: ":memory:", keys: [], random });
  const world = new World(state, random, options);
  await world.start();
  return world;
}

export const LIFETIME_MS: number = 30 * DAY_MS;
export const HOLD_MS: number = 6 * HOUR_MS;
const OBSERVE_MS: number = 12 * HOUR_MS;

/** A token of 30 hours, so that an outage as long as its life is soon over. */
export const SHORT = {
  request: { lifetimeMs: 30 * HOUR_MS },
  policy: { repairMs: 2 * HOUR_MS },
  target: { holdMs: HOUR_MS, observeMs: 6 * HOUR_MS },
} as const satisfies WorldOptions;

export function tokenKey(index: number): string {
  return `token-${index + 1}`;
}

function declare(key: string, options: WorldOptions): DeclaredToken {
  const policy: Policy = {
    key: "default",
    renewBefore: { share: 1 / 3 },
    jitter: { ms: 0 },
    repairMs: DAY_MS,
    renewEveryMs: null,
    windows: [],
    ...options.policy,
  };
  const request: TokenRequest = {
    lifetimeMs: LIFETIME_MS,
    roles: ["runner"],
    audience: AUDIENCE,
    subject: null,
    strategy: "replace",
    retire: false,
    detail: {},
    ...options.request,
  };
  const targets = (options.targets ?? ["a", "b"]).map((label): DeclaredTarget => ({
    label,
    identity: `${key}/${label}`,
    store: `store-${label}`,
    address: {},
    format: { kind: "raw" },
    holdMs: HOLD_MS,
    propagationMs: MINUTE_MS,
    observeMs: OBSERVE_MS,
    create: true,
    reload: null,
    ...options.target,
  }));
  const create = options.create ?? true;
  const name = `name-of-${key}`;
  return {
    key,
    identity: key,
    issuer: "issuer",
    name,
    comment: `comment of ${key}`,
    labels: {},
    create,
    request,
    policy,
    targets,
  };
}
