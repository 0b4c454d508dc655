/** Every word that renewd uses for what happens, and what it means. Pure. */
import { type ErrorCode, ERRORS } from "./errors.ts";
import { TOLD_ERRORS } from "./explain-errors.ts";
import { TOLD_CHECKS, TOLD_INCIDENTS, TOLD_TARGET_STATES, TOLD_TOKEN_STATES, type Told } from "./explain-words.ts";
import { FAILURE_MODES } from "./runbooks.ts";

export type ExplainedKind = "error" | "incident" | "token_state" | "target_state" | "check" | "exit_code";

export interface Explanation {
  readonly kind: ExplainedKind;
  readonly name: string;
  readonly meaning: string;
  /** How it is tried again; null for what is no failure. */
  readonly retry: string | null;
  /** What renewd does by itself. */
  readonly renewd: string;
  /** What a person does. */
  readonly you: string;
  /** The address of the section that says more. */
  readonly see: string;
}

const RETRY_WORDS = {
  soon: "soon: it may be over in seconds. Tried again after about 5 s, 10 s and 20 s, then at growing pauses; told after three failures in a row",
  slow: "slow: asking again soon changes nothing. Tried again at the longest pause, and told at once",
  person:
    "person: only somebody can mend it. Tried again at the longest pause all the same, in case somebody has, and told at once",
} as const;
const BREAKER = "Breaker: it concerns the whole service, of which one call at a time is then tried";

function errors(): readonly Explanation[] {
  return Object.entries(TOLD_ERRORS).map(([name, { cause, renewd, you }]) => {
    const { retry, scope } = ERRORS[name as ErrorCode];
    const breaker = scope === "service" ? ` ${BREAKER}.` : "";
    return {
      kind: "error",
      name,
      meaning: sentence(cause),
      retry: `${RETRY_WORDS[retry]}.${breaker}`,
      renewd: sentence(renewd),
      you: sentence(you),
      see: `${FAILURE_MODES}#error-codes`,
    };
  });
}

function words(kind: ExplainedKind, told: Readonly<Record<string, Told>>, section: string): readonly Explanation[] {
  const see = section === "" ? FAILURE_MODES : `${FAILURE_MODES}#${section}`;
  return Object.entries(told).map(([name, each]) => ({ kind, name, ...each, retry: null, see }));
}

/** Everything there is to explain, in a fixed order; `exitCodes` are the command line's own. */
export function explanations(exitCodes: Readonly<Record<string, Told>>): readonly Explanation[] {
  return [
    ...words("incident", TOLD_INCIDENTS, "incidents"),
    ...words("token_state", TOLD_TOKEN_STATES, "states-of-a-token"),
    ...words("target_state", TOLD_TARGET_STATES, "states-of-a-target"),
    ...errors(),
    ...words("check", TOLD_CHECKS, "what-a-person-may-decide"),
    ...words("exit_code", exitCodes, ""),
  ];
}

function sentence(text: string): string {
  return /^(?:`|renewd\b)/.test(text) ? `${text}.` : `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
