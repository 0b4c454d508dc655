import { until } from "../support/process.ts";
import type { Site } from "./site.ts";

interface Told {
  readonly ok: boolean;
  readonly token: string;
  readonly state: string;
  readonly newest: HeldToken | null;
  readonly targets: readonly { readonly state: string; readonly held: { readonly fingerprint: string } | null }[];
}

export interface HeldToken {
  readonly fingerprint: string;
  /** Moved by an extension, which leaves the token what it is. */
  readonly exp_at: string;
}

/** By token, what all its targets hold: once nothing is under way any more and the daemon calls it well. */
export async function calm(site: Site, withinMs = 90_000): Promise<ReadonlyMap<string, HeldToken>> {
  return until("all is settled", () => calmNow(site), withinMs);
}

/** A renewal of every token by a person, to its end. One that fails is asked for again, as a person would. */
export async function renewAll(site: Site, lifetimeMinutes?: number): Promise<ReadonlyMap<string, HeldToken>> {
  const before = await calm(site);
  const renewed = async (): Promise<ReadonlyMap<string, HeldToken>> => {
    const now = await calmNow(site);
    const left = [...now].filter(([token, held]) => isSame(before.get(token), held)).map(([token]) => token);
    for (const token of left) await site.wish(token, lifetimeMinutes);
    if (left.length > 0) throw new Error(`${left.join(", ")}: as before`);
    return now;
  };
  return until("every token is renewed", renewed, 90_000);
}

/** Throws with what is still under way or not well. */
async function calmNow(site: Site): Promise<ReadonlyMap<string, HeldToken>> {
  const tokens = (await site.status()) as readonly Told[];
  if (tokens.length === 0) throw new Error("no token is known");
  const restless = tokens.filter((told) => !isCalm(told)).map(({ token, state }) => `${token}: ${state}`);
  if (restless.length > 0) throw new Error(restless.join(", "));
  return new Map(tokens.map(({ token, newest }) => [token, newest as HeldToken]));
}

function isCalm({ ok, state, newest, targets }: Told): boolean {
  const isHeld = targets.every((target) => target.state === "ok" && target.held?.fingerprint === newest?.fingerprint);
  return ok && state === "ok" && newest !== null && isHeld;
}

function isSame(before: HeldToken | undefined, now: HeldToken): boolean {
  return before?.fingerprint === now.fingerprint && before.exp_at === now.exp_at;
}
