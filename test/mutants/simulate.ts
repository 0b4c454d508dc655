/** Simulates deployments with one kind of issuer until one breaks an invariant. Its last line is `held`, or `broken: ` and which. */
import { isKind } from "../simulation/issuer-kinds.ts";
import { simulate, type SimulationOptions } from "../simulation/simulate.ts";

/** Seeds whose weather is rough, so that much goes wrong in little time. The first is small, for faults that make it slow. */
const WORK: readonly Omit<SimulationOptions, "issuers">[] = [
  { seed: 9, part: 0, tokens: 5, days: 30 },
  ...[127, 19, 9, 94, 66, 93, 67, 113, 108].map((seed) => ({ seed, part: 0, tokens: 25, days: 120 })),
];

/** What the simulation throws when it can never go on; anything else is a fault of the program that shows no invariant. */
const STUCK = /^(a hot loop|it never comes to rest)/;

async function firstBroken(options: SimulationOptions): Promise<string | undefined> {
  try {
    return (await simulate(options)).broken[0]?.what;
  } catch (thrown) {
    if (thrown instanceof Error && STUCK.test(thrown.message)) return thrown.message;
    throw thrown;
  }
}

async function main(kind: string): Promise<string> {
  if (!isKind(kind)) throw new Error(`there is no kind of issuer ${kind}`);
  for (const options of WORK) {
    const broken = await firstBroken({ ...options, issuers: kind });
    if (broken !== undefined) return `broken: seed ${options.seed}: ${broken}`;
  }
  return "held";
}

process.stdout.write(`${await main(process.argv[2] ?? "")}\n`);
process.exit(0);
