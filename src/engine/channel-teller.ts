import { type Alert, type AlertOrigin, alertLabels, alertOf, channelSubject } from "../core/alert.ts";
import { becameOf } from "../core/became.ts";
import {
  afterChannelFailure,
  afterChannelPartly,
  afterChannelSuccess,
  channelConditions,
  mayTry,
} from "../core/channel.ts";
import { HOUR_MS, type Instant, MINUTE_MS, SECOND_MS } from "../core/duration.ts";
import { type RenewdError, toRenewdError } from "../core/errors.ts";
import type { Condition, Incident } from "../core/incidents.ts";
import type { AlertNotifier } from "../core/ports.ts";
import { channelsFor } from "../core/routes.ts";
import type { AlertSettings } from "../core/settings.ts";
import type { DeclaredToken } from "../core/token.ts";
import {
  type ChannelRecord,
  FRESH_CHANNEL,
  incidentKey,
  isGraveNews,
  nextTellingAt,
  type Telling,
  toTell,
  type ToTell,
} from "../core/telling.ts";
import type { Engine } from "./engine.ts";
import { limited } from "./limited.ts";
import type { Patience } from "./patience.ts";
import { RefusedAlerts } from "./refused-alerts.ts";
import { tellConditions } from "./tell.ts";

/** One call to a channel takes no longer, whatever its own `timeout`. */
export const TELL_LIMIT_MS: number = 2 * MINUTE_MS;
/** In any minute one channel gets no more calls. */
const CALLS_PER_MINUTE = 20;
/** So many of them are kept for what is critical and not told yet: nobody is woken a minute late because of milder things. */
const CALLS_FOR_GRAVE = 4;
/** When a minute has had so many, a call that has room left waits for more to come: else single ones would use up the minute. */
const CALLS_AT_ONCE = 10;
const GATHER_MS: number = 6 * SECOND_MS;
/** A pass tells what one reading says; when calls are slow it ends, so that the next reads anew. */
const PASS_MS: number = 10 * SECOND_MS;
/** A failure of which nothing was heard again for so long, because nothing was to be told, counts no more. */
const FORGIVE_MS: number = HOUR_MS;

export interface Told {
  readonly record: ChannelRecord;
  /** By `incidentKey`. */
  readonly tellings: ReadonlyMap<string, Telling>;
}

/** At the start. */
interface KnownOfChannel extends Told {
  /** Those of the tellings that the state does not have. */
  readonly unnoted: readonly Incident[];
}

