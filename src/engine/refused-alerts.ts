import { afterChannelRefusal, retryMs } from "../core/channel.ts";
import { type Instant, MINUTE_MS } from "../core/duration.ts";
import type { RenewdError } from "../core/errors.ts";
import { type ChannelRecord, FRESH_CHANNEL } from "../core/telling.ts";

/** Of so many calls one is for what was refused, however much else there is to tell. */
const TURNS = 5;
/** A channel that refused so many, each by itself, and took nothing meanwhile refuses everything, as far as anybody can tell. */
const ALONE_FOR_ALL = 3;
/** What is new is tried all the same, for it may be another; but no more often. */
const NEWS_EVERY_MS: number = MINUTE_MS;

interface Refusal {
  /** By itself, in a row. */
  readonly times: number;
  /** With so many others at most it is tried again: halving finds the one that is meant among many. */
  readonly most: number;
  /** Of the monotonic clock. */
  readonly nextTryMs: number;
}

interface Due {
  readonly key: string;
  readonly isNews: boolean;
}

/** What a channel refused: each waits by itself, and keeps nothing else from the channel. Nobody needs it over a restart. */
export class RefusedAlerts {
  readonly #refusals = new Map<string, Refusal>();
  #record: ChannelRecord | null;
  /** Calls for others, in a row. */
  #others = 0;
  /** Those that it refused by themselves since it took anything. */
  readonly #alone = new Set<string>();
  /** In a row, since it refuses everything; and the last of them, by the monotonic clock. */
  #vain = 0;
  #refusedMs = Number.NEGATIVE_INFINITY;

  /** `record`: how the channel fared, as it was kept over a restart. */
  constructor(record: ChannelRecord) {
    this.#record = record.code === "channel_refused" ? record : null;
  }

  /** How the channel fares while it refuses something; null when it refuses nothing. */
  get record(): ChannelRecord | null {
    return this.#record;
  }

  refused(
    keys: readonly string[],
    error: RenewdError,
    lastSuccessAt: Instant | null,
    now: Instant,
    nowMs: number,
  ): void {
    this.#record = { ...afterChannelRefusal(this.#record ?? FRESH_CHANNEL, error, now), lastSuccessAt };
    const most = Math.ceil(keys.length / 2);
    for (const key of keys) {
      const times = (this.#refusals.get(key)?.times ?? 0) + (keys.length === 1 ? 1 : 0);
      this.#refusals.set(key, { times, most, nextTryMs: keys.length === 1 ? nowMs + retryMs(times) : nowMs });
      if (keys.length === 1) this.#alone.add(key);
    }
    this.#refusedMs = nowMs;
    if (this.#alone.size >= ALONE_FOR_ALL) this.#vain += 1;
  }

  has(key: string): boolean {
    return this.#refusals.has(key);
  }

  took(keys: readonly string[]): void {
    this.#alone.clear();
    this.#vain = 0;
    for (const key of keys) this.#refusals.delete(key);
  }

  /**
   * Of what is due, what goes out in one call: first news that nobody refused, then what may be tried again, the one that has
   * waited longest first, then what is only told again.
   */
  next<T extends Due>(due: readonly T[], most: number, nowMs: number): readonly T[] {
    if (this.#refusals.size === 0) return due.slice(0, most);
    const others = due.filter(({ key }) => !this.#refusals.has(key));
    const [first, ...more] = due
      .flatMap((item) => {
        const refusal = this.#refusals.get(item.key);
        return refusal === undefined || refusal.nextTryMs > nowMs ? [] : [{ item, refusal }];
      })
      .toSorted((a, b) => a.refusal.nextTryMs - b.refusal.nextTryMs);
    this.#others += 1;
    if (first === undefined || (others[0]?.isNews === true && this.#others < TURNS)) return others.slice(0, most);
    this.#others = 0;
    return [first, ...more].slice(0, Math.min(first.refusal.most, most)).map(({ item }) => item);
  }

  /** Forgets what is not due any more. True when by that, or by what it took, the channel refuses nothing any more. */
  isOver(due: readonly Due[]): boolean {
    if (this.#refusals.size > 0) {
      const keys = new Set(due.map(({ key }) => key));
      for (const key of this.#refusals.keys()) if (!keys.has(key)) this.#refusals.delete(key);
    }
    // After a restart nobody knows which it refused: one of those that are still to be told.
    if (this.#record === null || this.#refusals.size > 0 || due.some(({ isNews }) => isNews)) return false;
    this.#record = null;
    this.took([]);
    return true;
  }

  /** How long a channel that refuses everything is left alone, as one that fails is. */
  pauseMs(due: readonly Due[], nowMs: number): number {
    if (this.#vain === 0) return 0;
    const hasNews = due.some(({ key, isNews }) => isNews && !this.#refusals.has(key));
    const restMs = retryMs(this.#vain);
    return Math.max(0, this.#refusedMs + (hasNews ? Math.min(restMs, NEWS_EVERY_MS) : restMs) - nowMs);
  }

  /** Until one of them may be tried again. */
  restMs(nowMs: number): number {
    return Math.max(0, Math.min(...[...this.#refusals.values()].map(({ nextTryMs }) => nextTryMs)) - nowMs);
  }
}
