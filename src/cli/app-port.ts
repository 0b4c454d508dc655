import type { Control } from "../core/control.ts";
import type { Emit } from "../core/events.ts";
import type { Clock, Preset, Random } from "../core/ports.ts";
import type { Settings } from "../core/settings.ts";

/** What the verbs need of `app.ts`; main.ts hands the module in, tests a fake of it. */
export interface App {
  readonly version: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly random: Random;
  startDaemon(options: DaemonOptions): Promise<Daemon>;
  /**
   * The running daemon's control, else one over the state itself: `act` takes the lock and works while `use` runs,
   * `read` only reads. Throws `daemon_unreachable` when there is neither a daemon nor a state.
   */
  withControl<T>(
    options: AppOptions & { readonly need: "read" | "dry" | "note" | "act" },
    use: (control: Control, by: "daemon" | "alone") => Promise<T>,
  ): Promise<T>;
  /** Throws `settings_invalid` with `problems`. */
  checkSettings(options: AppOptions): Promise<CheckedSettings>;
  /** The presets of every declared issuer whose type has some; with `null` renewd's own, whatever the settings say. */
  presets(options: AppOptions | null): Promise<readonly IssuerPresets[]>;
  askHealth(settingsFile: string): Promise<boolean>;
  dashboardLink(options: AppOptions): Promise<string>;
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
  /** Asks every issuer and target, changing nothing. */
  readonly probe: () => Promise<readonly ProbeResult[]>;
}

export interface ProbeResult {
  readonly kind: "issuer" | "target" | "state";
  readonly name: string;
  readonly ok: boolean;
  readonly lines: readonly string[];
  readonly code: string | null;
  readonly hint: string | null;
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
