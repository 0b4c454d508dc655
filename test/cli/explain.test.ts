import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { EXIT } from "../../src/cli/exit-codes.ts";
import { ERRORS } from "../../src/core/errors.ts";
import { TOLD_ERRORS } from "../../src/core/explain-errors.ts";
import { didYouMean } from "../../src/settings/suggest.ts";
import { fakeApp, fakeControl, renewd } from "./support.ts";

interface Shown {
  readonly kind: string;
  readonly name: string;
  readonly see: string;
}

const page = readFileSync(join(resolve(import.meta.dirname, "../.."), "docs/failure-modes.md"), "utf8");

describe("explain", () => {
  it("of an error code says what it means, how it is tried again, what renewd does and what you do", async () => {
    const { code, out } = await renewd(fakeApp(), "explain store_denied");
    expect(code).toBe(0);
    expect(out.split("\n")).toEqual([
      "store_denied  an error code",
      "  means   The store refused permission.",
      "  retry   person: only somebody can mend it. Tried again at the longest pause",
      "          all the same, in case somebody has, and told at once.",
      "  renewd  Tries again slowly.",
      "  you     Grant or mend what the message names, then `renewd renew TOKEN`.",
      "  see     https://github.com/Flowminder/renewd/blob/main/docs/failure-modes.md#error-codes",
    ]);
    expect((await renewd(fakeApp(), "explain store_timeout")).out).toContain("Breaker: it concerns the whole service");
  });

  it("of a word that means several things tells of each", async () => {
    const { out } = await renewd(fakeApp(), "explain late");
    expect(out.match(/^late {2}.*$/gm)).toEqual([
      "late  an incident",
      "late  a state of a token",
      "late  a state of a target",
    ]);
  });

  it.each(["IN-DOUBT", "in_doubt", "InDoubt"])("takes %s for in_doubt", async (word) => {
    expect((await renewd(fakeApp(), `explain ${word}`)).out).toContain("Looks for what was made");
  });

  it.each([
    ["RenewdIssuerFailing", "issuer_failing"],
    ["RenewdTokenDeadlineMissed", "deadline_missed"],
    ["RenewdTargetBehind", "behind"],
  ])("takes the alert %s for %s", async (alert, name) => {
    expect((await renewd(fakeApp(), `explain ${alert}`)).out).toMatch(new RegExp(`^${name} {2}an? `));
  });

  it.each([
    ["store_denyed", "Did you mean `store_denied`?"],
    ["timeout", "Did you mean one of `issuer_timeout`, `store_timeout`, `channel_timeout`?"],
    ["denied", "Did you mean `store_denied`?"],
    ["lock", "Did you mean `state_locked`?"],
    ["99", "renewd's exit codes are 0, 1, 2, 3, 4, 64, 70."],
    ["zzz", "`renewd explain` lists what there is."],
  ])("of %s, which is nothing, says what may be meant", async (word, said) => {
    const { code, err } = await renewd(fakeApp(fakeControl(), { didYouMean }), `explain ${word}`);
    expect(code).toBe(64);
    expect(err).toContain(said);
  });

  it("knows every exit code", async () => {
    for (const code of Object.values(EXIT)) {
      const { out } = await renewd(fakeApp(), `explain ${code}`);
      expect(out).toMatch(new RegExp(`^${code} {2}an exit code\n {2}means`));
    }
  });

  it("without a word lists all of them by kind, within 80 columns", async () => {
    const { code, out } = await renewd(fakeApp(), "explain");
    expect(code).toBe(0);
    for (const word of [...Object.keys(ERRORS), "deadline_missed", "delivered_in_part", "signature", "64"])
      expect(out).toMatch(new RegExp(`\\b${word}\\b`));
    expect(out.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  it("with --json is a list, and each names a section of the page that is there", async () => {
    const all = JSON.parse((await renewd(fakeApp(), "explain --json")).out) as readonly Shown[];
    expect(new Set(all.map(({ kind }) => kind)).size).toBe(6);
    const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, text = ""]) => text.toLowerCase().replaceAll(" ", "-"));
    for (const { see } of all) {
      const [file, section] = see.split("#");
      expect(file).toBe("https://github.com/Flowminder/renewd/blob/main/docs/failure-modes.md");
      if (section !== undefined) expect(headings).toContain(section);
    }
    const one = JSON.parse((await renewd(fakeApp(), "explain expired --json")).out) as readonly Shown[];
    expect(one.map(({ kind }) => kind)).toEqual(["incident", "token_state", "target_state"]);
  });

  it("of an unknown word names the nearest and exits 64", async () => {
    const { code, out, err } = await renewd(fakeApp(), "explain store_denid");
    expect({ code, out }).toEqual({ code: 64, out: "" });
    expect(err).toMatch(/nothing is called store_denid\. Did you mean .*store_denied/);
  });
});

describe.each(Object.entries(TOLD_ERRORS))("docs/failure-modes.md on %s", (name, { cause, renewd: does, you }) => {
  const entry = page.split(/\n(?=- \*\*`|\n)/).find((each) => each.startsWith(`- **\`${name}\`**`)) ?? "";
  const plain = entry.replaceAll(/\s+/g, " ").replaceAll(/\[([^\]]+)\]\([^)]*\)/g, "$1");
  const said = /_Cause:_ (.+)\. _renewd:_ (.+)\. _You:_ (.+)\./.exec(plain)?.slice(1) ?? [];

  it("says what `explain` says; only it may point to the entry before", () => {
    const own = [cause, does, you];
    const expected = own.map((text, i) => (isPointer(said[i]) ? said[i] : text));
    expect(said).toEqual(expected);
  });
});

function isPointer(text = ""): boolean {
  return text === "the same" || /^(?:it|its) /.test(text);
}
