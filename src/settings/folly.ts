/** Settings that are allowed and probably not meant. Nothing is refused for them. */
import { formatDuration, spanMs } from "../core/duration.ts";
import type { Policy } from "../core/policy.ts";
import { greatestNeedMs, scheduleOf } from "../core/schedule.ts";
import type { DeclaredToken } from "../core/token.ts";
import type { Report } from "./report.ts";

interface Reviewable {
  readonly tokens: readonly DeclaredToken[];
  readonly policies: ReadonlyMap<string, Policy | undefined>;
  readonly tickMs: number;
}

/** So many looks at least have to fit into `repair`: one sees the failure, the next ones try again. */
const LOOKS_TO_REPAIR = 3;
/** With fewer looks than this in the jitter, many renewals begin at the very look that finds them late. */
const LOOKS_IN_JITTER = 20;
/** More of a token's life never counts. */
const RENEW_BEFORE_MOST: number = 2 / 3;

/** Notes what a person should think of again; one note for each policy, whatever the number of its tokens. */
export function warnOfFolly(report: Report, { tokens, policies, tickMs }: Reviewable): void {
  const users = Map.groupBy(tokens, ({ policy }) => policy.key);
  for (const [key, policy] of policies) {
    if (policy === undefined) continue;
    const path = ["policies", key];
    const using = users.get(key) ?? [];
    if (using.length === 0 && key !== "default")
      report.warn(path, "no token has this policy", `Write \`policy: ${key}\` at a token, or remove it.`);
    warnOfWindows(report, path, policy, tickMs);
    if (using.length === 0) continue;
    warnOfRepair(report, path, policy, tickMs);
    const [token, ...others] = using.filter((each) => isTooEarly(each));
    if (token !== undefined) warnOfTooEarly(report, path, token, others.length);
    const [hasty, ...alike] = using.filter((each) => isTooLate(each, tickMs));
    if (hasty !== undefined) warnOfTooLate(report, path, hasty, alike.length, tickMs);
    const [bunched, ...rest] = using.filter((each) => isBunched(each));
    if (bunched !== undefined) warnOfBunching(report, path, bunched, rest.length);
  }
}

type Path = readonly PropertyKey[];

function lifetimeOf({ request, policy }: DeclaredToken): number {
  return Math.min(request.lifetimeMs, policy.renewEveryMs ?? Infinity);
}

function isTooEarly(token: DeclaredToken): boolean {
  const lifetime = lifetimeOf(token);
  return spanMs(token.policy.renewBefore, lifetime) > RENEW_BEFORE_MOST * lifetime;
}

function warnOfTooEarly(report: Report, path: Path, token: DeclaredToken, others: number): void {
  const lifetime = lifetimeOf(token);
  report.warn(
    [...path, "renew_before"],
    `is more than two thirds of the life of ${named(token, others)}, and more than that never counts: it is renewed every ${formatDuration(lifetime / 3)} although it lives ${formatDuration(lifetime)}`,
    "Write 66% or less; the default is 33%.",
  );
}

/** The instants of a token issued at 0 that is renewed without jitter. */
function instantsOf(token: DeclaredToken): {
  readonly plannedAt: number;
  readonly latestAt: number;
  readonly jitterMs: number;
} {
  const lifetime = lifetimeOf(token);
  const pace = { policy: token.policy, minIntervalMs: 0, uses: token.targets };
  const { latestAt } = scheduleOf({ startAt: 0, expAt: lifetime, u: 0 }, pace);
  const before = Math.min(spanMs(token.policy.renewBefore, lifetime), RENEW_BEFORE_MOST * lifetime);
  return { plannedAt: lifetime - before, latestAt, jitterMs: spanMs(token.policy.jitter, lifetime) };
}

function isTooLate(token: DeclaredToken, tickMs: number): boolean {
  const { plannedAt, latestAt, jitterMs } = instantsOf(token);
  return plannedAt > latestAt - tickMs && jitterMs < LOOKS_IN_JITTER * tickMs;
}

function warnOfTooLate(report: Report, path: Path, token: DeclaredToken, others: number, tickMs: number): void {
  const lifetime = lifetimeOf(token);
  const { latestAt } = instantsOf(token);
  const wantedMs = lifetime - latestAt + 2 * tickMs;
  const share = Math.ceil((100 * wantedMs) / lifetime);
  const hint =
    share <= 66
      ? `Write \`renew_before: ${share}%\` or more, or lower \`repair\`.`
      : "Ask for a longer `request.lifetime`, or lower `hold`, `propagation` or `repair`.";
  report.warn(
    [...path, "renew_before"],
    `leaves ${named(token, others)} no time between the start of a renewal and \`latest\`, when it counts as late: readers need ${formatDuration(greatestNeedMs(token.targets, lifetime))} of its ${formatDuration(lifetime)}, and with \`repair\` that is ${formatDuration(lifetime - latestAt)} before its end`,
    hint,
  );
}

function isBunched(token: DeclaredToken): boolean {
  const lifetime = lifetimeOf(token);
  const { plannedAt, latestAt, jitterMs } = instantsOf(token);
  return jitterMs > lifetime / 10 && Math.min(plannedAt, latestAt) - jitterMs < lifetime / 10;
}

function warnOfBunching(report: Report, path: Path, token: DeclaredToken, others: number): void {
  const lifetime = lifetimeOf(token);
  report.warn(
    [...path, "jitter"],
    `reaches back to before a tenth of the life of ${named(token, others)}, and no renewal starts earlier than that: many are renewed every ${formatDuration(lifetime / 10)}`,
    "Write less; the default is 5%.",
  );
}

function warnOfRepair(report: Report, path: Path, policy: Policy, tickMs: number): void {
  if (policy.repairMs >= LOOKS_TO_REPAIR * tickMs) return;
  report.warn(
    [...path, "repair"],
    `is shorter than ${LOOKS_TO_REPAIR} looks (\`tick\`: every ${formatDuration(tickMs)}), so nobody hears of a late token before its readers do`,
    "Write how long somebody needs to mend things; the default is 24h.",
  );
}

function warnOfWindows(report: Report, path: Path, policy: Policy, tickMs: number): void {
  policy.windows.forEach((window, index) => {
    if (window.forMs > tickMs) return;
    report.warn(
      [...path, "windows", index, "for"],
      `is no longer than the time between two looks (\`tick\`: every ${formatDuration(tickMs)}), so the window may pass unseen`,
      "Keep it open for longer, or tick more often.",
    );
  });
}

function named({ key }: DeclaredToken, others: number): string {
  return others === 0 ? `token \`${key}\`` : `token \`${key}\` (and of ${others} more)`;
}
