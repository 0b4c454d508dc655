import { SECOND_MS } from "../../src/core/duration.ts";
import type { ErrorCode } from "../../src/core/errors.ts";
import type { Draw } from "./streams.ts";

type PlaceCall = "preflight" | "observe" | "write";

/** What a store, or one place in it, does instead of what it should. */
export type StoreFault =
  | { readonly kind: "fails"; readonly code: ErrorCode; readonly on: readonly PlaceCall[] }
  | { readonly kind: "hangs"; readonly on: readonly PlaceCall[] }
  | { readonly kind: "slow"; readonly byMs: number }
  /** The write is done, then refused. */
  | { readonly kind: "refuses_after"; readonly code: ErrorCode }
  /** Writes are seen late, beyond `propagation`. */
  | { readonly kind: "stale"; readonly byMs: number }
  /** Writes are accepted and something else is kept. */
  | { readonly kind: "lies" }
  /** Whoever writes finds that somebody else was faster. */
  | { readonly kind: "contended" };

const ALL: readonly PlaceCall[] = ["preflight", "observe", "write"];
const SERVICE_CODES: readonly ErrorCode[] = [
  "store_unreachable",
  "store_timeout",
  "store_error",
  "store_throttled",
  "store_credentials",
];
const PLACE_CODES: readonly ErrorCode[] = [
  "store_denied",
  "store_absent",
  "store_quota",
  "store_too_large",
  "store_unavailable",
  "store_mismatch",
];

/** What befalls the whole store. */
export function drawStoreFault(draw: Draw): StoreFault {
  return draw.pick<() => StoreFault>([
    () => ({ kind: "fails", code: draw.pick(SERVICE_CODES), on: ALL }),
    () => ({ kind: "fails", code: draw.pick(SERVICE_CODES), on: ALL }),
    () => ({ kind: "fails", code: draw.pick(SERVICE_CODES), on: ["write"] }),
    () => ({ kind: "hangs", on: [draw.pick(ALL)] }),
    () => ({ kind: "slow", byMs: draw.between(SECOND_MS, 8 * SECOND_MS) }),
    () => ({ kind: "refuses_after", code: "store_timeout" }),
  ])();
}

/** What befalls one place. */
export function drawPlaceFault(draw: Draw): StoreFault {
  return draw.pick<() => StoreFault>([
    () => ({ kind: "fails", code: draw.pick(PLACE_CODES), on: ALL }),
    () => ({ kind: "fails", code: draw.pick(PLACE_CODES), on: ["write"] }),
    () => ({ kind: "fails", code: "store_denied", on: ["observe"] }),
    () => ({ kind: "refuses_after", code: "store_error" }),
    () => ({ kind: "stale", byMs: draw.stretch(60 * SECOND_MS, 7_200 * SECOND_MS) }),
    () => ({ kind: "lies" }),
    () => ({ kind: "contended" }),
  ])();
}

export function storeIsRight(fault: StoreFault): boolean {
  return fault.kind === "slow";
}

/** Every look and every write fails for as long as this lasts. */
export function storeFailsAlways(fault: StoreFault): boolean {
  return fault.kind === "fails" && fault.on.length === ALL.length;
}
