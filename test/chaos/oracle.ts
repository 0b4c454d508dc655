import Database from "better-sqlite3";
import { madeTokens } from "../e2e/issuer-process.ts";
import type { Place } from "../e2e/place.ts";

/** What became of every token that the issuer made, judged from outside: the issuer's own list against the state. */
export interface Reckoning {
  readonly minted: number;
  /** Tokens that were proved and taken into use. */
  readonly accepted: number;
  /** Known, with a good word: in use, or superseded or outlived. */
  readonly known: number;
  /** Nobody knows of them any more. */
  readonly orphans: readonly string[];
  /** Known, and never in use: made for nothing. */
  readonly spares: readonly string[];
  /** Minted under a lease that was lost. */
  readonly strays: number;
  /** By name, the newest at the issuer. */
  readonly newest: ReadonlyMap<string, string>;
  readonly texts: readonly string[];
}

interface IssueRow {
  readonly token: string;
  readonly fingerprint: string;
  readonly fate: string;
  readonly accepted: number;
}

const GOOD: ReadonlySet<string> = new Set(["accepted", "superseded", "outlived"]);

/** In this order, so that a token made in between is no orphan: what the issuer has, then what is known. */
export async function reckon(place: Place, stateFile = place.stateFile): Promise<Reckoning> {
  const made = await madeTokens(place);
  const rows = new Map(readIssues(stateFile).map((row) => [`${row.token} ${row.fingerprint}`, row]));
  const fates = made.map(({ id, name, fingerprint }) => ({
    title: `${name} row ${id} ${fingerprint} is ${rows.get(`${name} ${fingerprint}`)?.fate ?? "unknown"}`,
    row: rows.get(`${name} ${fingerprint}`),
  }));
  const known = fates.filter(({ row }) => row !== undefined && GOOD.has(row.fate));
  return {
    minted: made.length,
    accepted: known.filter(({ row }) => row?.accepted === 1).length,
    known: known.length,
    orphans: fates.filter((each) => !known.includes(each)).map(({ title }) => title),
    spares: known.filter(({ row }) => row?.accepted === 0).map(({ title }) => title),
    strays: countStrays(stateFile),
    newest: new Map(made.map(({ name, fingerprint }) => [name, fingerprint])),
    texts: made.map(({ token }) => token),
  };
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
