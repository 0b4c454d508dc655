import { dirname, resolve } from "node:path";

/** Helpers on plain values as YAML gives them: mappings, lists and scalars. */
export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What stands at a path, own keys only; undefined when nothing does. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((here, step) => {
    if (typeof here !== "object" || here === null || !Object.hasOwn(here, step)) return undefined;
    return (here as Record<PropertyKey, unknown>)[step];
  }, value);
}

/** `over` laid on `under`, mapping by mapping; lists and scalars of `over` replace those of `under`. */
export function mergeDeep(under: unknown, over: unknown): unknown {
  if (!isMapping(under) || !isMapping(over)) return over === undefined ? under : over;
  const keys = new Set([...Object.keys(under), ...Object.keys(over)]);
  return Object.fromEntries(
    [...keys].map((key) => [key, mergeDeep(valueAt(under, [key]), valueAt(over, [key]))] as const),
  );
}

/** Every `{ file: PATH }` inside `value` with its path made absolute, counted from `folder`. */
export function resolveFiles(value: unknown, folder: string): unknown {
  if (Array.isArray(value)) return value.map((each) => resolveFiles(each, folder));
  if (!isMapping(value)) return value;
  const entries = Object.entries(value);
  if (entries.length === 1 && typeof value["file"] === "string" && value["file"] !== "") {
    return { file: resolve(folder, value["file"]) };
  }
  return Object.fromEntries(entries.map(([key, each]) => [key, resolveFiles(each, folder)]));
}

export function folderOf(file: string): string {
  return dirname(resolve(file));
}

/** Freezes mappings and lists all the way down; what is neither (a function, an instance of a class) is left alone. */
export function freezeDeep<T>(value: T): T {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return value;
  Object.freeze(value);
  for (const each of Object.values(value)) freezeDeep(each);
  return value;
}
