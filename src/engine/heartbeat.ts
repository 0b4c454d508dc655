import type { Pulse } from "../core/alert.ts";
import { channelSubject } from "../core/alert.ts";
import { afterChannelFailure, afterChannelSuccess, channelConditions } from "../core/channel.ts";
import { type Instant, MINUTE_MS } from "../core/duration.ts";
import { toRenewdError } from "../core/errors.ts";
import type { HeartbeatNotifier } from "../core/ports.ts";
import type { ChannelRecord } from "../core/telling.ts";
import { TELL_LIMIT_MS } from "./channel-teller.ts";
import type { Engine } from "./engine.ts";
import { limited } from "./limited.ts";
import { tellConditions } from "./tell.ts";

/** While all is not well it is looked again by then, so that the switch hears of it as soon as all is. */
const LOOK_AGAIN_MS: number = MINUTE_MS;

/** Tells one dead man's switch, as often as that wants. Nobody needs to remember over a restart when it was told. */
export class Heartbeat {
  readonly key: string;
  readonly #engine: Pick<Engine, "clock" | "random" | "state" | "emit">;
  readonly #stop: AbortSignal;
  #record: ChannelRecord;
  /** By the monotonic clock: when to look next, and until when it needs not hear again that all is not well. */
  #lookMs = Number.NEGATIVE_INFINITY;
  #unwellUntilMs = Number.NEGATIVE_INFINITY;
  #isRetired = false;

  constructor(
    key: string,
    engine: Pick<Engine, "clock" | "random" | "state" | "emit">,
    record: ChannelRecord,
    stop: AbortSignal,
  ) {
    this.key = key;
    this.#engine = engine;
    this.#record = record;
    this.#stop = stop;
  }

  get record(): ChannelRecord {
    return this.#record;
  }

  /** The switch is another from now on: nothing that comes of a call under way is recorded any more. */
  retire(): void {
    this.#isRetired = true;
  }

  /** Answers when to look again. */
  async pass(notifier: HeartbeatNotifier, pulse: () => Promise<Pulse>): Promise<Instant> {
    const { clock } = this.#engine;
    const leftMs = this.#lookMs - clock.monotonicMs();
    if (leftMs > 0) return clock.now() + leftMs;
    const restMs = await this.#beat(notifier, pulse);
    this.#lookMs = clock.monotonicMs() + restMs;
    return clock.now() + restMs;
  }

  /** Answers how long to rest. */
  async #beat(notifier: HeartbeatNotifier, pulse: () => Promise<Pulse>): Promise<number> {
    const { clock } = this.#engine;
    const beganMs = clock.monotonicMs();
    const { everyMs } = notifier;
    const soonMs = Math.min(everyMs, LOOK_AGAIN_MS);
    // What cannot be read says nothing: not that all is well, nor that the switch fails.
    const now = await pulse().catch(() => null);
    if (now === null || (!now.ok && beganMs < this.#unwellUntilMs)) return soonMs;
    this.#unwellUntilMs = now.ok ? Number.NEGATIVE_INFINITY : beganMs + everyMs;
    try {
      await limited(clock, TELL_LIMIT_MS, this.#stop, (signal) => notifier.beat(now, signal));
      if (now.ok) await this.#succeeded();
    } catch (thrown) {
      if (this.#stop.aborted) return everyMs;
      this.#unwellUntilMs = Number.NEGATIVE_INFINITY;
      const at = clock.now();
      const nextTryAt = await this.#failed(thrown);
      return Math.min(nextTryAt - at, everyMs);
    }
    return now.ok ? Math.max(0, everyMs - (clock.monotonicMs() - beganMs)) : soonMs;
  }

  async #succeeded(): Promise<void> {
    const before = this.#record;
    const at = this.#engine.clock.now();
    this.#record = afterChannelSuccess(at);
    // Once, so that `channel:told` says that it works; every beat would fill the log.
    if (before.lastSuccessAt !== null && before.failures === 0) return;
    this.#engine.emit({ type: "channel:told", at, channel: this.key, firing: 0, resolved: 0 });
    if (before.failures > 0) this.#engine.emit({ type: "channel:recovered", at, channel: this.key });
    await this.#note();
  }

  /** Answers when to try again. */
  async #failed(thrown: unknown): Promise<Instant> {
    const { clock, random, emit } = this.#engine;
    const error = toRenewdError(thrown);
    const at = clock.now();
    this.#record = afterChannelFailure(this.#record, error, random.share(), at);
    const { failures, nextTryAt } = this.#record;
    const { code, message } = error;
    if (!this.#isRetired) emit({ type: "channel:failed", at, channel: this.key, code, message, failures, nextTryAt });
    await this.#note();
    return nextTryAt ?? at;
  }

  async #note(): Promise<void> {
    if (this.#isRetired) return;
    const { state } = this.#engine;
    const conditions = channelConditions(this.key, this.#record);
    await state.noteChannel(this.key, { record: this.#record }).catch(() => undefined);
    await tellConditions(this.#engine, channelSubject(this.key), conditions, null).catch(() => undefined);
  }
}
