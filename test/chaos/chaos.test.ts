import { expect, it, vi } from "vitest";
import { PATIENT } from "../e2e/place.ts";
import type { Kill, RoundPlan } from "./plan.ts";
import { runRound } from "./round.ts";
import { STEPS } from "./steps.ts";
import { verdictOf } from "./verdict.ts";

vi.setConfig(PATIENT);

/** The short form of `npm run chaos`. The first leaves a request in doubt, which is waited out while the others die. */
const APART = [
  "after:intent",
  "issuer answers",
  "before:minted",
  "after:minted",
  "after:accepted",
  "before:file renamed",
  "after:file renamed",
  "secrets PutSecretValue done",
  "secrets UpdateSecretVersionStage done",
  "before:delivered",
  "after:hook run",
  "before:settled",
];
const EMBEDDED = ["issuer answers", "before:accepted", "after:file temporary synced"];

it.concurrent.each<[RoundPlan["issuer"], readonly string[]]>([
  ["apart", APART],
  ["embedded", EMBEDDED],
])(
  "keeps every token and every reader through deaths at named steps, its issuer %s",
  async (issuer, names) => {
    // Long lives: on a busy machine no deadline is near, and renewals come from the wishes.
    const report = await runRound({ issuer, kills: names.map(killAt) }, { lifetime: "20m" });
    const { lines, holds } = verdictOf([report]);
    expect(lines.filter((line) => line.startsWith("WRONG"))).toEqual([]);
    expect({ holds, reached: report.reached }).toEqual({ holds: true, reached: names });
  },
  120_000,
);

function killAt(name: string): Kill {
  const step = STEPS.find((each) => each.name === name);
  if (step === undefined) throw new TypeError(`no step ${name}`);
  return { step, pauseMs: 0, delayMs: 0 };
}
