import Database from "better-sqlite3";
import { SecretText } from "../../src/core/secret-text.ts";
import type { IssuerSide, Made } from "./sides/side.ts";

/** What became of every token that the issuer made, judged from outside: the issuer's own list against the state. */
export interface Reckoning {
  readonly minted: number;
  /** Tokens that were proved and taken into use. */
  readonly accepted: number;
  /** Known, with a good word: in use, superseded, ended or outlived. */
  readonly known: number;
  /** Nobody knows of them any more. */
  readonly orphans: readonly string[];
  /** Made when a daemon died, at issuers that nobody can ask for what they made: one for each death at most. */
  readonly lost: readonly string[];
  /** Known, and never in use: made for nothing. */
  readonly spares: readonly string[];
  /** Minted under a lease that was lost. */
  readonly strays: number;
  /** By name, the newest that is known. */
  readonly newest: ReadonlyMap<string, string>;
  readonly texts: readonly string[];
}

interface IssueRow {
  readonly token: string;
  readonly fingerprint: string;
  readonly fate: string;
  readonly accepted: number;
}

const GOOD: ReadonlySet<string> = new Set(["accepted", "superseded", "retiring", "retired", "outlived"]);

/** From the issuer's answer to its record in the state, on a busy machine. */
const ANSWER_MS = 5_000;

/** In this order, so that a token made in between is no orphan: what the issuer has, then what is known. */
export async function reckon(
  side: Pick<IssuerSide, "made" | "mayLose">,
  stateFile: string,
  deaths: readonly number[] = [],
): Promise<Reckoning> {
  const made = await side.made();
  const rows = new Map(readIssues(stateFile).map((row) => [`${row.token} ${row.fingerprint}`, row]));
  const excuses = new Excuses(side.mayLose ? deaths : []);
  const fates = made.map((each) => {
    const { fingerprint } = new SecretText(each.token);
    const row = rows.get(`${each.name} ${fingerprint}`);
    const isKnown = row !== undefined && GOOD.has(row.fate);
    const title = `${each.name} ${each.id} ${fingerprint} is ${row?.fate ?? "unknown"}`;
    return { name: each.name, fingerprint, title, row, isKnown, isLost: !isKnown && side.mayLose && excuses.has(each) };
  });
  const known = fates.filter(({ isKnown }) => isKnown);
  return {
    minted: made.length,
    accepted: known.filter(({ row }) => row?.accepted === 1).length,
    known: known.length,
    orphans: fates.filter(({ isKnown, isLost }) => !isKnown && !isLost).map(({ title }) => title),
    lost: fates.filter(({ isLost }) => isLost).map(({ title }) => title),
    spares: known.filter(({ row }) => row?.accepted === 0).map(({ title }) => title),
    strays: countStrays(stateFile),
    newest: new Map(fates.filter(({ isLost }) => !isLost).map(({ name, fingerprint }) => [name, fingerprint])),
    texts: made.map(({ token }) => token),
  };
}

/** Deaths, each of which lets one answer to each token be lost. */
class Excuses {
  readonly #deaths: readonly number[];
  readonly #used = new Set<string>();

  constructor(deaths: readonly number[]) {
    this.#deaths = deaths;
  }

  has({ name, at, late }: Made): boolean {
    if (late) return true;
    const death = this.#deaths.find(
      (each) => at <= each && each - at <= ANSWER_MS && !this.#used.has(`${name} ${each}`),
    );
    if (death === undefined) return false;
    this.#used.add(`${name} ${death}`);
    return true;
  }
}

function readIssues(stateFile: string): readonly IssueRow[] {
  const query = "select token, fingerprint, fate, accepted_json is not null as accepted from issues";
  return ask(stateFile, query) as readonly IssueRow[];
}

function countStrays(stateFile: string): number {
  return ask(stateFile, "select * from strays").length;
}

function ask(stateFile: string, query: string): readonly unknown[] {
  const database = new Database(stateFile, { readonly: true });
  try {
    return database.prepare(query).all();
  } finally {
    database.close();
  }
}
