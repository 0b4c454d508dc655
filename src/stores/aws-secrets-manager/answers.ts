import { pipeline, Readable, Transform } from "node:stream";
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { z } from "zod";
import { RenewdError } from "../../core/errors.ts";

/** A secret's text has 64 KiB, of which JSON may make six times as much; labels and tags add less than that again. */
const MAX_ANSWER_BYTES = 1024 * 1024;

const text = z.string().optional();
const texts = z.array(z.string()).optional();

/** What is read of the answers. The SDK passes on whatever types it is sent. */
export const described = z.object({
  VersionIdsToStages: z.record(z.string(), z.array(z.string())).optional(),
  Tags: z.array(z.object({ Key: text, Value: text })).optional(),
  DeletedDate: z.date().optional(),
  OwningService: text,
  RotationEnabled: z.boolean().optional(),
});
export const secretValue = z.object({ VersionId: text, SecretString: text, SecretBinary: z.unknown().optional() });
export const staged = z.object({ VersionStages: texts });
export const created = z.object({ VersionId: text });

export type Described = z.infer<typeof described>;
export type SecretValue = z.infer<typeof secretValue>;

/** `answer` as its schema has it; the answer's own text is not repeated. */
export function checked<T>(schema: z.ZodType<T>, answer: unknown, action: string, secret: string): T {
  const found = schema.safeParse(answer);
  if (found.success) return found.data;
  const field = String(found.error.issues[0]?.path[0] ?? "the whole");
  throw new RenewdError("store_error", `${action} on ${secret}: the answer is not as documented (${field})`);
}

/** The SDK would hold any answer whole in memory. */
export function boundAnswers(client: SecretsManagerClient): SecretsManagerClient {
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response as { body?: unknown };
      if (response.body instanceof Readable) response.body = bounded(response.body);
      return result;
    },
    // Between the sending and the reading of an answer.
    { name: "boundAnswers", step: "deserialize", priority: "low" },
  );
  return client;
}

function bounded(body: Readable): Readable {
  let size = 0;
  const counter = new Transform({
    transform(chunk: Uint8Array, _, done) {
      size += chunk.byteLength;
      if (size <= MAX_ANSWER_BYTES) done(null, chunk);
      else done(Object.assign(new Error("the answer is too large"), { name: "AnswerTooLarge" }));
    },
  });
  // What goes wrong is told by the stream that is answered here; whoever reads it may have left already.
  counter.on("error", () => undefined);
  return pipeline(body, counter, () => undefined);
}
