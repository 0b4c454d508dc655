/** `--outage ISSUER_OR_STORE:FROM:FOR`, for commander and against the settings. */
import { InvalidArgumentError } from "commander";
import { type Instant, parseDuration, parseInstant } from "../core/duration.ts";
import { RenewdError } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import type { Outage } from "../core/simulation.ts";

export interface OutageArgument {
  /** `flowauth`, `issuer/flowauth` or `store/aws`. */
  readonly service: string;
  /** Null: now. */
  readonly fromAt: Instant | null;
  readonly forMs: number;
}

const FORM = "expected SERVICE:FROM:FOR, such as flowauth:2026-12-24:7d; FROM is a date, an instant or `now`";

export function outage(text: string, before: readonly OutageArgument[] | undefined): readonly OutageArgument[] {
  const found = /^(?<service>[^:]+):(?<from>.+):(?<lasts>[^:]+)$/.exec(text)?.groups;
  const { service = "", from = "", lasts = "" } = found ?? {};
  const forMs = parseDuration(lasts) ?? 0;
  const fromAt = from === "now" ? null : parseInstant(/^\d{4}-\d\d-\d\d$/.test(from) ? `${from}T00:00:00Z` : from);
  if (service === "" || fromAt === undefined || forMs <= 0) throw new InvalidArgumentError(`${FORM}.`);
  return [...(before ?? []), { service, fromAt, forMs }];
}

/** Throws `usage` for a service that is not declared, or a name that is an issuer's and a store's. */
export function outageOf(
  { service, fromAt, forMs }: OutageArgument,
  settings: Pick<Settings, "issuers" | "stores">,
  now: Instant,
  didYouMean: (word: string, known: Iterable<string>) => string,
): Outage {
  const all = [
    ...settings.issuers.map(({ key }) => ({ kind: "issuer", key }) as const),
    ...settings.stores.map(({ key }) => ({ kind: "store", key }) as const),
  ];
  const named = all.filter(({ kind, key }) => service === key || service === `${kind}/${key}`);
  const [first, second] = named;
  if (first === undefined) {
    const known = all.map(({ key }) => key);
    throw new RenewdError("usage", `no issuer or store ${service} is declared. ${didYouMean(service, known)}`);
  }
  if (second !== undefined)
    throw new RenewdError("usage", `${service} is an issuer and a store: say issuer/${service} or store/${service}`);
  const began = fromAt ?? now;
  if (began + forMs <= now) throw new RenewdError("usage", `the outage of ${service} is over already`);
  return { ...first, fromAt: began, untilAt: began + forMs };
}
