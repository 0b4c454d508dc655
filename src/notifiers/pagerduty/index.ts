import type { NotifierType } from "../../core/ports.ts";
import { createPagerDuty } from "./notifier.ts";
import { type PagerDutyOptions, optionsSchema } from "./options.ts";

/** PagerDuty, Events API v2 (README.md of this folder). */
export const pagerduty: NotifierType<PagerDutyOptions> = {
  type: "pagerduty",
  options: optionsSchema,
  create: createPagerDuty,
};
