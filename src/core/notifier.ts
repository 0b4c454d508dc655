/** The contract between renewd and what tells people; `test/contracts/` has a test for each sentence. */
import type { Alert, Pulse } from "./alert.ts";
import type { Clock, HttpClient, HttpOptions, Random, ReadSecret, Schema } from "./ports.ts";

/** Tells people, or a system that tells people. */
export type Notifier = AlertNotifier | HeartbeatNotifier;

export interface AlertNotifier {
  readonly kind: "alerts";
  readonly capabilities: NotifierCapabilities;
  /**
   * Tells of all these alerts or throws a `RenewdError` (`channel_…`, `secret_unreadable`, `commands_not_allowed`); after a failure the same alerts are told again,
   * so where the channel knows a key of its own, `Alert.key` is that. Only `channel_partly` says that they were told, but not to all recipients.
   * No message holds a secret.
   */
  notify(alerts: readonly Alert[], signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface NotifierCapabilities {
  /** What is firing is told again so often, for the channel forgets it otherwise; null: only what changed is told. */
  readonly resendMs: number | null;
  /** What is told stays open there until its end is told by its key; an end of what is not open there does nothing. */
  readonly keepsUntilEnd: boolean;
  /** At most so many alerts in one call. */
  readonly batchMax: number;
  /** The least time between two calls. */
  readonly intervalMs: number;
}

/** A dead man's switch: somebody else raises the alarm when it is not told in time that all is well. */
export interface HeartbeatNotifier {
  readonly kind: "heartbeat";
  /** How often to tell. */
  readonly everyMs: number;
  /** Told only while every target has life left; of the others at most that it fails, where the channel takes that. Throws a `RenewdError`. */
  beat(pulse: Pulse, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** A kind of notifier: what it takes in the settings, and how it is made. */
export interface NotifierType<Options = unknown> {
  readonly type: string;
  readonly options: Schema<Options>;
  create(context: NotifierContext<Options>): Notifier;
}

export interface NotifierContext<Options> {
  readonly key: string;
  readonly options: Options;
  /** The name of this renewd. */
  readonly instance: string;
  readonly version: string;
  readonly http: (options: HttpOptions) => HttpClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly readSecret: ReadSecret;
  readonly resolvePath: (path: string) => string;
}
