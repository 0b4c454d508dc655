import { createHash } from "node:crypto";
import type { Instant } from "../core/duration.ts";
import type { DeclaredService, Settings } from "../core/settings.ts";
import type { StateStore } from "../core/state-store.ts";
import type { Engine } from "../engine/engine.ts";
import { forgetChannel } from "../engine/tell.ts";

/** The fact under which the state keeps which settings its agendas were made from. */
const SEEN = "settings_seen";
/** And, of each alert channel, what it was declared as when it was last told anything. */
const CHANNEL_SEEN = "channel_seen ";
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

/**
 * A channel that was edited while no renewd ran is another place, as after a reload: it hears of all that is open. Of one
 * that an earlier version told nothing is known, so it counts as the same.
 */
export async function forgetChangedChannels(
  engine: Pick<Engine, "clock" | "state" | "emit">,
  settings: Settings,
): Promise<void> {
  for (const channel of settings.alerts.channels) {
    const seen = await engine.state.fact(CHANNEL_SEEN + channel.key);
    if (seen !== undefined && seen !== placeOf(channel)) await forgetChannel(engine, channel.key);
  }
  await noteChannels(engine.state, settings);
}

/** These are told from now on. */
export async function noteChannels(state: Pick<StateStore, "fact" | "setFact">, settings: Settings): Promise<void> {
  for (const channel of settings.alerts.channels) {
    const name = CHANNEL_SEEN + channel.key;
    if ((await state.fact(name)) !== placeOf(channel)) await state.setFact(name, placeOf(channel));
  }
}

/** How a channel is spoken to, and not where: another pace is no other place. */
const PACE: ReadonlySet<string> = new Set(["timeout", "batch", "resend", "lasts"]);

/** Of a secret it knows only where it comes from. */
function placeOf({ type, options }: DeclaredService): number {
  const where = Object.entries(options as object).filter(([name]) => !PACE.has(name));
  return numberOf([type, where]);
}

/** The version too: another may reckon otherwise. */
function digest({ tokens, issuers, stores, tickMs }: Settings, version: string): number {
  return numberOf([version, tickMs, tokens, issuers, stores]);
}

function numberOf(value: unknown): number {
  const text = JSON.stringify(value);
  return Number.parseInt(createHash("sha256").update(text).digest("hex").slice(0, DIGITS), 16);
}
