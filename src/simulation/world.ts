import { DAY_MS, HOUR_MS, type Instant } from "../core/duration.ts";
import type { DomainEvent } from "../core/events.ts";
import { RenewdError } from "../core/errors.ts";
import type { Random } from "../core/ports.ts";
import { SecretText } from "../core/secret-text.ts";
import type { ServiceKey, StateStore } from "../core/state-store.ts";
import { ClockWatch } from "../engine/clock-watch.ts";
import type { Engine } from "../engine/engine.ts";
import type { Fleet, Member } from "../engine/fleet.ts";
import { Sweeper } from "../engine/sweeper.ts";
import type { Outage } from "../core/simulation.ts";
import { Reach } from "./reach.ts";
import { Reader } from "./reader.ts";
import { SimClock } from "./sim-clock.ts";
import { SimIssuer, type SimToken } from "./sim-issuer.ts";
import { SimPlace } from "./sim-place.ts";
import { seed } from "./seed-state.ts";
import type { TokenStart } from "./start.ts";

/** Where nothing goes wrong a look finds what was there before: it is put off as long as the engine lets it. */
const SELDOM_MS: number = 365 * DAY_MS;
/** So long after an outage of a store its targets are looked at as often as declared, still. */
const AFTERMATH_MS: number = 2 * HOUR_MS;
/** More rounds than this at one instant are a loop. */
const ROUNDS_MAX = 100_000;
const STEPS_PER_BREATH = 500;

export interface WorldOptions {
  /** The declared tokens with the real adapters, of which only the capabilities are used. */
  readonly members: readonly Member[];
  readonly starts: ReadonlyMap<string, TokenStart>;
  readonly outages: readonly Outage[];
  readonly fromAt: Instant;
  readonly tickMs: number;
  readonly random: Random;
  readonly state: StateStore;
  readonly onEvent: (event: DomainEvent) => void;
  readonly onMint?: (token: string) => void;
  /** Told now and then how far it is; whatever else the process does has its turn meanwhile. */
  readonly breathe?: ((now: Instant) => Promise<void>) | undefined;
}

/** The real engine on simulated issuers, places, readers and time. */
export class World {
  readonly clock: SimClock;
  /** By token, then by target. */
  readonly readers: ReadonlyMap<string, ReadonlyMap<string, Reader>>;
  readonly #options: WorldOptions;
  readonly #reaches = new Map<string, Reach>();
  readonly #issuers = new Map<string, SimIssuer>();
  readonly #tokens = new Map<string, SimToken>();
  readonly #sweeper: Sweeper;
  readonly #calm: ReadonlyMap<string, Member>;
  #fleet: Fleet;

  private constructor(options: WorldOptions) {
    this.#options = options;
    this.clock = new SimClock(options.fromAt);
    this.readers = new Map(
      options.members.map(({ declared }) => [
        declared.key,
        new Map(declared.targets.map(({ label, holdMs }) => [label, new Reader(holdMs)])),
      ]),
    );
    this.#calm = new Map(options.members.map((member) => [member.declared.key, this.#simulated(member)]));
    this.#fleet = this.#fleetOf(this.#calm);
    const engine: Engine = {
      clock: this.clock,
      random: options.random,
      state: options.state,
      emit: options.onEvent,
      holder: "simulation",
      watch: new ClockWatch(this.clock),
      fleet: () => this.#fleet,
    };
    this.#sweeper = new Sweeper(engine);
  }

