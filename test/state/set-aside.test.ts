/** An open request that is closed before its answer was used: what is sealed of it goes to the strays. */
import { join } from "node:path";
import Database from "better-sqlite3";
import { expect, it } from "vitest";
import type { Mint } from "../../src/core/records.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import type { StateStore, TokenChange } from "../../src/core/state-store.ts";
import { Sealer } from "../../src/state/sealer.ts";
import { bare, mintOf, textOf } from "../contracts/state-bench.ts";
import { ISSUE, NOW, TOKEN } from "./accepted.ts";
import { newFolder, openState } from "./fixture.ts";

const KEY = new SecretText("ab".repeat(32));
const CHOSEN = new SecretText("secret-that-was-chosen-for-it");
const asked: Mint = mintOf("m1", { chosen: CHOSEN.fingerprint });
const fresh = bare("fresh");
const another = [{ key: "flow", issuer: "flowauth", identity: "of another account", targets: [] }];

interface Stray {
  readonly token: string;
  readonly issue: unknown;
  readonly text: string;
}

/** What lies in the strays after these steps, and after `close`. */
async function straysAfter(
  steps: readonly TokenChange[],
  close: (state: StateStore) => Promise<unknown>,
): Promise<readonly Stray[]> {
  const file = join(newFolder(), "renewd.db");
  const state = await openState(file, [KEY]);
  await state.enrol([{ key: "flow", issuer: "flowauth", targets: [] }], NOW);
  const lease = await state.claim({ token: "flow", target: null }, "test", NOW, 60_000);
  if (lease === null) throw new TypeError("nobody else should hold it");
  for (const step of [{ accept: { issue: ISSUE, token: TOKEN } }, ...steps])
    expect(await state.changeToken(lease, NOW, step)).toBe(true);
  await state.release(lease, { wakeAt: NOW, deadlineAt: null }, NOW);
  await close(state);
  expect((await state.token("flow"))?.mint).toBeNull();
  await state.close();
  const database = new Database(file, { readonly: true });
  const rows = database.prepare("select token, issue_json, sealed from strays").all() as {
    token: string;
    issue_json: string;
    sealed: string;
  }[];
  database.close();
  const sealer = new Sealer([KEY]);
  return Promise.all(
    rows.map(async ({ token, issue_json, sealed }) => {
      const text = (await sealer.open(sealed)).reveal();
      return { token, issue: JSON.parse(issue_json) as unknown, text };
    }),
  );
}

const open: TokenChange = { mint: asked, chosen: CHOSEN };
const answered: TokenChange = {
  mint: { ...asked, fresh },
  sealed: { fingerprint: fresh.fingerprint, token: textOf("fresh") },
};
const secretOnly = {
  token: "flow",
  issue: { fingerprint: CHOSEN.fingerprint, issuerId: null, startAt: NOW, expAt: asked.expAt, u: 0 },
  text: CHOSEN.reveal(),
};

it("the chosen secret, when the token begins anew; and that is told", async () => {
  let told: unknown;
  const strays = await straysAfter([open], async (state) => {
    told = await state.enrol(another, NOW + 1);
    expect((await state.history("flow", 1))[0]?.type).toBe("issue:set-aside");
  });
  expect(strays).toEqual([secretOnly]);
  expect(told).toEqual([{ type: "issue:set-aside", at: NOW + 1, token: "flow", fingerprint: CHOSEN.fingerprint }]);
});

it("the fresh token and not its secret, when the answer was there already", async () => {
  const strays = await straysAfter([open, answered], (state) => state.enrol(another, NOW + 1));
  expect(strays).toEqual([{ token: "flow", issue: fresh, text: textOf("fresh").reveal() }]);
});

it("the chosen secret, when a person gives the request up", async () => {
  const strays = await straysAfter([open], (state) =>
    state.rule("flow", NOW + 1, { rule: "give_up", mint: "m1", events: [] }),
  );
  expect(strays).toEqual([secretOnly]);
});

it("nothing of a request that has no secret of ours, but that there was one is told", async () => {
  const strays = await straysAfter([{ mint: mintOf("m1") }], async (state) => {
    expect(await state.enrol(another, NOW)).toMatchObject([{ type: "issue:set-aside", fingerprint: null }]);
  });
  expect(strays).toEqual([]);
});

it("nothing of an extension, since it makes no token; nor is there anything to tell", async () => {
  const extended = mintOf("m1", { kind: "extend", fresh: { ...ISSUE, expAt: ISSUE.expAt + 1 } });
  const strays = await straysAfter([{ mint: extended }], async (state) => {
    expect(await state.enrol(another, NOW)).toEqual([]);
  });
  expect(strays).toEqual([]);
});

it("nothing at all while the settings stay as they are", async () => {
  const same = [{ key: "flow", issuer: "flowauth", targets: [] }];
  const strays = await straysAfter([open, { mint: null }], async (state) => {
    expect(await state.enrol(same, NOW)).toEqual([]);
  });
  expect(strays).toEqual([]);
});
