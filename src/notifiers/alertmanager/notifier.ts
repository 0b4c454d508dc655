import { type Alert, areSame } from "../../core/alert.ts";
import type { AlertNotifier, NotifierContext } from "../../core/ports.ts";
import { Transport } from "../transport.ts";
import { labelsOf, type PostableAlert, toPostable } from "./alerts.ts";
import type { AlertmanagerOptions } from "./options.ts";

const BATCH_MAX = 100;
const SECRET_LEAST_LENGTH = 4;

export function createAlertmanager(context: NotifierContext<AlertmanagerOptions>): AlertNotifier {
  return new Alertmanager(context);
}

class Alertmanager implements AlertNotifier {
  readonly kind = "alerts";
  readonly capabilities: AlertNotifier["capabilities"];
  readonly #context: NotifierContext<AlertmanagerOptions>;
  readonly #transport: Transport;

  constructor(context: NotifierContext<AlertmanagerOptions>) {
    this.#context = context;
    this.#transport = new Transport(context);
    this.capabilities = { resendMs: context.options.resend, keepsUntilEnd: false, batchMax: BATCH_MAX, intervalMs: 0 };
  }

  async notify(alerts: readonly Alert[], signal: AbortSignal): Promise<void> {
    if (alerts.length === 0) return;
    const { authorization, sent } = await this.#authorization(signal);
    const call = {
      call: "alerts",
      method: "POST",
      url: `${this.#context.options.url}/api/v2/alerts`,
      headers: { "content-type": "application/json", ...authorization },
      body: JSON.stringify(alerts.flatMap((alert) => this.#toPost(alert))),
      sent,
    } as const;
    await this.#transport.send(call, signal);
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  /** The alert; and the end of the one that it was before, for with other labels it is another alert there. */
  #toPost(alert: Alert): readonly PostableAlert[] {
    const now = this.#context.clock.now();
    const isFiring = alert.status === "firing";
    const endsAt = isFiring ? now + this.#context.options.lasts : Math.min(alert.resolvedAt ?? now, now);
    const labels = labelsOf(alert);
    const told = toPostable(alert, labels, endsAt);
    if (alert.labelsBefore === null) return [told];
    const before = labelsOf({ labels: alert.labelsBefore });
    return areSame(before, labels) ? [told] : [toPostable(alert, before, now), told];
  }

  async #authorization(signal: AbortSignal): Promise<{
    readonly authorization: Readonly<Record<string, string>>;
    readonly sent: readonly string[];
  }> {
    const { options, readSecret } = this.#context;
    const ref = options.bearer ?? options.password;
    if (ref === undefined) return { authorization: {}, sent: [] };
    const secret = (await readSecret(ref, signal)).reveal();
    const basic = Buffer.from(`${options.user ?? ""}:${secret}`).toString("base64");
    const authorization = options.bearer === undefined ? `Basic ${basic}` : `Bearer ${secret}`;
    return {
      authorization: { authorization },
      sent: [secret, basic].filter((each) => each.length >= SECRET_LEAST_LENGTH),
    };
  }
}
