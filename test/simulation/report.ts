import type { DomainEvent, EventType } from "../../src/core/events.ts";
import type { Instant } from "../../src/core/duration.ts";
import { type IssuerKind, KINDS } from "./issuer-kinds.ts";
import { hashOf } from "./streams.ts";

/** An invariant that did not hold. */
export interface Broken {
  readonly at: Instant;
  readonly what: string;
}

/** What one deployment went through, and how renewd fared. */
export interface Report {
  readonly seed: number;
  readonly part: number;
  readonly broken: readonly Broken[];
  readonly figures: Figures;
  /** Of all that happened, in order: two runs of one seed have the same. */
  readonly digest: string;
}

export type Figures = Readonly<Record<(typeof FIGURES)[number], number>>;

/** Told of each kind of issuer. */
export const KIND_FIGURES = ["tokens", "minted", "renewals", "broken"] as const;
export type KindFigure = (typeof KIND_FIGURES)[number];

const OF_KINDS = KINDS.flatMap((kind) => KIND_FIGURES.map((name) => `${kind}_${name}` as const));

/** All are sums but those that begin with `most`. */
export const FIGURES = [
  "tokens",
  "targets",
  "minted",
  "renewals",
  "adopted",
  "quarantined",
  "delivered",
  "incidents",
  "deaths",
  "lost_states",
  "clock_jumps",
  "sleeps",
  "in_doubt",
  "retired",
  "person_acts",
  "mended_by_person",
  "service_spells",
  "excused_shortfalls",
  "most_calls_per_hour_of_failing_service",
  "most_calls_per_hour_of_failing_token",
  ...OF_KINDS,
] as const;

export function addFigures(a: Figures, b: Figures): Figures {
  const entries = FIGURES.map((name) => [
    name,
    name.startsWith("most") ? Math.max(a[name], b[name]) : a[name] + b[name],
  ]);
  return Object.fromEntries(entries) as Figures;
}

export const NO_FIGURES: Figures = Object.fromEntries(FIGURES.map((name) => [name, 0])) as Figures;

/** Counts the events of a run and boils them down to one number. */
export class Tally {
  readonly #counts = new Map<EventType, number>();
  readonly #renewalsOf = new Map<IssuerKind, number>();
  readonly #kindOf: (token: string) => IssuerKind | undefined;
  #hash = hashOf("");

  constructor(kindOf: (token: string) => IssuerKind | undefined) {
    this.#kindOf = kindOf;
  }

  note(event: DomainEvent): void {
    this.#counts.set(event.type, this.count(event.type) + 1);
    const token = "token" in event ? event.token : "";
    const kind = event.type === "renewal:settled" ? this.#kindOf(token) : undefined;
    if (kind !== undefined) this.#renewalsOf.set(kind, this.renewalsOf(kind) + 1);
    this.#hash = hashOf(`${event.type} ${event.at} ${token}`, this.#hash);
  }

  count(type: EventType): number {
    return this.#counts.get(type) ?? 0;
  }

  renewalsOf(kind: IssuerKind): number {
    return this.#renewalsOf.get(kind) ?? 0;
  }

  get digest(): string {
    return this.#hash.toString(16).padStart(8, "0");
  }
}
