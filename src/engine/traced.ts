import type { SpanAttributes, SpanName } from "../core/trace.ts";
import type { Engine } from "./engine.ts";

/** Runs `work` as one span, where spans are told. */
export function traced<N extends SpanName, T>(
  { trace }: Pick<Engine, "trace">,
  name: N,
  attributes: SpanAttributes<N>,
  work: () => Promise<T>,
): Promise<T> {
  return trace === undefined ? work() : trace.span(name, attributes, work);
}
