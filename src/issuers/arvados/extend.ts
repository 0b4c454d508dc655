import { NEVER_AT } from "../../core/duration.ts";
import { RenewdError, toRenewdError } from "../../core/errors.ts";
import type { MintAnswer, MintOrder } from "../../core/ports.ts";
import type { SecretText } from "../../core/secret-text.ts";
import { readJson } from "../answers.ts";
import { invisible, sees } from "./account.ts";
import { unsent } from "../unsent.ts";
import { asTimestamp, type Parts } from "./mint.ts";
import { formOf } from "./request.ts";
import { partsOf, recordSchema, scopesOf, textOf, type TokenRecord } from "./record.ts";
import { isCertain, type Refusal, toError } from "./refusals.ts";
import { TOKENS_PATH } from "./scopes.ts";

/**
 * Moves the expiry of the token itself: its uuid and text stay, so containers locked by it stay locked. The instant is
 * absolute, so the same order again is harmless. Throws only what went wrong before the request was sent.
 */
export async function extend(parts: Parts, order: MintOrder, signal: AbortSignal): Promise<MintAnswer> {
  const uuid = await uuidOf(parts, order, signal);
  const where = `extension of ${JSON.stringify(order.name)} (${uuid}) at ${parts.api.url}`;
  const expiry = order.expAt === NEVER_AT ? null : asTimestamp(order.expAt);
  const body = { api_client_authorization: { expires_at: expiry } };
  const call = { call: "extend", method: "PUT", path: `${TOKENS_PATH}/${uuid}`, body } as const;
  try {
    const answer = await parts.api.send(order.base === null ? call : { ...call, secret: order.base }, signal);
    if (answer.ok) return extended(await readJson(answer.response, recordSchema, where), uuid, order, where);
    const error =
      answer.refusal.status === 404
        ? await whyAbsent(parts, order, answer.refusal, where, signal)
        : toError(answer.refusal, where);
    return { outcome: isCertain(answer.refusal) ? "refused" : "unknown", error };
  } catch (thrown) {
    const error = toRenewdError(thrown);
    return { outcome: error.sent ? "unknown" : "refused", error };
  }
}

function extended(record: TokenRecord, uuid: string, order: MintOrder, where: string): MintAnswer {
  if (record.uuid !== uuid) throw new RenewdError("issuer_answer_invalid", `${where}: the answer is of another token`);
  const token = textAfter(record, order);
  if (token === undefined)
    throw new RenewdError("issuer_answer_invalid", `${where}: the answer is without the token's secret`);
  return { outcome: "minted", token, issuerId: uuid, expiresAt: record.expAt, scopes: scopesOf(record) };
}

/** The very text that readers have, unless somebody changed the secret in place. */
function textAfter(record: TokenRecord, order: MintOrder): SecretText | undefined {
  const { base } = order;
  const { secret } = record;
  if (base !== null && (secret === null || partsOf(base)?.secret === secret.reveal())) return base;
  return secret === null ? undefined : textOf(formOf(order.request), record.uuid, secret);
}

/** A bare secret does not tell its uuid; the token itself is asked for it. */
async function uuidOf(parts: Parts, order: MintOrder, signal: AbortSignal): Promise<string> {
  const known = order.baseId ?? (order.base === null ? null : (partsOf(order.base)?.uuid ?? null));
  if (known !== null) return known;
  if (order.base === null) throw new TypeError("an extension needs its base");
  const record = await parts.api.current(order.base, recordSchema, signal).catch((error: unknown) => {
    throw unsent(error);
  });
  if (record !== null) return record.uuid;
  const message = `extension of ${JSON.stringify(order.name)} at ${parts.api.url}: ${GONE}`;
  throw new RenewdError("token_absent", message, { sent: false });
}

const GONE = "the token has expired or was revoked, and Arvados keeps no such token";

/** A 404 says that the token is gone, or that it is another user's: Arvados does not tell which (fact sheet §1.7). */
async function whyAbsent(
  parts: Parts,
  order: MintOrder,
  refusal: Refusal,
  where: string,
  signal: AbortSignal,
): Promise<RenewdError> {
  const absent = new RenewdError("token_absent", `${where}: ${GONE}`);
  try {
    const lives = order.base === null ? null : await parts.api.current(order.base, recordSchema, signal);
    const ownerUuid = lives?.ownerUuid ?? (await parts.account.ownerOf(order.request, signal));
    const caller = await parts.account.caller(signal);
    if (!sees(caller, ownerUuid) && (lives !== null || order.base === null))
      return new RenewdError("token_not_owned", `${where}: ${invisible(caller, ownerUuid, parts.api.url)}`);
    return lives === null ? absent : toError(refusal, where);
  } catch {
    return toError(refusal, where);
  }
}
