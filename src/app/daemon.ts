import type { Control } from "../core/control.ts";
import { SECOND_MS } from "../core/duration.ts";
import type { Emit } from "../core/events.ts";
import { ERRORS, toRenewdError } from "../core/errors.ts";
import type { Condition, Incident } from "../core/incidents.ts";
import type { Settings } from "../core/settings.ts";
import { tellConditions } from "../engine/tell.ts";
import type { Health } from "../http/health.ts";
import { systemClock } from "../runtime/clock.ts";
import { startTick, type Tick } from "../runtime/cron.ts";
import { createLogger } from "../runtime/logger.ts";
import { renderProblems, SettingsError } from "../settings/load.ts";
import { lockState } from "../state/lock.ts";
import { type Assembly, assemble, enrol } from "./assembly.ts";
import { startEmbedded } from "./embedded.ts";
import { Absence } from "./absence.ts";
import { EventBus } from "./event-bus.ts";
import type { FileWatch } from "./file-watch.ts";
import { type Front, openFront } from "./front.ts";
import { forgetChangedChannels, lookAnewIfChanged, noteChannels, noteSettings } from "./settings-seen.ts";
import { StateAlarm } from "./state-alarm.ts";
import { Vitals } from "./vitals.ts";
import { Watchdog } from "./watchdog.ts";

/** What is under way may take so long to finish at a stop; then its calls are aborted. */
const GRACE_MS: number = 20 * SECOND_MS;
const SETTINGS = { token: "", target: "settings" };

export interface DaemonOptions {
  readonly settings: Settings;
  readonly version: string;
  readonly allowCommands: boolean;
  readonly onEvent: Emit;
  /** `quiet`: warnings and worse only. */
  readonly log: { readonly pretty: boolean; readonly quiet: boolean };
  /** Watches the settings file since before it was read. */
  readonly file: FileWatch;
  /** Reads the settings file anew, for a reload. */
  readonly readSettings: () => Promise<Settings>;
}

export interface Daemon {
  readonly settings: Settings;
  readonly control: Control;
  readonly url: string | null;
  signInLink(): string | null;
  /** Puts the file's settings in force, or says what is wrong with them and changes nothing. */
  reload(): Promise<readonly string[]>;
  stop(reason: string): Promise<number>;
  abort(): void;
}

/** Lock, state, issuer, front, tick: in this order, and back again when one of them fails. */
export async function runDaemon(options: DaemonOptions): Promise<Daemon> {
  const { settings, version } = options;
  const undo: (() => Promise<void> | void)[] = [];
  const unwind = async (): Promise<void> => {
    for (const step of undo.toReversed()) await step();
  };
  try {
    const lock = lockState(settings.state.url.file);
    undo.push(() => lock.release());
    const bus = new EventBus();
    const logger = createLogger({ pretty: options.log.pretty, level: options.log.quiet ? "warn" : "info" });
    undo.push(() => logger.close());
    bus.add(logger.onEvent);
    bus.add(options.onEvent);
    // The daemon itself is made of the assembly; who asks how it is asks later.
    const running: { daemon?: RunningDaemon } = {};
    const assembly = await assemble(settings, options, bus.emit, () => running.daemon?.health().reasons ?? []);
    undo.push(() => assembly.close());
    await assembly.engine.state.freeLeases();
    await enrol(assembly.engine, settings);
    await forgetChangedChannels(assembly.engine, settings);
    await lookAnewIfChanged(assembly.engine.state, settings, version, systemClock.now());
    undo.push(await startEmbedded(settings, version, assembly.readSecret));
    const daemon = new RunningDaemon(options, assembly, bus, unwind);
    running.daemon = daemon;
    const front = await openFront({
      settings,
      version,
      assembly,
      bus,
      reload: () => daemon.reload(),
      health: () => daemon.health(),
    });
    undo.push(() => front.close());
    await daemon.start(front);
    return daemon;
  } catch (thrown) {
    await unwind();
    throw thrown;
  }
}

class RunningDaemon implements Daemon {
  readonly #options: DaemonOptions;
  readonly #assembly: Assembly;
  readonly #bus: EventBus;
  readonly #unwind: () => Promise<void>;
  readonly #file: FileWatch;
  #front: Front | undefined;
  #tick: Tick | undefined;
  #stopped: Promise<number> | undefined;
  #reloading: Promise<readonly string[]> = Promise.resolve([]);
  /** The file's settings are still to be put in force: the state was in the way. */
  #owesReload = false;
  /** Why the settings were refused, while the state has not taken it; none: they were not. */
  #untold: readonly string[] | undefined;
  readonly #vitals: Vitals;
  readonly #watchdog: Watchdog;
  readonly #absence: Absence;
  readonly #stateAlarm: StateAlarm;

