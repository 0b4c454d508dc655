/** Collects spans as an operator's SDK does, for the tests of one file. */
import { trace } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type Span,
} from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { systemTracer } from "../../src/runtime/trace.ts";
import { makeWorld, type World, type WorldOptions } from "../support/world.ts";

export interface Recorder {
  /** Ended, in the order of their ends. */
  readonly spans: readonly ReadableSpan[];
  /** Begun and not ended. */
  readonly open: readonly string[];
  named(name: string): readonly ReadableSpan[];
  /** Each span of this name as `name: result (error)`, what it holds indented below. */
  trees(name: string): readonly string[];
  clear(): void;
}

export function recordSpans(): Recorder {
  const exporter = new InMemorySpanExporter();
  const open = new Set<Span>();
  const counting = {
    onStart: (span: Span) => void open.add(span),
    onEnd: (span: ReadableSpan) => void open.delete(span as Span),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
  const recorder: Recorder = {
    get spans() {
      return exporter.getFinishedSpans();
    },
    get open() {
      return [...open].map(({ name }) => name);
    },
    named: (name) => recorder.spans.filter((span) => span.name === name),
    trees: (name) => recorder.named(name).map((span) => treeOf(span, recorder.spans, "")),
    clear: () => {
      exporter.reset();
      open.clear();
    },
  };
  const spanProcessors = [new SimpleSpanProcessor(exporter), counting];
  beforeAll(() => void trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors })));
  beforeEach(recorder.clear);
  afterAll(() => trace.disable());
  return recorder;
}

/** A world whose one daemon tells of spans; with one target, unless the options say otherwise. */
export async function tracedWorld(options: WorldOptions = {}): Promise<World> {
  const world = await makeWorld({ targets: ["a"], ...options });
  Object.assign(world.daemon.engine, { trace: systemTracer });
  return world;
}

function treeOf(span: ReadableSpan, all: readonly ReadableSpan[], indent: string): string {
  const { attributes } = span;
  const call = [attributes["renewd.service"], attributes["renewd.call"]].filter(Boolean).join(" ");
  const error = attributes["error.type"] === undefined ? "" : ` (${String(attributes["error.type"])})`;
  const line = `${indent}${[span.name, call].filter(Boolean).join(" ")}: ${String(attributes["renewd.result"])}${error}`;
  const { spanId } = span.spanContext();
  const parts = all.filter((each) => each.parentSpanContext?.spanId === spanId).sort(byStart);
  return [line, ...parts.map((each) => treeOf(each, all, `${indent}  `))].join("\n");
}

/** Those that began within one tick of the clock stay in the order of their ends. */
function byStart(a: ReadableSpan, b: ReadableSpan): number {
  return a.startTime[0] - b.startTime[0] || a.startTime[1] - b.startTime[1];
}
