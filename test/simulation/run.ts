/** `npm run sim`: many simulated years, spread over the machine's cores. */
import { availableParallelism } from "node:os";
import { runAll } from "./crew.ts";
import { HELP, readOptions, type SimOptions } from "./options.ts";
import { partsOf } from "./parts.ts";
import { addFigures, FIGURES, type Figures, NO_FIGURES, type Report } from "./report.ts";
import { simulate } from "./simulate.ts";

const PROGRESS_MS = 10_000;

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), availableParallelism());
  if (options === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  return options.trace === undefined ? runSeeds(options) : trace(options, options.trace);
}

async function runSeeds(options: SimOptions): Promise<number> {
  const { seeds, days, jobs } = options;
  const work = seeds.flatMap((seed) => partsOf(seed, options));
  const startedMs = performance.now();
  const elapsedS = (): number => (performance.now() - startedMs) / 1_000;
  const failing = new Set<number>();
  let figures: Figures = NO_FIGURES;
  let [done, broken, toldMs] = [0, 0, startedMs];
  await runAll(work, jobs, (report) => {
    done += 1;
    figures = addFigures(figures, report.figures);
    broken += report.broken.length;
    if (report.broken.length > 0) {
      failing.add(report.seed);
      process.stdout.write(describe(report, options));
    }
    if (performance.now() - toldMs < PROGRESS_MS) return;
    toldMs = performance.now();
    process.stderr.write(`${done} of ${work.length} deployments after ${elapsedS().toFixed(0)} s\n`);
  });
  const tokenYears = (figures.tokens * days) / 365;
  const lines = [
    ["seeds", seeds.length],
    ["days", days],
    ...FIGURES.map((name) => [name, figures[name]]),
    ["token_years_per_minute", Math.round((tokenYears / elapsedS()) * 60)],
    ["seconds", elapsedS().toFixed(1)],
    ["failing_seeds", failing.size === 0 ? "none" : [...failing].sort((a, b) => a - b).join(" ")],
    ["broken_invariants", broken],
  ];
  process.stdout.write(lines.map(([name, value]) => `${name}: ${value}\n`).join(""));
  return broken === 0 ? 0 : 1;
}

function describe({ seed, part, broken }: Report, { tokens, days, issuers }: SimOptions): string {
  const also = issuers === undefined ? "" : ` --issuer ${issuers}`;
  const lines = broken.map(({ at, what }) => `  ${new Date(at).toISOString()} ${what}\n`);
  return `seed ${seed}, deployment ${part}: ${broken.length} broken; again: npm run sim -- --seed ${seed} --tokens ${tokens} --days ${days}${also}\n${lines.join("")}`;
}

/** One seed in this process, with all that happens in it. */
async function trace(options: SimOptions, text: string): Promise<number> {
  let broken = 0;
  for (const part of options.seeds.flatMap((seed) => partsOf(seed, options))) {
    const report = await simulate(part, (event) => {
      const line = JSON.stringify(event);
      if (line.includes(text)) process.stdout.write(`${new Date(event.at).toISOString()} ${line}\n`);
    });
    for (const { at, what } of report.broken) process.stdout.write(`BROKEN ${new Date(at).toISOString()} ${what}\n`);
    broken += report.broken.length;
  }
  process.stdout.write(`broken_invariants: ${broken}\n`);
  return broken === 0 ? 0 : 1;
}

// Whoever reads may stop reading.
process.stdout.on("error", () => process.exit(1));
try {
  process.exitCode = await main();
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 64;
}
