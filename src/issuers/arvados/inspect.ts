import { RenewdError, toRenewdError } from "../../core/errors.ts";
import type { Inspection } from "../../core/ports.ts";
import type { SecretText } from "../../core/secret-text.ts";
import type { Api } from "./api.ts";
import { subjectOf } from "./request.ts";
import { partsOf, recordSchema, scopesOf } from "./record.ts";

/** A secret of the form that Arvados makes, and renewd too; others may be anybody's passwords. */
const OWN_SECRET = /^[0-9a-z]{40,255}$/;

export function resembles(text: SecretText): boolean {
  const parts = partsOf(text);
  return parts !== undefined && (parts.uuid !== null || OWN_SECRET.test(parts.secret));
}

/** Proves a token by presenting it: Arvados tells everything of a token to its bearer, whatever its scopes. Never throws. */
export async function inspect(api: Api, token: SecretText, signal: AbortSignal): Promise<Inspection> {
  const parts = partsOf(token);
  if (parts === undefined)
    return { outcome: "refuted", check: "form", message: "it is not an Arvados token (v2/uuid/secret, or a secret)" };
  try {
    const record = await api.current(token, recordSchema, signal);
    if (record === null) return { outcome: "refuted", check: "active", message: "Arvados does not accept it (401)" };
    if (parts.uuid !== null && parts.uuid !== record.uuid) {
      const message = `Arvados knows it as ${record.uuid}, and it calls itself ${parts.uuid}`;
      return { outcome: "refuted", check: "form", message };
    }
    const life = { issuedAt: record.createdAt, notBeforeAt: null, expAt: record.expAt };
    const claims = { subject: subjectOf(record.ownerUuid), audiences: [], ...life, scopes: scopesOf(record) };
    return { outcome: "proved", claims };
  } catch (thrown) {
    const { message, retryAfterMs } = toRenewdError(thrown);
    const retryAfter = retryAfterMs === undefined ? {} : { retryAfterMs };
    return { outcome: "unknown", error: new RenewdError("key_unreachable", message, { cause: thrown, ...retryAfter }) };
  }
}