  static async begin(options: WorldOptions): Promise<World> {
    const world = new World(options);
    await seed(options.state, world.#calm, options.starts, world.clock.now(), (key, times, roles) => {
      const token = world.#issuers.get(key)?.add(times.startAt, times.expAt, roles);
      if (token === undefined) throw new TypeError(`no issuer of ${key}`);
      world.#tokens.set(token.text.reveal(), token);
      return token;
    });
    return world;
  }

  reach({ kind, key }: ServiceKey): Reach {
    const id = `${kind}/${key}`;
    const outages = this.#options.outages.filter((outage) => outage.kind === kind && outage.key === key);
    const reach = this.#reaches.get(id) ?? new Reach(outages);
    this.#reaches.set(id, reach);
    return reach;
  }

  /** Lets everything happen until then, looking at each tick at which something is due. */
  async run(untilAt: Instant): Promise<void> {
    const switches = this.#switches();
    for (let steps = 0; ; steps += 1) {
      const now = this.clock.now();
      while (switches[0] !== undefined && switches[0] <= now) {
        switches.shift();
        await this.#mindOutages(now);
      }
      await this.#settle();
      if (now >= untilAt) break;
      if (steps % STEPS_PER_BREATH === 0) await this.#options.breathe?.(now);
      this.clock.moveTo(Math.min(untilAt, switches[0] ?? Infinity, await this.#nextAt(now)));
    }
    for (const readers of this.readers.values()) for (const reader of readers.values()) reader.readUntil(untilAt);
  }

  async close(): Promise<void> {
    await this.#options.state.close();
  }

  async #nextAt(now: Instant): Promise<Instant> {
    const { tickMs, state } = this.#options;
    const wakeAt = (await state.nextWakeAt()) ?? Infinity;
    const tickAt = Math.ceil(Math.max(wakeAt, now + 1) / tickMs) * tickMs;
    return Math.min(tickAt, this.clock.nextTimerAt);
  }

  /** Nothing that is simulated ever waits, so what is under way ends by itself. */
  async #settle(): Promise<void> {
    const now = this.clock.now();
    for (let rounds = 0; rounds < ROUNDS_MAX; rounds += 1) {
      await this.#sweeper.sweep();
      await this.#sweeper.current();
      const nextAt = await this.#options.state.nextWakeAt();
      if (nextAt === null || nextAt > now) return;
    }
    throw new TypeError("it never comes to rest");
  }

  /** When a store's targets begin and cease to be looked at as often as declared. */
  #switches(): Instant[] {
    return this.#options.outages
      .filter(({ kind }) => kind === "store")
      .flatMap((outage) => [this.#watchedFrom(outage), outage.untilAt + AFTERMATH_MS])
      .sort((a, b) => a - b);
  }

  /** One look before it begins, so that it is noticed when the daemon would notice it. */
  #watchedFrom({ key, fromAt }: Outage): Instant {
    const used = this.#options.members.flatMap(({ declared }) => declared.targets).filter(({ store }) => store === key);
    return fromAt - Math.max(0, ...used.map(({ observeMs }) => observeMs));
  }

  async #mindOutages(now: Instant): Promise<void> {
    const { outages, state, members } = this.#options;
    const watched = new Set(
      outages
        .filter((each) => each.kind === "store")
        .filter((each) => this.#watchedFrom(each) <= now && now < each.untilAt + AFTERMATH_MS)
        .map(({ key }) => key),
    );
    const all = new Map(this.#calm);
    for (const { declared } of members) {
      const calm = this.#calm.get(declared.key);
      if (calm === undefined || !declared.targets.some(({ store }) => watched.has(store))) continue;
      const berths = calm.berths.map(({ declared: target, place }) => {
        const real = declared.targets.find(({ label }) => label === target.label) ?? target;
        return { declared: watched.has(target.store) ? real : target, place };
      });
      all.set(declared.key, { ...calm, berths });
      await state.wake({ targetsOf: declared.key }, now);
    }
    this.#fleet = this.#fleetOf(all);
  }

  #simulated(member: Member): Member {
    const { declared, issuer: real, pace } = member;
    const { key } = declared;
    const readers = [...(this.readers.get(key)?.values() ?? [])];
    const issuer = new SimIssuer({
      clock: this.clock,
      declared,
      real,
      reach: this.reach({ kind: "issuer", key: declared.issuer }),
      onExtend: () => readers.forEach((reader) => reader.readUntil(this.clock.now())),
      onMint: (token) => {
        this.#tokens.set(token.text.reveal(), token);
        this.#options.onMint?.(key);
      },
    });
    this.#issuers.set(key, issuer);
    const berths = declared.targets.map((target) => {
      const reader = this.readers.get(key)?.get(target.label);
      if (reader === undefined) throw new TypeError("a target without a reader");
      const reach = this.reach({ kind: "store", key: target.store });
      const { store, propagationMs } = target;
      const tokenOf = (text: SecretText): SimToken | undefined => this.#tokens.get(text.reveal());
      const place = new SimPlace({ clock: this.clock, store, reach, reader, propagationMs, tokenOf });
      return { declared: { ...target, observeMs: Math.max(target.observeMs, SELDOM_MS), reload: null }, place };
    });
    return { declared, pace, issuer, berths };
  }

  #fleetOf(members: ReadonlyMap<string, Member>): Fleet {
    return {
      members,
      commands: { run: () => Promise.resolve() },
      readSecret: () => Promise.resolve(new SecretText("simulated")),
      describe: () => {
        throw new RenewdError("usage", "nobody makes tokens in a simulation");
      },
    };
  }
}
