import { parseArgs } from "node:util";
import { isKind, type IssuerKind, KINDS } from "./issuer-kinds.ts";

export const HELP = `npm run sim -- [options]: renewd's core, engine and state in a simulated world of faults

  --seed N      one seed, run again exactly; with --trace TEXT its events that hold this text are printed
  --seeds N     so many seeds, from --from on (default: 20 seeds)
  --from N      the first of them (default: 1)
  --tokens T    declared tokens of each seed (default: 50)
  --days D      simulated days (default: 365)
  --issuer KIND all issuers are of this kind: ${KINDS.join(", ")} (default: drawn)
  --jobs N      processes at once (default: one for each core)

Ends with its figures, one "name: value" a line; exit 1 when an invariant did not hold, with the seeds that show it.
`;

export interface SimOptions {
  readonly seeds: readonly number[];
  readonly tokens: number;
  readonly days: number;
  readonly issuers: IssuerKind | undefined;
  readonly jobs: number;
  readonly trace: string | undefined;
}

/** Throws an Error that says what is wrong with the arguments; undefined when help is asked for. */
export function readOptions(args: readonly string[], cores: number): SimOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string" },
      seeds: { type: "string", default: "20" },
      from: { type: "string", default: "1" },
      tokens: { type: "string", default: "50" },
      days: { type: "string", default: "365" },
      jobs: { type: "string", default: String(cores) },
      issuer: { type: "string" },
      trace: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return undefined;
  const { issuer } = values;
  if (issuer !== undefined && !isKind(issuer)) throw new Error(`--issuer ${issuer}: give one of ${KINDS.join(", ")}`);
  const from = whole("from", values.from, 0, 2 ** 32);
  const seeds =
    values.seed === undefined
      ? Array.from({ length: whole("seeds", values.seeds, 1, 1_000_000) }, (_, index) => from + index)
      : [whole("seed", values.seed, 0, 2 ** 32)];
  return {
    seeds,
    tokens: whole("tokens", values.tokens, 1, 100_000),
    days: whole("days", values.days, 12, 3_650),
    issuers: issuer,
    jobs: whole("jobs", values.jobs, 1, 256),
    trace: values.trace,
  };
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new Error(`--${name} ${text}: give a whole number from ${least} to ${most}`);
}
