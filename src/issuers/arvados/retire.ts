import { RenewdError } from "../../core/errors.ts";
import type { OldToken } from "../../core/ports.ts";
import { readJson } from "../answers.ts";
import type { Api } from "./api.ts";
import { partsOf, recordSchema } from "./record.ts";
import { toError } from "./refusals.ts";
import { TOKENS_PATH } from "./scopes.ts";

/** Ends a token before its time. That it is gone already is no failure. Throws a `RenewdError`. */
export async function retire(api: Api, old: OldToken, signal: AbortSignal): Promise<void> {
  const uuid = await uuidOf(api, old, signal);
  if (uuid === null) return;
  const where = `retirement of ${uuid} at ${api.url}`;
  const answer = await api.send(
    { call: "delete", method: "DELETE", path: `${TOKENS_PATH}/${uuid}`, secret: old.token },
    signal,
  );
  if (answer.ok) {
    const record = await readJson(answer.response, recordSchema, where);
    if (record.uuid === uuid) return;
    throw new RenewdError("issuer_answer_invalid", `${where}: the answer is of another token`);
  }
  const { refusal } = answer;
  // Gone, or another user's, or forbidden to us: the token itself may still end itself.
  if (!refusal.json || (refusal.status !== 404 && refusal.status !== 403)) throw toError(refusal, where);
  if (await isAlive(api, old, signal)) await logOut(api, old, where, signal);
}

/** `GET /logout` ends the token that is presented with it, whatever its scopes; it answers with a redirect (fact sheet §1.7). */
async function logOut(api: Api, old: OldToken, where: string, signal: AbortSignal): Promise<void> {
  const answer = await api.send({ call: "logout", path: "/logout", as: old.token }, signal);
  if (!(await isAlive(api, old, signal))) return;
  if (!answer.ok && answer.refusal.status !== 302) throw toError(answer.refusal, where);
  throw new RenewdError("request_refused", `${where}: it was logged out (${answer.ok ? 200 : 302}) and still lives`);
}

async function isAlive(api: Api, old: OldToken, signal: AbortSignal): Promise<boolean> {
  return (await api.current(old.token, recordSchema, signal)) !== null;
}

/** Null when the token is dead. */
async function uuidOf(api: Api, old: OldToken, signal: AbortSignal): Promise<string | null> {
  const parts = partsOf(old.token);
  if (old.issuerId !== null && parts?.uuid != null && parts.uuid !== old.issuerId)
    throw new TypeError("the token to be retired is not the one that its id names");
  const known = old.issuerId ?? parts?.uuid;
  if (known !== undefined && known !== null) return known;
  return (await api.current(old.token, recordSchema, signal))?.uuid ?? null;
}
