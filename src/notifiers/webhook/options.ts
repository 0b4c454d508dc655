import { z } from "zod";
import type { SecretRef } from "../../core/ports.ts";
import { type Connection, connectionFields, plainUrl, secretRef } from "../fields.ts";

const MOST_KEYS = 5;
const MOST_BATCH = 100;

export interface WebhookOptions extends Connection {
  readonly url: string | SecretRef;
  readonly keys: readonly SecretRef[];
  readonly bearer?: SecretRef | undefined;
  readonly batch: number;
}

export const optionsSchema: z.ZodType<WebhookOptions> = z.strictObject({
  url: z
    .union([plainUrl, secretRef], { error: "an address without user and query, or { env }, { file } or { command }" })
    .describe("Where events go; as a secret ({ env }, { file }, { command }) where the address itself lets in."),
  keys: z
    .array(secretRef)
    .min(1)
    .max(MOST_KEYS)
    .describe("What requests are signed with. Several while keys change: each makes a signature."),
  bearer: secretRef.optional().describe("A bearer token that the receiver wants besides."),
  batch: z
    .int()
    .min(1)
    .max(MOST_BATCH)
    .default(1)
    .describe("So many events may come in one request; above 1 several come as application/cloudevents-batch+json."),
  ...connectionFields,
});
