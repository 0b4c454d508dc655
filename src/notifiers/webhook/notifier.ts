import type { Alert } from "../../core/alert.ts";
import type { AlertNotifier, NotifierContext } from "../../core/ports.ts";
import type { SecretText } from "../../core/secret-text.ts";
import { readSecretUrl, Transport } from "../transport.ts";
import { toCloudEvent } from "./event.ts";
import type { WebhookOptions } from "./options.ts";
import { sign } from "./signature.ts";

export function createWebhook(context: NotifierContext<WebhookOptions>): AlertNotifier {
  return new Webhook(context);
}

class Webhook implements AlertNotifier {
  readonly kind = "alerts";
  readonly capabilities: AlertNotifier["capabilities"];
  readonly #context: NotifierContext<WebhookOptions>;
  readonly #transport: Transport;

  constructor(context: NotifierContext<WebhookOptions>) {
    this.#context = context;
    this.#transport = new Transport(context);
    // Without batches one event a call: each that was taken is recorded before the next is sent.
    this.capabilities = { resendMs: null, keepsUntilEnd: false, batchMax: context.options.batch, intervalMs: 0 };
  }

  async notify(alerts: readonly Alert[], signal: AbortSignal): Promise<void> {
    const events = alerts.map((alert) => toCloudEvent(alert, this.#context.instance));
    if (this.#context.options.batch > 1 && events.length > 1) {
      await this.#post("application/cloudevents-batch+json", JSON.stringify(events), signal);
      return;
    }
    for (const event of events) await this.#post("application/cloudevents+json", JSON.stringify(event), signal);
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  async #post(type: string, body: string, signal: AbortSignal): Promise<void> {
    const { options, readSecret, clock } = this.#context;
    const keys: SecretText[] = [];
    for (const ref of options.keys) keys.push(await readSecret(ref, signal));
    const bearer = options.bearer === undefined ? null : (await readSecret(options.bearer, signal)).reveal();
    const { href, sent } = await this.#address(signal);
    const call = {
      call: "event",
      method: "POST",
      url: href,
      headers: {
        "content-type": `${type}; charset=utf-8`,
        "renewd-signature": sign(body, keys, clock.now()),
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
      },
      body,
      sent: [...sent, ...keys.map((key) => key.reveal()), ...(bearer === null ? [] : [bearer])],
    } as const;
    await this.#transport.send(call, signal);
  }

  async #address(signal: AbortSignal): Promise<{ readonly href: string; readonly sent: readonly string[] }> {
    const { url: given } = this.#context.options;
    if (typeof given === "string") return { href: given, sent: [] };
    const { url, sent } = await readSecretUrl(this.#context, given, false, signal);
    return { href: url.href, sent };
  }
}
