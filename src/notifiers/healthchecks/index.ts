import type { NotifierType } from "../../core/ports.ts";
import { createHealthchecks } from "./notifier.ts";
import { type HealthchecksOptions, optionsSchema } from "./options.ts";

/** A dead man's switch that is pinged over HTTP (README.md of this folder). */
export const healthchecks: NotifierType<HealthchecksOptions> = {
  type: "healthchecks",
  options: optionsSchema,
  create: createHealthchecks,
};
