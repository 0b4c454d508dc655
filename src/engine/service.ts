import { admit, type Admission, type Admitted, afterFailure, afterSuccess, isBroken } from "../core/breaker.ts";
import type { Instant } from "../core/duration.ts";
import { type RenewdError, toRenewdError } from "../core/errors.ts";
import type { ServiceKey } from "../core/state-store.ts";
import type { Detour } from "../core/trace.ts";
import type { Engine } from "./engine.ts";
import { LeaseLost } from "./tenure.ts";
import { traced } from "./traced.ts";

/** The service is known to fail and this call may not go out yet. Not a failure of whoever wanted it. */
export class NotAdmitted extends Error implements Detour {
  readonly detour = "not_admitted";
  readonly until: Instant;

  constructor(service: ServiceKey, until: Instant, reason: string) {
    super(`${service.kind} ${service.key}: ${reason}`);
    this.name = "NotAdmitted";
    this.until = until;
  }
}

/** One of the calls of an issuer or a store, as spans name it. */
interface ServiceCall extends ServiceKey {
  readonly call: string;
}

interface CallOptions<T> {
  /** Finds the failure in an answer of a call that never throws. */
  readonly failureOf?: (answer: T) => Error | undefined;
  /** What is to be recorded before the call, once it may go out; its own failure is not the service's. */
  readonly record?: () => Promise<void>;
}

/**
 * Makes one call to an issuer or a store past its breaker, and tells the breaker how it went. Throws `NotAdmitted`,
 * `LeaseLost` (which says nothing of the service), or what the call threw as a `RenewdError`.
 */
export async function throughBreaker<T>(
  engine: Engine,
  { kind, key, call: name }: ServiceCall,
  call: () => Promise<T>,
  { failureOf = () => undefined, record }: CallOptions<T> = {},
): Promise<T> {
  const service: ServiceKey = { kind, key };
  const admission = await engine.state.changeBreaker(service, (breaker) => {
    const answer = admit(breaker, engine.clock.now());
    return { breaker: answer.admitted ? answer.breaker : breaker, answer };
  });
  if (!admission.admitted) throw new NotAdmitted(service, admission.until, admission.reason);
  await record?.();
  let answer: T;
  try {
    answer = await traced(engine, "renewd.call", { service: kind, key, call: name }, async () => {
      const given = await call();
      const failure = failureOf(given);
      if (failure !== undefined) engine.trace?.failed(failure);
      return given;
    });
  } catch (thrown) {
    if (thrown instanceof LeaseLost) throw thrown;
    const error = toRenewdError(thrown);
    await report(engine, service, admission, error);
    throw error;
  }
  const failure = failureOf(answer);
  await report(engine, service, admission, failure === undefined ? undefined : toRenewdError(failure));
  return answer;
}

/** Several may have waited for one call, a sign-in: its failure is one, however many are told of it. */
const counted = new WeakSet<RenewdError>();

/** A refusal that concerns one token shows that the service is well. */
async function report(
  engine: Engine,
  service: ServiceKey,
  admission: Admission & { readonly admitted: true },
  error: RenewdError | undefined,
): Promise<void> {
  const { breaker: before, probe } = admission;
  if (error?.scope === "service") {
    if (counted.has(error) && !probe) return;
    counted.add(error);
    await failed(engine, service, error, { probe, counted: before.failures > 0 });
  } else if (before.failures > 0 && error?.code !== "bug") await recovered(engine, service);
}

/** Until when no call may go out to it; null when one may. */
export async function heldUntil(engine: Engine, service: ServiceKey): Promise<Instant | null> {
  const { probeAt } = await engine.state.breaker(service);
  return probeAt !== null && probeAt > engine.clock.now() ? probeAt : null;
}

async function failed(engine: Engine, service: ServiceKey, error: RenewdError, admitted: Admitted): Promise<void> {
  const now = engine.clock.now();
  const { failures, probeAt } = await engine.state.changeBreaker(service, (before) => {
    const breaker = afterFailure(before, error.code, now, admitted);
    return { breaker, answer: breaker };
  });
  const { code, message } = error;
  engine.emit({
    type: "service:failing",
    at: now,
    service: service.kind,
    key: service.key,
    code,
    message,
    failures,
    probeAt,
  });
}

/**
 * While its breaker was open, jobs that never failed themselves were held back too; nothing records which, so all that use it
 * and may have been are woken.
 */
async function recovered(engine: Engine, service: ServiceKey): Promise<void> {
  const before = await engine.state.changeBreaker(service, (breaker) => ({ breaker: afterSuccess(), answer: breaker }));
  if (before.failures === 0) return;
  const now = engine.clock.now();
  await engine.state.free(service, now);
  if (isBroken(before)) await engine.state.wake({ service }, now);
  engine.emit({ type: "service:recovered", at: now, service: service.kind, key: service.key });
}
