import type { Instant } from "../../core/duration.ts";
import { NEVER_AT } from "../../core/duration.ts";
import { RenewdError, toRenewdError } from "../../core/errors.ts";
import type { MintAnswer, MintOrder } from "../../core/ports.ts";
import { SecretText } from "../../core/secret-text.ts";
import { readJson } from "../answers.ts";
import type { Account } from "./account.ts";
import { unsent } from "../unsent.ts";
import type { Api } from "./api.ts";
import { formOf } from "./request.ts";
import { partsOf, recordSchema, sameScopes, scopesOf, textOf, type TokenRecord } from "./record.ts";
import { isCertain, toError } from "./refusals.ts";
import { TOKENS_PATH } from "./scopes.ts";

export interface Parts {
  readonly api: Api;
  readonly account: Account;
}

interface Wanted {
  readonly ownerUuid: string;
  readonly secret: SecretText;
  readonly where: string;
}

/** What the first call was answered: a record, or a failure of which nothing or something may have come. */
type Tried = { readonly record: TokenRecord } | { readonly error: RenewdError; readonly certain: boolean };

/**
 * Makes a token with a secret of our own: the same order again makes no second one, and whether the first made one can
 * always be asked with the secret itself. Throws only what went wrong before the request was sent.
 */
export async function create(parts: Parts, order: MintOrder, signal: AbortSignal): Promise<MintAnswer> {
  const secret = checked(order.secret);
  const ownerUuid = await parts.account.ownerOf(order.request, signal).catch((error: unknown) => {
    throw unsent(error);
  });
  const wanted = { ownerUuid, secret, where: `minting of ${JSON.stringify(order.name)} at ${parts.api.url}` };
  const tried = await ask(parts, order, wanted, signal);
  if ("record" in tried) {
    const { record } = tried;
    if (fits(record, wanted, order) && record.secret?.equals(secret) === true) return minted(record, order, secret);
  } else if (!tried.error.sent) {
    return { outcome: "refused", error: tried.error };
  }
  return afterLooking(parts, order, wanted, tried, signal);
}

async function ask(parts: Parts, order: MintOrder, wanted: Wanted, signal: AbortSignal): Promise<Tried> {
  const { ownerUuid, secret, where } = wanted;
  const attributes = {
    owner_uuid: ownerUuid,
    scopes: order.request.roles,
    api_token: secret.reveal(),
    ...(order.expAt === NEVER_AT ? {} : { expires_at: asTimestamp(order.expAt) }),
  };
  const body = { api_client_authorization: attributes };
  try {
    const answer = await parts.api.send({ call: "create", method: "POST", path: TOKENS_PATH, body, secret }, signal);
    if (answer.ok) return { record: await readJson(answer.response, recordSchema, where) };
    return { error: toError(answer.refusal, where), certain: isCertain(answer.refusal) };
  } catch (error) {
    return { error: toRenewdError(error), certain: false };
  }
}

/** Anything but a clear success says nothing of the token: an earlier order may have made it. The secret itself tells. */
async function afterLooking(
  parts: Parts,
  order: MintOrder,
  wanted: Wanted,
  tried: Tried,
  signal: AbortSignal,
): Promise<MintAnswer> {
  const { secret, where } = wanted;
  let found: TokenRecord | null;
  try {
    found = await parts.api.current(secret, recordSchema, signal);
  } catch (error) {
    return { outcome: "unknown", error: "error" in tried ? tried.error : toRenewdError(error) };
  }
  if ("record" in tried) {
    // What the issuer says it made is told in any case; whoever verifies it sees that it is not what was asked for.
    if (found !== null) return minted(found, order, secret);
    const { record } = tried;
    if (record.secret !== null && !record.secret.equals(secret)) return minted(record, order, record.secret);
    const message = `${where}: answered as if a token had been made, but does not accept it`;
    return { outcome: "unknown", error: new RenewdError("issuer_answer_invalid", message) };
  }
  if (found === null) return { outcome: tried.certain ? "refused" : "unknown", error: tried.error };
  if (fits(found, wanted, order)) return minted(found, order, secret);
  const message = `${where}: a token with this secret is there (${found.uuid}), with another user or other scopes`;
  return { outcome: "refused", error: new RenewdError("token_differs", message) };
}

function fits(record: TokenRecord, wanted: Wanted, order: MintOrder): boolean {
  return record.ownerUuid === wanted.ownerUuid && sameScopes(record, order.request.roles);
}

function minted(record: TokenRecord, order: MintOrder, secret: SecretText): MintAnswer {
  const token = textOf(formOf(order.request), record.uuid, secret);
  return { outcome: "minted", token, issuerId: record.uuid, expiresAt: record.expAt, scopes: scopesOf(record) };
}

/** Arvados checks nothing of a secret. Of a whole token, `v2/uuid/secret`, its secret tells whether it is there. */
function checked(given: SecretText | null): SecretText {
  if (given === null) throw new TypeError("an order to Arvados brings its secret");
  const parts = partsOf(given);
  if (parts !== undefined) return parts.uuid === null ? given : new SecretText(parts.secret);
  const message = "a token's secret has at most 255 printable characters of ASCII, none of them a space or a slash";
  throw new RenewdError("usage", message, { sent: false });
}

/** In UTC: an expiry that Arvados cannot read becomes none at all. */
export function asTimestamp(at: Instant): string {
  return new Date(at).toISOString();
}
