import { z } from "zod";
import { type Instant, NEVER_AT, parseInstant } from "../../core/duration.ts";
import type { Scopes } from "../../core/issue.ts";
import { SecretText } from "../../core/secret-text.ts";
import type { Form } from "./request.ts";

const MOST_SECRET_LENGTH = 255;
const TOKEN_UUID = /^[0-9a-z]{5}-gj3su-[0-9a-z]{15}$/;
const USER_UUID = /^[0-9a-z]{5}-tpzed-[0-9a-z]{15}$/;
const CONTAINER_UUID = /^[0-9a-z]{5}-dz642-[0-9a-z]{15}$/;

/** Digits of a second beyond the milliseconds do not count; null stands for `nothingAt`. */
function instantOr<T>(nothing: T): z.ZodType<Instant | T> {
  return z
    .string()
    .nullable()
    .transform((text, context) => {
      if (text === null) return nothing;
      const at = parseInstant(text);
      if (at !== undefined) return at;
      context.issues.push({ code: "custom", input: text, message: "expected an instant" });
      return z.NEVER;
    });
}

/** A token as the issuer keeps it (fact sheet §1.3). */
export interface TokenRecord {
  readonly uuid: string;
  readonly ownerUuid: string;
  /** Null where the issuer does not tell it. */
  readonly secret: SecretText | null;
  /** Sorted, without repeats. */
  readonly scopes: readonly string[];
  readonly createdAt: Instant | null;
  /** `NEVER_AT` for one without an end. */
  readonly expAt: Instant;
}

/** Whether the token ends must be said: a record without the field is not one. */
export const recordSchema: z.ZodType<TokenRecord> = z
  .object({
    uuid: z.string().regex(TOKEN_UUID),
    owner_uuid: z.string().regex(USER_UUID),
    api_token: z.string().max(MOST_SECRET_LENGTH).nullish(),
    scopes: z.array(z.string().max(64 * 1024)).max(10_000),
    created_at: instantOr(null),
    expires_at: instantOr(NEVER_AT),
  })
  .transform((row) => ({
    uuid: row.uuid,
    ownerUuid: row.owner_uuid,
    secret: typeof row.api_token === "string" && isSecret(row.api_token) ? new SecretText(row.api_token) : null,
    scopes: [...new Set(row.scopes)].sort(),
    createdAt: row.created_at,
    expAt: row.expires_at,
  }));

/** The parts of a token's text. */
export interface TokenParts {
  /** Null in the bare form. */
  readonly uuid: string | null;
  readonly secret: string;
}

/** `v2/<uuid>/<secret>`, the same with a container's uuid at its end, or the bare secret; undefined for anything else. */
export function partsOf(token: SecretText): TokenParts | undefined {
  const [first = "", uuid, secret, container, ...more] = token.reveal().split("/");
  if (uuid === undefined) return isSecret(first) ? { uuid: null, secret: first } : undefined;
  if (first !== "v2" || secret === undefined || more.length > 0) return undefined;
  const plausible =
    TOKEN_UUID.test(uuid) && isSecret(secret) && (container === undefined || CONTAINER_UUID.test(container));
  return plausible ? { uuid, secret } : undefined;
}

/** What can stand in a header and between the slashes of a token. */
function isSecret(text: string): boolean {
  return text.length <= MOST_SECRET_LENGTH && /^[!-.0-~]+$/.test(text);
}

export function textOf(form: Form, uuid: string, secret: SecretText): SecretText {
  return form === "v1" ? secret : new SecretText(`v2/${uuid}/${secret.reveal()}`);
}

/** What each scope allows is the scope itself, so each is a role of its own. */
export function scopesOf(record: TokenRecord): Scopes {
  return Object.fromEntries(record.scopes.map((scope) => [scope, []]));
}

export function sameScopes(record: TokenRecord, scopes: readonly string[]): boolean {
  const sorted = [...new Set(scopes)].sort();
  return record.scopes.length === sorted.length && record.scopes.every((scope, at) => scope === sorted[at]);
}

/** Configured in the cluster, not kept in its database, and the only one that sees every user's tokens (fact sheet §1.7). */
export function isSystemRoot(uuid: string): boolean {
  return /-gj3su-0{15}$/.test(uuid);
}
