/**
 * How the properties of this folder are run. `FUZZ_RUNS=50` makes fifty times as many examples. A failure prints its seed
 * and path; `FUZZ_SEED=… FUZZ_PATH=… vitest run test/fuzz/<file> -t <name>` plays that example again.
 */
import fc, { type IAsyncPropertyWithHooks, type IPropertyWithHooks, type Parameters } from "fast-check";
import { test } from "vitest";

const FACTOR = Math.max(1, Number(process.env["FUZZ_RUNS"] ?? 1) || 1);
const SEED = process.env["FUZZ_SEED"];
const PATH = process.env["FUZZ_PATH"];
const LIMIT_MS = 120_000;

/** A test that holds when no example of the property fails. `numRuns` is for the short form, which runs in `npm test`. */
export function fuzz<T>(
  name: string,
  numRuns: number,
  property: IPropertyWithHooks<T> | IAsyncPropertyWithHooks<T>,
  options: Pick<Parameters<T>, "examples"> = {},
): void {
  const parameters: Parameters<T> = {
    numRuns: Math.ceil(numRuns * FACTOR),
    ...(SEED === undefined ? {} : { seed: Number(SEED) }),
    ...(PATH === undefined ? {} : { path: PATH }),
    ...options,
  };
  test(name, async () => fc.assert(property as IAsyncPropertyWithHooks<T>, parameters), LIMIT_MS * FACTOR);
}
