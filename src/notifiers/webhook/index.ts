import type { NotifierType } from "../../core/ports.ts";
import { createWebhook } from "./notifier.ts";
import { type WebhookOptions, optionsSchema } from "./options.ts";

/** Anything that takes signed CloudEvents over HTTP (README.md of this folder). */
export const webhook: NotifierType<WebhookOptions> = {
  type: "webhook",
  options: optionsSchema,
  create: createWebhook,
};
