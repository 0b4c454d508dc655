/** What must be told, and what must not: promtool plays each case and compares all alerts that fire. */
import { OF_DAEMON } from "./cases-of-daemon.ts";
import { OF_INCIDENTS } from "./cases-of-incidents.ts";
import { OF_TOKENS } from "./cases-of-tokens.ts";
import { QUIET } from "./cases-quiet.ts";
import type { RuleCase } from "./rule-case.ts";

export const RULE_CASES: readonly RuleCase[] = [...QUIET, ...OF_DAEMON, ...OF_TOKENS, ...OF_INCIDENTS];
