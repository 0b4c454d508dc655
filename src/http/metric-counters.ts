import { Counter, type Registry } from "prom-client";
import type { ErrorCode } from "../core/errors.ts";
import type { DomainEvent, Emit, EventType, RenewalResult } from "../core/events.ts";
import type { Settings } from "../core/settings.ts";

type DeliveryResult = "delivered" | "adopted" | "failed";

const RENEWAL_RESULTS: readonly RenewalResult[] = [
  "delivered",
  "adopted",
  "capped",
  "quarantined",
  "no_progress",
  "failed",
];
const DELIVERY_RESULTS: readonly DeliveryResult[] = ["delivered", "adopted", "failed"];

/** Counts events. A token or target that is not declared is not counted: labels come from the settings only. */
export class MetricCounters {
  readonly #renewals: Counter<"token" | "result">;
  readonly #deliveries: Counter<"token" | "target" | "result">;
  readonly #issuerRequests: Counter<"issuer" | "call" | "status">;
  readonly #storeRequests: Counter<"store" | "call" | "status">;
  #declared: ReadonlyMap<string, readonly string[]> = new Map();

  constructor(registry: Registry) {
    const counter = <T extends string>(name: string, help: string, labelNames: T[]): Counter<T> =>
      new Counter({ name: `renewd_${name}`, help, labelNames, registers: [registry] });
    this.#renewals = counter("renewals_total", "Renewals by how they ended.", ["token", "result"]);
    this.#deliveries = counter("deliveries_total", "Deliveries by how they ended.", ["token", "target", "result"]);
    this.#issuerRequests = counter("issuer_requests_total", "Requests to issuers.", ["issuer", "call", "status"]);
    this.#storeRequests = counter("store_requests_total", "Requests to stores.", ["store", "call", "status"]);
  }

  /** Everything declared has its series, from 0; what goes on keeps its count, what is gone ends. */
  declare({ tokens }: Pick<Settings, "tokens">): void {
    const declared = new Map(tokens.map((token) => [token.key, token.targets.map((target) => target.label)]));
    for (const [token, targets] of this.#declared) {
      const kept = declared.get(token);
      if (kept === undefined) for (const result of RENEWAL_RESULTS) this.#renewals.remove({ token, result });
      for (const target of targets.filter((label) => kept?.includes(label) !== true)) {
        for (const result of DELIVERY_RESULTS) this.#deliveries.remove({ token, target, result });
      }
    }
    for (const [token, targets] of declared) {
      for (const result of RENEWAL_RESULTS) this.#renewals.inc({ token, result }, 0);
      for (const target of targets) {
        for (const result of DELIVERY_RESULTS) this.#deliveries.inc({ token, target, result }, 0);
      }
    }
    this.#declared = declared;
  }

  readonly onEvent: Emit = (event) => {
    if (event.type === "service:called") {
      const { service, key, call, status } = event;
      if (service === "issuer") this.#issuerRequests.inc({ issuer: key, call, status });
      else this.#storeRequests.inc({ store: key, call, status });
      return;
    }
    const renewal = renewalOf(event);
    if (renewal !== undefined && this.#declared.has(renewal.token)) this.#renewals.inc(renewal);
    const delivery = deliveryOf(event);
    if (delivery !== undefined && this.#declared.get(delivery.token)?.includes(delivery.target) === true) {
      this.#deliveries.inc(delivery);
    }
  };
}

const FAILURE_RESULTS: ReadonlyMap<ErrorCode, RenewalResult> = new Map([
  ["token_rejected", "quarantined"],
  ["no_progress", "no_progress"],
]);

/** A token that is rejected is told as quarantined too; it counts once, as the failed step that it is. */
function renewalOf(event: DomainEvent): { token: string; result: RenewalResult } | undefined {
  if (event.type === "renewal:settled") return { token: event.token, result: event.result };
  if (event.type !== "renewal:failed") return undefined;
  return { token: event.token, result: FAILURE_RESULTS.get(event.code) ?? "failed" };
}

function deliveryOf(event: DomainEvent): { token: string; target: string; result: DeliveryResult } | undefined {
  const result = DELIVERY_EVENTS.get(event.type);
  return result !== undefined && "target" in event ? { token: event.token, target: event.target, result } : undefined;
}

const DELIVERY_EVENTS: ReadonlyMap<EventType, DeliveryResult> = new Map([
  ["target:delivered", "delivered"],
  ["target:adopted", "adopted"],
  ["target:failed", "failed"],
]);
