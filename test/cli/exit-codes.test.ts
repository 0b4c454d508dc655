import { CommanderError } from "commander";
import { expect, it } from "vitest";
import { exitCodeOf } from "../../src/cli/exit-codes.ts";
import { type ErrorCode, ERRORS, RenewdError } from "../../src/core/errors.ts";

const TABLE: Partial<Record<ErrorCode, number>> = {
  would_not_gain: 1,
  token_paused: 1,
  nothing_to_roll_back: 1,
  nothing_quarantined: 1,
  not_acceptable: 1,
  settings_invalid: 2,
  commands_not_allowed: 2,
  state_unwritable: 4,
  state_locked: 4,
  state_key: 4,
  state_unreadable: 4,
  unknown_token: 64,
  usage: 64,
  bug: 70,
};

it.each(Object.keys(ERRORS) as ErrorCode[])("%s ends with its exit code, 3 where the table names none", (code) => {
  expect(exitCodeOf(new RenewdError(code, "x"))).toBe(TABLE[code] ?? 3);
});

it("takes what is no operating error for a bug", () => {
  expect([new TypeError("x"), "text", undefined].map(exitCodeOf)).toEqual([70, 70, 70]);
});

it("turns commander's failures into 64 and leaves its help at 0", () => {
  expect(exitCodeOf(new CommanderError(1, "commander.unknownOption", "x"))).toBe(64);
  expect(exitCodeOf(new CommanderError(0, "commander.helpDisplayed", "x"))).toBe(0);
});
