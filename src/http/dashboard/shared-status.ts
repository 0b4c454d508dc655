import type { Control } from "../../core/control.ts";
import { SECOND_MS } from "../../core/duration.ts";
import type { Clock } from "../../core/ports.ts";
import type { StatusReport } from "../../core/status.ts";

/** The page waits at least so long after an event before it asks, so that nobody is shown what was before it. */
const KEPT_MS = SECOND_MS;

/**
 * The status for all who look: with ten thousand tokens it takes longer to make than to show. Who asks while it is made,
 * or less than a second after it was asked for, gets the same.
 */
export function sharedStatus(
  control: Pick<Control, "status">,
  clock: Pick<Clock, "monotonicMs"> | undefined,
): () => Promise<StatusReport> {
  /** `endsMs` is null while it is made. */
  let made: { readonly report: Promise<StatusReport>; endsMs: number | null } | undefined;
  return () => {
    const nowMs = clock?.monotonicMs() ?? 0;
    if (made !== undefined && (made.endsMs === null || nowMs < made.endsMs)) return made.report;
    const asked: NonNullable<typeof made> = { report: control.status(), endsMs: null };
    made = asked;
    asked.report.then(
      () => (asked.endsMs = clock === undefined ? 0 : nowMs + KEPT_MS),
      // A failure is nobody else's.
      () => (asked.endsMs = 0),
    );
    return asked.report;
  };
}
