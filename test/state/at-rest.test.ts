import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { RenewdError } from "../../src/core/errors.ts";
import type { Mint } from "../../src/core/records.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { issueOf, NOW } from "./accepted.ts";
import { newFolder, openState } from "./fixture.ts";

const CANARY = "eyJhbGciOiJSUzI1NiJ9.Y2FuYXJ5LXRoYXQtbXVzdC1ub3QtYmUtc2Vlbg.c2lnbmF0dXJl";

/** The canary as it might stand in a file: as it is, encoded, or a part of it. */
const TRACES = [
  CANARY,
  Buffer.from(CANARY).toString("base64url").slice(4, -4),
  Buffer.from(CANARY).toString("hex"),
  CANARY.split(".")[1] ?? CANARY,
].map((text) => Buffer.from(text));

it("no token stands in clear in any byte of the state, whatever was recorded of it", async () => {
  const folder = newFolder();
  const state = await openState(join(folder, "renewd.db"));
  await state.enrol([{ key: "flow", issuer: "flowauth", targets: [{ label: "aws", store: "aws" }] }], NOW);
  const token = new SecretText(CANARY);
  const issue = issueOf(token);
  const mint: Mint = {
    id: "m1",
    kind: "renew",
    cause: "due",
    baseId: "7",
    roles: [],
    lifetimeMs: 1,
    expAt: NOW + 1,
    chosen: null,
    known: [token.fingerprint],
    sentAt: NOW,
    settleAt: NOW,
    lookedAt: null,
    fresh: issue,
    told: null,
  };
  const lease = await state.claim({ token: "flow", target: null }, "test", NOW, 60_000);
  if (lease === null) throw new TypeError("nobody else should hold it");
  const asked: Mint = { ...mint, chosen: token.fingerprint, fresh: null };
  await state.changeToken(lease, NOW, { mint: asked, chosen: token });
  await state.changeToken(lease, NOW, { mint, sealed: { fingerprint: token.fingerprint, token } });
  await state.changeToken(lease, NOW, {
    accept: { issue, token },
    mint: null,
    quarantine: { ...issue, check: "roles", message: `it is ${String(token)}`, at: NOW, validAt: NOW },
    trouble: {
      attempts: 1,
      since: NOW,
      last: {
        code: "bug",
        message: new RenewdError("bug", `got ${String(token)}`, { cause: token }).message,
        at: NOW,
      },
      nextTryAt: NOW,
    },
    // A token that slips into an event by mistake is an object that prints [redacted].
    events: [{ type: "person:asked", at: NOW, token: "flow", what: token as unknown as string }],
  });
  await state.stray("flow", issue, token, NOW);

  const files = readdirSync(folder).filter((name) => !name.endsWith(".key"));
  expect(files.sort()).toEqual(["renewd.db", "renewd.db-shm", "renewd.db-wal"]);
  const all = Buffer.concat(files.map((name) => readFileSync(join(folder, name))));
  expect(all.includes(token.fingerprint)).toBe(true);
  expect(all.includes("[redacted]")).toBe(true);
  for (const trace of TRACES) expect(all.includes(trace)).toBe(false);
  await state.close();
  const closed = readFileSync(join(folder, "renewd.db"));
  for (const trace of TRACES) expect(closed.includes(trace)).toBe(false);
});

it.each(["renewd.db", "renewd.db-wal", "renewd.db-shm", "renewd.db.key"])(
  "%s is its owner's alone to read",
  async (name) => {
    const folder = newFolder();
    const state = await openState(join(folder, "renewd.db"));
    await state.setFact("a", 1);
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    await state.close();
  },
);
