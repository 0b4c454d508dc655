import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { DomainEvent } from "../../src/core/events.ts";
import type { StateStore } from "../../src/core/state-store.ts";
import { HISTORY_ROWS_MAX } from "../../src/state/history.ts";
import { NOW } from "./accepted.ts";
import { newFolder, openState } from "./fixture.ts";

/** A few dozen late at most. */
const LATE_MAX = 100;
let file: string;
let state: StateStore;

beforeEach(async () => {
  file = join(newFolder(), "renewd.db");
  state = await openState(file);
});

afterEach(() => state.close());

/** One event per turn, of each token in turn. */
async function tellInTurn(tokens: readonly string[], turns: number): Promise<void> {
  const events = Array.from({ length: turns }, (_, turn) =>
    tokens.map((token): DomainEvent => ({ type: "person:asked", at: NOW + turn, token, what: "renew" })),
  );
  await state.tell({ token: "flow", target: "" }, { opened: [], repeated: [], resolved: [] }, events.flat());
}

/** The rows that are really there: `history` itself never answers more than the limit. */
function rowsOf(token: string): number {
  const database = new Database(file, { readonly: true });
  const row = database.prepare("select count(*) as count from history where token = ?").get(token);
  database.close();
  return (row as { readonly count: number }).count;
}

it("of one token keeps the newest entries and is bounded", async () => {
  await tellInTurn(["flow"], HISTORY_ROWS_MAX + 500);
  expect(rowsOf("flow")).toBeLessThanOrEqual(HISTORY_ROWS_MAX + LATE_MAX);
  const entries = await state.history("flow", 10_000);
  expect(entries).toHaveLength(HISTORY_ROWS_MAX);
  expect(entries[0]?.at).toBe(NOW + HISTORY_ROWS_MAX + 499);
});

it("of each of several tokens is bounded, in whatever order they write", async () => {
  await tellInTurn(["flow", "other"], HISTORY_ROWS_MAX + 500);
  expect(rowsOf("flow")).toBeLessThanOrEqual(HISTORY_ROWS_MAX + LATE_MAX);
  expect(rowsOf("other")).toBeLessThanOrEqual(HISTORY_ROWS_MAX + LATE_MAX);
});

it("of a talkative token takes nothing from a quiet one", async () => {
  await tellInTurn(["quiet"], 3);
  await tellInTurn(["flow"], HISTORY_ROWS_MAX + 500);
  expect(rowsOf("quiet")).toBe(3);
});
