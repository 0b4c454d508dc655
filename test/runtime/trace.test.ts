import { AsyncLocalStorage } from "node:async_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  context,
  type ContextManager,
  propagation,
  type SpanContext,
  SpanStatusCode,
  type TextMapPropagator,
  trace,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AlwaysOffSampler,
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterEach, describe, expect, it } from "vitest";
import { RenewdError } from "../../src/core/errors.ts";
import type { HttpClient, HttpRequest } from "../../src/core/ports.ts";
import type { Correlation, SpanName } from "../../src/core/trace.ts";
import { systemTracer as tracer, tracedClient } from "../../src/runtime/trace.ts";

const TOKEN = { token: "flowapi", name: "airflow", issuer: "flowauth" } as const;
const CALL = { service: "issuer", key: "flowauth", call: "request" } as const;
const JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl";

afterEach(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});

/** As an operator's own start-up module does. */
function register(sampler?: AlwaysOffSampler): InMemorySpanExporter {
  const exporter = new InMemorySpanExporter();
  const spanProcessors = [new SimpleSpanProcessor(exporter)];
  trace.setGlobalTracerProvider(
    new BasicTracerProvider({ spanProcessors, ...(sampler === undefined ? {} : { sampler }) }),
  );
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(propagator(traceContext));
  return exporter;
}

/** W3C Trace Context, section 3.2: version, trace, parent, flags. */
function traceContext({ traceId, spanId, traceFlags }: SpanContext): Record<string, string> {
  return { traceparent: `00-${traceId}-${spanId}-0${traceFlags}`, tracestate: "vendor=1" };
}

function propagator(headersOf: (span: SpanContext) => Record<string, string>): TextMapPropagator {
  return {
    inject: (active, carrier, setter) => {
      const span = trace.getSpanContext(active);
      if (span === undefined) return;
      for (const [name, value] of Object.entries(headersOf(span))) setter.set(carrier, name, value);
    },
    extract: (active) => active,
    fields: () => [],
  };
}

/** The work `inside` in a call of a turn of a sweep. */
function inCall<T>(inside: () => Promise<T>): Promise<T> {
  return tracer.span("renewd.sweep", {}, () =>
    tracer.span("renewd.token", TOKEN, () => tracer.span("renewd.call", CALL, inside)),
  );
}

function correlation(): Promise<Correlation> {
  return Promise.resolve(tracer.correlation());
}

describe("without an SDK", () => {
  it("work runs, answers and throws as it is", async () => {
    expect(await inCall(() => Promise.resolve(7))).toBe(7);
    const error = new RenewdError("issuer_timeout", "too late");
    await expect(inCall(() => Promise.reject(error))).rejects.toBe(error);
  });

  it("lines are correlated all the same, by ids of renewd's own", async () => {
    const first = await inCall(correlation);
    expect(first).toEqual({
      sweep: expect.stringMatching(/^[\da-f]{16}$/),
      work: expect.stringMatching(/^[\da-f]{16}$/),
    });
    const second = await inCall(correlation);
    expect(second.sweep).not.toBe(first.sweep);
    expect(second.work).not.toBe(first.work);
    expect(await correlation()).toEqual({});
  });

  it("no header is added to a request", async () => {
    expect(await inCall(headersSent)).toEqual({ accept: "application/json" });
  });
});

