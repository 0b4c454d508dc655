import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "../../src/core/duration.ts";
import type { Emit } from "../../src/core/events.ts";
import { Agenda } from "./agenda.ts";
import { brokenAtEnd } from "./ending.ts";
import { Host } from "./host.ts";
import { Persons } from "./persons.ts";
import { type Figures, KIND_FIGURES, type KindFigure, type Report, Tally } from "./report.ts";
import { type IssuerKind, KINDS } from "./issuer-kinds.ts";
import { OnCall } from "./on-call.ts";
import { REMEMBER_MS } from "./sim-issuer.ts";
import { Streams } from "./streams.ts";
import { Truth } from "./truth.ts";
import { type Climate, drawClimate, drawInstants } from "./weather.ts";
import { TICK_MS, World } from "./world.ts";

/** At the end nothing goes wrong for so long, and then all must be well. */
const CALM_MS: number = 8 * DAY_MS;
/** More steps than this in an hour of the clock are a hot loop. */
const STEPS_PER_HOUR_MAX = 20_000;

/** The state is asked for more than this at one instant only by what goes round in circles. */
const OPERATIONS_AT_ONCE_MAX = 100_000;

export interface SimulationOptions {
  readonly seed: number;
  /** Which of the seed's deployments. */
  readonly part: number;
  readonly tokens: number;
  readonly days: number;
  /** Of every issuer; drawn for each where it is left out. */
  readonly issuers?: IssuerKind | undefined;
}

/** One deployment through its days. `onEvent` is told of all that the daemon says. */
export async function simulate(options: SimulationOptions, onEvent: Emit = () => undefined): Promise<Report> {
  return new Simulation(options, await Simulation.make(options, onEvent)).run();
}

interface Parts {
  readonly truth: Truth;
  readonly streams: Streams;
  readonly climate: Climate;
  readonly world: World;
  readonly host: Host;
  readonly tally: Tally;
  readonly persons: Persons;
  readonly onCall: OnCall;
  readonly agenda: Agenda;
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #parts: Parts;
  readonly #endAt: Instant;
  #steps = { hour: 0, count: 0 };

  constructor(options: SimulationOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    this.#endAt = endOf(options, parts.truth);
  }

  static async make(options: SimulationOptions, onEvent: Emit): Promise<Parts> {
    const streams = new Streams(`${options.seed}/${options.part}`);
    const truth = new Truth();
    const climate = drawClimate(streams.of("climate"));
    const tally = new Tally((token) => world.token(token)?.issuer.kind);
    const calmAt = endOf(options, truth) - CALM_MS;
    const agenda = new Agenda();
    const world: World = await World.make({
      truth,
      streams,
      climate,
      tokens: options.tokens,
      issuers: options.issuers,
      calmAt,
      agenda,
      host: () => host,
    });
    const host: Host = new Host({
      truth,
      draw: streams.of("daemon"),
      state: () => world.state,
      fleet: () => world.fleet,
      enrol: () => world.enrol(),
      onEvent: (event) => {
        tally.note(event);
        onEvent(event);
        world.heard(event);
        onCall.heard(event);
      },
    });
    const persons = new Persons(world, host, truth, agenda, streams.of("persons"));
    const onCall = new OnCall(world, host, truth, agenda, streams.of("on call"));
    return { truth, streams, climate, world, host, tally, persons, onCall, agenda };
  }

