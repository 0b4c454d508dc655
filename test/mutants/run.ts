/** `npm run mutants`: puts one fault after the other into a copy of the code and shows that a test catches it. */
import { parseArgs } from "node:util";
import type { IssuerKind } from "../simulation/issuer-kinds.ts";
import { HELD, judge, resultsOf, runCatchers, runSimulation } from "./catching.ts";
import { INVARIANTS, type Mutant } from "./mutant.ts";
import { MUTANTS } from "./mutants.ts";
import { Scratch } from "./scratch.ts";

const HELP = `npm run mutants -- [options]

  --list             which faults there are, what they break and what catches them
  --only NAME        this fault alone; may be given several times
  --jobs N           so many at once (default: 2)
  --with-simulation  shows, too, which of those that it is tried on the simulation catches by itself

Ends with its figures, one "name: value" a line; exit 1 when a fault survived or no longer applies.
`;

interface Options {
  readonly mutants: readonly Mutant[];
  readonly jobs: number;
  readonly simulation: boolean;
}

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort());
const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      list: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      jobs: { type: "string", default: "2" },
      "with-simulation": { type: "boolean", default: false },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return tell(HELP);
  if (values.list) return tell(MUTANTS.map(describe).join(""));
  const unknown = values.only.filter((name) => !MUTANTS.some((mutant) => mutant.name === name));
  const jobs = Number(values.jobs);
  if (unknown.length > 0 || !Number.isInteger(jobs) || jobs < 1) {
    process.stderr.write(unknown.length > 0 ? `there is no mutant ${unknown.join(", ")}; see --list\n` : HELP);
    return 64;
  }
  const mutants = values.only.length === 0 ? MUTANTS : MUTANTS.filter(({ name }) => values.only.includes(name));
  return tryAll({ mutants, jobs, simulation: values["with-simulation"] });
}

function tell(text: string): number {
  process.stdout.write(text);
  return 0;
}

function describe({ name, breaks, file, caughtBy, simulated }: Mutant): string {
  const what = breaks.map((each) => `  breaks ${each}: ${INVARIANTS[each]}\n`).join("");
  const also = simulated === undefined ? "" : `  also tried by the simulation, with issuers that are ${simulated}\n`;
  return `${name} (${file})\n${what}  caught by ${caughtBy.file}: ${caughtBy.named}\n${also}`;
}

async function tryAll(options: Options): Promise<number> {
  const { mutants } = options;
  const scratches = await Promise.all(
    Array.from({ length: Math.min(options.jobs, mutants.length) }, () => Scratch.make()),
  );
  try {
    const [first] = scratches;
    if (first === undefined || !(await holdsUnmutated(first, options))) return 1;
    const left = [...mutants];
    const tally = { caught: 0, simulated: 0, simulationCaught: 0 };
    const worker = async (scratch: Scratch): Promise<void> => {
      for (let next = left.shift(); next !== undefined; next = left.shift()) {
        if (await isCaught(scratch, next)) tally.caught += 1;
        if (!options.simulation || next.simulated === undefined) continue;
        tally.simulated += 1;
        if (await isSeen(scratch, next, next.simulated)) tally.simulationCaught += 1;
      }
    };
    await Promise.all(scratches.map(worker));
    if (options.simulation) {
      say(`simulated: ${tally.simulated}`);
      say(`caught_by_simulation: ${tally.simulationCaught}`);
    }
    say(`mutants: ${mutants.length}`);
    say(`caught: ${tally.caught}`);
    say(`survived: ${mutants.length - tally.caught}`);
    return tally.caught === mutants.length ? 0 : 1;
  } finally {
    await Promise.all(scratches.map((scratch) => scratch.remove()));
  }
}

/** What catches a fault must pass without it. */
async function holdsUnmutated(scratch: Scratch, { mutants, simulation }: Options): Promise<boolean> {
  const catchers = mutants.map(({ caughtBy }) => caughtBy);
  const results = await runCatchers(scratch, catchers, stop.signal);
  const useless = catchers.filter((catcher) => {
    const found = resultsOf(catcher, results);
    return found.length === 0 || found.some(({ passed }) => !passed);
  });
  for (const { file, named } of useless) say(`does not pass without any fault: ${file}: ${named}`);
  if (!simulation) return useless.length === 0;
  for (const kind of new Set(mutants.flatMap(({ simulated }) => simulated ?? []))) {
    const { by } = await runSimulation(scratch, kind, stop.signal);
    if (by === HELD) continue;
    say(`the simulation of ${kind} issuers does not hold without any fault: ${by}`);
    return false;
  }
  return useless.length === 0;
}

async function isCaught(scratch: Scratch, mutant: Mutant): Promise<boolean> {
  const { name, caughtBy } = mutant;
  const beganMs = performance.now();
  try {
    const results = await scratch.with(mutant, () => runCatchers(scratch, [caughtBy], stop.signal));
    const { caught, by } = judge(results);
    say(`${caught ? "caught  " : "SURVIVED"}  ${name}  ${caught ? "by " : ""}${by} (${secondsSince(beganMs)} s)`);
    return caught;
  } catch (thrown) {
    if (stop.signal.aborted) throw thrown;
    say(`SURVIVED  ${name}  ${thrown instanceof Error ? thrown.message : String(thrown)}`);
    return false;
  }
}

async function isSeen(scratch: Scratch, mutant: Mutant, kind: IssuerKind): Promise<boolean> {
  const beganMs = performance.now();
  const { caught, by } = await scratch.with(mutant, () => runSimulation(scratch, kind, stop.signal));
  const said = caught ? "simulation caught " : "SIMULATION MISSED ";
  say(`${said}  ${mutant.name}  ${by} (${secondsSince(beganMs)} s)`);
  return caught;
}

function secondsSince(beganMs: number): string {
  return ((performance.now() - beganMs) / 1_000).toFixed(1);
}

try {
  process.exitCode = await main();
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
}
