/** RFC 6901: what stands in a value of JSON at a pointer such as `/data/0/token`. */

const FORM = /^(?:\/(?:[^~]|~[01])*)?$/s;

export function isPointer(text: string): boolean {
  return FORM.test(text);
}

/** Undefined when nothing stands there. */
export function valueAt(value: unknown, pointer: string): unknown {
  const steps = pointer
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  return steps.reduce<unknown>((here, step) => {
    if (typeof here !== "object" || here === null || !Object.hasOwn(here, step)) return undefined;
    if (Array.isArray(here)) return /^(?:0|[1-9]\d*)$/.test(step) ? (here as unknown[])[Number(step)] : undefined;
    return (here as Readonly<Record<string, unknown>>)[step];
  }, value);
}
