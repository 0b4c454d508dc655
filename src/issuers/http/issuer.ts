import { SECOND_MS } from "../../core/duration.ts";
import { RenewdError } from "../../core/errors.ts";
import type { Inspection, Issuer, IssuerContext, OldToken } from "../../core/ports.ts";
import type { SecretText } from "../../core/secret-text.ts";
import { resolved } from "../fields.ts";
import { within } from "../within.ts";
import { Caller } from "./caller.ts";
import { inspectByRequest } from "./inspect-by-request.ts";
import { inspectJwt } from "./inspect-jwt.ts";
import { type KeyRing, keyRing } from "./key-ring.ts";
import { idOf, mint } from "./mint.ts";
import type { HttpIssuerOptions } from "./options.ts";
import type { Value } from "./order-values.ts";
import { namesIn } from "./placeholders.ts";
import { type ProbeParts, probe } from "./probe.ts";
import { toError } from "./refusals.ts";

/** An issuer as its settings describe it. */
export function createHttpIssuer(given: IssuerContext<HttpIssuerOptions>): Issuer {
  const context = { ...given, options: withAbsolutePaths(given.options, given.resolvePath) };
  const { options, clock, readSecret } = context;
  const caller = new Caller(context);
  const ring = options.verify.type === "jwt" ? keyRing(options.verify, { caller, readSecret, clock }) : undefined;
  // Two calls at most: who the current token is, and the request itself.
  const callLimitMs = 2 * options.timeout + 5 * SECOND_MS;
  const parts: ProbeParts = { options, caller, clock, ring };
  return {
    capabilities: { lists: false, overlap: options.overlap, secret: "given", keeps: true },
    account: options.account ?? null,
    callLimitMs,
    find: () => Promise.resolve([]),
    request: (order, signal) => within(callLimitMs, clock, signal, (limited) => mint(parts, order, limited)),
    inspect: (token, signal) => inspect(options, caller, ring, token, signal),
    ...resemblance(options),
    retire: options.revoke === undefined ? null : (old, signal) => retire(options, caller, old, signal),
    probe: (requests, signal) => probe(parts, requests, signal),
    close: () => caller.close(),
  };
}

function inspect(
  { verify, url }: HttpIssuerOptions,
  caller: Caller,
  ring: KeyRing | undefined,
  token: SecretText,
  signal: AbortSignal,
): Promise<Inspection> {
  if (verify.type === "request")
    return inspectByRequest(caller, verify, token, `asking ${url} about the token`, signal);
  if (verify.type === "opaque" || ring === undefined) return Promise.resolve({ outcome: "opaque" });
  return inspectJwt(verify, ring, token, signal);
}

function resemblance({ verify }: HttpIssuerOptions): Pick<Issuer, "resembles"> {
  const prefix = verify.type === "request" ? verify.prefix : undefined;
  return prefix === undefined ? {} : { resembles: (text) => text.reveal().startsWith(prefix) };
}

async function retire(options: HttpIssuerOptions, caller: Caller, old: OldToken, signal: AbortSignal): Promise<void> {
  const { revoke, verify, url } = options;
  if (revoke === undefined) throw new TypeError("there is no request that ends a token");
  const where = `ending a token at ${url}`;
  const values = new Map<string, Value>();
  if (namesIn(revoke).has("id")) {
    const asked = old.issuerId === null && verify.type === "request";
    const id = asked ? await idOf(caller, verify, old.token, where, signal) : (old.issuerId ?? undefined);
    if (id === undefined) throw new RenewdError("token_absent", `${where}: its id is not known`, { sent: false });
    values.set("id", id);
  }
  const reply = await caller.call("revoke", revoke, { values, secrets: new Map([["token", old.token]]) }, signal);
  const isGone = (reply.status >= 200 && reply.status < 300) || revoke.gone.includes(reply.status);
  if (!isGone) throw await toError(reply, where);
}

function withAbsolutePaths(options: HttpIssuerOptions, resolvePath: (path: string) => string): HttpIssuerOptions {
  const { secrets, jwt, ca, verify } = options;
  return {
    ...options,
    secrets: Object.fromEntries(Object.entries(secrets).map(([name, ref]) => [name, resolved(ref, resolvePath)])),
    jwt: jwt === undefined ? undefined : { ...jwt, key: resolved(jwt.key, resolvePath) },
    ca: ca === undefined ? undefined : resolved(ca, resolvePath),
    verify:
      verify.type === "jwt"
        ? { ...verify, public_keys: verify.public_keys?.map((ref) => resolved(ref, resolvePath)) }
        : verify,
  };
}
