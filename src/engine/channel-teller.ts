import { type Alert, type AlertOrigin, alertLabels, alertOf, becameOf, channelSubject } from "../core/alert.ts";
import { afterChannelFailure, afterChannelSuccess, channelConditions, mayTry } from "../core/channel.ts";
import { HOUR_MS, type Instant, MINUTE_MS } from "../core/duration.ts";
import { type RenewdError, toRenewdError } from "../core/errors.ts";
import type { Incident } from "../core/incidents.ts";
import type { AlertNotifier } from "../core/ports.ts";
import { channelsFor } from "../core/routes.ts";
import type { AlertSettings } from "../core/settings.ts";
import type { DeclaredToken } from "../core/token.ts";
import {
  type ChannelRecord,
  FRESH_CHANNEL,
  incidentKey,
  nextTellingAt,
  type Telling,
  toTell,
  type ToTell,
} from "../core/telling.ts";
import type { Engine } from "./engine.ts";
import { limited } from "./limited.ts";
import { tellConditions } from "./tell.ts";

/** One call to a channel takes no longer, whatever its own `timeout`. */
export const TELL_LIMIT_MS: number = 2 * MINUTE_MS;
/** So many calls follow each other; the others come a minute later, the gravest first. */
const CALLS_PER_PASS = 20;
/** A failure of which nothing was heard again for so long, because nothing was to be told, counts no more. */
const FORGIVE_MS: number = HOUR_MS;

export interface Told {
  readonly record: ChannelRecord;
  /** By `incidentKey`. */
  readonly tellings: ReadonlyMap<string, Telling>;
}

export interface Occasion {
  readonly open: readonly Incident[];
  readonly alerts: AlertSettings;
  readonly origin: AlertOrigin;
  readonly declared: (token: string) => DeclaredToken | null;
}

/**
 * Tells one channel. What it was told is kept in the state, so that a restart neither repeats nor forgets; while the state
 * cannot be written it is kept here alone, so that nobody is told the same at every look.
 */
export class ChannelTeller {
  readonly key: string;
  readonly #engine: Pick<Engine, "clock" | "random" | "state" | "emit">;
  readonly #stop: AbortSignal;
  #told: Told;
  /** Alerts that the channel refused, the latest last: the others come first, for one bad apple must not hold up all. */
  readonly #refused = new Set<string>();
  /** By `incidentKey`: those of which the state does not have yet what the channel was told last. */
  readonly #unnoted = new Map<string, Incident>();
  #isNoted = true;
  #lastCallMs = Number.NEGATIVE_INFINITY;

  constructor(key: string, engine: Pick<Engine, "clock" | "random" | "state" | "emit">, told: Told, stop: AbortSignal) {
    this.key = key;
    this.#engine = engine;
    this.#told = told;
    this.#stop = stop;
  }

  get record(): ChannelRecord {
    return this.#told.record;
  }

