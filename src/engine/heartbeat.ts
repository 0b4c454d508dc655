import type { Pulse } from "../core/alert.ts";
import { channelSubject } from "../core/alert.ts";
import { afterChannelFailure, afterChannelSuccess, channelConditions } from "../core/channel.ts";
import type { Instant } from "../core/duration.ts";
import { toRenewdError } from "../core/errors.ts";
import type { HeartbeatNotifier } from "../core/ports.ts";
import type { ChannelRecord } from "../core/telling.ts";
import { TELL_LIMIT_MS } from "./channel-teller.ts";
import type { Engine } from "./engine.ts";
import { limited } from "./limited.ts";
import { tellConditions } from "./tell.ts";

/** Tells one dead man's switch, as often as that wants. Nobody needs to remember over a restart when it was told. */
export class Heartbeat {
  readonly key: string;
  readonly #engine: Pick<Engine, "clock" | "random" | "state" | "emit">;
  readonly #stop: AbortSignal;
  #record: ChannelRecord;
  #beatMs = Number.NEGATIVE_INFINITY;

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

  /** Answers when to look again. */
  async pass(notifier: HeartbeatNotifier, pulse: () => Promise<Pulse>): Promise<Instant> {
    const { clock } = this.#engine;
    const restMs = this.#beatMs + notifier.everyMs - clock.monotonicMs();
    if (restMs > 0) return clock.now() + restMs;
    this.#beatMs = clock.monotonicMs();
    try {
      const now = await pulse();
      await limited(clock, TELL_LIMIT_MS, this.#stop, (signal) => notifier.beat(now, signal));
      if (now.ok) await this.#succeeded();
    } catch (thrown) {
      if (!this.#stop.aborted) await this.#failed(thrown);
    }
    return clock.now() + notifier.everyMs;
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

  async #failed(thrown: unknown): Promise<void> {
    const { clock, random, emit } = this.#engine;
    const error = toRenewdError(thrown);
    const at = clock.now();
    this.#record = afterChannelFailure(this.#record, error, random.share(), at);
    const { failures, nextTryAt } = this.#record;
    const { code, message } = error;
    emit({ type: "channel:failed", at, channel: this.key, code, message, failures, nextTryAt: nextTryAt ?? at });
    await this.#note();
  }

  async #note(): Promise<void> {
    const { state } = this.#engine;
    const conditions = channelConditions(this.key, this.#record);
    await state.noteChannel(this.key, { record: this.#record }).catch(() => undefined);
    await tellConditions(this.#engine, channelSubject(this.key), conditions, null).catch(() => undefined);
  }
}
