/** Judges from outside whether the promise was kept: by what readers saw and what the issuer minted, never by what renewd says. */
import { SecretText } from "../../src/core/secret-text.ts";
import { tokenKey, type World } from "./world.ts";

/**
 * The least life that any reader of this target got, from the first filling until now; what is no token lives no time. An
 * extension counts for who reads after it; one that was ended before its time lived until then.
 */
export function leastLifeMs(world: World, target = "a", token: string = tokenKey(0)): number {
  const { sights } = world.place(target, token);
  const now = world.clock.now();
  return sights.reduce((least, sight, index) => {
    const until = Math.min(sights[index + 1]?.at ?? now, now);
    if (sight.at > now) return least;
    const life = sight.text === null ? undefined : world.issuer.lifeOf(sight.text);
    if (life === undefined) return Math.min(least, 0);
    const extended = world.issuer.moved.filter(({ text, at }) => text === sight.text && sight.at <= at && at <= until);
    return Math.min(least, life.expAt - until, ...extended.map(({ at, fromAt }) => fromAt - at));
  }, Infinity);
}

/** Minted for us and unknown to the state, also by the secret that was chosen for it: there must be none. */
export async function forgotten(world: World): Promise<readonly string[]> {
  const lost: string[] = [];
  for (const record of await world.state.tokens()) {
    const known = await world.state.known(record.key);
    const aside = (await world.state.history(record.key, 1_000)).filter(({ type }) => type === "issue:set-aside");
    const kept = new Set(aside.map(({ data }) => data["fingerprint"]));
    for (const row of world.issuer.rows) {
      if (row.name !== `name-of-${record.key}` || !row.asked || row.expAt <= world.clock.now()) continue;
      const isKept = row.secret !== null && kept.has(new SecretText(row.secret).fingerprint);
      if (!isKept && !known.has(new SecretText(row.text).fingerprint)) lost.push(row.text);
    }
  }
  return lost;
}

/** The failures that are mistakes of the program. */
export function bugs(world: World): readonly string[] {
  return world.events.flatMap((event) =>
    "code" in event && event.code === "bug" ? [`${event.type}: ${event.message}`] : [],
  );
}

/** The most of these instants that lie within one stretch of time of this length. */
export function mostWithin(instants: readonly number[], ms: number): number {
  const sorted = [...instants].sort((a, b) => a - b);
  let from = 0;
  return sorted.reduce((most, at, index) => {
    while ((sorted[from] ?? at) <= at - ms) from += 1;
    return Math.max(most, index - from + 1);
  }, 0);
}
