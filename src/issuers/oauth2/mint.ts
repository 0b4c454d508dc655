import { z } from "zod";
import { type Instant, NEVER_AT, SECOND_MS } from "../../core/duration.ts";
import { toRenewdError } from "../../core/errors.ts";
import type { Clock, MintAnswer, MintOrder } from "../../core/ports.ts";
import { SecretText } from "../../core/secret-text.ts";
import { calledOff } from "../shared-work.ts";
import { checkJson } from "../answers.ts";
import { unsent } from "../unsent.ts";
import type { Client } from "./client.ts";
import type { Discovery, Server } from "./discovery.ts";
import { detailSchema, type OAuth2Options, placeOf } from "./options.ts";
import { isCertain, toError } from "./refusals.ts";
import { scopesOf } from "./scopes.ts";

export interface MintParts {
  readonly client: Client;
  readonly discovery: Discovery;
  readonly clock: Clock;
  readonly options: OAuth2Options;
}

/** RFC 6749 §5.1. Some servers write the number as a text. */
const answerSchema = z.object({
  access_token: z
    .string()
    .max(64 * 1024)
    .regex(/^[\x21-\x7e]+$/),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z
    .union([
      z.number(),
      z
        .string()
        .regex(/^\d{1,12}$/)
        .transform(Number),
    ])
    .pipe(z.number().nonnegative())
    .nullish(),
  scope: z
    .string()
    .max(64 * 1024)
    .nullish(),
});

/**
 * One grant of the client's credentials. One is as good as another, so a renewal asks for just the same. The answer is
 * read here and not by the library, which keeps it in its errors and would judge an `id_token` by another clock. Throws
 * only what went wrong before the request.
 */
export async function mint(parts: MintParts, order: MintOrder, signal: AbortSignal): Promise<MintAnswer> {
  const { client, discovery, clock, options } = parts;
  const where = `token of ${JSON.stringify(order.name)} at ${placeOf(options)}`;
  const parameters = parametersOf(order);
  const server = await serverOf(discovery, signal);
  const sentAt = clock.now();
  try {
    const answer = await client.send({ call: "token", parameters }, server, signal);
    if (answer.ok) return minted(checkJson(answer.text, answer.status, answerSchema, where), sentAt, options);
    if (answer.refusal.status === 404) discovery.forget();
    return { outcome: isCertain(answer.refusal) ? "refused" : "unknown", error: toError(answer.refusal, where) };
  } catch (thrown) {
    const error = toRenewdError(thrown);
    return { outcome: error.sent ? "unknown" : "refused", error };
  }
}

function serverOf(discovery: Discovery, signal: AbortSignal): Promise<Server> {
  return discovery.read(signal).catch((error: unknown) => {
    throw signal.aborted ? calledOff(signal) : unsent(error);
  });
}

function parametersOf({ kind, request }: MintOrder): URLSearchParams {
  if (kind === "extend") throw new TypeError("an OAuth2 token cannot be extended");
  const { audience, resource, parameters } = detailSchema.parse(request.detail);
  const sent = new URLSearchParams(parameters);
  if (request.roles.length > 0) sent.set("scope", request.roles.join(" "));
  if (audience !== undefined) sent.set("audience", audience);
  if (resource !== undefined) sent.set("resource", resource);
  return sent;
}

/** `expires_in` counts from when the server answered; from when it was asked is a little earlier, and safe. */
function minted(
  answer: z.infer<typeof answerSchema>,
  sentAt: Instant,
  { ignore_scopes }: Pick<OAuth2Options, "ignore_scopes">,
): MintAnswer {
  const { access_token, expires_in, scope } = answer;
  return {
    outcome: "minted",
    token: new SecretText(access_token),
    issuerId: null,
    expiresAt: expires_in == null ? null : Math.min(NEVER_AT, Math.floor(sentAt + expires_in * SECOND_MS)),
    // Left out it is what was asked for; an empty one is no answer (RFC 6749 §3.3 has no empty scope).
    scopes: scope == null || scope.trim() === "" ? null : scopesOf(scope, ignore_scopes),
  };
}