describe("correlation", () => {
  it("knows what the turn is about from the moment that it is told, in every part of it", async () => {
    const seen: Correlation[] = [];
    await tracer.span("renewd.token", TOKEN, async () => {
      seen.push(tracer.correlation());
      await tracer.span("renewd.look", {}, async () => tracer.about({ renewal: "5f" }));
      seen.push(tracer.correlation());
      await tracer.span("renewd.call", CALL, async () => void seen.push(tracer.correlation()));
    });
    const work = seen[0]?.work;
    expect(seen).toEqual([{ work }, { work, renewal: "5f" }, { work, renewal: "5f" }]);
  });

  it("of a sweep that work asks for is the new sweep's alone", async () => {
    const [outer, inner] = await inCall(async () => [
      tracer.correlation(),
      await tracer.span("renewd.sweep", {}, correlation),
    ]);
    expect(inner).toEqual({ sweep: expect.not.stringMatching(outer?.sweep ?? "") });
  });

  it("has the ids of the span in which a line is written, where spans are collected", async () => {
    const exporter = register();
    const { traceId, spanId } = await inCall(correlation);
    const call = exporter.getFinishedSpans().find(({ name }) => name === "renewd.call");
    expect(call?.spanContext()).toMatchObject({ traceId, spanId });
  });

  it("is still told after the work was over, by what was given up", async () => {
    const exporter = register();
    const late = Promise.withResolvers<void>();
    let said: Promise<Correlation> | undefined;
    await tracer.span("renewd.token", TOKEN, async () => {
      said = late.promise.then(() => tracer.correlation());
    });
    late.resolve();
    expect(await said).toEqual({ work: expect.any(String) });
    expect(exporter.getFinishedSpans()).toEqual([]);
  });
});

describe("a span", () => {
  it("of a sweep or a turn in which nothing happened is not made", async () => {
    const exporter = register();
    await tracer.span("renewd.sweep", {}, () => Promise.resolve());
    expect(exporter.getFinishedSpans()).toEqual([]);
    await tracer.span("renewd.sweep", {}, () => tracer.span("renewd.token", TOKEN, () => Promise.resolve()));
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(["renewd.sweep"]);
  });

  it.each<SpanName>(["renewd.sweep", "renewd.look"])(
    "%s has its error's code and message, and nothing of its cause",
    async (name) => {
      const exporter = register();
      const error = new RenewdError("issuer_timeout", `no answer ${JWT}`, { cause: new Error("secret") });
      await expect(tracer.span(name, {} as never, () => Promise.reject(error))).rejects.toBe(error);
      const [span] = exporter.getFinishedSpans();
      expect(span?.attributes).toEqual({ "error.type": "issuer_timeout", "renewd.result": "failed" });
      expect(span?.status).toEqual({ code: SpanStatusCode.ERROR, message: "no answer [redacted]" });
      expect(span?.events).toEqual([]);
    },
  );

  it("of work that failed by a mistake of the program tells its kind, for its text may hold anything", async () => {
    const exporter = register();
    await expect(tracer.span("renewd.look", {}, () => Promise.reject(new TypeError("hunter2")))).rejects.toThrow();
    const [span] = exporter.getFinishedSpans();
    expect(span?.status.message).toBe("unexpected TypeError");
    expect(span?.attributes["error.type"]).toBe("bug");
  });

  it("outside of any turn is a part of what calls it", async () => {
    const exporter = register();
    await trace.getTracer("test").startActiveSpan("request", async (span) => {
      await tracer.span("renewd.call", CALL, () => Promise.resolve());
      await tracer.span("renewd.token", TOKEN, correlation);
      span.end();
    });
    const [call, turn, request] = exporter.getFinishedSpans();
    expect(call?.parentSpanContext?.spanId).toBe(request?.spanContext().spanId);
    expect(turn?.parentSpanContext).toBeUndefined();
    expect(turn?.links.map((link) => link.context.spanId)).toEqual([request?.spanContext().spanId]);
  });

  it("of a turn is a root also where another's span is active when its first step begins", async () => {
    const exporter = register();
    await tracer.span("renewd.token", TOKEN, () =>
      trace
        .getTracer("test")
        .startActiveSpan("of another", () => tracer.span("renewd.look", {}, () => Promise.resolve())),
    );
    const [look, turn] = exporter.getFinishedSpans();
    expect(turn?.parentSpanContext).toBeUndefined();
    expect(look?.parentSpanContext?.spanId).toBe(turn?.spanContext().spanId);
  });

  it("is what instruments of others see as active", async () => {
    register();
    const { active, told } = await inCall(() =>
      Promise.resolve({ active: trace.getActiveSpan()?.spanContext().spanId, told: tracer.correlation().spanId }),
    );
    expect(active).toBe(told);
  });
});

