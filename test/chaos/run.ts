/** `node test/chaos/run.ts --kills N [--seed S] [--at-once K]`: kills the real daemon again and again and judges what is left. */
import { parseArgs } from "node:util";
import { FakeRandom } from "../support/fake-random.ts";
import { runCases } from "./cases.ts";
import { planRounds, type RoundPlan } from "./plan.ts";
import { type RoundReport, runRound } from "./round.ts";
import { verdictOf } from "./verdict.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 1e9)) },
    "at-once": { type: "string", default: "2" },
    cases: { type: "boolean", default: true },
    /** A folder for the logs of all daemons. */
    logs: { type: "string" },
  },
  allowNegative: true,
});
const [kills, seed, atOnce] = [Number(values.kills), Number(values.seed), Number(values["at-once"])];
if (![kills, seed, atOnce].every((each) => Number.isSafeInteger(each) && each >= 0) || atOnce < 1) {
  process.stderr.write("usage: npm run chaos -- [--kills N] [--seed S] [--at-once K] [--no-cases] [--logs FOLDER]\n");
  process.exit(64);
}

const beganMs = performance.now();
const say = (line: string): void => void process.stdout.write(`${line}\n`);
say(`seed: ${seed}`);
const plans = [...planRounds(new FakeRandom(seed), kills).entries()];
const total = plans.reduce((sum, [, plan]) => sum + plan.kills.length, 0);
let done = 0;
const reports: RoundReport[] = [];
const broken: string[] = [];
const runOne = async (index: number, plan: RoundPlan): Promise<void> => {
  const tell = (line: string): void => say(`[${(done += 1)}/${total}] round ${index + 1}, issuer ${line}`);
  const logs = values.logs === undefined ? undefined : `${values.logs}/round-${index + 1}`;
  try {
    reports.push(await runRound(plan, { tell, logs }));
  } catch (thrown) {
    broken.push(`round ${index + 1} could not go on: ${String(thrown)}`);
  }
};
const worker = async (): Promise<void> => {
  for (let next = plans.shift(); next !== undefined; next = plans.shift()) await runOne(...next);
};
await Promise.all(Array.from({ length: atOnce }, worker));
const cases = values.cases ? await runCases(say) : [];
const { lines, holds } = verdictOf(reports, cases, broken);
for (const line of lines) say(line);
say(`seconds: ${Math.round((performance.now() - beganMs) / 1000)}`);
process.exitCode = holds ? 0 : 1;
