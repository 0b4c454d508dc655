import { RenewdError, toRenewdError } from "../../core/errors.ts";
import type { Inspection } from "../../core/ports.ts";
import type { SecretText } from "../../core/secret-text.ts";
import type { Caller, Reply } from "./caller.ts";
import type { Verify } from "./options.ts";
import { valueAt } from "./pointer.ts";
import { isSendable, readId, readInstant, readScopes } from "./readings.ts";
import { toError } from "./refusals.ts";

type ByRequest = Extract<Verify, { type: "request" }>;

/** Asks the issuer about a token, or with it. */
export function askAbout(caller: Caller, verify: ByRequest, token: SecretText, signal: AbortSignal): Promise<Reply> {
  return caller.call("verify", verify, { values: new Map(), secrets: new Map([["token", token]]) }, signal);
}

/** Proves a token by asking the issuer about it. Never throws. */
export async function inspectByRequest(
  caller: Caller,
  verify: ByRequest,
  token: SecretText,
  where: string,
  signal: AbortSignal,
): Promise<Inspection> {
  // What a target holds may be anything, and would be put into a header.
  if (!isSendable(token.reveal())) {
    return { outcome: "refuted", check: "form", message: "it is not a text of printable characters" };
  }
  try {
    const reply = await askAbout(caller, verify, token, signal);
    if (verify.success.includes(reply.status)) return judge(verify, await reply.json(), where);
    if (!verify.refused.includes(reply.status)) return { outcome: "unknown", error: await toError(reply, where) };
    const reason = await reply.reason();
    const message = `its issuer answers ${reply.status}${reason === "" ? "" : `: ${reason}`}`;
    return { outcome: "refuted", check: "active", message };
  } catch (thrown) {
    return { outcome: "unknown", error: toRenewdError(thrown) };
  }
}

/** What is declared and cannot be read proves nothing: nothing is lost by waiting until the settings fit the answer. */
function judge(verify: ByRequest, json: unknown, where: string): Inspection {
  const read = <T>(key: "subject" | "scopes" | "issued_at" | "expires_at", as: (value: unknown) => T | undefined) => {
    const pointer = verify[key];
    if (pointer === undefined) return null;
    const value = as(valueAt(json, pointer));
    if (value !== undefined) return value;
    throw new RenewdError(
      "issuer_answer_invalid",
      `${where}: what stands at ${pointer} of the answer is no \`${key}\``,
    );
  };
  const active = verify.active === undefined ? true : valueAt(json, verify.active);
  if (active === false)
    return { outcome: "refuted", check: "active", message: "its issuer says that it is not active" };
  if (active !== true) {
    const message = `${where}: what stands at ${verify.active ?? ""} of the answer is neither true nor false`;
    return { outcome: "unknown", error: new RenewdError("issuer_answer_invalid", message) };
  }
  const claims = {
    subject: read("subject", readId),
    audiences: [],
    issuedAt: read("issued_at", readInstant),
    notBeforeAt: null,
    expAt: read("expires_at", readInstant),
    scopes: read("scopes", readScopes),
  };
  return { outcome: "proved", claims };
}
