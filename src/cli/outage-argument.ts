/** `--outage ISSUER_OR_STORE:FROM:FOR`, for commander and against the settings. */
import { InvalidArgumentError } from "commander";
import { type Instant, parseDuration, parseInstant } from "../core/duration.ts";
import { RenewdError } from "../core/errors.ts";
import type { Settings } from "../core/settings.ts";
import type { Outage } from "../core/simulation.ts";

export interface OutageArgument {
  /** `flowauth`, `issuer/flowauth` or `store/aws`; `issuer/*` is all issuers, `*` all there is. */
  readonly service: string;
  /** Null: now. */
  readonly fromAt: Instant | null;
  readonly forMs: number;
}

const FORM = "expected SERVICE:FROM:FOR, such as flowauth:2026-12-24:7d";
const FROM =
  "FROM is a day such as 2026-12-24 (from midnight, UTC), an instant with its zone such as 2026-12-24T18:00+01:00, or `now`";
const FOR = "FOR is a length such as 36h or 7d, ten years at most";

export function outage(text: string, before: readonly OutageArgument[] | undefined): readonly OutageArgument[] {
  const found = /^(?<service>[^:]+):(?<from>.+):(?<lasts>[^:]+)$/.exec(text)?.groups;
  if (found === undefined) throw new InvalidArgumentError(`${FORM}.`);
  const { service = "", from = "", lasts = "" } = found;
  const fromAt = from === "now" ? null : parseInstant(/^\d{4}-\d\d-\d\d$/.test(from) ? `${from}T00:00:00Z` : from);
  if (fromAt === undefined) throw new InvalidArgumentError(`\`${from}\` is none: ${FROM}.`);
  const forMs = parseDuration(lasts) ?? 0;
  if (forMs <= 0) throw new InvalidArgumentError(`\`${lasts}\` is none: ${FOR}.`);
  return [...(before ?? []), { service, fromAt, forMs }];
}

/** Of each service that is meant. Throws `usage` for one that is not declared, or a name that is an issuer's and a store's. */
export function outagesOf(
  { service, fromAt, forMs }: OutageArgument,
  settings: Pick<Settings, "issuers" | "stores">,
  now: Instant,
  didYouMean: (word: string, known: Iterable<string>) => string,
): readonly Outage[] {
  const all = [
    ...settings.issuers.map(({ key }) => ({ kind: "issuer", key }) as const),
    ...settings.stores.map(({ key }) => ({ kind: "store", key }) as const),
  ];
  const isMany = service === "*" || service.endsWith("/*");
  const named = all.filter(({ kind, key }) => ["*", key, `${kind}/*`, `${kind}/${key}`].includes(service));
  if (named.length === 0) {
    const known = all.map(({ key }) => key);
    throw new RenewdError("usage", `no issuer or store ${service} is declared. ${didYouMean(service, known)}`);
  }
  if (named.length > 1 && !isMany)
    throw new RenewdError("usage", `${service} is an issuer and a store: say issuer/${service} or store/${service}`);
  const began = fromAt ?? now;
  if (began + forMs <= now) throw new RenewdError("usage", `the outage of ${service} is over already`);
  return named.map((each) => ({ ...each, fromAt: began, untilAt: began + forMs }));
}
