import { type AlertOrigin } from "../core/alert.ts";
import { type Instant, SECOND_MS } from "../core/duration.ts";
import type { Emit } from "../core/events.ts";
import type { Incident } from "../core/incidents.ts";
import { toldPastState } from "../core/past-state.ts";
import type { Notifier } from "../core/ports.ts";
import type { AlertSettings } from "../core/settings.ts";
import type { ChannelStatus } from "../core/status.ts";
import { type ChannelRecord, FRESH_CHANNEL, incidentKey, type Telling } from "../core/telling.ts";
import { ChannelTeller } from "./channel-teller.ts";
import type { Engine } from "./engine.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Patience } from "./patience.ts";
import { FIRST_SWEEP_PENDING, pulseOf } from "./pulse.ts";
import { forgetChannel } from "./tell.ts";

/** A declared alert channel and what speaks to it. */
export interface Channel {
  readonly key: string;
  readonly type: string;
  readonly notifier: Notifier;
}

export interface HeraldParts {
  readonly engine: Pick<Engine, "clock" | "random" | "state" | "emit" | "fleet" | "trace">;
  readonly instance: string;
  /** Those in force. */
  readonly channels: () => readonly Channel[];
  readonly alerts: () => AlertSettings;
  /** What keeps renewd itself from working, as codes: for dead man's switches. */
  readonly troubles: () => readonly string[];
}

/** What comes together is told together. */
const GATHER_MS: number = SECOND_MS;
/** However far off the next instant is, it is looked again by then: a clock may have been set. */
const LONGEST_REST_MS: number = 60 * SECOND_MS;
/** The fact that says whether, when it ended, the state had all that the channels were told: 1, else 0. */
const ENDED_WELL = "herald_ended_well";
/** Words change without an event: what was read longer ago is read anew. */
const READING_MS: number = 30 * SECOND_MS;

/**
 * Carries what is open to the channels that are to be told of it. The channels do not wait for each other, and the sweep
 * waits for none of them.
 */
export class Herald {
  readonly #parts: HeraldParts;
  readonly #stop = new AbortController();
  readonly #patience: Patience;
  readonly #tellers = new Map<string, ChannelTeller>();
  readonly #hearts = new Map<string, Heartbeat>();
  /** By channel: its pass that is under way. */
  readonly #passes = new Map<string, Promise<void>>();
  /** Channels that something happened for while they were busy. */
  readonly #again = new Set<string>();
  /** Forgotten by the state when the pass that is under way has ended. */
  readonly #toForget = new Set<string>();
  #open: Promise<readonly Incident[]> = Promise.resolve([]);
  #isStale = true;
  #readMs = Number.NEGATIVE_INFINITY;
  #started = false;
  /** Of the daemon itself, while the state cannot hold them. */
  #unrecorded: readonly Incident[] = [];
  #records = new Map<string, ChannelRecord>();
  #tellings = new Map<string, readonly Telling[]>();
  /** By channel: what is counted as told there, and the state does not have. */
  readonly #madeUp = new Map<string, readonly Incident[]>();
  #timer: { readonly at: Instant; readonly cancel: () => void } | undefined;

  constructor(parts: HeraldParts) {
    this.#parts = parts;
    this.#patience = new Patience(parts.engine.clock);
  }

  /** Reads what was told before; throws what the state says. */
  async start(): Promise<void> {
    const { state } = this.#parts.engine;
    this.#records = new Map(await state.channels());
    this.#tellings = Map.groupBy(await state.tellings(), ({ channel }) => channel);
    if ((await state.fact(ENDED_WELL)) === 0) this.#endWhatMayBeOpen();
    await state.setFact(ENDED_WELL, 0).catch(() => undefined);
    this.#started = true;
    this.look();
  }

  readonly onEvent: Emit = ({ type }) => {
    if (!type.startsWith("incident:")) return;
    this.#isStale = true;
    this.#lookAt(this.#parts.engine.clock.now() + GATHER_MS);
  };

  /** An incident that the state cannot hold, because it is of the state itself; null when it is over. */
  tellUnrecorded(incident: Incident | null): void {
    this.#unrecorded = incident === null ? [] : [incident];
    this.#lookAt(this.#parts.engine.clock.now() + GATHER_MS);
  }

