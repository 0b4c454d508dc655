import { retryFrom } from "./decide.ts";
import { formatInstant, type Instant } from "./duration.ts";
import type { Trouble } from "./records.ts";

interface Failing {
  readonly trouble: Trouble | null;
  readonly calls: readonly Instant[];
}

/** When what failed is tried again, without an end of its own. What could be tried now is held up by the service's breaker alone. */
export function nextTryText(
  { trouble, calls }: Failing,
  { service, heldUntil = null }: { readonly service: "issuer" | "store"; readonly heldUntil?: Instant | null },
  now: Instant,
): string {
  const at = Math.max(retryFrom(trouble, calls, now) ?? now, heldUntil ?? now);
  if (at > now) return `Next try ${formatInstant(at)}`;
  return `Next try as soon as the ${service} may be asked again (\`renewd status\` says when)`;
}
