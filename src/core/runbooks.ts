import type { IncidentReason } from "./incidents.ts";

/** The page that says what to do about each incident and each alert, unless the settings name another. */
export const RUNBOOKS = "https://github.com/Flowminder/renewd/blob/main/docs/alerts.md";

/** The page that says what each word means. The installed product holds no documents. */
export const FAILURE_MODES = "https://github.com/Flowminder/renewd/blob/main/docs/failure-modes.md";

/** Where on that page an incident is told of. Alerts carry it, so it stays as it is. */
export function runbookAnchor(reason: IncidentReason): string {
  return `#${reason}`;
}
