import type { z } from "zod";
import type { IssuerType, NotifierType, Schema, StoreType } from "../core/ports.ts";
import type { DeclaredService } from "../core/settings.ts";
import { resolveFiles } from "./plain.ts";
import type { Report } from "./report.ts";
import { serviceShape } from "./shapes.ts";
import { didYouMean } from "./suggest.ts";

/** The kinds of issuers, stores and alert channels that settings may name. */
export interface Kinds {
  readonly issuers: readonly IssuerType[];
  readonly stores: readonly StoreType[];
  readonly notifiers: readonly NotifierType[];
}

/** A declared issuer, store or channel. `declared` is undefined when something was wrong with it, `kind` when its type is unknown. */
export interface Service<Kind> {
  readonly key: string;
  readonly kind: Kind | undefined;
  readonly declared: DeclaredService | undefined;
}

/** Adapters make their schemas with zod, which core does not know. */
export function zodOf<T>(schema: Schema<T>): z.ZodType<T> {
  return schema as unknown as z.ZodType<T>;
}

/** The section `issuers`, `stores` or `alerts.channels`, each entry through the schema of its type. */
export function readServices<Kind extends IssuerType | StoreType | NotifierType>(
  report: Report,
  section: {
    readonly path: readonly PropertyKey[];
    /** One of them, in words. */
    readonly what: string;
    readonly value: unknown;
    readonly folder: string;
  },
  kinds: readonly Kind[],
): ReadonlyMap<string, Service<Kind>> {
  const services = new Map<string, Service<Kind>>();
  for (const [key, raw] of report.entries(section.value, section.path)) {
    const path = [...section.path, key];
    const { type, ...rest } = report.check(serviceShape, raw, path) ?? { type: undefined };
    const kind = kinds.find((each) => each.type === type);
    let declared: DeclaredService | undefined;
    if (kind !== undefined) {
      const options = Object.fromEntries(
        Object.entries(rest).map(([name, value]) => [name, resolveFiles(value, section.folder)]),
      );
      const read = report.check(zodOf<unknown>(kind.options), options, path, ["type"]);
      if (read !== undefined) declared = { key, type: kind.type, options: read };
    } else if (type !== undefined) {
      const known = kinds.map((each) => each.type);
      report.add(
        [...path, "type"],
        `no such type of ${section.what}: \`${type.slice(0, 80)}\``,
        didYouMean(type, known),
      );
    }
    services.set(key, { key, kind, declared });
  }
  return services;
}

/** What a reference names; undefined when that was no good itself, or is not declared, which is noted. */
export function referred<T>(
  report: Report,
  reference: { readonly to: string; readonly what: string; readonly path: readonly PropertyKey[] },
  among: ReadonlyMap<string, T>,
): T | undefined {
  if (!among.has(reference.to)) {
    const hint = (): string => (among.size === 0 ? "Declare it." : didYouMean(reference.to, among.keys()));
    report.add(reference.path, `no ${reference.what} \`${reference.to.slice(0, 80)}\` is declared`, hint);
  }
  return among.get(reference.to);
}
