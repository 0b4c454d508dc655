import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "../../src/core/duration.ts";
import type { Spell } from "./spells.ts";
import type { Draw } from "./streams.ts";

/** How rough the world is: mean gaps between what goes wrong. */
export interface Climate {
  readonly issuerGapMs: number;
  readonly storeGapMs: number;
  readonly placeGapMs: number;
  readonly deathGapMs: number;
  readonly clockGapMs: number;
  /** Per token. */
  readonly personGapMs: number;
  readonly reloadGapMs: number;
}

const CLIMATES: readonly [calm: Climate, usual: Climate, rough: Climate] = [
  {
    issuerGapMs: 40 * DAY_MS,
    storeGapMs: 60 * DAY_MS,
    placeGapMs: 300 * DAY_MS,
    deathGapMs: 30 * DAY_MS,
    clockGapMs: 300 * DAY_MS,
    personGapMs: 200 * DAY_MS,
    reloadGapMs: 120 * DAY_MS,
  },
  {
    issuerGapMs: 12 * DAY_MS,
    storeGapMs: 25 * DAY_MS,
    placeGapMs: 120 * DAY_MS,
    deathGapMs: 6 * DAY_MS,
    clockGapMs: 60 * DAY_MS,
    personGapMs: 90 * DAY_MS,
    reloadGapMs: 45 * DAY_MS,
  },
  {
    issuerGapMs: 4 * DAY_MS,
    storeGapMs: 8 * DAY_MS,
    placeGapMs: 50 * DAY_MS,
    deathGapMs: 2 * DAY_MS,
    clockGapMs: 25 * DAY_MS,
    personGapMs: 40 * DAY_MS,
    reloadGapMs: 20 * DAY_MS,
  },
];

export function drawClimate(draw: Draw): Climate {
  const [calm, usual, rough] = CLIMATES;
  return draw.chance(0.6) ? calm : draw.chance(0.85) ? usual : rough;
}

/** Spells between two instants; a few last for days. */
export function drawSpells<T>(draw: Draw, from: Instant, to: Instant, gapMs: number, make: () => T): Spell<T>[] {
  const spells: Spell<T>[] = [];
  let at = from + draw.gap(gapMs);
  while (at < to) {
    const lengthMs = draw.chance(0.03) ? draw.stretch(DAY_MS, 12 * DAY_MS) : draw.stretch(2 * MINUTE_MS, 20 * HOUR_MS);
    const toAt = Math.min(at + lengthMs, to);
    spells.push({ fromAt: at, toAt, what: make() });
    at = toAt + draw.gap(gapMs);
  }
  return spells;
}

/** Instants at which something happens now and then. */
export function drawInstants(draw: Draw, from: Instant, to: Instant, gapMs: number): readonly Instant[] {
  const instants: Instant[] = [];
  for (let at = from + draw.gap(gapMs); at < to; at += draw.gap(gapMs)) instants.push(at);
  return instants;
}
