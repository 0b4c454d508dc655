import type { FakeRandom } from "../support/fake-random.ts";
import { type Kind, KINDS } from "./kinds.ts";
import { STEPS, type Step } from "./steps.ts";

/** One death: at a step, or (null) at a random instant. */
export interface Kill {
  readonly step: Step | null;
  /** Before the next start. */
  readonly pauseMs: number;
  /** From the start of the process, for one at a random instant. */
  readonly delayMs: number;
}

/** The deaths of one place, from its first start on. */
export interface RoundPlan {
  readonly issuer: Kind;
  readonly kills: readonly Kill[];
}

/** AWS keeps a hundred versions of a secret, and each death goes with about one renewal. */
const KILLS_PER_ROUND_MAX = 40;
/** One death in so many is at a random instant. */
const RANDOM_EVERY = 5;
/** A daemon is up after about half of this. */
const RANDOM_DELAY_MS_MAX = 2_500;

/**
 * Deals the steps, shuffled, over the rounds until there are so many deaths, as many at each kind of issuer. Every step is
 * dealt once before any is dealt twice; what only few kinds have comes first.
 */
export function planRounds(random: FakeRandom, kills: number, kinds: readonly Kind[] = KINDS): readonly RoundPlan[] {
  const least = Math.ceil(kills / KILLS_PER_ROUND_MAX);
  const count = kills < kinds.length ? least : Math.ceil(least / kinds.length) * kinds.length;
  const decks = new Map(kinds.map((kind) => [kind, new Deck(random, kind)] as const));
  const tried = new Set<string>();
  return Array.from({ length: count }, (_, round) => {
    const issuer = kinds[round % kinds.length] as Kind;
    const size = Math.floor((kills * (round + 1)) / count) - Math.floor((kills * round) / count);
    return { issuer, kills: planRound(random, decks.get(issuer) as Deck, size, issuer, tried) };
  });
}

function planRound(random: FakeRandom, deck: Deck, size: number, issuer: Kind, tried: Set<string>): readonly Kill[] {
  const firsts = STEPS.filter((step) => step.first === true && step.kinds.includes(issuer));
  const isWorthIt = size > firsts.length * 2 && firsts.some(({ name }) => !tried.has(name));
  const steps: (Step | null)[] = isWorthIt ? [...firsts] : [];
  for (const { name } of isWorthIt ? firsts : []) tried.add(name);
  while (steps.length < size) {
    if (steps.length % RANDOM_EVERY === RANDOM_EVERY - 1) {
      steps.push(null);
      continue;
    }
    const hasRoom = steps.length + 2 <= size;
    const step = deck.next((each) => hasRoom || each.afterDeathAt === undefined, tried);
    const cause = STEPS.find(({ name }) => name === step.afterDeathAt);
    if (cause !== undefined) tried.add(cause.name);
    steps.push(...(cause === undefined ? [step] : [cause, step]));
  }
  return steps.map((step) => ({
    step,
    pauseMs: random.below(2) === 0 ? 0 : random.below(400),
    delayMs: random.below(RANDOM_DELAY_MS_MAX),
  }));
}

class Deck {
  readonly #random: FakeRandom;
  readonly #kind: Kind;
  #left: Step[] = [];

  constructor(random: FakeRandom, kind: Kind) {
    this.#random = random;
    this.#kind = kind;
  }

  /** One that no other deck has dealt, as long as there is any, and the rarest of them. */
  next(fits: (step: Step) => boolean, tried: Set<string>): Step {
    if (!this.#left.some(fits)) this.#left = this.#shuffled();
    const fitting = this.#left.filter(fits);
    const fresh = fitting.filter(({ name }) => !tried.has(name));
    const step = fresh.toSorted((a, b) => a.kinds.length - b.kinds.length)[0] ?? fitting[0];
    if (step === undefined) throw new TypeError("no step fits");
    this.#left.splice(this.#left.indexOf(step), 1);
    tried.add(step.name);
    return step;
  }

  #shuffled(): Step[] {
    const steps = STEPS.filter((step) => step.first !== true && step.kinds.includes(this.#kind));
    for (let last = steps.length - 1; last > 0; last -= 1) {
      const other = this.#random.below(last + 1);
      [steps[last], steps[other]] = [steps[other] as Step, steps[last] as Step];
    }
    return steps;
  }
}
