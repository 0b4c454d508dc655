import { z } from "zod";
import { MINUTE_MS, parseInstant } from "../../core/duration.ts";
import { RenewdError, toRenewdError } from "../../core/errors.ts";
import type { Clock, MintAnswer, MintOrder } from "../../core/ports.ts";
import { SecretText } from "../../core/secret-text.ts";
import { readJson } from "../answers.ts";
import { rowId } from "./answers.ts";
import { exceedsLifetime, isCertain, toError } from "./refusals.ts";
import type { Servers } from "./servers.ts";
import type { Call, Session } from "./session.ts";

export interface MintParts {
  readonly session: Session;
  readonly servers: Servers;
  readonly clock: Clock;
  readonly url: string;
  /** FlowAuth has no place for a comment; the embedded issuer has. */
  readonly keepsComments: boolean;
}

/** What one request of a token was answered, and whether only its lifetime was too long. */
interface Asked {
  readonly answer: MintAnswer;
  readonly exceeds: boolean;
}

type Ask = (minutes: number | null) => Promise<Asked>;

const jws = z
  .string()
  .max(64 * 1024)
  .regex(/^[\w-]+\.[\w-]+\.[\w-]+$/);
const mintedAnswer = z.object({ token: jws, id: rowId.optional() });
const roleRows = z
  .array(
    z.object({
      name: z.string(),
      latest_token_expiry: z.string().nullish(),
      longest_token_life_minutes: z.number().int(),
    }),
  )
  .max(10_000);

export type RoleRow = z.infer<typeof roleRows>[number];

/** Mints or renews (fact sheet §3). Throws only what went wrong before the first request of a token. */
export async function mint(parts: MintParts, order: MintOrder, signal: AbortSignal): Promise<MintAnswer> {
  const target = await targetOf(parts, order, signal);
  const ask: Ask = (minutes) => askOnce(parts, target, minutes, signal);
  return askForLifetime(ask, order, () => longestMinutes(parts, order, signal));
}

interface Target {
  readonly call: "mint" | "renew";
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly where: string;
}

async function targetOf(parts: MintParts, order: MintOrder, signal: AbortSignal): Promise<Target> {
  const name = JSON.stringify(order.name);
  if (order.kind === "renew") {
    if (order.baseId === null || !/^\d{1,15}$/.test(order.baseId))
      throw new TypeError("a renewal needs the number of a row");
    const where = `renewal of ${name} (row ${order.baseId}) at ${parts.url}`;
    return { call: "renew", path: `/tokens/tokens/${order.baseId}/renew`, body: {}, where };
  }
  const id = await parts.servers.idOf(serverOf(order.request.audience), signal);
  const comment = parts.keepsComments && order.comment !== null ? { comment: order.comment } : {};
  const body = { name: order.name, roles: order.request.roles.map((role) => ({ name: role })), ...comment };
  return { call: "mint", path: `/tokens/tokens/${id}`, body, where: `minting of ${name} at ${parts.url}` };
}

/**
 * FlowAuth honours a lifetime or refuses it, and refuses its exact maximum too (fact sheet §4). So: as asked; one minute
 * less; a minute less than the least maximum of the roles; and last whatever it grants when the lifetime is left out.
 */
async function askForLifetime(
  ask: Ask,
  order: MintOrder,
  longest: () => Promise<number | undefined>,
): Promise<MintAnswer> {
  let minutes = Math.max(1, Math.floor(order.lifetimeMs / MINUTE_MS));
  let asked = await ask(minutes);
  if (asked.exceeds && minutes > 1) asked = await ask((minutes -= 1));
  if (!asked.exceeds) return asked.answer;
  const most = await longest();
  if (most !== undefined && most > 1 && most - 1 < minutes) asked = await ask(most - 1);
  return asked.exceeds ? (await ask(null)).answer : asked.answer;
}

async function askOnce(parts: MintParts, target: Target, minutes: number | null, signal: AbortSignal): Promise<Asked> {
  const body = minutes === null ? target.body : { ...target.body, lifetime_minutes: minutes };
  const call: Call = { call: target.call, path: target.path, body };
  try {
    const answer = await parts.session.call(call, signal);
    if (answer.ok)
      return { answer: minted(await readJson(answer.response, mintedAnswer, target.where)), exceeds: false };
    if (target.call === "mint" && answer.refusal.status === 404) parts.servers.forget();
    const error = toError(target.call, answer.refusal, target.where);
    const outcome = isCertain(answer.refusal) ? "refused" : "unknown";
    return { answer: { outcome, error }, exceeds: exceedsLifetime(answer.refusal) };
  } catch (thrown) {
    const error = toRenewdError(thrown);
    return { answer: { outcome: error.sent ? "unknown" : "refused", error }, exceeds: false };
  }
}

/** The answer to a mint has no id (its documentation notwithstanding); the next listing tells it. */
function minted(answer: z.infer<typeof mintedAnswer>): MintAnswer {
  const issuerId = answer.id === undefined ? null : String(answer.id);
  return { outcome: "minted", token: new SecretText(answer.token), issuerId, expiresAt: null, scopes: null };
}

/** The least maximum over the roles of the request, in whole minutes; undefined when it cannot be learnt. */
async function longestMinutes(parts: MintParts, order: MintOrder, signal: AbortSignal): Promise<number | undefined> {
  const rows = await readRoles(parts, serverOf(order.request.audience), signal).catch(() => []);
  const now = parts.clock.now();
  const caps = rows.filter((row) => order.request.roles.includes(row.name)).map((row) => capMinutes(row, now));
  return caps.length === 0 ? undefined : Math.floor(Math.min(...caps));
}

/** `latest_token_expiry` is in the server's own zone, whatever it says (fact sheet §4): good for a guess, not for a proof. */
function capMinutes(row: RoleRow, now: number): number {
  const latestAt = typeof row.latest_token_expiry === "string" ? parseInstant(row.latest_token_expiry) : undefined;
  const untilLatest = latestAt === undefined ? Number.POSITIVE_INFINITY : (latestAt - now) / MINUTE_MS;
  return Math.min(row.longest_token_life_minutes, untilLatest);
}

/** GET /user/roles/server/<id>: every role there that any user holds, with its limits; not whether we hold it. */
export async function readRoles(
  parts: Pick<MintParts, "session" | "servers" | "url">,
  server: string,
  signal: AbortSignal,
): Promise<readonly RoleRow[]> {
  const where = `roles of ${server} at ${parts.url}`;
  const id = await parts.servers.idOf(server, signal);
  const answer = await parts.session.call({ call: "roles", path: `/user/roles/server/${id}` }, signal);
  if (!answer.ok) throw toError("roles", answer.refusal, where);
  return readJson(answer.response, roleRows, where);
}

export function serverOf(audience: string | null): string {
  if (audience === null) throw new RenewdError("server_unknown", "a FlowAuth request names no server", { sent: false });
  return audience;
}