type Item = ToTell & { readonly key: string };

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
  readonly #patience: Patience;
  #told: Told;
  readonly #refused: RefusedAlerts;
  /** By `incidentKey`: those of which the state does not have yet what the channel was told last. */
  readonly #unnoted = new Map<string, Incident>();
  #isNoted: boolean;
  /** What is to be told of the channel itself, where the state did not take it. */
  #untold: readonly Condition[] | null;
  /** When the last calls began, by the monotonic clock. */
  #callsMs: readonly number[] = [];
  #isRetired = false;

  constructor(
    key: string,
    engine: Pick<Engine, "clock" | "random" | "state" | "emit">,
    { record, tellings, unnoted }: KnownOfChannel,
    patience: Patience,
    stop: AbortSignal,
  ) {
    this.key = key;
    this.#engine = engine;
    this.#told = { record, tellings };
    this.#refused = new RefusedAlerts(record);
    for (const incident of unnoted) this.#unnoted.set(incidentKey(incident), incident);
    this.#isNoted = unnoted.length === 0;
    // An earlier renewd may have ended after it noted that the channel is well, and before it told so.
    this.#untold = record.failures === 0 ? [] : null;
    this.#patience = patience;
    this.#stop = stop;
  }

  get record(): ChannelRecord {
    return this.#told.record;
  }

  /** The channel is another from now on: nothing that comes of a call under way is recorded any more. */
  retire(): void {
    this.#isRetired = true;
  }

  /** Records what is not recorded yet; whether all is. */
  async settle(): Promise<boolean> {
    await this.#note();
    return this.#isNoted;
  }

  /** Tells what there is to tell now, as far as it may. Answers when to look again; null when only news call for it. */
  async pass(notifier: AlertNotifier, occasion: Occasion): Promise<Instant | null> {
    const { clock } = this.#engine;
    const { resendMs, batchMax, intervalMs } = notifier.capabilities;
    const { here: open = [], elsewhere = [] } = Object.groupBy(occasion.open, (incident) =>
      this.#isRouted(incident, occasion) ? "here" : "elsewhere",
    );
    await this.#note();
    if (this.#untold !== null) await this.#tellOfItself(this.#untold);
    const beganMs = clock.monotonicMs();
    while (!this.#stop.aborted && !this.#isRetired) {
      const [now, nowMs] = [clock.now(), clock.monotonicMs()];
      if (nowMs - beganMs >= PASS_MS) return now;
      const view = { open, elsewhere, told: [...this.#told.tellings.values()], resendMs };
      const due = toTell(view, now).map((each): Item => ({ ...each, key: incidentKey(each.incident) }));
      if (this.#refused.isOver(due)) await this.#refusesNothing(now);
      const nextAt = nextTellingAt(view, now);
      if (due.length === 0) return (await this.#forgive(now)) ?? nextAt;
      const hasGrave = due.some((item) => isGraveNews(item) && !this.#refused.has(item.key));
      const restMs = this.#restMs(intervalMs, hasGrave, nowMs);
      if (restMs > 0) return now + restMs;
      if (!mayTry(this.record, now)) return this.record.nextTryAt;
      const pauseMs = this.#refused.pauseMs(due, nowMs);
      if (pauseMs > 0) return now + pauseMs;
      const batch = this.#refused.next(due, batchMax, nowMs);
      if (batch.length === 0) return Math.min(now + this.#refused.restMs(nowMs), nextAt ?? Infinity);
      const isAll = batch.length === due.length && batch.length < batchMax;
      const gatherMs = isAll ? this.#gatherMs(nowMs) : 0;
      if (gatherMs > 0) return now + gatherMs;
      this.#callsMs = [...this.#callsMs, nowMs].slice(-CALLS_PER_MINUTE);
      if (!(await this.#tell(notifier, batch, occasion))) return this.record.nextTryAt;
    }
    return null;
  }

  /** How long the next call has to wait: for the channel's own pace, and while a minute has had its calls. */
  #restMs(intervalMs: number, hasGrave: boolean, nowMs: number): number {
    const most = hasGrave ? CALLS_PER_MINUTE : CALLS_PER_MINUTE - CALLS_FOR_GRAVE;
    const last = this.#callsMs.at(-1) ?? Number.NEGATIVE_INFINITY;
    const first = this.#callsMs.at(-most) ?? Number.NEGATIVE_INFINITY;
    return Math.max(last + intervalMs, first + MINUTE_MS) - nowMs;
  }

  #gatherMs(nowMs: number): number {
    const last = this.#callsMs.at(-1) ?? Number.NEGATIVE_INFINITY;
    const isBusy = (this.#callsMs.at(-CALLS_AT_ONCE) ?? Number.NEGATIVE_INFINITY) > nowMs - MINUTE_MS;
    return isBusy ? last + GATHER_MS - nowMs : 0;
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

  /** False when the channel failed as a whole. */
  async #tell(notifier: AlertNotifier, batch: readonly Item[], occasion: Occasion): Promise<boolean> {
    const { clock } = this.#engine;
    const now = clock.now();
    const told = batch.map((item) => ({ item, alert: alertFor(item, occasion, now) }));
    const alerts = told.map(({ alert }) => alert);
    try {
      await limited(clock, TELL_LIMIT_MS, this.#stop, (signal) => notifier.notify(alerts, signal));
    } catch (thrown) {
      if (this.#stop.aborted) return false;
      const error = toRenewdError(thrown);
      if (error.code === "channel_partly") await this.#succeeded(told, now, error);
      else if (error.code === "channel_refused") await this.#refuses(batch, error);
      else {
        await this.#failed(error);
        return false;
      }
      return true;
    }
    await this.#succeeded(told, now);
    return true;
  }

  /** `partly`: some of those whom the channel is to tell were told. */
  async #succeeded(
    told: readonly { readonly item: Item; readonly alert: Alert }[],
    now: Instant,
    partly: RenewdError | null = null,
  ): Promise<void> {
    const { emit } = this.#engine;
    const before = this.record;
    const tellings = new Map(this.#told.tellings);
    for (const { item, alert } of told) {
      const { incident, key, cause } = item;
      if (cause === "resolved") tellings.delete(key);
      else tellings.set(key, { channel: this.key, incident, labels: alert.labels, toldAt: now });
    }
    this.#refused.took(told.map(({ item }) => item.key));
    const refusing = this.#refused.record;
    const well = refusing === null ? afterChannelSuccess(now) : { ...refusing, lastSuccessAt: now };
    const record = partly === null ? well : afterChannelPartly(before, partly, now);
    this.#told = { record, tellings };
    const news = told.filter(({ item }) => item.isNews);
    const over = news.filter(({ item }) => item.cause === "resolved").length;
    // What is only told again needs no record, but for other labels: after a restart it is told again anyway.
    const noted = told.filter(({ item, alert }) => item.isNews || alert.labelsBefore !== null);
    const isChanged = before.code !== record.code || before.failures !== record.failures;
    if (noted.length === 0 && !isChanged) return;
    await this.#note(noted.map(({ item }) => item.incident));
    if (this.#isRetired) return;
    emit({ type: "channel:told", at: now, channel: this.key, firing: news.length - over, resolved: over });
    if (partly !== null) return this.#showFailed(partly, now);
    if (!isChanged) return;
    if (record.failures === 0) emit({ type: "channel:recovered", at: now, channel: this.key });
    await this.#tellOfItself();
  }

  async #refuses(batch: readonly Item[], error: RenewdError): Promise<void> {
    const { clock } = this.#engine;
    const now = clock.now();
    const keys = batch.map(({ key }) => key);
    this.#refused.refused(keys, error, this.record.lastSuccessAt, now, clock.monotonicMs());
    this.#told = { ...this.#told, record: this.#refused.record ?? this.record };
    await this.#note([]);
    await this.#showFailed(error, now);
  }

  /** What it refused it took by now, or that is over. */
  async #refusesNothing(now: Instant): Promise<void> {
    const { code, since, lastSuccessAt } = this.record;
    if (code !== "channel_refused") return;
    this.#told = { ...this.#told, record: { ...FRESH_CHANNEL, lastSuccessAt } };
    await this.#note([]);
    if ((lastSuccessAt ?? 0) > (since ?? 0))
      this.#engine.emit({ type: "channel:recovered", at: now, channel: this.key });
    await this.#tellOfItself();
  }

  async #failed(error: RenewdError): Promise<void> {
    const { clock, random } = this.#engine;
    const now = clock.now();
    const record = afterChannelFailure(this.record, error, random.share(), now);
    this.#told = { ...this.#told, record };
    await this.#note([]);
    await this.#showFailed(error, now);
  }

  async #showFailed({ code, message }: RenewdError, at: Instant): Promise<void> {
    if (this.#isRetired) return;
    const { failures, nextTryAt } = this.record;
    this.#engine.emit({ type: "channel:failed", at, channel: this.key, code, message, failures, nextTryAt });
    // One that is not worth telling yet says nothing against what is told: it was not reaching everybody, or refused some.
    if (channelConditions(this.key, this.record).length > 0) await this.#tellOfItself();
  }

  /** Through the other channels; what the state does not take is told at a later pass. */
  async #tellOfItself(conditions = channelConditions(this.key, this.record)): Promise<void> {
    if (this.#isRetired) return;
    const telling = (): Promise<unknown> => tellConditions(this.#engine, channelSubject(this.key), conditions, null);
    this.#untold = await this.#patience.ask(telling).then(
      () => null,
      () => conditions,
    );
  }

  /**
   * Records what the channel was told, of these and of whatever could not be recorded before. A state that cannot be written
   * is told of by those who need it; alerts go out all the same, and a later pass records them: their end must be told too.
   */
  async #note(changed?: readonly Incident[]): Promise<void> {
    for (const incident of changed ?? []) this.#unnoted.set(incidentKey(incident), incident);
    if (this.#isRetired || (changed === undefined && this.#isNoted)) return;
    const { record, tellings } = this.#told;
    const told = [...this.#unnoted.keys()].flatMap((key) => tellings.get(key) ?? []);
    const over = [...this.#unnoted.values()].filter((incident) => !tellings.has(incidentKey(incident)));
    const noting = (): Promise<void> => this.#engine.state.noteChannel(this.key, { record, told, over });
    this.#isNoted = await this.#patience.ask(noting).then(
      () => true,
      () => false,
    );
    if (this.#isNoted) this.#unnoted.clear();
  }
}

function alertFor(item: Item, { open, origin, declared: find }: Occasion, now: Instant): Alert {
  const { incident, cause, before, still } = item;
  const declared = find(incident.token);
  const labelsBefore = before === null ? null : (before.labels ?? alertLabels(before.incident, declared, origin));
  const { token, target } = incident;
  // Of one target another is no part.
  const isBeside = (each: Incident): boolean =>
    token !== "" && each.token === token && each.severity === "critical" && (target === "" || each.target === target);
  const [became, beside] = [becameOf(incident, open), open.find(isBeside) ?? null];
  return alertOf(incident, origin, { cause, declared, labelsBefore, became, still, beside, now });
}
