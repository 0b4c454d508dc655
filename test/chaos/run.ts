/**
 * `node test/chaos/run.ts --kills N [--creations N] [--issuer KIND,KIND] [--seed S] [--at-once K]`: kills the real daemon,
 * and `create-token`, again and again and judges what is left.
 */
import { parseArgs } from "node:util";
import { FakeRandom } from "../support/fake-random.ts";
import { runCases } from "./cases.ts";
import { type CreationReport, planCreations, runCreations } from "./creations.ts";
import { isKind, KINDS } from "./kinds.ts";
import { planRounds } from "./plan.ts";
import { type RoundReport, runRound } from "./round.ts";
import { verdictOf } from "./verdict.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    /** Eighty have each step of `create-token` at both kinds. */
    creations: { type: "string", default: "80" },
    /** Which kinds of issuers (kinds.ts); all by default. */
    issuer: { type: "string", default: KINDS.join(",") },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    "at-once": { type: "string", default: "2" },
    cases: { type: "boolean", default: true },
    /** Only the cases whose name has this in it. */
    case: { type: "string", default: "" },
    /** A folder for the logs of all daemons. */
    logs: { type: "string" },
  },
  allowNegative: true,
});
const numbers = [values.kills, values.creations, values.seed, values["at-once"]].map(Number);
const [kills = 0, creationCount = 0, seed = 0, atOnce = 0] = numbers;
const kinds = values.issuer.split(",");
const isGood = numbers.every((each) => Number.isSafeInteger(each) && each >= 0) && atOnce > 0;
if (!isGood || !kinds.every(isKind)) {
  const flags =
    "[--kills N] [--creations N] [--issuer KIND,KIND] [--seed S] [--at-once K] [--no-cases] [--case TEXT] [--logs FOLDER]";
  process.stderr.write(`usage: npm run chaos -- ${flags}; kinds of issuers: ${KINDS.join(", ")}\n`);
  process.exit(64);
}

const beganMs = performance.now();
const say = (line: string): void => void process.stdout.write(`${line}\n`);
say(`seed: ${seed}`);
const random = new FakeRandom(seed);
const plans = planRounds(random, kills, kinds);
const batches = planCreations(random, creationCount, kinds);
const total = plans.reduce((sum, plan) => sum + plan.kills.length, 0) + creationCount;
let done = 0;
const count = (line: string): void => say(`[${(done += 1)}/${total}] ${line}`);
const rounds: RoundReport[] = [];
const creations: CreationReport[] = [];
const broken: string[] = [];
const jobs = [
  ...plans.map((plan, index) => ({
    name: `round ${index + 1}`,
    run: async () => {
      const logs = values.logs === undefined ? undefined : `${values.logs}/round-${index + 1}-${plan.issuer}`;
      rounds.push(await runRound(plan, { tell: (line) => count(`round ${index + 1}, issuer ${line}`), logs }));
    },
  })),
  ...batches.map((batch, index) => ({
    name: `creations ${index + 1}`,
    run: async () => void creations.push(...(await runCreations(batch, count))),
  })),
];
const worker = async (): Promise<void> => {
  for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
    const { name, run } = job;
    await run().catch((thrown: unknown) => void broken.push(`${name} could not go on: ${String(thrown)}`));
  }
};
await Promise.all(Array.from({ length: atOnce }, worker));
const cases = values.cases ? await runCases(say, { named: values.case, logs: values.logs }) : [];
const { lines, holds } = verdictOf({ rounds, creations, cases, broken });
for (const line of lines) say(line);
say(`seconds: ${Math.round((performance.now() - beganMs) / 1000)}`);
process.exitCode = holds ? 0 : 1;
