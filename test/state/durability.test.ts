import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, expect, it, vi } from "vitest";
import { SecretText } from "../../src/core/secret-text.ts";
import type { StateStore, TokenChange } from "../../src/core/state-store.ts";
import { mintOf } from "../contracts/state-bench.ts";
import { ISSUE, NOW, withAccepted } from "./accepted.ts";
import { newFolder, openState } from "./fixture.ts";

const OPEN_MODULE = new URL("../../src/state/open-sqlite.ts", import.meta.url).href;
const RANDOM_MODULE = new URL("../../src/runtime/random.ts", import.meta.url).href;
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  vi.restoreAllMocks();
});

it("journals ahead of writing and syncs at every commit", async () => {
  const pragma = vi.spyOn(Database.prototype, "pragma");
  const file = join(newFolder(), "renewd.db");
  const state = await openState(file);
  const connection = pragma.mock.contexts[0] as Database.Database;
  expect(connection.pragma("journal_mode", { simple: true })).toBe("wal");
  expect(connection.pragma("synchronous", { simple: true })).toBe(2);
  await state.close();
  expect(connection.open).toBe(false);
});

it("keeps what was recorded when the process is killed the moment that it is told so", async () => {
  const file = join(newFolder(), "renewd.db");
  const program = `
    const { openSqliteState } = await import(${JSON.stringify(OPEN_MODULE)});
    const { systemRandom } = await import(${JSON.stringify(RANDOM_MODULE)});
    const state = await openSqliteState({ file: ${JSON.stringify(file)}, keys: [], random: systemRandom });
    await state.setFact("last", 42);
    process.stdout.write("recorded");
    setInterval(() => undefined, 60_000);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  await once(child.stdout ?? child, "data");
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(existsSync(`${file}-wal`)).toBe(true);
  const state = await openState(file);
  expect(await state.fact("last")).toBe(42);
  await state.close();
});

it("can be copied with its log while it is in use, and the copy is whole", async () => {
  const file = join(newFolder(), "renewd.db");
  await withAccepted(file);
  const state = await openState(file);
  await state.setFact("last", 42);
  const copy = join(newFolder(), "renewd.db");
  for (const end of ["", "-wal", ".key"]) copyFileSync(`${file}${end}`, `${copy}${end}`);
  const copied = await openState(copy);
  expect(await copied.fact("last")).toBe(42);
  expect((await copied.token("flow"))?.desired).toEqual(ISSUE);
  await copied.close();
  await state.close();
});

it("allows one open mint per token by its own index, whoever writes", async () => {
  const file = join(newFolder(), "renewd.db");
  await withAccepted(file);
  const database = new Database(file);
  const insert = database.prepare(
    "insert into mints (id, token, data_json, opened_at, closed_at) values (?, ?, '{}', ?, ?)",
  );
  insert.run("m1", "flow", NOW, null);
  expect(() => insert.run("m2", "flow", NOW, null)).toThrow("UNIQUE");
  insert.run("m3", "flow", NOW, NOW);
  insert.run("m4", "other", NOW, null);
  database.close();
});

/** How a request comes to its end: by its answer, by a person, and with the token that it was for. */
const CLOSINGS: readonly (readonly [mint: string, close: (state: StateStore) => Promise<unknown>])[] = [
  ["m1", (state) => step(state, { mint: null })],
  ["m2", (state) => state.rule("flow", NOW, { rule: "give_up", mint: "m2", events: [] })],
  ["m3", (state) => state.enrol([{ key: "flow", issuer: "flowauth", identity: "another", targets: [] }], NOW)],
];

async function step(state: StateStore, change: TokenChange): Promise<void> {
  const lease = await state.claim({ token: "flow", target: null }, "test", NOW, 60_000);
  if (lease === null) throw new TypeError("nobody else should hold it");
  expect(await state.changeToken(lease, NOW, change)).toBe(true);
  await state.release(lease, { wakeAt: NOW, deadlineAt: null }, NOW);
}

it("keeps no secret of a request, not even sealed, once that was closed", async () => {
  const file = join(newFolder(), "renewd.db");
  await withAccepted(file);
  const state = await openState(file);
  const chosen = new SecretText("chosen-by-renewd");
  const database = new Database(file);
  const sealed = database.prepare("select count(*) from mints where sealed is not null").pluck();
  const counts: unknown[] = [];
  for (const [id, close] of CLOSINGS) {
    await step(state, { mint: mintOf(id, { chosen: chosen.fingerprint }), chosen });
    counts.push(sealed.get());
    await close(state);
    counts.push(sealed.get());
  }
  database.close();
  await state.close();
  expect(counts).toEqual([1, 0, 1, 0, 1, 0]);
});

it("finds what is due by an index, not by looking at every row", async () => {
  const file = join(newFolder(), "renewd.db");
  await withAccepted(file);
  const database = new Database(file, { readonly: true });
  const plan = database.prepare("explain query plan select min(wake_at) from jobs where enrolled = 1").all();
  database.close();
  expect(JSON.stringify(plan)).toContain("jobs_by_wake");
});
