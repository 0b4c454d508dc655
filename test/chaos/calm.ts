import { until } from "../support/process.ts";
import type { Site } from "./site.ts";

interface Told {
  readonly ok: boolean;
  readonly token: string;
  readonly state: string;
  readonly newest: { readonly fingerprint: string } | null;
  readonly targets: readonly { readonly state: string; readonly held: { readonly fingerprint: string } | null }[];
}

/** By token, the fingerprint that all its targets hold: once nothing is under way any more and the daemon calls it well. */
export async function calm(site: Site, withinMs = 90_000): Promise<ReadonlyMap<string, string>> {
  return until("all is settled", () => calmNow(site), withinMs);
}

/** A renewal of every token by a person, to its end. One that fails is asked for again, as a person would. */
export async function renewAll(site: Site): Promise<ReadonlyMap<string, string>> {
  const before = await calm(site);
  const renewed = async (): Promise<ReadonlyMap<string, string> | undefined> => {
    const now = await calmNow(site);
    const left = [...(now ?? [])].filter(([token, print]) => before.get(token) === print);
    for (const [token] of left) await site.wish(token);
    return left.length === 0 ? now : undefined;
  };
  return until("every token is renewed", renewed, 90_000);
}

async function calmNow(site: Site): Promise<ReadonlyMap<string, string> | undefined> {
  const tokens = await site.status();
  const held = new Map<string, string>();
  for (const { token, ok, state, newest, targets } of tokens as readonly Told[]) {
    const print = newest?.fingerprint;
    const isHeld = targets.every((target) => target.state === "ok" && target.held?.fingerprint === print);
    if (!ok || state !== "ok" || print === undefined || !isHeld) return undefined;
    held.set(token, print);
  }
  return held.size === 0 ? undefined : held;
}
