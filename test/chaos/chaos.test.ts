import { expect, it, vi } from "vitest";
import { PATIENT } from "../e2e/place.ts";
import { type CreationBatch, runCreations } from "./creations.ts";
import type { Kind } from "./kinds.ts";
import type { Kill } from "./plan.ts";
import { runRound } from "./round.ts";
import { STEPS } from "./steps.ts";
import { verdictOf } from "./verdict.ts";

vi.setConfig(PATIENT);

/** The short form of `npm run chaos`. The first leaves a request in doubt, which is waited out while the others die. */
const FLOWAUTH = [
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
const ARVADOS = ["after:chosen intent", "issuer answers", "extension answers", "ending answers"];
const OAUTH2 = ["issuer answers", "before:minted"];
const HTTP = ["issuer answers", "before:taken up"];

it.concurrent.each<[Kind, readonly string[]]>([
  ["flowauth", FLOWAUTH],
  ["embedded", EMBEDDED],
  ["arvados", ARVADOS],
  ["oauth2", OAUTH2],
  ["http", HTTP],
])("keeps every token and every reader through deaths at named steps, its issuer %s", async (issuer, names) => {
  // Long lives: on a busy machine no deadline is near, and renewals come from the wishes.
  const report = await runRound({ issuer, kills: names.map(killAt) }, { lifetime: "20m" });
  const { lines, holds } = verdictOf({ rounds: [report] });
  expect(lines.filter((line) => line.startsWith("WRONG"))).toEqual([]);
  expect({ holds, reached: report.reached }).toEqual({ holds: true, reached: names });
});

const AT_ARVADOS = ["after:chosen intent", "issuer answers", "before:handed out"];
const AT_EMBEDDED = ["issuer answers", "after:accepted"];

it.concurrent.each<[CreationBatch["issuer"], readonly string[]]>([
  ["arvados", AT_ARVADOS],
  ["embedded", AT_EMBEDDED],
])(
  "a `create-token` that was cut off and is called again makes one token and prints it, its issuer %s",
  async (issuer, names) => {
    const creations = await runCreations({ issuer, creations: names.map((name) => ({ deaths: [name], delayMs: 0 })) });
    const { lines } = verdictOf({ rounds: [], creations });
    expect(lines.filter((line) => line.startsWith("WRONG"))).toEqual([]);
    expect(creations.map(({ made, killed, reached }) => ({ made, killed, reached }))).toEqual(
      names.map((name) => ({ made: 1, killed: 1, reached: [name] })),
    );
  },
);

function killAt(name: string): Kill {
  const step = STEPS.find((each) => each.name === name);
  if (step === undefined) throw new TypeError(`no step ${name}`);
  return { step, pauseMs: 0, delayMs: 0 };
}
