import { z } from "zod";
import { isLoopback } from "../../core/loopback.ts";
import type { SecretRef } from "../../core/ports.ts";
import { type Connection, connectionFields, plainUrl, secretRef } from "../fields.ts";

export interface PagerDutyOptions extends Connection {
  readonly routing_key: SecretRef;
  readonly url: string;
}

/** The routing key goes there. */
const eventsUrl = plainUrl.refine(
  (text) => text.startsWith("https:") || isLoopback(URL.parse(text)?.hostname ?? ""),
  "expected https: the routing key is sent there",
);

export const optionsSchema: z.ZodType<PagerDutyOptions> = z.strictObject({
  routing_key: secretRef.describe("The integration key of a service (Events API v2)."),
  url: eventsUrl
    .prefault("https://events.pagerduty.com/v2/enqueue")
    .describe("Where events go; https://events.eu.pagerduty.com/v2/enqueue for accounts of the EU region."),
  ...connectionFields,
});