  /** Tells what there is to tell now, as far as it may. Answers when to look again; null when only news call for it. */
  async pass(notifier: AlertNotifier, occasion: Occasion): Promise<Instant | null> {
    const { clock } = this.#engine;
    const { resendMs, batchMax, intervalMs } = notifier.capabilities;
    const open = occasion.open.filter((incident) => this.#isRouted(incident, occasion));
    await this.#note();
    for (let call = 0; call < CALLS_PER_PASS && !this.#stop.aborted; call += 1) {
      const now = clock.now();
      const view = { open, told: [...this.#told.tellings.values()], resendMs };
      const due = this.#inTurn(toTell(view, now));
      if (due.length === 0) return (await this.#forgive(now)) ?? nextTellingAt(view);
      if (!mayTry(this.record, now)) return this.record.nextTryAt;
      const restMs = this.#lastCallMs + intervalMs - clock.monotonicMs();
      if (restMs > 0) return now + restMs;
      this.#lastCallMs = clock.monotonicMs();
      const batch = this.#refused.has(due[0]?.key ?? "") ? due.slice(0, 1) : due.slice(0, batchMax);
      const went = await this.#tell(notifier, batch, occasion);
      if (!went) return this.record.nextTryAt;
    }
    return clock.now() + MINUTE_MS;
  }

  /** With nothing to tell it a channel cannot show that it is well again. Answers when to look at that again. */
  async #forgive(now: Instant): Promise<Instant | null> {
    const { failures, nextTryAt, lastSuccessAt } = this.record;
    if (failures === 0 || nextTryAt === null) return null;
    const forgottenAt = nextTryAt + FORGIVE_MS;
    if (now < forgottenAt && forgottenAt <= now + 2 * FORGIVE_MS) return forgottenAt;
    this.#told = { ...this.#told, record: { ...FRESH_CHANNEL, lastSuccessAt } };
    await this.#note([]);
    await this.#tellOfItself();
    return null;
  }

  #isRouted(incident: Incident, { alerts, origin, declared }: Occasion): boolean {
    // That it fails is for the others to tell.
    if (incident.token === "" && incident.target === channelSubject(this.key).target) return false;
    const labels = alertLabels(incident, declared(incident.token), origin);
    return channelsFor(alerts.routes, incident.severity, labels).has(this.key);
  }

  #inTurn(due: readonly ToTell[]): readonly (ToTell & { readonly key: string })[] {
    const keyed = due.map((each) => ({ ...each, key: incidentKey(each.incident) }));
    for (const key of this.#refused) if (!keyed.some((each) => each.key === key)) this.#refused.delete(key);
    const first = keyed.filter(({ key }) => !this.#refused.has(key));
    if (first.length > 0) return first;
    const longestAgo = [...this.#refused];
    return keyed.toSorted((a, b) => longestAgo.indexOf(a.key) - longestAgo.indexOf(b.key));
  }

  async #tell(
    notifier: AlertNotifier,
    batch: readonly (ToTell & { readonly key: string })[],
    occasion: Occasion,
  ): Promise<boolean> {
    const { clock } = this.#engine;
    const now = clock.now();
    const alerts = batch.map(({ incident, cause, before }): Alert => {
      const declared = occasion.declared(incident.token);
      return alertOf(incident, occasion.origin, {
        cause,
        declared,
        severityBefore: before?.incident.severity ?? null,
        became: becameOf(incident, occasion.open),
        now,
      });
    });
    try {
      await limited(clock, TELL_LIMIT_MS, this.#stop, (signal) => notifier.notify(alerts, signal));
    } catch (thrown) {
      if (this.#stop.aborted) return false;
      const error = toRenewdError(thrown);
      if (error.code === "channel_refused") this.#noteRefused(batch.map(({ key }) => key));
      await this.#failed(error);
      return false;
    }
    await this.#succeeded(batch, now);
    return true;
  }

  async #succeeded(batch: readonly (ToTell & { readonly key: string })[], now: Instant): Promise<void> {
    const { emit } = this.#engine;
    const before = this.record;
    const tellings = new Map(this.#told.tellings);
    const firing = batch.filter(({ cause }) => cause !== "resolved");
    const over = batch.filter(({ cause }) => cause === "resolved");
    for (const { incident, key } of firing) tellings.set(key, { channel: this.key, incident, toldAt: now });
    for (const { key } of over) tellings.delete(key);
    for (const { key } of batch) this.#refused.delete(key);
    this.#told = { record: afterChannelSuccess(now), tellings };
    const isNews = (item: ToTell): boolean =>
      item.before?.incident.toldTimes !== item.incident.toldTimes ||
      item.before.incident.openedAt !== item.incident.openedAt;
    const news = firing.filter(isNews);
    // What is only told again needs no record: after a restart it is told again anyway.
    if (news.length === 0 && over.length === 0 && before.failures === 0) return;
    await this.#note([...news, ...over].map(({ incident }) => incident));
    emit({ type: "channel:told", at: now, channel: this.key, firing: news.length, resolved: over.length });
    if (before.failures === 0) return;
    emit({ type: "channel:recovered", at: now, channel: this.key });
    await this.#tellOfItself();
  }

  #noteRefused(keys: readonly string[]): void {
    for (const key of keys) {
      this.#refused.delete(key);
      this.#refused.add(key);
    }
  }

  async #failed(error: RenewdError): Promise<void> {
    const { clock, random, emit } = this.#engine;
    const now = clock.now();
    const record = afterChannelFailure(this.record, error, random.share(), now);
    this.#told = { ...this.#told, record };
    await this.#note([]);
    const { code, message } = error;
    const { failures, nextTryAt } = record;
    emit({ type: "channel:failed", at: now, channel: this.key, code, message, failures, nextTryAt: nextTryAt ?? now });
    await this.#tellOfItself();
  }

  /** Through the other channels. */
  async #tellOfItself(): Promise<void> {
    const conditions = channelConditions(this.key, this.record);
    await tellConditions(this.#engine, channelSubject(this.key), conditions, null).catch(() => undefined);
  }

  /**
   * Records what the channel was told, of these and of whatever could not be recorded before. A state that cannot be written
   * is told of by those who need it; alerts go out all the same, and a later pass records them: their end must be told too.
   */
  async #note(changed?: readonly Incident[]): Promise<void> {
    for (const incident of changed ?? []) this.#unnoted.set(incidentKey(incident), incident);
    if (changed === undefined && this.#isNoted) return;
    const { record, tellings } = this.#told;
    const told = [...this.#unnoted.keys()].flatMap((key) => tellings.get(key) ?? []);
    const over = [...this.#unnoted.values()].filter((incident) => !tellings.has(incidentKey(incident)));
    this.#isNoted = await this.#engine.state.noteChannel(this.key, { record, told, over }).then(
      () => true,
      () => false,
    );
    if (this.#isNoted) this.#unnoted.clear();
  }
}
