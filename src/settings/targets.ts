import { resolve } from "node:path";
import type { z } from "zod";
import type { StoreType } from "../core/ports.ts";
import type { DeclaredTarget, ReloadHook, TargetFormat } from "../core/token.ts";
import { isMapping, mergeDeep, resolveFiles } from "./plain.ts";
import type { Report } from "./report.ts";
import { referred, type Service, zodOf } from "./services.ts";
import { type reloadShape, targetShape } from "./shapes.ts";

/** A target, and what settings must know of its store to judge it. */
export interface ReadTarget {
  readonly declared: DeclaredTarget;
  readonly kind: StoreType;
  /** The physical secret: two targets with one identity are one secret. */
  readonly identity: string;
  readonly path: readonly PropertyKey[];
}

interface Surroundings {
  readonly stores: ReadonlyMap<string, Service<StoreType>>;
  readonly defaults: unknown;
  readonly folder: string;
}

const COMMON_KEYS = Object.keys(targetShape.shape);

/** One entry of `targets`, or undefined with its problems noted. */
export function readTarget(
  report: Report,
  entry: { readonly label: string; readonly raw: unknown; readonly path: readonly PropertyKey[] },
  around: Surroundings,
): ReadTarget | undefined {
  const { label, path } = entry;
  const merged = mergeDeep(around.defaults, entry.raw);
  // The token's own shape has told of it.
  if (!isMapping(merged)) return undefined;
  const isCommon = ([key]: readonly [string, unknown]): boolean => COMMON_KEYS.includes(key);
  const common = report.check(targetShape, Object.fromEntries(Object.entries(merged).filter(isCommon)), path);
  const format = common === undefined ? undefined : readFormat(report, common, path);
  const to = merged["store"];
  if (typeof to !== "string") return undefined;
  const store = referred(report, { to, what: "store", path: [...path, "store"] }, around.stores);
  if (store?.kind === undefined) return undefined;
  const place = Object.fromEntries(Object.entries(merged).filter((each) => !isCommon(each)));
  const address = report.check(zodOf<unknown>(store.kind.address), place, path, COMMON_KEYS);
  if (common === undefined || format === undefined || !isMapping(address) || store.declared === undefined)
    return undefined;
  const { capabilities } = store.kind;
  const resolvePath = (file: string): string => resolve(around.folder, file);
  const identity = `${store.kind.type}|${store.kind.identity(store.declared.options, address, resolvePath)}`;
  const declared: DeclaredTarget = {
    label,
    identity: `${identity}|${JSON.stringify(format)}`,
    store: store.key,
    address,
    format,
    holdMs: common.hold,
    propagationMs: common.propagation ?? capabilities.propagationMs,
    observeMs: common.observe ?? capabilities.observeMs,
    create: common.create ?? capabilities.createsByDefault,
    reload: common.reload === undefined ? null : readReload(common.reload, around.folder),
  };
  return { declared, kind: store.kind, identity, path };
}

function readReload(read: z.output<typeof reloadShape>, folder: string): ReloadHook {
  const env = Object.entries(read.env).map(([name, value]) => [name, resolveFiles(value, folder)] as const);
  return { command: read.command, env: Object.fromEntries(env) as ReloadHook["env"], timeoutMs: read.timeout };
}

function readFormat(
  report: Report,
  target: { readonly format?: TargetFormat["kind"] | undefined; readonly key?: string | undefined },
  path: readonly PropertyKey[],
): TargetFormat | undefined {
  const { key } = target;
  const kind = target.format ?? (key === undefined ? "raw" : "json");
  if (kind === "raw") {
    if (key === undefined) return { kind };
    report.add([...path, "key"], "is given, but the format is raw", "Remove `key`, or write `format: json` or dotenv.");
    return undefined;
  }
  if (key === undefined) {
    report.add(
      [...path, "format"],
      `is ${kind}, but no \`key\` is given`,
      "Add the `key` that the token stands under.",
    );
    return undefined;
  }
  if (kind === "dotenv" && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(key)) {
    report.add([...path, "key"], "is not the name of a variable", "Use letters, digits and _ in a dotenv file.");
    return undefined;
  }
  return { kind, key };
}

/** Two targets may share a physical secret only under different keys of one format. */
export function refuseSharedSecrets(report: Report, targets: readonly ReadTarget[]): void {
  const bySecret = Map.groupBy(targets, (each) => each.identity);
  for (const sharing of bySecret.values()) {
    sharing.forEach((later, index) => {
      const other = sharing.slice(0, index).find((earlier) => clash(earlier.declared.format, later.declared.format));
      if (other === undefined) return;
      const [token, label] = [String(other.path[1]), other.declared.label];
      report.add(
        later.path,
        `writes to the same secret as target \`${label}\` of token \`${token}\``,
        "Give each its own secret, or its own `key` in one format; two writers would overwrite each other for ever.",
        "key",
      );
    });
  }
}

function clash(a: TargetFormat, b: TargetFormat): boolean {
  return a.kind === "raw" || b.kind === "raw" || a.kind !== b.kind || a.key === b.key;
}
