import type { Counter, Registry } from "prom-client";
import type { ErrorCode } from "../core/errors.ts";
import type { DomainEvent, Emit, EventType, RenewalResult } from "../core/events.ts";
import type { Declared } from "./metric-gauges.ts";
import type { LabelOf } from "./metric-list.ts";
import { makeCounter } from "./metric-make.ts";

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
const NOTIFICATION_RESULTS = ["sent", "failed"] as const;

/** Counts events. A token, target or channel that is not declared is not counted: labels come from the settings only. */
export class MetricCounters {
  readonly #renewals: Counted<"renewals_total">;
  readonly #deliveries: Counted<"deliveries_total">;
  readonly #notifications: Counted<"notifications_total">;
  readonly #issuerRequests: Counter<"issuer" | "call" | "status">;
  readonly #storeRequests: Counter<"store" | "call" | "status">;

  constructor(registry: Registry) {
    this.#renewals = new Counted(makeCounter(registry, "renewals_total"));
    this.#deliveries = new Counted(makeCounter(registry, "deliveries_total"));
    this.#notifications = new Counted(makeCounter(registry, "notifications_total"));
    this.#issuerRequests = makeCounter(registry, "issuer_requests_total");
    this.#storeRequests = makeCounter(registry, "store_requests_total");
  }

  /** Everything declared has its series, from 0; what goes on keeps its count, what is gone ends. */
  declare({ tokens, alerts }: Pick<Declared, "tokens" | "alerts">): void {
    this.#renewals.declare(tokens.flatMap(({ key }) => RENEWAL_RESULTS.map((result) => ({ token: key, result }))));
    this.#deliveries.declare(
      tokens.flatMap(({ key, targets }) =>
        targets.flatMap(({ label }) => DELIVERY_RESULTS.map((result) => ({ token: key, target: label, result }))),
      ),
    );
    this.#notifications.declare(
      alerts.channels.flatMap(({ key }) => NOTIFICATION_RESULTS.map((result) => ({ channel: key, result }))),
    );
  }

  readonly onEvent: Emit = (event) => {
    if (event.type === "service:called") {
      const { service, key, call, status } = event;
      if (service === "issuer") this.#issuerRequests.inc({ issuer: key, call, status });
      else this.#storeRequests.inc({ store: key, call, status });
      return;
    }
    this.#renewals.count(renewalOf(event));
    this.#deliveries.count(deliveryOf(event));
    this.#notifications.count(notificationOf(event));
  };
}

/** A counter of which only declared series exist. */
class Counted<Name extends "renewals_total" | "deliveries_total" | "notifications_total"> {
  readonly #counter: Counter<LabelOf<Name>>;
  #declared: ReadonlyMap<string, Readonly<Record<LabelOf<Name>, string>>> = new Map();

  constructor(counter: Counter<LabelOf<Name>>) {
    this.#counter = counter;
  }

  declare(series: readonly Readonly<Record<LabelOf<Name>, string>>[]): void {
    const declared = new Map(series.map((labels) => [keyOf(labels), labels]));
    for (const [key, labels] of this.#declared) if (!declared.has(key)) this.#counter.remove(labels);
    for (const labels of series) this.#counter.inc(labels, 0);
    this.#declared = declared;
  }

  count(labels: Readonly<Record<LabelOf<Name>, string>> | undefined): void {
    if (labels !== undefined && this.#declared.has(keyOf(labels))) this.#counter.inc(labels);
  }
}

function keyOf(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
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

function notificationOf(event: DomainEvent): { channel: string; result: "sent" | "failed" } | undefined {
  if (event.type === "channel:told") return { channel: event.channel, result: "sent" };
  return event.type === "channel:failed" ? { channel: event.channel, result: "failed" } : undefined;
}
