import { retryFrom } from "./decide.ts";
import { formatInstant, type Instant } from "./duration.ts";
import type { Trouble } from "./records.ts";

interface Failing {
  readonly trouble: Trouble | null;
  readonly calls: readonly Instant[];
}

/** When what failed is tried again, without an end of its own. What could be tried now is held up by the service's breaker alone. */
export function nextTryText({ trouble, calls }: Failing, service: "issuer" | "store", now: Instant): string {
  const at = retryFrom(trouble, calls, now);
  if (at !== undefined) return `Next try ${formatInstant(at)}`;
  return `Next try as soon as the ${service} may be asked again (\`renewd status\` says when)`;
}
