/** Judges from outside whether the promise was kept: by what readers saw and what the issuer minted, never by what renewd says. */
import { SecretText } from "../../src/core/secret-text.ts";
import { tokenKey, type World } from "./world.ts";

/** The least life that any reader of this target got, from the first filling until now; what is no token lives no time. */
export function leastLifeMs(world: World, target = "a", token: string = tokenKey(0)): number {
  const { sights } = world.place(target, token);
  const now = world.clock.now();
  return sights.reduce((least, sight, index) => {
    const until = Math.min(sights[index + 1]?.at ?? now, now);
    if (sight.at > now) return least;
    const row = sight.text === null ? undefined : world.issuer.rowOf(sight.text);
    return Math.min(least, row === undefined ? 0 : row.expAt - until);
  }, Infinity);
}

/** Minted for us and unknown to the state: there must be none. */
export async function forgotten(world: World): Promise<readonly string[]> {
  const lost: string[] = [];
  for (const record of await world.state.tokens()) {
    const known = await world.state.known(record.key);
    for (const row of world.issuer.rows) {
      if (row.name !== `name-of-${record.key}` || !row.asked || row.expAt <= world.clock.now()) continue;
      if (!known.has(new SecretText(row.text).fingerprint)) lost.push(row.text);
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
