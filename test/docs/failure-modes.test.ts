/** docs/failure-modes.md names what the code names, and says the same of it. */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { type ErrorCode, ERRORS } from "../../src/core/errors.ts";
import type { IncidentReason } from "../../src/core/incidents.ts";
import type { TargetState, TokenState } from "../../src/core/status.ts";

const root = resolve(import.meta.dirname, "../..");
const text = readFileSync(join(root, "docs/failure-modes.md"), "utf8");

/** The compiler keeps these lists whole. */
const REASONS: Readonly<Record<IncidentReason, true>> = {
  late: true,
  deadline_missed: true,
  expired: true,
  issuer_failing: true,
  token_absent: true,
  target_failing: true,
  never_delivered: true,
  quarantined: true,
  roles_lost: true,
  outcome_unknown: true,
  no_progress: true,
  lifetime_capped: true,
  scopes_gained: true,
  roles_differ: true,
  not_retired: true,
  drift: true,
  not_owned: true,
  paused_past_deadline: true,
  settings_refused: true,
  clock_skewed: true,
  scheduler_stalled: true,
  daemon_absent: true,
  channel_failing: true,
  state_failing: true,
};
const TOKEN_STATES: Readonly<Record<TokenState, true>> = {
  ok: true,
  first: true,
  due: true,
  renewing: true,
  undelivered: true,
  delivered_in_part: true,
  in_doubt: true,
  waiting_for_person: true,
  verifying: true,
  failing: true,
  quarantined: true,
  paused: true,
  late: true,
  expired: true,
};
const TARGET_STATES: Readonly<Record<TargetState, true>> = {
  ok: true,
  empty: true,
  behind: true,
  confirming: true,
  notifying: true,
  withdrawn: true,
  failing: true,
  drift: true,
  not_owned: true,
  late: true,
  expired: true,
};

interface Entry {
  readonly name: string;
  readonly rest: string;
}

/** The entries of one section, each on one line. */
function entriesOf(heading: string): readonly Entry[] {
  const section = text.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? "";
  return [...section.matchAll(/^- \*\*`(\w+)`\*\*([\s\S]*?)(?=\n- |\n\n|\n*$(?![\s\S]))/gm)].map(([, name, rest]) => ({
    name: name ?? "",
    rest: (rest ?? "").replaceAll(/\s+/g, " "),
  }));
}

const namesOf = (heading: string): readonly string[] => entriesOf(heading).map(({ name }) => name);
const quotedIn = (words: string): readonly string[] => words.match(/`[^`]+`/g) ?? [];
const verbsIn = (words: string): readonly string[] => words.match(/`renewd \w+/g) ?? [];

describe("the error codes", () => {
  it("are those of the code, in its order", () => {
    expect(namesOf("Error codes")).toEqual(Object.keys(ERRORS));
  });

  it.each(entriesOf("Error codes"))(
    "$name: how it is retried, its cause, what renewd does and what a person does",
    (entry) => {
      const { retry, scope, hint } = ERRORS[entry.name as ErrorCode];
      expect(entry.rest).toMatch(/^ \([a-z, ]+\)\. _Cause:_ .+\. _renewd:_ .+\. _You:_ .+\.$/);
      expect(/\(([a-z, ]+)\)/.exec(entry.rest)?.[1]).toBe(scope === "service" ? `${retry}, breaker` : retry);
      const you = entry.rest.slice(entry.rest.indexOf("_You:_"));
      for (const quoted of quotedIn(hint)) expect(entry.rest).toContain(quoted);
      for (const verb of verbsIn(hint)) expect(you).toContain(verb);
    },
  );
});

describe("the rest", () => {
  it.each<[string, object]>([
    ["Incidents", REASONS],
    ["States of a token", TOKEN_STATES],
    ["States of a target", TARGET_STATES],
  ])("%s: each is told, and none that is unknown", (heading, known) => {
    expect(namesOf(heading)).toEqual(Object.keys(known));
  });

  it("names no verb that the command line does not have", () => {
    const program = readFileSync(join(root, "src/cli/program.ts"), "utf8");
    const verbs = [...text.matchAll(/`renewd ([a-z][a-z-]*)/g)].map(([, verb]) => verb ?? "");
    for (const verb of verbs) expect(program).toContain(`from "./${verb}.ts"`);
    for (const verb of ["rollback", "accept", "discard", "adopt", "resume"]) expect(text).toContain(`**\`${verb}\`**`);
  });
});
