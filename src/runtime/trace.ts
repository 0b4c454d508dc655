/** Spans over OpenTelemetry's API, which does nothing until somebody registers an SDK, and correlation ids, which need none. */
import { AsyncLocalStorage } from "node:async_hooks";
import {
  type Context,
  context,
  INVALID_SPAN_CONTEXT,
  isSpanContextValid,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { toRenewdError } from "../core/errors.ts";
import type { HttpClient } from "../core/ports.ts";
import { withoutTokens } from "../core/redact.ts";
import { type Correlation, isDetour, type SpanName, SPANS, type Topic, type Tracer } from "../core/trace.ts";
import { systemRandom } from "./random.ts";

const ID_BYTES = 8;
const MOST_MESSAGE_LENGTH = 500;

const NO_SPAN: Span = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

type Attributes = Readonly<Record<string, string>>;

/** What is under way. Each piece of work has its own, and all that it calls and waits for sees it. */
const underWay = new AsyncLocalStorage<Scope | undefined>();

export const systemTracer: Tracer = {
  span: (name, attributes, work) => {
    const scope = new Scope(name, attributes, underWay.getStore());
    return underWay.run(scope, () => scope.run(work));
  },
  about: (topic) => underWay.getStore()?.about(topic),
  failed: (error) => underWay.getStore()?.failed(error),
  outside: (work) => underWay.run(undefined, () => within(() => ROOT_CONTEXT, work)),
  correlation: () => underWay.getStore()?.correlation() ?? {},
};

/**
 * A sweep and a turn begin their span only when there is something to tell (work that was begun, a step, an event, a
 * failure), with the instant at which they began themselves: most looks find nothing to do, and leave nothing.
 */
class Scope {
  readonly #name: SpanName;
  readonly #attributes: Attributes;
  /** What it is a part of; a turn is a part of nothing, for it outlives its sweep. */
  readonly #whole: Scope | undefined = undefined;
  readonly #links: Link[] = [];
  readonly #startedAt = Date.now();
  #about: Correlation;
  #span: Span | undefined;
  #result = "done";
  #isOver = false;

  constructor(name: SpanName, attributes: Attributes, around: Scope | undefined) {
    this.#name = name;
    this.#attributes = attributes;
    const { kind } = SPANS[name];
    const { sweep } = around === undefined ? {} : around.#topics();
    const inherited = sweep === undefined ? {} : { sweep };
    switch (kind) {
      case "sweep":
        this.#about = { sweep: systemRandom.hex(ID_BYTES) };
        break;
      case "turn":
        this.#about = { ...inherited, work: systemRandom.hex(ID_BYTES) };
        this.#link(around === undefined ? guarded(() => trace.getActiveSpan(), undefined) : around.#open());
        break;
      case "step":
      case "call":
        this.#about = inherited;
        // Like a turn, what a sweep begins without waiting for it (asking for the time) outlives it.
        if (around !== undefined && SPANS[around.#name].kind !== "sweep") this.#whole = around;
    }
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await within(() => this.#context(), work);
    } catch (thrown) {
      this.failed(thrown);
      throw thrown;
    } finally {
      this.#end();
    }
  }

  about(topic: Topic): void {
    if (this.#whole !== undefined) this.#whole.about(topic);
    else this.#about = { ...this.#about, ...topic };
  }

  /** A step's failure is its turn's, too; a call's may have been expected. */
  failed(thrown: unknown): void {
    const span = this.#open();
    if (isDetour(thrown)) {
      this.#ends(thrown.detour);
      return;
    }
    const { code, message } = toRenewdError(thrown);
    this.#ends("failed");
    // Of an unexpected error this is the kind alone: its own text may hold anything.
    const text = withoutTokens(message).slice(0, MOST_MESSAGE_LENGTH);
    guarded(() => {
      span.setAttribute("error.type", code);
      span.setStatus({ code: SpanStatusCode.ERROR, message: text });
    });
    if (SPANS[this.#name].kind === "step") this.#whole?.failed(thrown);
  }

  correlation(): Correlation {
    const span = this.#open();
    const told = guarded(() => span.spanContext(), INVALID_SPAN_CONTEXT);
    const { traceId, spanId } = told;
    return { ...this.#topics(), ...(isSpanContextValid(told) ? { traceId, spanId } : {}) };
  }

  /** Undefined where nobody keeps it. */
  recorded(): Span | undefined {
    const span = this.#open();
    return guarded(() => span.isRecording(), false) ? span : undefined;
  }

  #topics(): Correlation {
    return this.#whole === undefined ? this.#about : this.#whole.#topics();
  }

  #ends(result: string): void {
    this.#result = result;
    if (this.#whole !== undefined && SPANS[this.#name].kind === "step") this.#whole.#ends(result);
  }

  /** What instruments others (a database, a DNS lookup) sees the step or the call that it happens in. */
  #context(): Context {
    const { kind } = SPANS[this.#name];
    return kind === "sweep" || kind === "turn" ? ROOT_CONTEXT : trace.setSpan(context.active(), this.#open());
  }

  #open(): Span {
    // What was given up may still say something after its end.
    this.#span ??= this.#isOver ? NO_SPAN : guarded(() => this.#begin(), NO_SPAN);
    return this.#span;
  }

  #begin(): Span {
    const { kind } = SPANS[this.#name];
    const attributes: Record<string, string> = {};
    for (const [key, value] of Object.entries(this.#attributes)) attributes[`renewd.${key}`] = value;
    const tracer = trace.getTracer("renewd");
    if (kind === "sweep" || kind === "turn") {
      const { startedAt: startTime, links } = { startedAt: this.#startedAt, links: this.#links };
      return tracer.startSpan(this.#name, { root: true, startTime, links, attributes });
    }
    const inside = this.#whole === undefined ? context.active() : trace.setSpan(context.active(), this.#whole.#open());
    return tracer.startSpan(
      this.#name,
      { attributes, kind: kind === "call" ? SpanKind.CLIENT : SpanKind.INTERNAL },
      inside,
    );
  }

  #link(span: Span | undefined): void {
    const told = guarded(() => span?.spanContext(), undefined);
    if (told !== undefined && isSpanContextValid(told)) this.#links.push({ context: told });
  }

  #end(): void {
    this.#isOver = true;
    const span = this.#span;
    if (span === undefined) return;
    const { renewal, issue } = this.#about;
    guarded(() => {
      if (renewal !== undefined) span.setAttribute("renewd.renewal", renewal);
      if (issue !== undefined) span.setAttribute("renewd.fingerprint", issue);
      span.setAttribute("renewd.result", this.#result);
      span.end();
    });
  }
}

/** What W3C Trace Context has, in the forms that it has; nothing else that a propagator may know of leaves with a request. */
const CARRIED: readonly (readonly [string, RegExp])[] = [
  ["traceparent", /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/],
  ["tracestate", /^[\u0020-\u007e]{1,512}$/],
];

/** A client whose requests tell the server which span they belong to, where that span is recorded. */
export function tracedClient(client: HttpClient): HttpClient {
  return {
    send: (request) => client.send({ ...request, headers: { ...carried(), ...request.headers } }),
    close: () => client.close(),
  };
}

function carried(): Readonly<Record<string, string>> {
  const span = underWay.getStore()?.recorded();
  if (span === undefined) return {};
  const carrier: Record<string, unknown> = {};
  guarded(() => propagation.inject(trace.setSpan(ROOT_CONTEXT, span), carrier));
  const headers: Record<string, string> = {};
  for (const [name, form] of CARRIED) {
    const value = carrier[name];
    if (typeof value === "string" && form.test(value)) headers[name] = value;
  }
  return headers;
}

/** Runs the work in that context, or in none where the context manager fails before the work began. */
function within<T>(contextOf: () => Context, work: () => T): T {
  let hasBegun = false;
  const begun = (): T => {
    hasBegun = true;
    return work();
  };
  try {
    return context.with(contextOf(), begun);
  } catch (thrown) {
    if (hasBegun) throw thrown;
    return work();
  }
}

/** An SDK, its exporter or a propagator that fails is no reason for a renewal to fail. */
function guarded(tell: () => void): void;
function guarded<T>(tell: () => T, otherwise: T): T;
function guarded<T>(tell: () => T, otherwise?: T): T | undefined {
  try {
    return tell();
  } catch {
    return otherwise;
  }
}