  async run(): Promise<Report> {
    const { truth, world, host, agenda } = this.#parts;
    this.#schedule();
    await host.start();
    while (truth.now() < this.#endAt && world.broken.length < 20) {
      await agenda.run(truth.now());
      host.sweep();
      await this.#quiet();
      this.#bury();
      await truth.host.advance(await this.#nextStepMs());
    }
    if (truth.now() >= this.#endAt) await brokenAtEnd(world, host, truth);
    return this.#report();
  }

  /** Puts down all that will happen, whatever renewd does. */
  #schedule(): void {
    const { truth, streams, climate, world, host, agenda, persons, onCall } = this.#parts;
    const [from, to] = [truth.now(), this.#endAt - CALM_MS];
    const deaths = streams.of("deaths");
    for (const at of drawInstants(deaths, from, to, climate.deathGapMs)) {
      agenda.add(at, deaths.chance(0.7) ? () => host.doom() : () => host.kill());
    }
    for (const at of drawInstants(deaths, from, to, 20 * climate.deathGapMs)) agenda.add(at, () => this.#loseState());
    for (const at of drawInstants(deaths, from, to, 10 * climate.deathGapMs)) {
      agenda.add(at, () => host.startSecond());
      agenda.add(at + deaths.stretch(MINUTE_MS, DAY_MS), () => host.killSecond());
    }
    const clocks = streams.of("clocks");
    for (const at of drawInstants(clocks, from, to, climate.clockGapMs)) {
      agenda.add(at, () => this.#disturbClock(clocks.share(), clocks.stretch(MINUTE_MS, DAY_MS), clocks.chance(0.5)));
    }
    const people = streams.of("people");
    for (const token of world.tokens) {
      for (const at of drawInstants(people, from + HOUR_MS, to, climate.personGapMs))
        agenda.add(at, () => persons.act(token));
      if (!token.declared.create) agenda.add(from + people.below(HOUR_MS), () => persons.mintFirst(token));
    }
    for (const at of drawInstants(people, from + DAY_MS, to, climate.reloadGapMs)) {
      agenda.add(at, () => persons.reload(people.pick(world.tokens)));
    }
    for (let at = from + 10 * DAY_MS; at < to; at += 10 * DAY_MS) agenda.add(at, () => this.#forget());
    for (let at = from + 3 * DAY_MS; at < to; at += 3 * DAY_MS) agenda.add(at, () => onCall.lookAtAll());
    agenda.add(to, () => {
      host.mend();
      onCall.lookAtAll();
      persons.discardAll();
    });
    agenda.add(to + DAY_MS, () => {
      persons.discardAll();
      onCall.lookAtAll();
    });
  }

  async #loseState(): Promise<void> {
    const { host, world } = this.#parts;
    host.kill();
    this.#lost += 1;
    await world.newState();
    this.#parts.persons.adoptAll();
  }

  #disturbClock(kind: number, ms: number, ahead: boolean): void {
    const { host, agenda, truth } = this.#parts;
    if (kind < 0.4) return host.sleep(ms);
    host.skew(ahead ? ms : -ms);
    agenda.add(truth.now() + Math.min(ms * 2, DAY_MS), () => host.mend());
  }

  #forget(): void {
    const { world, truth } = this.#parts;
    for (const issuer of world.issuers.values()) issuer.ledger.forget(truth.now() - REMEMBER_MS);
  }

  /** A process that died is started again after a while. */
  #bury(): void {
    const { host, agenda, truth } = this.#parts;
    if (host.process?.life.dead === true) host.kill();
    if (host.second?.life.dead === true) host.killSecond();
    if (host.process !== undefined || this.#awaited === host.deaths) return;
    this.#awaited = host.deaths;
    const calmAt = this.#endAt - CALM_MS;
    agenda.add(Math.max(truth.now(), Math.min(truth.now() + host.drawDownMs(), calmAt)), () => host.start());
  }

  #lost = 0;
  /** The death whose restart is put down already. */
  #awaited = 0;

  /** Everything under way has ended or waits for the clock. */
  async #quiet(): Promise<void> {
    const { world } = this.#parts;
    const { serial } = world;
    const before = serial.asked;
    do {
      // How many turns it takes says nothing: sealing is done by other threads, which a busy machine lets wait.
      if (serial.asked - before > OPERATIONS_AT_ONCE_MAX) throw new Error("it never comes to rest at this instant");
      // All promises that need nobody else have settled when this is over.
      await new Promise((resolve) => setImmediate(resolve));
    } while (serial.pending > 0);
  }

  /** The simulator jumps to the next instant at which anything can happen: a timer, a tick with work, something in the world. */
  async #nextStepMs(): Promise<number> {
    const { truth, host, world, agenda } = this.#parts;
    const hour = Math.floor(truth.now() / HOUR_MS);
    this.#steps = { hour, count: hour === this.#steps.hour ? this.#steps.count + 1 : 1 };
    if (this.#steps.count > STEPS_PER_HOUR_MAX) throw new Error("a hot loop");
    const now = truth.host.now();
    const wakeAt = host.process === undefined ? Infinity : ((await world.state.nextWakeAt()) ?? Infinity);
    const toTickMs = TICK_MS - (truth.host.monotonicMs() % TICK_MS);
    const wakeInMs =
      wakeAt <= now ? toTickMs : toTickMs + Math.ceil(Math.max(0, wakeAt - now - toTickMs) / TICK_MS) * TICK_MS;
    return Math.max(
      1,
      Math.min(wakeInMs, truth.host.nextTimerInMs, agenda.nextAt - truth.now(), this.#endAt - truth.now()),
    );
  }

  #report(): Report {
    const { world, host, tally, persons, onCall } = this.#parts;
    const issuers = [...world.issuers.values()];
    const stores = [...world.stores.values()];
    const places = world.tokens.flatMap((token) => token.berths.map(({ place }) => place));
    const figures: Figures = {
      ...this.#figuresOfKinds(),
      tokens: world.tokens.length,
      targets: places.length,
      minted: issuers.reduce((sum, issuer) => sum + issuer.minted, 0),
      renewals: tally.count("renewal:settled"),
      adopted: tally.count("renewal:adopted"),
      quarantined: tally.count("renewal:quarantined"),
      delivered: tally.count("target:delivered"),
      incidents: tally.count("incident:opened"),
      deaths: host.deaths,
      lost_states: this.#lost,
      in_doubt: tally.count("renewal:in-doubt"),
      retired: tally.count("token:retired"),
      clock_jumps: host.jumps,
      sleeps: host.sleeps,
      person_acts: persons.acts,
      mended_by_person: onCall.mended,
      service_spells: world.spells,
      excused_shortfalls: world.excused,
      most_calls_per_hour_of_failing_service: Math.max(
        ...[...issuers, ...stores].map((each) => each.failingCalls.most),
      ),
      most_calls_per_hour_of_failing_token: Math.max(
        ...issuers.flatMap((issuer) => [...issuer.failingCallsOf.values()].map((count) => count.most)),
        ...places.map((place) => place.failingCalls.most),
      ),
    };
    const { seed, part } = this.#options;
    return { seed, part, broken: world.broken, figures, digest: tally.digest };
  }

  #figuresOfKinds(): Record<`${IssuerKind}_${KindFigure}`, number> {
    const { world, tally } = this.#parts;
    const entries = KINDS.flatMap((kind) => {
      const issuers = [...world.issuers.values()].filter((issuer) => issuer.kind === kind);
      const figures: Record<KindFigure, number> = {
        tokens: world.tokens.filter(({ issuer }) => issuer.kind === kind).length,
        minted: issuers.reduce((sum, issuer) => sum + issuer.minted, 0),
        renewals: tally.renewalsOf(kind),
        broken: world.broken.filter(({ what }) => world.token(what.split(/[/:]/)[0] ?? "")?.issuer.kind === kind)
          .length,
      };
      return KIND_FIGURES.map((name) => [`${kind}_${name}`, figures[name]]);
    });
    return Object.fromEntries(entries) as Record<`${IssuerKind}_${KindFigure}`, number>;
  }
}

function endOf(options: SimulationOptions, truth: Truth): Instant {
  return truth.now() + options.days * DAY_MS;
}
