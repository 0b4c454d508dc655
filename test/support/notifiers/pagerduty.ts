/**
 * Stands in for PagerDuty. Follows the Events API v2 as PagerDuty/developer-docs describes it ("Send an alert event"): 202 for
 * what it takes, 400 with `errors` for what it does not; `dedup_key` (at most 255) joins events to one alert, resolving needs
 * it and the same `routing_key`; a summary has at most 1,024 characters, an event 512 KB.
 */
import { type ChannelAnswer, type ChannelCall, HttpChannel } from "./http-channel.ts";

export interface PagerDutyEvent {
  readonly routing_key: string;
  readonly event_action: string;
  readonly dedup_key: string;
  readonly links?: readonly { readonly href: string; readonly text: string }[];
  readonly payload?: {
    readonly summary: string;
    readonly source: string;
    readonly severity: string;
    readonly timestamp: string;
    readonly custom_details: Readonly<Record<string, unknown>>;
  };
}

export class FakePagerDuty extends HttpChannel {
  readonly events: PagerDutyEvent[] = [];
  /** Open alerts by `dedup_key`: the event that opened each. */
  readonly open = new Map<string, PagerDutyEvent>();
  readonly routingKey: string;

  constructor(routingKey: string) {
    super();
    this.routingKey = routingKey;
  }

  protected serve({ method, path, headers, body }: ChannelCall): ChannelAnswer {
    if (method !== "POST" || path !== "/v2/enqueue") return { status: 404 };
    if (headers["content-type"] !== "application/json") return { status: 415 };
    const event = JSON.parse(body) as PagerDutyEvent;
    const errors = this.#errorsOf(event, Buffer.byteLength(body));
    if (errors.length > 0) {
      const answer = { status: "invalid event", message: "Event object is invalid", errors };
      return { status: 400, text: JSON.stringify(answer) };
    }
    this.events.push(event);
    if (event.event_action === "resolve") this.open.delete(event.dedup_key);
    else if (!this.open.has(event.dedup_key)) this.open.set(event.dedup_key, event);
    const answer = { status: "success", message: "Event processed", dedup_key: event.dedup_key };
    return { status: 202, text: JSON.stringify(answer) };
  }

  #errorsOf({ routing_key, event_action, dedup_key, payload }: PagerDutyEvent, bytes: number): readonly string[] {
    const errors: string[] = [];
    if (routing_key !== this.routingKey) errors.push("Invalid routing key");
    if (bytes > 512 * 1024) errors.push("payload too large");
    if (dedup_key.length === 0 || dedup_key.length > 255) errors.push("'dedup_key' is invalid");
    if (event_action === "resolve") return errors;
    if (event_action !== "trigger") errors.push("'event_action' is invalid");
    if (payload === undefined) return [...errors, "'payload' is missing or blank"];
    if (payload.summary === "" || payload.summary.length > 1_024) errors.push("'payload.summary' is invalid");
    if (payload.source === "") errors.push("'payload.source' is missing or blank");
    if (!["critical", "error", "warning", "info"].includes(payload.severity))
      errors.push("'payload.severity' is invalid (must be one of: critical, warning, error or info)");
    if (Number.isNaN(Date.parse(payload.timestamp))) errors.push("'payload.timestamp' is invalid");
    return errors;
  }
}
