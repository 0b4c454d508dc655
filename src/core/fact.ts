/** What conditions are made of. */
import { formatInstant, type Instant } from "./duration.ts";
import { ERRORS } from "./errors.ts";
import type { Condition } from "./incidents.ts";
import type { Trouble } from "./records.ts";

/** What is said of a condition besides until when readers are safe. */
export type Fact = Omit<Condition, "dangerAt" | "expAt">;

/** So many failures in a row are no passing fault any more. */
const FAILURES_TO_TELL = 3;

export function worthTelling(trouble: Trouble, deadline: Instant | null, now: Instant): boolean {
  return (
    trouble.attempts >= FAILURES_TO_TELL ||
    ERRORS[trouble.last.code].retry !== "soon" ||
    deadline === null ||
    now >= deadline
  );
}

export function troubleText(trouble: Trouble): string {
  const times = trouble.attempts === 1 ? "once" : `${trouble.attempts} times`;
  return `Failed ${times} since ${formatInstant(trouble.since)}: ${trouble.last.message} (${trouble.last.code}).`;
}
