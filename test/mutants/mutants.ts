import { ELSEWHERE } from "./elsewhere.ts";
import { IN_CORE } from "./in-core.ts";
import { IN_ENGINE } from "./in-engine.ts";
import { IN_STRATEGIES } from "./in-strategies.ts";
import type { Mutant } from "./mutant.ts";

/** All of them. */
export const MUTANTS: readonly Mutant[] = [...IN_CORE, ...IN_ENGINE, ...IN_STRATEGIES, ...ELSEWHERE];
