import { CommanderError } from "commander";
import { type ErrorCode, RenewdError } from "../core/errors.ts";

/** One table for all verbs. */
export const EXIT = {
  well: 0,
  /** What was asked about is not well. */
  notWell: 1,
  settings: 2,
  /** Unreachable or refused. */
  refused: 3,
  /** The state is locked or unreadable. */
  state: 4,
  /** Usage, or an unknown name. */
  usage: 64,
  bug: 70,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Whatever is not here was answered by an issuer, a store or a daemon, or by none: refused. */
const BY_ERROR: Readonly<Partial<Record<ErrorCode, ExitCode>>> = {
  would_not_gain: EXIT.notWell,
  token_paused: EXIT.notWell,
  nothing_to_roll_back: EXIT.notWell,
  nothing_quarantined: EXIT.notWell,
  not_acceptable: EXIT.notWell,
  settings_invalid: EXIT.settings,
  commands_not_allowed: EXIT.settings,
  state_unwritable: EXIT.state,
  state_locked: EXIT.state,
  state_key: EXIT.state,
  state_unreadable: EXIT.state,
  unknown_token: EXIT.usage,
  usage: EXIT.usage,
  bug: EXIT.bug,
};

/** commander ends `--help` and `--version` by throwing too, with its exit code 0. */
export function exitCodeOf(thrown: unknown): ExitCode {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.well : EXIT.usage;
  if (thrown instanceof RenewdError) return BY_ERROR[thrown.code] ?? EXIT.refused;
  return EXIT.bug;
}
