import type { Instant } from "../core/duration.ts";
import type { DomainEvent } from "../core/events.ts";
import type { Incident } from "../core/incidents.ts";
import type { Member } from "../engine/fleet.ts";
import type { IncidentSeen, RenewalSeen, TargetSeen } from "../core/simulation.ts";
import type { World } from "./world.ts";

type Open<T> = { -readonly [K in keyof T]: T[K] };

/** Notes from the engine's events what a person would have seen. */
export class Recorder {
  readonly renewals: Open<RenewalSeen>[] = [];
  readonly incidents: Open<IncidentSeen>[] = [];
  readonly #members: ReadonlyMap<string, Member>;
  readonly #undelivered = new Map<string, Open<RenewalSeen>>();
  readonly #overridden = new Set<string>();
  readonly #open = new Map<string, Open<IncidentSeen>>();

  constructor(members: readonly Member[]) {
    this.#members = new Map(members.map((member) => [member.declared.key, member]));
  }

  note(event: DomainEvent): void {
    if (event.type === "renewal:window-overridden") this.#overridden.add(event.token);
    if (event.type === "renewal:accepted") this.#renewed(event);
    if (event.type === "renewal:settled") this.#delivered(event.token, event.at);
    if (event.type === "incident:opened" || event.type === "incident:repeated") this.#wrong(event.incident);
    if (event.type === "incident:resolved") this.#over(event.incident, event.at);
    if (event.type === "sweep:failed") throw new TypeError(`the simulation went wrong: ${event.message}`);
  }

  #renewed({ at, token, expAt }: Extract<DomainEvent, { type: "renewal:accepted" }>): void {
    const declared = this.#members.get(token)?.declared;
    if (declared === undefined) return;
    const { name, issuer } = declared;
    const windowOverridden = this.#overridden.delete(token);
    const renewal = { at, token, name, issuer, expAt, deliveredAt: null, windowOverridden };
    this.renewals.push(renewal);
    this.#undelivered.set(token, renewal);
  }

  #delivered(token: string, at: Instant): void {
    const renewal = this.#undelivered.get(token);
    if (renewal !== undefined) renewal.deliveredAt = at;
    this.#undelivered.delete(token);
  }

  #over(incident: Incident, at: Instant): void {
    const seen = this.#open.get(idOf(incident));
    if (seen !== undefined) seen.resolvedAt = at;
    this.#open.delete(idOf(incident));
  }

  /** What becomes graver is the same incident still. */
  #wrong(incident: Incident): void {
    const { openedAt, token, target, reason, severity, message } = incident;
    const known = this.#open.get(idOf(incident));
    if (known !== undefined) {
      known.severity = severity;
      known.message = message;
      return;
    }
    const seen = { openedAt, resolvedAt: null, token, target, reason, severity, message };
    this.incidents.push(seen);
    this.#open.set(idOf(incident), seen);
  }
}

function idOf({ token, target, reason }: Incident): string {
  return `${token}/${target}/${reason}`;
}

/** What the readers of a world got, the least margin first. */
export function targetsSeen(
  world: World,
  members: readonly Member[],
  fromAt: Instant,
  untilAt: Instant,
): readonly TargetSeen[] {
  const seen = members.flatMap(({ declared }) =>
    declared.targets.map(({ label, store, holdMs }): TargetSeen => {
      const reader = world.readers.get(declared.key)?.get(label);
      const least = reader?.least;
      const filledAt = reader?.filledAt ?? null;
      const emptyUntilAt = filledAt ?? untilAt;
      // That long nobody is told of it either.
      const isLong = filledAt === null || emptyUntilAt - fromAt > declared.policy.repairMs;
      const shortages = [...(isLong ? [{ fromAt, untilAt: emptyUntilAt }] : []), ...(reader?.shortages ?? [])];
      return {
        token: declared.key,
        name: declared.name,
        target: label,
        store,
        holdMs,
        leastLifeMs: least?.lifeMs ?? null,
        leastLifeAt: least?.at ?? null,
        marginMs: least === undefined ? null : least.lifeMs - holdMs,
        filledAt,
        shortages,
        shortFromTheStart: shortages[0]?.fromAt === fromAt,
      };
    }),
  );
  return seen.sort((a, b) => (a.marginMs ?? -Infinity) - (b.marginMs ?? -Infinity) || 0);
}
