import type { Control } from "../core/control.ts";
import type { ErrorCode, RenewdError } from "../core/errors.ts";
import type { Emit } from "../core/events.ts";
import type { Severity } from "../core/incidents.ts";
import type { Clock, Preset, Random } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";
import type { SimulationOptions, SimulationReport } from "../core/simulation.ts";

/** What the verbs need of `app.ts`; main.ts hands the module in, tests a fake of it. */
export interface App {
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  startDaemon(options: DaemonOptions): Promise<Daemon>;
  /**
   * The running daemon's control, also where the file is refused now and it goes on with the settings before it; else one
   * over the state itself: `act` takes the lock and works while `use` runs, `read` only reads. Throws
   * `daemon_unreachable` when there is neither a daemon nor a state.
   */
  withControl<T>(
    options: VerbOptions & { readonly need: "read" | "dry" | "note" | "act" },
    use: (control: Control, by: "daemon" | "alone") => Promise<T>,
  ): Promise<T>;
  /** Throws `settings_invalid` with `problems`. */
  checkSettings(options: AppOptions): Promise<CheckedSettings>;
  /** The presets of every declared issuer whose type has some; with `null` renewd's own, whatever the settings say. */
  presets(options: AppOptions | null): Promise<readonly IssuerPresets[]>;
  /** Tells each channel a test alert and its resolution, whatever the routes say. Never throws for a channel that fails. */
  alertTest(options: AppOptions & AlertTest): Promise<readonly AlertTestResult[]>;
  /** Runs the settings in simulated time, from how things stand now. Throws `settings_invalid`, `usage`. */
  simulate(options: AppOptions & SimulationOptions): Promise<SimulationReport>;
  askHealth(options: VerbOptions): Promise<boolean>;
  dashboardLink(options: VerbOptions): Promise<string>;
  onSignals(handlers: {
    readonly terminate: () => void;
    readonly abort: () => void;
    readonly reload: () => void;
  }): () => void;
  renderProblems(problems: readonly Problem[]): string;
  /** "Did you mean `a`?", or what is known. */
  didYouMean(word: string, known: Iterable<string>): string;
}

export interface AppOptions {
  readonly settingsFile: string;
  readonly allowCommands: boolean;
}

/** Of a verb that speaks to a running daemon. */
export interface VerbOptions extends AppOptions {
  /** Told before anything is asked of a daemon that goes on with the settings before these, which are refused. */
  readonly onRefused?: (problem: RenewdError) => void;
}

export interface DaemonOptions extends AppOptions {
  readonly onEvent: Emit;
  /** `quiet`: warnings and worse only. */
  readonly log: { readonly pretty: boolean; readonly quiet: boolean };
}

export interface Daemon {
  readonly settings: Settings;
  readonly control: Control;
  /** Of the HTTP server; null without one. */
  readonly url: string | null;
  signInLink(): string | null;
  reload(): Promise<readonly string[]>;
  /** Takes no more work; answers how many jobs were handed back. */
  stop(reason: string): Promise<number>;
  /** Ends the calls under way. */
  abort(): void;
}

export interface CheckedSettings {
  readonly settings: Settings;
  /** What is allowed in them and probably not meant. */
  readonly warnings: readonly Problem[];
  /** Asks every issuer and target and reads the secrets of API tokens and channels, changing nothing; `tell` hears of each as it answers. */
  readonly probe: (tell?: (result: ProbeResult) => void) => Promise<readonly ProbeResult[]>;
}

export interface ProbeResult {
  readonly kind: "issuer" | "token" | "target" | "state" | "api_token" | "channel";
  readonly name: string;
  readonly ok: boolean;
  readonly lines: readonly string[];
  readonly code: string | null;
  readonly hint: string | null;
}

export interface AlertTest {
  /** Keys of declared channels, in this order; none means all. */
  readonly channels: readonly string[];
  readonly severity: Severity;
  /** A declared token that the alert is to be about; null for renewd itself. */
  readonly token: string | null;
}

/** What became of a test alert at one channel. */
export interface AlertTestResult {
  readonly channel: string;
  readonly type: string;
  /** It took the alert and its resolution. */
  readonly ok: boolean;
  readonly code: ErrorCode | null;
  readonly message: string | null;
  readonly hint: string | null;
  readonly tookMs: number;
  /** Whether the routes would bring a real alert of this token and severity here; null for a dead man's switch, which is told none. */
  readonly routed: boolean | null;
  /** What else there is to say, one line each, such as what the channel answered. */
  readonly lines: readonly string[];
}

/** What `--role` may name at an issuer. */
export interface IssuerPresets {
  /** Null for renewd's own, which every issuer of the type has. */
  readonly issuer: string | null;
  readonly type: string;
  readonly presets: readonly Preset[];
}

export interface Problem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly path: string;
  readonly message: string;
  readonly hint: string;
}