describe("an SDK that fails", () => {
  const fails = (): never => {
    throw new Error("the collector is gone");
  };

  it.each(["onStart", "onEnd"] as const)("in %s of its processor fails no work", async (when) => {
    const processor = { onStart: () => undefined, onEnd: () => undefined, [when]: fails };
    const rest = { forceFlush: () => Promise.resolve(), shutdown: () => Promise.resolve() };
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [{ ...processor, ...rest }] }));
    expect(await inCall(() => Promise.resolve(7))).toBe(7);
    const error = new RenewdError("issuer_timeout", "too late");
    await expect(inCall(() => Promise.reject(error))).rejects.toBe(error);
  });

  it("or a propagator that does, keeps no request back", async () => {
    register();
    propagation.disable();
    propagation.setGlobalPropagator(propagator(fails));
    expect(await inCall(headersSent)).toEqual({ accept: "application/json" });
  });
});

async function headersSent(): Promise<HttpRequest["headers"]> {
  const sent: HttpRequest[] = [];
  const client: HttpClient = {
    send: (request) => {
      sent.push(request);
      return Promise.reject(new Error("no server"));
    },
    close: () => Promise.resolve(),
  };
  const request: HttpRequest = {
    call: "renew",
    method: "POST",
    url: "http://issuer.test",
    headers: { accept: "application/json" },
    signal: new AbortController().signal,
  };
  await tracedClient(client)
    .send(request)
    .catch(() => undefined);
  return sent[0]?.headers;
}

describe("a request to an issuer", () => {
  it("brings the ids of the call that it is a part of", async () => {
    const exporter = register();
    const headers = await inCall(headersSent);
    const call = exporter
      .getFinishedSpans()
      .find(({ name }) => name === "renewd.call")
      ?.spanContext();
    expect(headers).toEqual({ ...traceContext(call!), accept: "application/json" });
  });

  it("brings none where the span is not recorded, or where there is no span", async () => {
    register(new AlwaysOffSampler());
    expect(await inCall(headersSent)).toEqual({ accept: "application/json" });
    expect(await headersSent()).toEqual({ accept: "application/json" });
  });

  it("brings nothing that a propagator adds beyond Trace Context, nor what has not its form", async () => {
    register();
    propagation.disable();
    propagation.setGlobalPropagator(
      propagator(() => ({
        traceparent: "00-zz-zz-01",
        tracestate: "x".repeat(513),
        baggage: "user=jane",
        authorization: "Basic eA==",
      })),
    );
    expect(await inCall(headersSent)).toEqual({ accept: "application/json" });
  });
});

it("ten thousand pieces of work that each begin the next keep nothing of the first", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const { first, last } = begin(10_000);
  const inLast = await last;
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  expect(first.deref()).toBeUndefined();
  expect(inLast(() => tracer.correlation())).toMatchObject({ work: expect.any(String) });
});

type Inside = ReturnType<typeof AsyncLocalStorage.snapshot>;

/** A turn that begins so many others, one after the other, each from within the one before. `last` keeps what the last one knows. */
function begin(left: number): { readonly first: WeakRef<object>; readonly last: Promise<Inside> } {
  const over = Promise.withResolvers<Inside>();
  const attributes = { ...TOKEN };
  const next = (): void => void begin(left - 1).last.then(over.resolve);
  void tracer.span("renewd.sweep", {}, () =>
    tracer.span("renewd.token", attributes, async () => {
      if (left > 0) setImmediate(next);
      else over.resolve(AsyncLocalStorage.snapshot());
    }),
  );
  return { first: new WeakRef(attributes), last: over.promise };
}

describe("a context manager that fails", () => {
  const fails = (): never => {
    throw new TypeError("no context");
  };

  it("stops no work, and changes no answer and no failure", async () => {
    const disable = (): ContextManager => new AsyncLocalStorageContextManager();
    register();
    context.disable();
    context.setGlobalContextManager({ active: fails, with: fails, bind: fails, enable: fails, disable });
    let runs = 0;
    expect(await inCall(() => Promise.resolve((runs += 1)))).toBe(1);
    expect(await tracer.outside(() => Promise.resolve((runs += 1)))).toBe(2);
    const error = new RenewdError("issuer_timeout", "too late");
    await expect(inCall(() => Promise.reject(error))).rejects.toBe(error);
  });
});
