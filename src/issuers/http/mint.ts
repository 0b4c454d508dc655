import { type Instant, NEVER_AT } from "../../core/duration.ts";
import { RenewdError, toRenewdError } from "../../core/errors.ts";
import type { Clock, MintAnswer, MintOrder } from "../../core/ports.ts";
import type { SecretText } from "../../core/secret-text.ts";
import { unsent } from "../unsent.ts";
import type { Caller, Given } from "./caller.ts";
import { needsCurrent } from "./check-templates.ts";
import { askAbout } from "./inspect-by-request.ts";
import type { Ask, HttpIssuerOptions } from "./options.ts";
import { orderValues, type Value } from "./order-values.ts";
import { namesIn } from "./placeholders.ts";
import { valueAt } from "./pointer.ts";
import { readId, readInstant, readScopes, readSeconds, readToken } from "./readings.ts";
import { isCertain, toError } from "./refusals.ts";

export interface MintParts {
  readonly options: HttpIssuerOptions;
  readonly caller: Caller;
  readonly clock: Clock;
}

/** Sends the declared request, once. Never throws. */
export async function mint(parts: MintParts, order: MintOrder, signal: AbortSignal): Promise<MintAnswer> {
  const { options, caller, clock } = parts;
  const where = `${order.kind === "mint" ? "minting" : "renewal"} of ${JSON.stringify(order.name)} at ${options.url}`;
  let ask: Ask;
  let given: Given;
  try {
    ask = askFor(options, order, where);
    given = await givenFor(parts, ask, order, where, signal);
  } catch (thrown) {
    return { outcome: "refused", error: unsent(thrown) };
  }
  try {
    const sentAt = clock.now();
    const reply = await caller.call("request", ask, given, signal);
    if (options.answer.success.includes(reply.status)) return minted(options, await reply.json(), sentAt, where);
    const outcome = isCertain(reply.status, ask.refused) ? "refused" : "unknown";
    return { outcome, error: await toError(reply, where) };
  } catch (thrown) {
    const error = toRenewdError(thrown);
    return { outcome: error.sent ? "unknown" : "refused", error };
  }
}

/** A first token is made by `mint`, or by `request` where that needs none to start from. */
function askFor(options: HttpIssuerOptions, order: MintOrder, where: string): Ask {
  if (order.kind === "extend") throw new TypeError("nothing is extended here");
  if (order.kind === "renew" || !needsCurrent(options.request)) return options.request;
  if (options.mint !== undefined) return options.mint;
  throw absent(`${where}: the issuer's \`request\` starts from a current token, and its settings have no \`mint\``);
}

/** Throws only with nothing sent of the request itself. */
async function givenFor(
  parts: MintParts,
  ask: Ask,
  order: MintOrder,
  where: string,
  signal: AbortSignal,
): Promise<Given> {
  const names = namesIn(ask);
  const values = new Map<string, Value | undefined>(orderValues(order, names));
  const secrets = new Map<string, SecretText>();
  if (names.has("current.token")) {
    if (order.base === null) throw absent(`${where}: the text of the current token is not known`);
    secrets.set("current.token", order.base);
  }
  if (names.has("current.id"))
    values.set("current.id", order.baseId ?? (await askForId(parts, order.base, where, signal)));
  return { values, secrets };
}

/** A token that was not made by us is known by its text alone; who proves it may tell its id. */
async function askForId(
  { options, caller }: MintParts,
  base: SecretText | null,
  where: string,
  signal: AbortSignal,
): Promise<string> {
  const { verify } = options;
  if (base !== null && verify.type === "request" && verify.id !== undefined) {
    const id = await idOf(caller, verify, base, where, signal);
    if (id !== undefined) return id;
  }
  throw absent(`${where}: the id of the current token is not known`);
}

export async function idOf(
  caller: Caller,
  verify: Extract<HttpIssuerOptions["verify"], { type: "request" }>,
  token: SecretText,
  where: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const reply = await askAbout(caller, verify, token, signal);
    if (!verify.success.includes(reply.status)) throw await toError(reply, `${where}: asking for the token's id`);
    return verify.id === undefined ? undefined : readId(valueAt(await reply.json(), verify.id));
  } catch (thrown) {
    throw unsent(thrown);
  }
}

/**
 * The token is all that must be there: it has been made, and perhaps the old one ended for it. What is said beside it and
 * cannot be read counts as not said; verification then refuses what nobody says the end or the powers of.
 */
function minted({ answer }: HttpIssuerOptions, json: unknown, sentAt: Instant, where: string): MintAnswer {
  const at = (pointer: string | undefined): unknown => (pointer === undefined ? undefined : valueAt(json, pointer));
  const token = readToken(at(answer.token));
  if (token === undefined) {
    const message = `${where}: no token stands at ${answer.token} of the answer: no text, or not one of printable characters`;
    return { outcome: "unknown", error: new RenewdError("issuer_answer_invalid", message) };
  }
  const livesMs = readSeconds(at(answer.expires_in));
  const ends = [
    readInstant(at(answer.expires_at)),
    livesMs === undefined ? undefined : Math.min(sentAt + livesMs, NEVER_AT),
  ];
  const known = ends.filter((each) => each !== undefined);
  return {
    outcome: "minted",
    token,
    issuerId: readId(at(answer.id)) ?? null,
    expiresAt: known.length === 0 ? null : Math.min(...known),
    scopes: readScopes(at(answer.scopes)) ?? null,
  };
}

function absent(message: string): RenewdError {
  return new RenewdError("token_absent", message, { sent: false });
}
