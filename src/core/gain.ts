/** Whether a fresh token would live longer than the one in use. */
import type { TokenView } from "./decide.ts";
import { formatInstant, formatWhole, type Instant, SECOND_MS } from "./duration.ts";
import { RenewdError } from "./errors.ts";
import type { Issue } from "./issue.ts";

/** `exp` has whole seconds, rounded down, so that a gain of less may be none. */
const EXP_GRAIN_MS: number = SECOND_MS;

/**
 * From when on a fresh token would live longer than the one in use: one that was made by hand, or before `lifetime` was
 * lowered, may still live longer than what would be asked for. Where a renewal revokes the old one any lives longer.
 */
export function gainsFrom({ declared, issuer }: Pick<TokenView, "declared" | "issuer">, desired: Issue): Instant {
  const askedMs = declared.request.lifetimeMs;
  if (issuer.overlap === "none" || !Number.isFinite(askedMs)) return 0;
  return desired.expAt - askedMs + EXP_GRAIN_MS;
}

/** Why a person's renewal would gain nothing now, with the arithmetic; undefined when it would gain. */
export function noGain(
  { declared, record, issuer }: Pick<TokenView, "declared" | "record" | "issuer">,
  lifetimeMs: number | null,
  now: Instant,
): RenewdError | undefined {
  const { lifetimeMs: declaredMs, strategy } = declared.request;
  const { desired } = record;
  if (desired === null || (issuer.overlap === "none" && strategy === "replace")) return undefined;
  const askedMs = lifetimeMs ?? declaredMs;
  if (now + askedMs >= desired.expAt + EXP_GRAIN_MS) return undefined;
  // Whole seconds, as they are shown; what is left of one is less than `exp` can tell.
  const at = Math.floor(now / SECOND_MS) * SECOND_MS;
  const until = `${formatInstant(at + askedMs)}, but the token in use lives until ${formatInstant(desired.expAt)}`;
  const sum = `now ${formatInstant(at)} + ${formatWhole(askedMs)} = ${until}`;
  return new RenewdError("would_not_gain", sum, { sent: false });
}