  constructor(options: DaemonOptions, assembly: Assembly, bus: EventBus, unwind: () => Promise<void>) {
    this.#options = options;
    this.#assembly = assembly;
    this.#bus = bus;
    this.#unwind = unwind;
    this.#file = options.file;
    const { engine, herald } = assembly;
    const past: { state: Incident | null; scheduler: Incident | null } = { state: null, scheduler: null };
    const tellPast = (part: keyof typeof past, incident: Incident | null): void => {
      past[part] = incident;
      herald.tellUnrecorded(past.state ?? past.scheduler);
    };
    this.#vitals = new Vitals(systemClock, assembly.sweeper, () => this.settings.tickMs);
    this.#watchdog = new Watchdog(
      engine,
      () => this.#vitals.stall(),
      (incident) => tellPast("scheduler", incident),
    );
    this.#absence = new Absence(engine);
    this.#stateAlarm = new StateAlarm(systemClock, (incident) => tellPast("state", incident));
    bus.add(herald.onEvent);
    bus.add(this.#stateAlarm.onEvent);
    bus.add(this.#vitals.onEvent);
  }

  get settings(): Settings {
    return this.#assembly.settings();
  }

  get control(): Control {
    return this.#assembly.controller;
  }

  get url(): string | null {
    return this.#front?.url ?? null;
  }

  health(): Health {
    return this.#vitals.health();
  }

  async start(front: Front): Promise<void> {
    this.#front = front;
    const { version } = this.#options;
    this.#bus.emit({ type: "daemon:started", at: systemClock.now(), version, tokens: this.settings.tokens.length });
    await this.#tellSettings([]);
    await this.#absence.note(this.settings.tickMs);
    this.#startTick();
    this.#watchdog.start();
    await this.#assembly.herald.start();
    void this.#assembly.sweeper.sweep();
  }

  signInLink(): string | null {
    return this.#front?.signInLink() ?? null;
  }

  /** One after the other: a slower reading must not put an older file in force. */
  reload(): Promise<readonly string[]> {
    const done = this.#reloading.then(() => this.#reload());
    this.#reloading = done.catch(() => []);
    return done;
  }

  async #reload(): Promise<readonly string[]> {
    const before = this.settings;
    const { version } = this.#options;
    const owed = this.#owesReload;
    this.#owesReload = false;
    try {
      const next = await this.#options.readSettings();
      const refused = needsRestart(before, next);
      if (refused.length > 0) return await this.#refuse(refused);
      const changed = await this.#assembly.replace(next);
      const { state } = this.#assembly.engine;
      // One that the state cut off may have woken nobody.
      if (owed) await lookAnewIfChanged(state, next, version, systemClock.now());
      else await noteSettings(state, next, version);
      await noteChannels(state, next);
      this.#front?.declare(next);
      if (next.tick !== before.tick) this.#startTick();
      await this.#tellSettings([]);
      this.#bus.emit({
        type: "settings:loaded",
        at: systemClock.now(),
        file: next.file,
        tokens: next.tokens.length,
        changed,
      });
      void this.#assembly.sweeper.sweep();
      return [];
    } catch (thrown) {
      this.#owesReload = toRenewdError(thrown).code.startsWith("state_");
      const problems =
        thrown instanceof SettingsError ? renderProblems(thrown.problems).split("\n") : [toRenewdError(thrown).message];
      return await this.#refuse(problems);
    }
  }

  stop(reason: string): Promise<number> {
    this.#stopped ??= this.#stop(reason);
    return this.#stopped;
  }

  abort(): void {
    this.#assembly.sweeper.abort();
  }

  async #stop(reason: string): Promise<number> {
    this.#bus.emit({ type: "daemon:stopping", at: systemClock.now(), reason });
    this.#tick?.stop();
    this.#watchdog.stop();
    await this.#assembly.herald.stop();
    const handedBack = await this.#assembly.sweeper.stop(GRACE_MS);
    this.#bus.emit({ type: "daemon:stopped", at: systemClock.now(), handedBack });
    await this.#unwind();
    return handedBack;
  }

  #startTick(): void {
    this.#tick?.stop();
    const onError = (thrown: unknown): void => {
      const { code, message } = toRenewdError(thrown);
      this.#bus.emit({ type: "sweep:failed", at: systemClock.now(), code, message });
    };
    this.#tick = startTick(this.settings.tick, () => void this.#beat().catch(onError), onError);
  }

  async #beat(): Promise<void> {
    this.#vitals.beat();
    if ((await this.#file.changed()) || this.#owesReload) await this.reload().catch(() => []);
    if (this.#untold !== undefined) await this.#tellSettings(this.#untold);
    const { sweeper, herald } = this.#assembly;
    await sweeper.sweep();
    if (!sweeper.isFailing) this.#stateAlarm.over();
    await this.#absence.look();
    herald.look();
  }

  async #refuse(problems: readonly string[]): Promise<readonly string[]> {
    this.#bus.emit({ type: "settings:refused", at: systemClock.now(), file: this.settings.file, problems });
    await this.#tellSettings(problems);
    return problems;
  }

  /** What the state does not take now is told at a later tick. */
  async #tellSettings(problems: readonly string[]): Promise<void> {
    const message = `The changed settings were refused, the old ones stay in force: ${firstOf(problems)}`;
    const condition: Condition = {
      reason: "settings_refused",
      severity: "warning",
      message,
      next: "It works on with the old settings, and reads the file again when that changes.",
      action: ERRORS.settings_invalid.hint,
      dangerAt: null,
      expAt: null,
    };
    this.#untold = problems;
    const told = tellConditions(this.#assembly.engine, SETTINGS, problems.length === 0 ? [] : [condition], null);
    await told.then(
      () => (this.#untold = undefined),
      () => undefined,
    );
  }
}

/** What a running daemon cannot exchange under itself. */
function needsRestart(before: Settings, after: Settings): readonly string[] {
  const parts: readonly (readonly [string, (settings: Settings) => unknown])[] = [
    ["state", (settings) => settings.state],
    ["http.listen", ({ http }) => [http?.host, http?.port]],
    ["instance", (settings) => settings.instance],
    ["an embedded issuer", (settings) => settings.issuers.filter((issuer) => issuer.type === "embedded")],
  ];
  return parts
    .filter(([, of]) => JSON.stringify(of(before)) !== JSON.stringify(of(after)))
    .map(([name]) => `${name} changed, which needs a restart`);
}

/** The first problem whole: where it is, what it is, what to do. */
function firstOf(problems: readonly string[]): string {
  return problems
    .slice(0, 3)
    .map((line) => line.trim())
    .join(" ");
}
