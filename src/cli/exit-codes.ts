import { CommanderError } from "commander";
import { type ErrorCode, RenewdError } from "../core/errors.ts";
import type { Told } from "../core/explain-words.ts";

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

const MESSAGE_SAYS = "Go by the message on stderr; it ends with what to do.";

/** The same for people, each by its number. */
export const EXIT_CODES_TOLD: Readonly<Record<ExitCode, Told>> = {
  [EXIT.well]: { meaning: "What was asked for was done, or is well.", renewd: "Nothing more.", you: "Nothing." },
  [EXIT.notWell]: {
    meaning:
      "What was asked about is not well: a token needs attention, a renewal is not done, a decision is not possible.",
    renewd: "A running daemon goes on trying.",
    you: "`renewd status` says what is wrong and what to do.",
  },
  [EXIT.settings]: {
    meaning: "The settings have mistakes, or run a command without `--allow-commands`.",
    renewd: "The verb does nothing. A running daemon keeps the settings it has; verbs that speak to it still do.",
    you: "`renewd check --offline` shows the places.",
  },
  [EXIT.refused]: {
    meaning: "Somebody could not be reached, or refused: the daemon, an issuer, a store, an alert channel.",
    renewd: "The verb ends; a running daemon goes on trying.",
    you: MESSAGE_SAYS,
  },
  [EXIT.state]: {
    meaning: "The state is locked by another renewd, or cannot be read or written.",
    renewd: "The verb changes nothing.",
    you: MESSAGE_SAYS,
  },
  [EXIT.usage]: {
    meaning: "The verb was called wrongly, or named something unknown.",
    renewd: "The verb changes nothing.",
    you: "See `renewd VERB --help`.",
  },
  [EXIT.bug]: {
    meaning: "A mistake in renewd.",
    renewd: "The verb ends.",
    you: "Please report it; `RENEWD_DEBUG=1` shows where it happened.",
  },
};

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
