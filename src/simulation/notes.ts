/** Where a simulation's promise is less than it looks. */
import { cautionsOf } from "../core/cautions.ts";
import { formatDuration, type Instant } from "../core/duration.ts";
import { reckonedLifetimeMs } from "../core/forecast.ts";
import type { Outage, RemedySeen, ServiceEndurance } from "../core/simulation.ts";
import type { Member } from "../engine/fleet.ts";
import { revokes, type TokenStart } from "./start.ts";
import { uses } from "./terms.ts";

export function notesOn(members: readonly Member[], starts: ReadonlyMap<string, TokenStart>): readonly string[] {
  const cautions = new Map<string, string[]>();
  for (const member of members) {
    const { declared, issuer } = member;
    for (const caution of [...cautionsOf(declared, issuer.capabilities), ...gapOf(member)])
      cautions.set(caution, [...(cautions.get(caution) ?? []), declared.key]);
  }
  const all = [...starts];
  const waiting = all.filter(([, { waitsForPerson }]) => waitsForPerson).map(([key]) => key);
  const paused = all.filter(([, { pause, waitsForPerson }]) => pause !== null && !waitsForPerson).map(([key]) => key);
  const ended = all.filter(([, { endedAt }]) => endedAt !== null).map(([key]) => key);
  const revoking = new Set(members.filter(revokes).map(({ declared }) => declared.key));
  const doubtful = waiting.filter((key) => revoking.has(key) && starts.get(key)?.endedAt === null);
  const troubled = all.flatMap(([, start]) => (start.waitsForPerson ? [] : start.troubled));
  return [
    ...[...cautions].map(([caution, keys]) => `${some(keys)}: ${caution}`),
    ...told(
      waiting,
      "waits for a person, as the state has it, and is not renewed before: `renewd status TOKEN` says what to do",
    ),
    ...told(
      ended,
      "its issuer ended the token in use for one that is quarantined: readers have none that works, whatever its recorded expiry says",
    ),
    ...told(
      doubtful,
      "its issuer may have ended the token in use, which nobody knows: it is taken to work until its recorded expiry",
    ),
    ...told(paused, "paused, as the state has it"),
    ...told(troubled, "in trouble now; the simulation assumes that it is over"),
  ];
}

/** What is taken to be fresh is not there yet, perhaps, and cannot be made while a service of its is out. */
export function absenceNotes(
  members: readonly Member[],
  starts: ReadonlyMap<string, TokenStart>,
  outages: readonly Outage[],
  now: Instant,
): readonly string[] {
  const begun = outages.filter(({ fromAt }) => fromAt <= now);
  const keys = members
    .filter((member) => starts.get(member.declared.key)?.assumed === true && begun.some((each) => uses(member, each)))
    .map(({ declared }) => declared.key);
  return told(keys, "if there is no token yet, none is made and delivered before the outage is over: not counted here");
}

/** Of tokens that are reckoned to live less than their settings, which are in the same order, ask for. */
export function cappedNotes(asked: readonly Member[], granted: readonly Member[]): readonly string[] {
  const notes = new Map<string, string[]>();
  for (const [index, { declared }] of granted.entries()) {
    const [grantedMs, askedMs] = [reckonedLifetimeMs(declared), reckonedLifetimeMs(asked[index]?.declared ?? declared)];
    if (grantedMs >= askedMs) continue;
    const note = `its issuer granted ${formatDuration(grantedMs)} of the ${formatDuration(askedMs)} asked for, and those to come are taken to live as long; under a latest expiry each would live shorter than the last`;
    notes.set(note, [...(notes.get(note) ?? []), declared.key]);
  }
  return [...notes].flatMap(([note, keys]) => told(keys, note));
}

/** One word for all advice that names a lifetime. */
export function lifetimeNote(
  remedies: readonly RemedySeen[],
  services: readonly ServiceEndurance[],
): readonly string[] {
  const isAdvised =
    remedies.some(({ lifetime }) => lifetime !== null) ||
    services.some(({ advice }) => advice.some((line) => line.includes("lifetime: ")));
  return isAdvised ? ["a longer `lifetime` helps if the issuer grants it: its limits are not known here"] : [];
}

function gapOf(member: Member): readonly string[] {
  const propagationMs = Math.max(0, ...member.declared.targets.map((target) => target.propagationMs));
  if (!revokes(member) || propagationMs === 0) return [];
  const span = formatDuration(propagationMs);
  return [`after each renewal readers may get the revoked token for up to ${span} (\`propagation\`): not counted here`];
}

function told(keys: readonly string[], what: string): readonly string[] {
  return keys.length === 0 ? [] : [`${some(keys)}: ${what}`];
}

function some(keys: readonly string[]): string {
  const rest = keys.length - 3;
  return keys.slice(0, 3).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
