import { SECOND_MS } from "../../core/duration.ts";
import type { AlertNotifier, NotifierContext } from "../../core/ports.ts";
import { readSecretUrl, Transport } from "../transport.ts";
import { toMessage } from "./message.ts";
import type { SlackOptions } from "./options.ts";

const BATCH_MAX = 50;

export function createSlack(context: NotifierContext<SlackOptions>): AlertNotifier {
  const transport = new Transport(context);
  return {
    kind: "alerts",
    // Slack knows neither keys nor ends, so only what changed is told; it takes a message a second.
    capabilities: { resendMs: null, keepsUntilEnd: false, batchMax: BATCH_MAX, intervalMs: SECOND_MS },
    async notify(alerts, signal): Promise<void> {
      if (alerts.length === 0) return;
      const { url, sent } = await readSecretUrl(context, context.options.url, true, signal);
      const call = {
        call: "webhook",
        method: "POST",
        url: url.href,
        headers: { "content-type": "application/json; charset=utf-8" },
        body: JSON.stringify(toMessage(alerts, context.instance)),
        sent,
      } as const;
      await transport.send(call, signal);
    },
    close: () => transport.close(),
  };
}
