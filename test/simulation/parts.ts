import type { SimulationOptions } from "./simulate.ts";

/** The tokens of a seed are spread over deployments of so many: each has a daemon, issuers and stores of its own. */
const TOKENS_PER_PART = 50;

/** The deployments of a seed. */
export function partsOf(
  seed: number,
  { tokens, days, issuers }: Pick<SimulationOptions, "tokens" | "days" | "issuers">,
): readonly SimulationOptions[] {
  const parts = Math.ceil(tokens / TOKENS_PER_PART);
  return Array.from({ length: parts }, (_, part) => ({
    seed,
    part,
    days,
    issuers,
    tokens: Math.floor(tokens / parts) + (part < tokens % parts ? 1 : 0),
  }));
}
