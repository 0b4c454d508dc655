import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../core/duration.ts";
import { greatestNeedMs, leewayMs, needMs, type Pace, scheduleOf, type Use } from "../core/schedule.ts";

/** What a declared token asks for, as far as its promise goes. */
export interface Asked {
  readonly lifetimeMs: number;
  readonly pace: Pace;
  /** With their labels; the most demanding one is named. */
  readonly uses: readonly (Use & { readonly label: string })[];
  /** The longest time during which none of the policy's windows is open. */
  readonly longestClosedMs: number;
}

export interface Broken {
  /** What has to change first: the place the problem is shown at. */
  readonly about: { readonly kind: "target"; readonly label: string } | { readonly kind: "lifetime" | "windows" };
  readonly message: string;
  readonly hint: string;
}

/**
 * Why settings cannot keep the promise, with the arithmetic (lifetime, need, repair, floor), or undefined when
 * they can. Counted for a token that is issued for exactly the lifetime asked for and renewed without jitter.
 */
export function promiseProblem(asked: Asked): Broken | undefined {
  const { lifetimeMs: lifetime, uses } = asked;
  const demanding = uses.toSorted((a, b) => needMs(b, lifetime) - needMs(a, lifetime))[0];
  if (demanding === undefined) return undefined;
  return tooLongHeld(lifetime, demanding) ?? tooTight(asked, demanding) ?? closedTooLong(asked);
}

type Demanding = Asked["uses"][number];

function tooLongHeld(lifetime: number, use: Demanding): Broken | undefined {
  const need = needMs(use, lifetime);
  if (need < lifetime) return undefined;
  const others = use.propagationMs + leewayMs(lifetime);
  const room = lifetime - others;
  return {
    about: { kind: "target", label: use.label },
    message: `${needSum(use, lifetime)}, but a token lives only ${show(lifetime)}: no reader could be promised its hold`,
    hint: `Ask for a \`request.lifetime\` of well over ${show(need)}${room > 0 ? `, or lower \`hold\` well below ${show(room)}` : ""}.`,
  };
}

function tooTight(asked: Asked, use: Demanding): Broken | undefined {
  const { lifetimeMs: lifetime, pace } = asked;
  const { latestAt, floorAt } = issued(asked);
  if (latestAt >= floorAt) return undefined;
  const need = greatestNeedMs(pace.uses, lifetime);
  const repair = Math.min(pace.policy.repairMs, (lifetime - need) / 3);
  const why =
    pace.minIntervalMs > lifetime / 10 ? `two ticks or the store's write interval` : "a tenth of the lifetime";
  return {
    about: { kind: "lifetime" },
    message:
      `lifetime ${show(lifetime)} - need ${show(need)} (${needSum(use, lifetime)}) - repair ${show(repair)} leaves ` +
      `${show(latestAt)} to renew in, but no renewal starts within ${show(floorAt)} of the last (${why})`,
    hint: `Ask for a longer \`request.lifetime\`, or lower \`hold\` or \`propagation\`${
      repair === pace.policy.repairMs ? " or the policy's `repair`" : ""
    }${pace.minIntervalMs > lifetime / 10 ? ", or tick more often" : ""}.`,
  };
}

function closedTooLong(asked: Asked): Broken | undefined {
  const { longestClosedMs: closed, lifetimeMs: lifetime, pace } = asked;
  const { latestAt, renewAt } = issued(asked);
  const room = latestAt - renewAt;
  if (closed <= room) return undefined;
  // However large renew_before is, no more than two thirds of the lifetime count.
  const mostRoom =
    latestAt - issued({ ...asked, pace: { ...pace, policy: { ...pace.policy, renewBefore: { share: 1 } } } }).renewAt;
  const earlier = closed <= mostRoom ? "raise `renew_before`, " : "";
  return {
    about: { kind: "windows" },
    message:
      `the windows stay closed for up to ${show(closed)}, but renewal must start within ${show(room)}: it is due ` +
      `${show(renewAt)} after the issue of a token of ${show(lifetime)}, and urgent after ${show(latestAt)}`,
    hint: `Open a window more often or for longer, ${earlier}or ask for a longer \`request.lifetime\`.`,
  };
}

function issued(asked: Asked): { readonly renewAt: number; readonly latestAt: number; readonly floorAt: number } {
  return scheduleOf({ startAt: 0, expAt: asked.lifetimeMs, u: 0 }, asked.pace);
}

function needSum(use: Demanding, lifetime: number): string {
  return (
    `${use.label}: hold ${show(use.holdMs)} + propagation ${show(use.propagationMs)} + ` +
    `leeway ${show(leewayMs(lifetime))} = ${show(needMs(use, lifetime))}`
  );
}

/** Unlike `formatDuration` nothing is left out, so that sums add up: `30 d 16 min`. */
function show(durationMs: number): string {
  let restMs = durationMs < SECOND_MS ? durationMs : Math.round(durationMs / SECOND_MS) * SECOND_MS;
  const parts: string[] = [];
  for (const [unit, unitMs] of UNITS) {
    const count = Math.floor(restMs / unitMs);
    restMs -= count * unitMs;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(" ") || "0 s";
}

const UNITS = [
  ["d", DAY_MS],
  ["h", HOUR_MS],
  ["min", MINUTE_MS],
  ["s", SECOND_MS],
  ["ms", 1],
] as const;