  /** Lets every channel that is not busy be told what there is to tell it. Never throws. */
  look(): void {
    const { trace } = this.#parts.engine;
    // Whoever calls is at work on one token; what is told is of all.
    if (trace === undefined) this.#look();
    else trace.outside(() => this.#look());
  }

  #look(): void {
    if (!this.#started || this.#stop.signal.aborted) return;
    for (const channel of this.#parts.channels()) {
      if (this.#passes.has(channel.key)) {
        this.#again.add(channel.key);
        continue;
      }
      const pass = this.#pass(channel)
        .catch(() => null)
        .then(async (at) => {
          if (this.#toForget.delete(channel.key)) await this.#forget(channel.key);
          this.#passes.delete(channel.key);
          if (this.#again.delete(channel.key)) this.#lookAt(this.#parts.engine.clock.now());
          else if (at !== null) this.#lookAt(at);
        });
      this.#passes.set(channel.key, pass);
    }
  }

  /**
   * Of channels that are declared no more, or otherwise than before: the new place hears of all that is open, and at once.
   * Never throws.
   */
  async forget(channels: readonly string[]): Promise<void> {
    for (const key of channels) {
      this.#tellers.get(key)?.retire();
      this.#hearts.get(key)?.retire();
      for (const known of [this.#tellers, this.#hearts, this.#records, this.#tellings, this.#madeUp]) known.delete(key);
      if (this.#passes.has(key)) this.#toForget.add(key);
    }
    for (const key of channels) if (!this.#toForget.has(key)) await this.#forget(key);
  }

  /** While the state cannot be written it is forgotten here alone. */
  async #forget(key: string): Promise<void> {
    await forgetChannel(this.#parts.engine, key).catch(() => undefined);
  }

  async status(): Promise<readonly ChannelStatus[]> {
    if (!this.#started) this.#records = new Map(await this.#parts.engine.state.channels());
    return this.#parts.channels().map(({ key, type }) => {
      const known = this.#tellers.get(key)?.record ?? this.#hearts.get(key)?.record ?? this.#records.get(key);
      return channelStatus(key, type, known ?? FRESH_CHANNEL);
    });
  }

  /** Resolves when the passes that are under way now have ended. */
  async current(): Promise<void> {
    await Promise.all(this.#passes.values());
  }

  /** Ends the calls under way; what was not told is told after the next start. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#stop.abort(new DOMException("renewd stops", "AbortError"));
    await this.current();
    if (!this.#started) return;
    const isNoted = await Promise.all([...this.#tellers.values()].map((teller) => teller.settle()));
    if (isNoted.includes(false)) return;
    await this.#patience.ask(() => this.#parts.engine.state.setFact(ENDED_WELL, 1)).catch(() => undefined);
  }

  /**
   * A renewd that died, or ended while its state failed, may have told of that past the state, and nobody knows. Where such a
   * thing would stay open for ever its end is told; that is nothing to a channel where it is not open. It counts as told there,
   * and is recorded as such: else a stop before the channel took the end would forget it.
   */
  #endWhatMayBeOpen(): void {
    const now = this.#parts.engine.clock.now();
    for (const { key, notifier } of this.#parts.channels()) {
      if (notifier.kind === "heartbeat" || !notifier.capabilities.keepsUntilEnd) continue;
      const told = this.#tellings.get(key) ?? [];
      const known = new Set(told.map(({ incident }) => incidentKey(incident)));
      const more = toldPastState(now).filter((incident) => !known.has(incidentKey(incident)));
      this.#madeUp.set(key, more);
      this.#tellings.set(key, [...told, ...more.map((incident) => ({ channel: key, incident, toldAt: now }))]);
    }
  }

  async #pass({ key, notifier }: Channel): Promise<Instant | null> {
    const { engine, alerts, instance, troubles } = this.#parts;
    if (notifier.kind === "heartbeat") {
      // Before its first look at all tokens renewd knows nothing: that is no failure, or each restart would be one.
      if (troubles().includes(FIRST_SWEEP_PENDING)) return engine.clock.now() + GATHER_MS;
      return this.#heart(key).pass(notifier, () => this.#patience.ask(() => pulseOf(engine, troubles())));
    }
    const settings = alerts();
    const origin: AlertOrigin = { instance, pageUrl: settings.pageUrl, runbooks: settings.runbooks };
    return this.#teller(key).pass(notifier, {
      open: [...this.#unrecorded, ...(await this.#incidents())],
      alerts: settings,
      origin,
      declared: (token) => engine.fleet().members.get(token)?.declared ?? null,
    });
  }

  /** One reading serves all channels. While the state cannot be read, what was open before counts as open. */
  #incidents(): Promise<readonly Incident[]> {
    const nowMs = this.#parts.engine.clock.monotonicMs();
    if (!this.#isStale && nowMs - this.#readMs < READING_MS) return this.#open;
    this.#isStale = false;
    this.#readMs = nowMs;
    const before = this.#open;
    this.#open = this.#patience
      .ask(() => this.#parts.engine.state.incidents())
      .catch(() => {
        this.#isStale = true;
        return before;
      });
    return this.#open;
  }

  #teller(key: string): ChannelTeller {
    const before = this.#tellers.get(key);
    if (before !== undefined) return before;
    const tellings = new Map((this.#tellings.get(key) ?? []).map((each) => [incidentKey(each.incident), each]));
    const record = this.#records.get(key) ?? FRESH_CHANNEL;
    const known = { record, tellings, unnoted: this.#madeUp.get(key) ?? [] };
    const teller = new ChannelTeller(key, this.#parts.engine, known, this.#patience, this.#stop.signal);
    this.#tellers.set(key, teller);
    return teller;
  }

  #heart(key: string): Heartbeat {
    const known = this.#hearts.get(key);
    if (known !== undefined) return known;
    const heart = new Heartbeat(key, this.#parts.engine, this.#records.get(key) ?? FRESH_CHANNEL, this.#stop.signal);
    this.#hearts.set(key, heart);
    return heart;
  }

  /** The earliest wish wins. */
  #lookAt(at: Instant): void {
    if (!this.#started || this.#stop.signal.aborted) return;
    const { clock } = this.#parts.engine;
    const now = clock.now();
    const soonest = Math.min(Math.max(at, now), now + LONGEST_REST_MS);
    if (this.#timer !== undefined && this.#timer.at <= soonest && this.#timer.at >= now) return;
    this.#timer?.cancel();
    const cancel = clock.after(soonest - now, () => {
      this.#timer = undefined;
      this.look();
    });
    this.#timer = { at: soonest, cancel };
  }
}

function channelStatus(channel: string, type: string, record: ChannelRecord): ChannelStatus {
  const { failures, code, message, nextTryAt, lastSuccessAt } = record;
  return { channel, type, failures, code, message, nextTryAt, lastSuccessAt };
}
