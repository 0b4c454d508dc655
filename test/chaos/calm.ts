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
export async function renewAll(site: Site): Promise<ReadonlyMap<string, HeldToken>> {
  const before = await calm(site);
  const renewed = async (): Promise<ReadonlyMap<string, HeldToken> | undefined> => {
    const now = await calmNow(site);
    const left = [...(now ?? [])].filter(([token, held]) => isSame(before.get(token), held));
    for (const [token] of left) await site.wish(token);
    return left.length === 0 ? now : undefined;
  };
  return until("every token is renewed", renewed, 90_000);
}

async function calmNow(site: Site): Promise<ReadonlyMap<string, HeldToken> | undefined> {
  const tokens = await site.status();
  const held = new Map<string, HeldToken>();
  for (const { token, ok, state, newest, targets } of tokens as readonly Told[]) {
    const isHeld = targets.every((target) => target.state === "ok" && target.held?.fingerprint === newest?.fingerprint);
    if (!ok || state !== "ok" || newest === null || !isHeld) return undefined;
    held.set(token, newest);
  }
  return held.size === 0 ? undefined : held;
}

function isSame(before: HeldToken | undefined, now: HeldToken): boolean {
  return before?.fingerprint === now.fingerprint && before.exp_at === now.exp_at;
}
