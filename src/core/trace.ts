/** What traces tell and log lines carry: the words for it, and the port through which the engine says them. */
import type { Fingerprint } from "./secret-text.ts";

/**
 * `sweep`: one look at what is due. `turn`: one worker's time with one token or target; it outlives the sweep that began it.
 * `step`: a part of a turn that is recorded before the next begins. `call`: one call to an issuer or a store.
 */
export type SpanKind = "sweep" | "turn" | "step" | "call";

interface SpanWords {
  readonly kind: SpanKind;
  /** No attribute ever holds a token, a password or a key. */
  readonly attributes: readonly string[];
  readonly means: string;
}

/** Every span there is. */
export const SPANS = {
  "renewd.sweep": { kind: "sweep", attributes: [], means: "one look that found something due, or failed" },
  "renewd.token": {
    kind: "turn",
    attributes: ["token", "name", "issuer"],
    means: "a worker's turn on a token in which something was done",
  },
  "renewd.look": { kind: "step", attributes: [], means: "the issuer's list is read before it is asked" },
  "renewd.preflight": { kind: "step", attributes: [], means: "could every target, and the state, take a token now?" },
  "renewd.request": { kind: "step", attributes: [], means: "the intent is recorded, the issuer asked" },
  "renewd.settle": { kind: "step", attributes: [], means: "the answer was lost: what did the request make?" },
  "renewd.verify": { kind: "step", attributes: [], means: "the fresh token is proved, then accepted or quarantined" },
  "renewd.retire": { kind: "step", attributes: [], means: "an old token is ended at the issuer" },
  "renewd.target": {
    kind: "turn",
    attributes: ["token", "name", "target", "store"],
    means: "a worker's turn on a target in which something was done",
  },
  "renewd.observe": { kind: "step", attributes: [], means: "what does the target hold?" },
  "renewd.deliver": { kind: "step", attributes: [], means: "the target is looked at and written" },
  "renewd.confirm": { kind: "step", attributes: [], means: "is what was written what readers see?" },
  "renewd.notify": { kind: "step", attributes: [], means: "the reload hook is told" },
  "renewd.call": {
    kind: "call",
    attributes: ["service", "key", "call"],
    means: "one call to an issuer or a store, the requests that it takes included",
  },
} as const satisfies Readonly<Record<string, SpanWords>>;

export type SpanName = keyof typeof SPANS;

export type SpanAttributes<N extends SpanName> = Readonly<Record<(typeof SPANS)[N]["attributes"][number], string>>;

/** What the turn is about, once that is known: the open renewal, or the fingerprint of the token that a target is to hold. */
export interface Topic {
  readonly renewal?: string;
  readonly issue?: Fingerprint;
}

/** What belongs together in the log. */
export interface Correlation extends Topic {
  readonly sweep?: string;
  /** One worker's turn. */
  readonly work?: string;
  /** Only where somebody collects spans. */
  readonly traceId?: string;
  readonly spanId?: string;
}

export interface Tracer {
  /** Runs `work` as one span, which ends with it, however that ends. What `work` throws is thrown. */
  span<N extends SpanName, T>(name: N, attributes: SpanAttributes<N>, work: () => Promise<T>): Promise<T>;
  /** From here on the turn under way is about this. */
  about(topic: Topic): void;
  /** What is under way failed, though it throws nothing. */
  failed(error: unknown): void;
  /** What this begins, timers too, is no part of what is under way. */
  outside<T>(work: () => T): T;
  /** Of the work under way; to be asked where something is said about it. */
  correlation(): Correlation;
}

/** Thrown to end a step in which nothing failed: it is to be gone on with later, or by somebody else. */
export interface Detour extends Error {
  /** As spans name it. */
  readonly detour: string;
}

export function isDetour(thrown: unknown): thrown is Detour {
  return thrown instanceof Error && "detour" in thrown && typeof thrown.detour === "string";
}
