import { expect, it, vi } from "vitest";
import { PATIENT } from "../e2e/place.ts";
import { CASES, runCase } from "./cases.ts";

vi.setConfig(PATIENT);

/** One of each kind: damaged, lost, full; `npm run chaos` has them all. */
const QUICK = [
  "the state's first page is overwritten",
  "the state and its key are lost",
  "the state's disk is full while the daemon runs",
];

it.concurrent.each(QUICK)("nothing is lost and nothing minted for nothing when %s", async (name) => {
  const found = CASES.find((each) => each.name === name);
  if (found === undefined) throw new TypeError(`no case ${name}`);
  const { wrong, notPossible } = await runCase(found);
  if (notPossible !== null) process.stderr.write(`${name}: not possible here: ${notPossible}\n`);
  expect(wrong).toBeNull();
});
