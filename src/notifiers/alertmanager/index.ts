import type { NotifierType } from "../../core/ports.ts";
import { createAlertmanager } from "./notifier.ts";
import { type AlertmanagerOptions, optionsSchema } from "./options.ts";

/** Prometheus' Alertmanager, API v2 (README.md of this folder). */
export const alertmanager: NotifierType<AlertmanagerOptions> = {
  type: "alertmanager",
  options: optionsSchema,
  create: createAlertmanager,
};
