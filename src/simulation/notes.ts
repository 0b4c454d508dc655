/** Where a simulation's promise is less than it looks. */
import { cautionsOf } from "../core/cautions.ts";
import { formatDuration } from "../core/duration.ts";
import type { RemedySeen, ServiceEndurance } from "../core/simulation.ts";
import type { Member } from "../engine/fleet.ts";
import { revokes, type TokenStart } from "./start.ts";

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
  const troubled = all.flatMap(([, start]) => (start.waitsForPerson ? [] : start.troubled));
  return [
    ...[...cautions].map(([caution, keys]) => `${some(keys)}: ${caution}`),
    ...told(
      waiting,
      "waits for a person, as the state has it, and is not renewed before: `renewd status TOKEN` says what to do",
    ),
    ...told(paused, "paused, as the state has it"),
    ...told(troubled, "in trouble now; the simulation assumes that it is over"),
  ];
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
