import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { Kysely, SqliteDialect } from "kysely";
import { afterEach, describe, expect, it } from "vitest";
import { SecretText } from "../../src/core/secret-text.ts";
import type { StateStore } from "../../src/core/state-store.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { Sealer } from "../../src/state/sealer.ts";
import { SqlStateStore } from "../../src/state/sql-state-store.ts";
import { naming } from "../../src/state/state-error.ts";
import type { Tables } from "../../src/state/tables.ts";
import { ISSUE, issueOf, NOW, withAccepted } from "./accepted.ts";
import { newFolder, openState } from "./fixture.ts";

const code = (name: string): Error => expect.objectContaining({ code: name }) as Error;
const key = new SecretText(randomBytes(32).toString("base64"));
const opened: StateStore[] = [];

afterEach(async () => {
  for (const state of opened.splice(0)) await state.close();
});

/** The state over a connection that a test has put in trouble. */
function stateOver(file: string, prepare: (database: Database.Database) => void): StateStore {
  const database = new Database(file);
  prepare(database);
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: naming(database, file) }) });
  const state = new SqlStateStore(db, new Sealer([key]), systemRandom);
  opened.push(state);
  return state;
}

const readOnly = (database: Database.Database): void => {
  database.pragma("query_only = ON");
};
const full = (database: Database.Database): void => {
  database.pragma(`max_page_count = ${String(database.pragma("page_count", { simple: true }))}`);
};

/** An issue whose sealed text is far larger than what is free in the last pages. */
const large = new SecretText(`header.${"x".repeat(200_000)}.signature`);

async function newFile(): Promise<string> {
  const file = join(newFolder(), "renewd.db");
  await withAccepted(file, [key]);
  return file;
}

describe.each([
  ["that cannot be written", readOnly],
  ["whose disk is full", full],
])("a state %s", (_, prepare) => {
  it("says so before a token is asked for", async () => {
    const state = stateOver(await newFile(), prepare);
    await expect(state.preflight()).rejects.toThrow(code("state_unwritable"));
  });

  it("can be read all the same", async () => {
    const state = stateOver(await newFile(), prepare);
    await state.preflight().catch(() => undefined);
    expect((await state.token("flow"))?.desired).toEqual(ISSUE);
    expect(await state.unseal("flow", ISSUE.fingerprint)).toBeDefined();
  });
});

describe("a step that finds the disk full", () => {
  async function fullStep(): Promise<{ state: StateStore; step: Promise<boolean> }> {
    const state = stateOver(await newFile(), full);
    const lease = await state.claim({ token: "flow", target: null }, "test", NOW, 60_000);
    if (lease === null) throw new TypeError("nobody else should hold it");
    const step = state.changeToken(lease, NOW, {
      pause: { since: NOW, until: null, reason: null, deliveries: false },
      calls: [NOW],
      accept: { issue: issueOf(large), token: large },
      events: [{ type: "person:asked", at: NOW, token: "flow", what: "renew" }],
    });
    await step.catch(() => undefined);
    return { state, step };
  }

  it("is refused whole: nothing is half-written", async () => {
    const { state, step } = await fullStep();
    await expect(step).rejects.toThrow();
    expect(await state.token("flow")).toMatchObject({ desired: ISSUE, previous: null, pause: null, calls: [] });
    expect((await state.known("flow")).size).toBe(1);
    expect(await state.history("flow", 10)).toEqual([]);
  });

  it("is named state_unwritable, not a bug", async () => {
    await expect((await fullStep()).step).rejects.toThrow(code("state_unwritable"));
  });
});

describe("opening", () => {
  it.each<[string, (file: string) => void]>([
    ["another text", (file) => writeFileSync(file, "this is not a database, only a text that stands in its place")],
    ["noise", (file) => writeFileSync(file, randomBytes(20_000))],
    [
      "a state whose first page was overwritten",
      (file) => {
        const bytes = readFileSync(file);
        bytes.fill(0xff, 20, 4_096);
        writeFileSync(file, bytes);
      },
    ],
  ])("a file that holds %s is refused as unreadable, and left as it is", async (_, spoil) => {
    const file = await newFile();
    spoil(file);
    const before = readFileSync(file);
    await expect(openState(file, [key])).rejects.toThrow(code("state_unreadable"));
    await expect(openState(file, [key])).rejects.toThrow(file);
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it("a state that a later version made is refused, not guessed at", async () => {
    const file = await newFile();
    const database = new Database(file);
    database.prepare("insert into kysely_migration values ('9999-later', '2030-01-01T00:00:00Z')").run();
    database.close();
    await expect(openState(file, [key])).rejects.toThrow(code("state_unreadable"));
  });

  it("makes the folder, for its owner alone", async () => {
    const folder = join(newFolder(), "var");
    await (await openState(join(folder, "renewd.db"))).close();
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it("a directory in the file's place is refused as an operating error", async () => {
    const file = join(newFolder(), "renewd.db");
    mkdirSync(file);
    await expect(openState(file, [key])).rejects.toThrow(code("state_unwritable"));
  });

  it("a folder that cannot be made is refused as an operating error", async () => {
    const folder = newFolder();
    writeFileSync(join(folder, "var"), "a file where a folder should be");
    await expect(openState(join(folder, "var", "renewd.db"), [key])).rejects.toThrow(code("state_unwritable"));
  });

  it("again and again changes nothing: the migrations are done once", async () => {
    const file = await newFile();
    const schemaOf = (): unknown[] => {
      const database = new Database(file, { readonly: true });
      const rows = database
        .prepare("select * from sqlite_master union all select name, 1, 2, 3, 4 from kysely_migration")
        .all();
      database.close();
      return rows;
    };
    const before = schemaOf();
    for (let time = 0; time < 3; time += 1) await (await openState(file, [key])).close();
    expect(schemaOf()).toEqual(before);
    const state = await openState(file, [key]);
    expect((await state.token("flow"))?.desired).toEqual(ISSUE);
    await state.close();
  });

  it("follows a link to the file, and keeps it", async () => {
    const file = await newFile();
    const link = join(newFolder(), "renewd.db");
    symlinkSync(file, link);
    const state = await openState(link, [key]);
    expect((await state.token("flow"))?.desired).toEqual(ISSUE);
    await state.close();
    rmSync(link);
  });
});

describe("a state one of whose pages is damaged", () => {
  it.each(["tokens", "targets", "jobs", "issues", "mints"])(
    "is refused when it is the first page of %s",
    async (table) => {
      const folder = newFolder();
      const file = join(folder, "renewd.db");
      await (await openState(file, [key])).close();
      const database = new Database(file);
      const row = database.prepare("select rootpage from sqlite_master where name = ?").get(table) as {
        rootpage: number;
      };
      const pageBytes = Number(database.pragma("page_size", { simple: true }));
      database.close();
      const bytes = readFileSync(file);
      bytes.fill(0x5a, (row.rootpage - 1) * pageBytes, row.rootpage * pageBytes);
      writeFileSync(file, bytes);
      await expect(openState(file, [key])).rejects.toThrow(code("state_unreadable"));
      await expect(openState(file, [key])).rejects.toThrow(`${file}: it is damaged`);
    },
  );
});
