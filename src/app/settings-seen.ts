import { createHash } from "node:crypto";
import type { Instant } from "../core/duration.ts";
import type { Settings } from "../core/settings.ts";
import type { StateStore } from "../core/state-store.ts";

/** The fact under which the state keeps which settings its agendas were made from. */
const SEEN = "settings_seen";
/** So many hexadecimal digits make a whole number that a double holds exactly. */
const DIGITS = 12;

/**
 * When to look at a token next was worked out from its settings. Were they edited while no renewd ran, every job looks anew
 * at the recorded state; what is as it was is only looked at, so that a restart by itself renews, writes and tells nothing.
 */
export async function lookAnewIfChanged(
  state: Pick<StateStore, "fact" | "setFact" | "wake">,
  settings: Settings,
  version: string,
  now: Instant,
): Promise<void> {
  const seen = digest(settings, version);
  if ((await state.fact(SEEN)) === seen) return;
  await state.wake({ all: true }, now);
  await state.setFact(SEEN, seen);
}

/** These are in force, and whom they concern was woken. */
export function noteSettings(state: Pick<StateStore, "setFact">, settings: Settings, version: string): Promise<void> {
  return state.setFact(SEEN, digest(settings, version));
}

/** The version too: another may reckon otherwise. */
function digest({ tokens, issuers, stores, tickMs }: Settings, version: string): number {
  const text = JSON.stringify([version, tickMs, tokens, issuers, stores]);
  return Number.parseInt(createHash("sha256").update(text).digest("hex").slice(0, DIGITS), 16);
}
