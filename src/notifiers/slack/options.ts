import { z } from "zod";
import type { SecretRef } from "../../core/ports.ts";
import { type Connection, connectionFields, secretRef } from "../fields.ts";

export interface SlackOptions extends Connection {
  readonly url: SecretRef;
}

export const optionsSchema: z.ZodType<SlackOptions> = z.strictObject({
  url: secretRef.describe("The address of an incoming webhook; whoever has it may post, so it is a secret."),
  ...connectionFields,
});
