import { z } from "zod";
import { parseDuration } from "../../core/duration.ts";
import { isLoopback } from "../../core/loopback.ts";

const tagText = z.string().regex(/^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u, "must be a tag as AWS takes it");

/** What a store of this type takes in the settings. */
export const awsOptions = z.strictObject({
  region: z
    .string()
    .regex(/^[a-z]{2,}(?:-[a-z]+)+-\d{1,2}$/, "must be a region such as eu-west-1")
    .describe("Where the secrets are."),
  role_arn: z
    .string()
    .regex(/^arn:aws[\w-]*:iam::\d{12}:role\/.{1,512}$/, "must be the ARN of a role")
    .optional()
    .describe("A role to assume, from the default credentials."),
  endpoint: z
    .url()
    .refine(isSafeEndpoint, "must be https, or a loopback address")
    .optional()
    .describe("Instead of AWS's own endpoint of the region."),
  kms_key: z.string().min(1).max(2048).optional().describe("Encrypts the secrets that renewd creates."),
  tags: z
    .record(tagText.min(1).max(128), tagText)
    .refine((tags) => Object.keys(tags).length <= 40, "must be at most 40 tags")
    .refine((tags) => !Object.keys(tags).some((key) => /^aws:/i.test(key)), "must not begin with aws:")
    .optional()
    .describe("Put on the secrets that renewd creates, beside its own marks."),
  timeout: z
    .string()
    .refine((text) => (parseDuration(text) ?? 0) > 0, "must be a duration such as 10s")
    .default("10s")
    .describe("For each call."),
});

/** The keys of a target that say where in the store. */
export const awsAddress = z.strictObject({
  secret: z
    .string()
    .regex(/^(?:arn:aws[\w-]*:secretsmanager:[\w-]+:\d{12}:secret:)?[\w/+=.@-]{1,512}$/, "must be a name or an ARN")
    .describe("Name or ARN of the secret; a name where renewd is to create it."),
  adopt: z
    .boolean()
    .optional()
    .describe("Take the secret over although it is not marked as renewd's. Never takes it from another renewd."),
});

export type AwsOptions = z.infer<typeof awsOptions>;
export type AwsAddress = z.infer<typeof awsAddress>;

/** The name in an ARN (without the six characters that AWS appends), or the name itself. */
export function secretName(secret: string): string {
  return isArn(secret) ? secret.replace(/^.*:secret:/, "").replace(/-[A-Za-z0-9]{6}$/, "") : secret;
}

export function isArn(secret: string): boolean {
  return secret.startsWith("arn:");
}

function isSafeEndpoint(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "") return false;
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url.hostname));
}
