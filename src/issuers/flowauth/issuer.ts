import { SECOND_MS } from "../../core/duration.ts";
import { RenewdError, toRenewdError } from "../../core/errors.ts";
import type { Issuer, IssuerContext, MintAnswer, MintOrder, SecretRef } from "../../core/ports.ts";
import type { TokenRequest } from "../../core/token.ts";
import { inspect } from "./inspect.ts";
import { PublicKeys } from "./keys.ts";
import { limitsOf } from "./limits.ts";
import { Listings } from "./listing.ts";
import { mint, type MintParts, readRoles, type RoleRow, serverOf } from "./mint.ts";
import type { FlowAuthOptions } from "./options.ts";
import { Servers } from "./servers.ts";
import { Session } from "./session.ts";
import { STEP_MS } from "./totp.ts";
import { resolved } from "../fields.ts";
import { within } from "../within.ts";

/** A FlowAuth account as an issuer. */
export function createFlowAuth(given: IssuerContext<FlowAuthOptions>, keepsComments: boolean): Issuer {
  const context = { ...given, options: withAbsolutePaths(given.options, given.resolvePath) };
  const { options, clock } = context;
  const session = new Session(context);
  const servers = new Servers(session, options.url);
  const listings = new Listings(context, session, servers);
  const keys = new PublicKeys(options.public_keys, context.readSecret);
  const parts = { session, servers, clock, url: options.url, keepsComments };
  const callLimitMs = longestRequestMs(options);
  return {
    capabilities: { lists: true, overlap: "kept", secret: "given", keeps: true },
    account: options.username,
    callLimitMs,
    find: (query, signal) => listings.find(query, serverOf(query.request.audience), signal),
    request: (order, signal) => within(callLimitMs, clock, signal, (limited) => answerOf(parts, order, limited)),
    inspect: (token, signal) => inspect(keys, token, signal),
    retire: null,
    limits: (request, signal) => limitsOf(parts, request, signal),
    probe: (requests, signal) => probe(parts, keys, options, requests, signal),
    close: () => session.close(),
  };
}

async function answerOf(parts: MintParts, order: MintOrder, signal: AbortSignal): Promise<MintAnswer> {
  try {
    return await mint(parts, order, signal);
  } catch (error) {
    return { outcome: "refused", error: error instanceof TypeError ? error : toRenewdError(error) };
  }
}

/**
 * A request that was lost is settled only after this, so it is kept short: time for two waits for a two-factor code and for
 * three slow calls. An issuer that needs longer is cut off, and what it made is found by looking.
 */
function longestRequestMs(options: FlowAuthOptions): number {
  return (options.totp === undefined ? 0 : 2 * STEP_MS) + 3 * options.timeout + 5 * SECOND_MS;
}

async function probe(
  parts: MintParts,
  keys: PublicKeys,
  options: FlowAuthOptions,
  requests: readonly TokenRequest[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { keys: readable, errors } = await keys.read(signal);
  if (errors[0] !== undefined) throw errors[0];
  await parts.session.ensureOpen(signal);
  const lines = [`${readable.length} public key(s) read`, `signed in at ${options.url} as ${options.username}`];
  for (const server of new Set(requests.map((request) => serverOf(request.audience)))) {
    const id = await parts.servers.idOf(server, signal);
    const roles = requests.filter((request) => request.audience === server).flatMap((request) => request.roles);
    lines.push(`server ${server} is there (id ${id})`, await probeRoles(parts, server, new Set(roles), signal));
  }
  return lines;
}

/** FlowAuth tells which roles anybody holds, not whether we do: one that is missing here is surely not held. */
async function probeRoles(
  parts: MintParts,
  server: string,
  roles: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<string> {
  let rows: readonly RoleRow[];
  try {
    rows = await readRoles(parts, server, signal);
  } catch (error) {
    return `server ${server}: its roles cannot be looked at (${toRenewdError(error).message})`;
  }
  const missing = [...roles].filter((role) => !rows.some((row) => row.name === role));
  if (missing.length > 0) {
    throw new RenewdError("roles_not_held", `server ${server}: nobody holds a role named ${missing.sort().join(", ")}`);
  }
  return `server ${server}: roles ${[...roles].sort().join(", ")} exist`;
}

function withAbsolutePaths(options: FlowAuthOptions, resolvePath: (path: string) => string): FlowAuthOptions {
  const absolute = <T extends SecretRef>(ref: T): T => resolved(ref, resolvePath);
  return {
    ...options,
    password: absolute(options.password),
    totp: options.totp === undefined ? undefined : absolute(options.totp),
    ca: options.ca === undefined ? undefined : absolute(options.ca),
    public_keys: options.public_keys.map(absolute),
  };
}
