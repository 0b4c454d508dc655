/** A state that an earlier version wrote is opened and gone on from. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { DAY_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { isRepeatable } from "../../src/core/records.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { Sealer } from "../../src/state/sealer.ts";
import { ISSUE, issueOf, NOW, TOKEN } from "./accepted.ts";
import { newFolder, openState } from "./fixture.ts";
import { SCHEMA_0001 } from "./schema-0001.ts";

const KEY = new SecretText(randomBytes(32).toString("base64"));
const FRESH = new SecretText("header.fresh.signature");
/** As the first version wrote it: without the expiry as an instant, a chosen secret, and what the issuer told. */
const OLD_MINT = {
  id: "m1",
  kind: "renew",
  cause: "due",
  baseId: "7",
  roles: ["runner"],
  lifetimeMs: 30 * DAY_MS,
  known: [TOKEN.fingerprint],
  sentAt: NOW,
  settleAt: NOW + MINUTE_MS,
  lookedAt: null,
};

/** A file of the first version: a token in use, and a request open whose fresh token may be sealed already. */
async function oldState(fresh: SecretText | null): Promise<string> {
  const file = join(newFolder(), "renewd.db");
  const sealer = new Sealer([KEY]);
  const database = new Database(file);
  for (const statement of SCHEMA_0001) database.exec(statement);
  const issue = database.prepare("insert into issues values ('flow', ?, '7', ?, ?, 0.5, ?, ?, ?, ?)");
  const { scopes, warnings, origin, acceptedAt, startAt, expAt } = ISSUE;
  const accepted = JSON.stringify({ scopes, warnings, origin, acceptedAt });
  issue.run(TOKEN.fingerprint, startAt, expAt, "accepted", accepted, await sealer.seal(TOKEN), NOW);
  if (fresh !== null) issue.run(fresh.fingerprint, startAt, expAt, "minted", null, await sealer.seal(fresh), NOW);
  const { fingerprint, issuerId, u } = issueOf(fresh ?? TOKEN);
  const mint = { ...OLD_MINT, fresh: fresh === null ? null : { fingerprint, issuerId, startAt, expAt, u } };
  database.prepare("insert into mints values ('m1', 'flow', ?, ?, null)").run(JSON.stringify(mint), NOW);
  const wish = JSON.stringify({ at: NOW, lifetimeMs: null });
  database
    .prepare("insert into tokens values ('flow', ?, null, null, null, ?, null, null)")
    .run(TOKEN.fingerprint, wish);
  const job = database.prepare(
    "insert into jobs values ('flow', '', 'issuer', 'flowauth', '', 1, ?, ?, null, 0, null, null, 3, null, '[]')",
  );
  job.run(NOW, NOW);
  const kid = sealer.kids[0] ?? "";
  database.prepare("insert into key_checks values (?, ?)").run(kid, await sealer.seal(new SecretText("renewd")));
  database.close();
  return file;
}

it("a request that is in doubt is settled as that version would have: by looking, not by making it again", async () => {
  const state = await openState(await oldState(null), [KEY]);
  const record = await state.token("flow");
  const mint = { ...OLD_MINT, fresh: null, expAt: NOW + 30 * DAY_MS, chosen: null, told: null };
  expect(record).toMatchObject({ desired: ISSUE, previous: null, retiring: [], mint, wish: { at: NOW } });
  expect(record?.mint === null || record === undefined ? undefined : isRepeatable(record.mint)).toBe(false);
  expect((await state.tokens())[0]).toEqual(record);
  expect((await state.unseal("flow", TOKEN.fingerprint))?.reveal()).toBe(TOKEN.reveal());
  expect(await state.described()).toEqual([]);
  await state.close();
});

it("a fresh token that waits to be proved is accepted, and the old one stays kept", async () => {
  const file = await oldState(FRESH);
  const state = await openState(file, [KEY]);
  const record = await state.token("flow");
  expect(record?.mint?.fresh?.fingerprint).toBe(FRESH.fingerprint);
  expect((await state.unseal("flow", FRESH.fingerprint))?.reveal()).toBe(FRESH.reveal());
  const lease = await state.claim({ token: "flow", target: null }, "test", NOW, MINUTE_MS);
  if (lease === null) throw new TypeError("nobody else should hold it");
  const issue = { ...issueOf(FRESH), startAt: NOW + 1 };
  const change = { accept: { issue, token: FRESH }, mint: null, wish: null };
  expect(await state.changeToken(lease, NOW, change)).toBe(true);
  expect(await state.token("flow")).toMatchObject({ desired: issue, previous: ISSUE, mint: null });
  await state.close();
});

it("it is brought up to date once, and opened as often as one likes", async () => {
  const file = await oldState(null);
  for (let time = 0; time < 2; time += 1) await (await openState(file, [KEY])).close();
  const database = new Database(file, { readonly: true });
  const names = database.prepare("select name from kysely_migration order by name").pluck().all();
  database.close();
  expect(names).toEqual(["0001-first", "0002-chosen-secrets", "0003-alert-channels", "0004-last-drifts"]);
});

it("one of a later version is refused and left as it is", async () => {
  const file = await oldState(null);
  const database = new Database(file);
  database.prepare("insert into kysely_migration values ('0009-of-tomorrow', '2027-01-01T00:00:00.000Z')").run();
  database.close();
  await expect(openState(file, [KEY])).rejects.toMatchObject({ code: "state_unreadable" });
});

it("a change of the schema that was cut off half-way is gone on with", async () => {
  const file = await oldState(null);
  const database = new Database(file);
  database.exec("alter table mints add column sealed text");
  database.close();
  const opening = openState(file, [KEY]);
  expect(await opening.then(() => "opened", String)).toBe("opened");
  const state = await opening;
  expect((await state.token("flow"))?.mint?.id).toBe("m1");
  expect(await state.described()).toEqual([]);
  await state.close();
});
