import type { Alert } from "../../core/alert.ts";
import type { AlertNotifier, NotifierContext } from "../../core/ports.ts";
import { Transport } from "../transport.ts";
import { toEvent } from "./event.ts";
import type { PagerDutyOptions } from "./options.ts";

export function createPagerDuty(context: NotifierContext<PagerDutyOptions>): AlertNotifier {
  const transport = new Transport(context);
  const { options, readSecret, instance } = context;
  return {
    kind: "alerts",
    // PagerDuty keeps what was triggered until it is resolved, and takes one event in a call.
    capabilities: { resendMs: null, keepsUntilEnd: true, batchMax: 1, intervalMs: 0 },
    async notify(alerts: readonly Alert[], signal: AbortSignal): Promise<void> {
      for (const alert of alerts) {
        const key = (await readSecret(options.routing_key, signal)).reveal();
        const call = {
          call: "enqueue",
          method: "POST",
          url: options.url,
          headers: { "content-type": "application/json" },
          body: JSON.stringify(toEvent(alert, key, instance)),
          sent: [key],
        } as const;
        await transport.send(call, signal);
      }
    },
    close: () => transport.close(),
  };
}
