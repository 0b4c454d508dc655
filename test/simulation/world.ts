import { DAY_MS, type Instant, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import { paceOf } from "../../src/core/decide.ts";
import type { DomainEvent } from "../../src/core/events.ts";
import { type Fingerprint, SecretText } from "../../src/core/secret-text.ts";
import type { StateStore } from "../../src/core/state-store.ts";
import type { DeclaredTarget, DeclaredToken } from "../../src/core/token.ts";
import type { Fleet, Member } from "../../src/engine/fleet.ts";
import { openSqliteState } from "../../src/state/open-sqlite.ts";
import type { Agenda } from "./agenda.ts";
import { drawToken, issuerKeys, storeKeys } from "./deployment.ts";
import type { Host } from "./host.ts";
import { HourlyCount } from "./hourly-count.ts";
import { Asks } from "./asks.ts";
import { drawIssuerFault, isRight, type IssuerFault } from "./issuer-faults.ts";
import { couldBeBy, type Troubles, UNBROKEN_MS } from "./oracle.ts";
import { Reader, type Short } from "./reader.ts";
import type { Broken } from "./report.ts";
import { SerialState } from "./serial-state.ts";
import { IssuerJudge } from "./issuer-judge.ts";
import { drawKind, type IssuerKind, requestAt } from "./issuer-kinds.ts";
import { isLive, type Row } from "./ledger.ts";
import { SimIssuer } from "./sim-issuer.ts";
import { SimPlace, type SimStore } from "./sim-place.ts";
import type { SimBerth, SimToken } from "./sim-token.ts";
import { endOfFree, type Stretch, Timeline, union } from "./spells.ts";
import { drawPlaceFault, drawStoreFault, storeIsRight, type StoreFault } from "./store-faults.ts";
import type { Draw, Streams } from "./streams.ts";
import type { Truth } from "./truth.ts";
import { type Climate, drawSpells } from "./weather.ts";
import { isSameIssue } from "../../src/core/issue.ts";

/** The quick tick of the daemon. */
export const TICK_MS: number = 30 * SECOND_MS;
const MIN_INTERVAL_MS: number = 2 * TICK_MS;

export interface WorldOptions {
  readonly truth: Truth;
  readonly streams: Streams;
  readonly climate: Climate;
  readonly tokens: number;
  /** Of all issuers; undefined: drawn for each. */
  readonly issuers: IssuerKind | undefined;
  /** From then on nothing goes wrong any more. */
  readonly calmAt: Instant;
  readonly agenda: Agenda;
  readonly host: () => Host;
}

/** Issuers, stores, readers and declared tokens. */
export class World {
  readonly tokens: SimToken[] = [];
  readonly broken: Broken[] = [];
  excused = 0;
  /** When the state that is in use began. */
  stateSince = 0;
  /** Of issuers and stores. */
  spells = 0;
  serial!: SerialState;
  fleet!: Fleet;
  readonly issuers = new Map<string, SimIssuer>();
  readonly stores = new Map<string, SimStore>();
  readonly #options: WorldOptions;
  readonly #asks: Asks;
  readonly #tokenOf = new Map<string, SimToken>();
  readonly #tokenNamed = new Map<string, SimToken>();
  /** Of issues that this state has accepted. */
  readonly #accepted = new Set<Fingerprint>();
  readonly #issuerBad = new Map<SimIssuer, readonly Stretch[]>();

  private constructor(options: WorldOptions) {
    this.#options = options;
    this.#asks = new Asks(this, options.truth);
  }

  static async make(options: WorldOptions): Promise<World> {
    const world = new World(options);
    await world.newState();
    world.#makeServices();
    for (let index = 0; index < options.tokens; index += 1) world.#makeToken(index);
    world.declare();
    return world;
  }

  /** The state is new, or was lost; what it knew of pauses and of what was withdrawn is lost with it. */
  async newState(): Promise<void> {
    this.stateSince = this.#options.truth.now();
    for (const token of this.tokens) token.withdrawn.clear();
    this.#accepted.clear();
    const random = this.#options.streams.of("state");
    this.serial = new SerialState(await openSqliteState({ file: ":memory:", keys: [], random }));
  }

  token(key: string): SimToken | undefined {
    return this.#tokenOf.get(key);
  }

  get state(): StateStore {
    return this.serial.state;
  }

  /** After a stranger's writing renewd sees it at its next look, counted from the last by a clock that may have been ahead. */
  meddledUntil({ observeMs }: DeclaredTarget, at: Instant): Instant {
    const now = this.#options.truth.now();
    return at + observeMs + 2 * MINUTE_MS + this.#options.host().aheadMs(now - observeMs);
  }

  after(delayMs: number, task: () => Promise<void>): void {
    const { agenda, truth } = this.#options;
    agenda.add(truth.now() + delayMs, task);
  }

  break(what: string): void {
    this.broken.push({ at: this.#options.truth.now(), what });
  }

  /** The settings that are in force from now on. */
  declare(): void {
    const members = this.tokens.map((token): readonly [string, Member] => {
      const { declared, issuer, berths } = token;
      const pace = paceOf(declared, MIN_INTERVAL_MS);
      return [
        declared.key,
        { declared, pace, issuer, berths: berths.map(({ declared: target, place }) => ({ declared: target, place })) },
      ];
    });
    this.fleet = {
      members: new Map(members),
      commands: { run: () => Promise.resolve() },
      readSecret: () => Promise.resolve(new SecretText("hook-secret")),
      describe() {
        throw new TypeError("nobody asks for a token that is not declared");
      },
    };
  }

  async enrol(): Promise<void> {
    const tokens = this.tokens.map(({ declared: { key, issuer, identity, targets } }) => ({
      key,
      issuer,
      identity,
      targets: targets.map(({ label, store, identity: place }) => ({ label, store, identity: place })),
    }));
    await this.state.enrol(tokens, this.#options.truth.host.now());
  }

  addBerth(token: SimToken, target: DeclaredTarget): void {
    const { truth, streams, climate, calmAt } = this.#options;
    const draw = streams.of(`place ${target.identity}`);
    const now = truth.now();
    const faults = drawSpells(draw, now, calmAt, climate.placeGapMs, () => drawPlaceFault(draw));
    const store = this.#store(target.store);
    const reader = this.#readerOf(token, target.label, target.holdMs);
    const place = new SimPlace(truth, draw, store, new Timeline(faults), reader);
    const spells = [...store.faults.spells, ...faults].flatMap((spell): readonly Stretch[] =>
      storeIsRight(spell.what) ? [] : [[spell.fromAt, spell.toAt + lingersMs(spell.what)]],
    );
    token.berths.push({ declared: target, place, reader, spells, meddled: [] });
  }

  #makeServices(): void {
    const { truth, streams, climate, calmAt, tokens, issuers } = this.#options;
    const now = truth.now();
    for (const key of issuerKeys(tokens)) {
      const draw = streams.of(`issuer ${key}`);
      const faults = drawSpells(draw, now + DAY_MS, calmAt, climate.issuerGapMs, () => drawIssuerFault(draw));
      const kind = drawKind(streams.of(`kind ${key}`), draw.chance(0.8));
      const issuer = new SimIssuer(truth, draw, issuers ?? kind, new Timeline<IssuerFault>(faults));
      issuer.watcher = new IssuerJudge(this, truth, (name) => this.#tokenNamed.get(name));
      issuer.tellTime = (issuerNow) => this.#options.host().tellTime(issuerNow);
      this.issuers.set(key, issuer);
      this.spells += faults.length;
      this.#issuerBad.set(
        issuer,
        faults.flatMap(({ fromAt, toAt, what }): readonly Stretch[] => (isRight(what) ? [] : [[fromAt, toAt]])),
      );
    }
    for (const key of storeKeys()) {
      const draw = streams.of(`store ${key}`);
      const faults = drawSpells<StoreFault>(draw, now + DAY_MS, calmAt, climate.storeGapMs, () => drawStoreFault(draw));
      this.spells += faults.length;
      this.stores.set(key, { faults: new Timeline(faults), failingCalls: new HourlyCount() });
    }
  }

  #makeToken(index: number): void {
    const { truth, streams } = this.#options;
    const draw: Draw = streams.of(`token ${index}`);
    const drawn = drawToken(draw, index);
    const issuer = this.issuers.get(drawn.issuer);
    if (issuer === undefined) throw new TypeError("no such issuer");
    // What has no list cannot tell of a token that a person made.
    const create = drawn.create || !issuer.capabilities.lists;
    const request = requestAt(issuer.kind, drawn.request, streams.of(`request ${index}`));
    const declared: DeclaredToken = { ...drawn, create, request };
    const changedAt = truth.now();
    const token: SimToken = { declared, issuer, berths: [], paused: [], stuck: [], changedAt, withdrawn: new Set() };
    this.tokens.push(token);
    this.#tokenOf.set(declared.key, token);
    this.#tokenNamed.set(declared.name, token);
    for (const target of declared.targets) this.addBerth(token, target);
  }

  #store(key: string): SimStore {
    const store = this.stores.get(key);
    if (store === undefined) throw new TypeError("no such store");
    return store;
  }

  #readerOf(token: SimToken, label: string, holdMs: number): Reader {
    const { key } = token.declared;
    return new Reader(holdMs, {
      rowOf: (text) => token.issuer.rowOf(text),
      mayBeReplaced: (row) =>
        token.withdrawn.has(row.fingerprint) ||
        (token.issuer.kind === "opaque" && !this.#accepted.has(row.fingerprint)),
      broken: (what) => this.break(`${key}/${label}: ${what}`),
      wrote: (row) => void this.#expectAccepted(token, label, row),
      saw: (row, at) => this.#options.agenda.add(row.expAt - holdMs, () => this.#expectIncident(token, label, at)),
      short: (short) => this.#judge(token, label, short),
    });
  }

  /** A reader got too little: was there time enough to prevent it? */
  #judge(token: SimToken, label: string, { row, sinceAt, fromAt, toAt }: Short): void {
    const { declared } = token;
    const target = token.berths.findIndex((berth) => berth.declared.label === label);
    const berth = token.berths[target];
    if (berth === undefined) return;
    const meddledAt = berth.meddled.at(-1)?.[0] ?? 0;
    const by = couldBeBy(
      {
        declared,
        target,
        issue: row,
        notBefore: Math.max(token.changedAt, meddledAt <= toAt ? meddledAt : 0, row === undefined ? sinceAt : 0),
        minIntervalMs: MIN_INTERVAL_MS,
      },
      this.#troublesOf(token),
    );
    if (by >= toAt) {
      this.excused += 1;
      return;
    }
    const what = row === undefined ? "what is no token" : `token ${row.id} (exp ${iso(row.expAt)})`;
    this.break(
      `${declared.key}/${label}: from ${iso(fromAt)} to ${iso(toAt)} readers got ${what} with less than hold, but by ${iso(by)} it could be newer`,
    );
  }

  /** What is written was accepted before, and is desired or was until just now. */
  async #expectAccepted(token: SimToken, label: string, row: Row): Promise<void> {
    const { key } = token.declared;
    const fate = (await this.state.known(key)).get(row.fingerprint)?.fate;
    if (row.endedAt !== null && token.declared.request.retire)
      this.break(`${key}/${label}: token ${row.id} was written, although it was ended`);
    if (fate !== "accepted" && fate !== "superseded" && fate !== "withdrawn")
      this.break(`${key}/${label}: token ${row.id} was written, but it is ${fate ?? "not known"}`);
  }

  /** By then every target that could be written holds what was accepted now, or something newer; when all do, that was said. */
  #expectDelivered(token: SimToken, fingerprint: Fingerprint): void {
    const { truth, agenda } = this.#options;
    const acceptedAt = truth.now();
    agenda.add(acceptedAt + UNBROKEN_MS, async () => {
      const { key } = token.declared;
      const record = await this.state.token(key);
      const desired = record?.desired ?? null;
      if (desired === null || desired.fingerprint !== fingerprint || token.changedAt > acceptedAt) return;
      const held = new Map((await this.state.targets(key)).map((target) => [target.label, target.held]));
      const { daemon, paused, targets } = this.#troublesOf(token);
      let free = 0;
      token.berths.forEach((berth, index) => {
        const bad = union(daemon, paused, targets[index] ?? []);
        if (endOfFree(bad, acceptedAt, UNBROKEN_MS) !== acceptedAt + UNBROKEN_MS) return;
        free += 1;
        const { label } = berth.declared;
        const row = token.issuer.rowOf(berth.reader.text ?? "");
        if (row?.fingerprint !== fingerprint)
          this.break(`${key}/${label}: what was accepted at ${iso(acceptedAt)} is not there yet`);
        else if (!isSameIssue(held.get(label) ?? null, desired))
          this.break(`${key}/${label}: holds what was accepted at ${iso(acceptedAt)}, and that is not known yet`);
      });
      if (free === token.berths.length && (record?.lastSuccessAt ?? 0) < desired.acceptedAt)
        this.break(`${key}: that what was accepted at ${iso(acceptedAt)} is everywhere was not said`);
    });
  }

  /** Readers begin to get too little now, if it is still there: whoever is on call must have been told. */
  async #expectIncident(token: SimToken, label: string, since: Instant): Promise<void> {
    const { truth, host } = this.#options;
    const now = truth.now();
    const berth = token.berths.find((each) => each.declared.label === label);
    const soundSince = host().soundSince;
    if (berth === undefined || berth.reader.sinceAt !== since || soundSince === undefined) return;
    const row = token.issuer.rowOf(berth.reader.text ?? "");
    // It was extended meanwhile.
    if (row !== undefined && row.expAt - berth.reader.holdMs > now) return;
    const quietSince = Math.max(soundSince, token.changedAt, berth.meddled.at(-1)?.[1] ?? 0);
    if (now < quietSince + UNBROKEN_MS) return;
    const { key } = token.declared;
    const ofToken = await this.state.incidents({ token: key, target: "" });
    const ofTarget = await this.state.incidents({ token: key, target: label });
    if ([...ofToken, ...ofTarget].every(({ severity }) => severity === "info"))
      this.break(`${key}/${label}: readers begin to get less than hold, and nobody was told`);
  }

  #troublesOf(token: SimToken): Troubles {
    return {
      daemon: this.#options.host().bad,
      paused: [...token.paused, ...token.stuck],
      issuer: this.#issuerBad.get(token.issuer) ?? [],
      targets: token.berths.map((berth: SimBerth) => [...berth.spells, ...berth.meddled]),
    };
  }

  /** Told of every event of the daemon. */
  heard(event: DomainEvent): void {
    this.#asks.heard(event);
    if ("code" in event && event.code === "bug") this.break(`a bug: ${event.type} ${event.message}`);
    const token = "token" in event ? this.token(event.token) : undefined;
    if (token === undefined) return;
    if (event.type === "renewal:accepted") this.#expectDelivered(token, event.fingerprint);
    if (event.type === "renewal:accepted" || event.type === "renewal:adopted") this.#inUse(token, event.fingerprint);
    if (event.type === "renewal:rolled-back") token.withdrawn.add(event.withdrawn);
    if (event.type === "renewal:quarantined") this.#expectUnused(token, event.fingerprint);
  }

  /** A token that lives is in use again. */
  #inUse(token: SimToken, fingerprint: Fingerprint): void {
    this.#accepted.add(fingerprint);
    const now = this.#options.truth.now();
    const row = token.issuer.rowsOf(token.declared.name).find((each) => each.fingerprint === fingerprint);
    if (row === undefined || !isLive(row, now)) return;
    for (const stretch of token.stuck) stretch[1] = Math.min(stretch[1], now);
    // What took no time was in nobody's way.
    token.stuck.splice(0, token.stuck.length, ...token.stuck.filter(([from, to]) => to - from > MINUTE_MS));
  }

  /** An extension brings no fresh token that could be kept out. */
  #expectUnused(token: SimToken, fingerprint: Fingerprint): void {
    if (token.issuer.kind !== "extending") return;
    const used = token.berths.find(({ reader }) => token.issuer.rowOf(reader.text ?? "")?.fingerprint === fingerprint);
    if (used !== undefined)
      this.break(`${token.declared.key}/${used.declared.label}: what readers have was quarantined`);
  }
}

/** What was written late in a spell is seen after it. */
function lingersMs(fault: StoreFault): number {
  return fault.kind === "stale" ? fault.byMs : 0;
}

export function iso(at: Instant): string {
  return Number.isFinite(at) ? new Date(at).toISOString().slice(0, 19) : String(at);
}
