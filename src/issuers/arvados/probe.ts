import { z } from "zod";
import { DAY_MS, formatDuration, formatInstant, NEVER_AT } from "../../core/duration.ts";
import { RenewdError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import type { TokenRequest } from "../../core/token.ts";
import { invisible, ownerIn, sees, type Cluster } from "./account.ts";
import type { Parts } from "./mint.ts";
import { subjectOf } from "./request.ts";
import { isSystemRoot, type TokenRecord } from "./record.ts";
import { allows, readsSecrets, TOKENS_PATH } from "./scopes.ts";
import { toError } from "./refusals.ts";
import { readJson } from "../answers.ts";

const NEAR_MS = 14 * DAY_MS;

const userSchema = z.object({ uuid: z.string().max(64), is_admin: z.boolean().nullish() });

/** What can be seen of the cluster, of the issuer's own token and of each request. Throws what surely cannot work. */
export async function probe(
  parts: Parts,
  clock: Clock,
  requests: readonly TokenRequest[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const cluster = await parts.account.readCluster(signal);
  const caller = await parts.account.readCaller(signal);
  const lines = [...aboutCluster(parts, cluster, caller), ...aboutCaller(caller, clock.now())];
  const others = requests.filter((request) => !sees(caller, ownerIn(cluster, request)));
  const isAdmin = others.length === 0 ? true : await asksAsAdmin(parts, signal);
  for (const request of requests) lines.push(...aboutRequest(parts, cluster, caller, isAdmin, request));
  return [...new Set(lines)];
}

function aboutCluster(parts: Parts, { id, loginId }: Cluster, caller: TokenRecord): readonly string[] {
  const here = `cluster ${id} answers at ${parts.api.url}`;
  if (loginId === null) return [here];
  const advice = `its tokens are made and listed by the login cluster ${loginId}: set \`url\` to that, with a token of an administrator there`;
  if (isSystemRoot(caller.uuid))
    throw new RenewdError("settings_invalid", `${here}; ${advice} (SystemRootToken of ${id} is not accepted there)`);
  return [here, `WARNING: ${advice}`];
}

function aboutCaller(caller: TokenRecord, now: number): readonly string[] {
  const owner = subjectOf(caller.ownerUuid);
  if (isSystemRoot(caller.uuid)) return ["the issuer's own token is SystemRootToken: it sees the tokens of every user"];
  const line = `the issuer's own token is ${caller.uuid} of ${owner}: it sees the tokens of ${owner} alone`;
  if (caller.expAt === NEVER_AT) return [`${line}; it has no end`];
  const left = `it expires at ${formatInstant(caller.expAt)}, in ${formatDuration(caller.expAt - now)}`;
  return caller.expAt - now < NEAR_MS ? [line, `WARNING: the issuer's own token: ${left}`] : [`${line}; ${left}`];
}

function aboutRequest(
  parts: Parts,
  cluster: Cluster,
  caller: TokenRecord,
  isAdmin: boolean | undefined,
  request: TokenRequest,
): readonly string[] {
  const ownerUuid = ownerIn(cluster, request);
  const user = subjectOf(ownerUuid);
  mustBeAllowed(caller, "POST", TOKENS_PATH);
  if (request.strategy === "extend") mustBeAllowed(caller, "PUT", `${TOKENS_PATH}/`);
  const lines = [`tokens of ${user} can be made`, ...warningsOf(request, user)];
  if (sees(caller, ownerUuid)) return lines;
  const unseen = invisible(caller, ownerUuid, parts.api.url);
  if (isAdmin === false)
    throw new RenewdError("token_not_owned", `only an administrator makes tokens for ${user}; besides, ${unseen}`);
  if (request.strategy === "extend") throw new RenewdError("token_not_owned", `cannot extend: ${unseen}`);
  const asAdmin = isAdmin === undefined ? " if the issuer's own token is an administrator's" : "";
  return [...lines.map((line, at) => (at === 0 ? line + asAdmin : line)), `WARNING: cannot look for tokens: ${unseen}`];
}

function warningsOf(request: TokenRequest, user: string): readonly string[] {
  const lines: string[] = [];
  if (request.roles.includes("all") && request.strategy === "replace")
    lines.push(`note: if a token of ${user} with all powers is a dispatcher's, give it \`strategy: extend\``);
  else if (!request.roles.includes("all") && readsSecrets(request.roles))
    lines.push(`WARNING: a token of ${user} with these scopes can read the secrets of every other token of ${user}`);
  return lines;
}

/** A scope below the path, such as one token's own, is none for all. */
function mustBeAllowed(caller: TokenRecord, method: string, path: string): void {
  if (allows(caller.scopes, method, path)) return;
  const message = `the issuer's own token (${caller.uuid}) lacks the scope "${method} ${path}"`;
  throw new RenewdError("request_refused", message);
}

/** Undefined when the issuer's own token may not ask. */
async function asksAsAdmin(parts: Parts, signal: AbortSignal): Promise<boolean | undefined> {
  const where = `user of the issuer's own token at ${parts.api.url}`;
  const answer = await parts.api.send({ call: "user", path: "/arvados/v1/users/current" }, signal);
  if (answer.ok) return (await readJson(answer.response, userSchema, where)).is_admin ?? undefined;
  if (answer.refusal.status === 403) return undefined;
  throw toError(answer.refusal, where);
}
