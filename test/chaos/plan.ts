import type { FakeRandom } from "../support/fake-random.ts";
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
  /** Whether the issuer is a process of its own, or lives and dies with the daemon. */
  readonly issuer: "apart" | "embedded";
  readonly kills: readonly Kill[];
}

/** AWS keeps a hundred versions of a secret, and each death goes with about one renewal. */
const KILLS_PER_ROUND_MAX = 40;
/** One death in so many is at a random instant. */
const RANDOM_EVERY = 4;
/** A daemon is up after about half of this. */
const RANDOM_DELAY_MS_MAX = 2_500;

/** Deals the steps, shuffled, over the rounds until there are so many deaths. Every step is dealt once before any is dealt twice. */
export function planRounds(random: FakeRandom, kills: number): readonly RoundPlan[] {
  const count = Math.max(1, Math.ceil(kills / KILLS_PER_ROUND_MAX));
  const decks = { apart: new Deck(random), embedded: new Deck(random) };
  const tried = new Set<string>();
  const plans: RoundPlan[] = [];
  for (let round = 0; round < count; round += 1) {
    const issuer = round % 2 === 0 ? "apart" : "embedded";
    const size = Math.floor((kills * (round + 1)) / count) - Math.floor((kills * round) / count);
    plans.push({ issuer, kills: planRound(random, decks[issuer], size, issuer, tried) });
  }
  return plans;
}

function planRound(
  random: FakeRandom,
  deck: Deck,
  size: number,
  issuer: RoundPlan["issuer"],
  tried: Set<string>,
): readonly Kill[] {
  const firsts = STEPS.filter((step) => step.first === true);
  const steps: (Step | null)[] = size > firsts.length * 2 ? [...firsts] : [];
  while (steps.length < size) {
    if (steps.length % RANDOM_EVERY === RANDOM_EVERY - 1) {
      steps.push(null);
      continue;
    }
    const hasRoom = steps.length + 2 <= size;
    const fits = (each: Step): boolean =>
      each.first !== true &&
      (issuer === "apart" || each.apart !== true) &&
      (hasRoom || each.afterDeathAt === undefined);
    const step = deck.next(fits, tried);
    const cause = STEPS.find(({ name }) => name === step.afterDeathAt);
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
  #left: Step[] = [];

  constructor(random: FakeRandom) {
    this.#random = random;
  }

  /** One that no other deck has dealt, as long as there is any. */
  next(fits: (step: Step) => boolean, tried: Set<string>): Step {
    if (!this.#left.some(fits)) this.#left = this.#shuffled();
    const fitting = this.#left.filter(fits);
    const step = fitting.find(({ name }) => !tried.has(name)) ?? fitting[0];
    if (step === undefined) throw new TypeError("no step fits");
    this.#left.splice(this.#left.indexOf(step), 1);
    tried.add(step.name);
    return step;
  }

  #shuffled(): Step[] {
    const steps = [...STEPS];
    for (let last = steps.length - 1; last > 0; last -= 1) {
      const other = this.#random.below(last + 1);
      [steps[last], steps[other]] = [steps[other] as Step, steps[last] as Step];
    }
    return steps;
  }
}
