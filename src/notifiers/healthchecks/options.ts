import { z } from "zod";
import { DAY_MS, SECOND_MS } from "../../core/duration.ts";
import type { SecretRef } from "../../core/ports.ts";
import { type Connection, connectionFields, duration, secretRef } from "../fields.ts";

const METHODS = ["POST", "GET"] as const;

export interface HealthchecksOptions extends Connection {
  readonly url: SecretRef;
  readonly every: number;
  readonly method: (typeof METHODS)[number];
  readonly fail: boolean;
}

export const optionsSchema: z.ZodType<HealthchecksOptions> = z.strictObject({
  url: secretRef.describe("The address to ping; whoever has it may ping, so it is a secret."),
  every: duration(15 * SECOND_MS, DAY_MS)
    .prefault("1m")
    .describe("How often to ping while every target has life left."),
  method: z.enum(METHODS).default("POST").describe("GET where the service takes nothing else."),
  fail: z
    .boolean()
    .default(false)
    .describe("Tell failure at once by `<url>/fail`, as Healthchecks.io takes it. Otherwise there is just no ping."),
  ...connectionFields,
});
