import { SECOND_MS } from "../../core/duration.ts";
import { toRenewdError } from "../../core/errors.ts";
import type { Issuer, IssuerContext, MintAnswer, MintOrder, SecretRef } from "../../core/ports.ts";
import { resolved } from "../fields.ts";
import { Transport } from "../transport.ts";
import { within } from "../within.ts";
import { Client } from "./client.ts";
import { Discovery } from "./discovery.ts";
import { inspect } from "./inspect.ts";
import { IssuerKeys } from "./keys.ts";
import { mint, type MintParts } from "./mint.ts";
import { canRevoke, type OAuth2Options } from "./options.ts";
import { probe } from "./probe.ts";
import { revoke } from "./revoke.ts";

/** A client of an OAuth2 server as an issuer. */
export function createOAuth2(given: IssuerContext<OAuth2Options>): Issuer {
  const context = { ...given, options: withAbsolutePaths(given.options, given.resolvePath) };
  const { options, clock } = context;
  const transport = new Transport(context);
  const discovery = new Discovery(context, transport);
  const client = new Client(context, transport);
  const parts = { client, discovery, clock, options, keys: new IssuerKeys(context, transport) };
  // Both places of discovery and the token endpoint, and a little to read secrets.
  const callLimitMs = 3 * options.timeout + 5 * SECOND_MS;
  return {
    capabilities: { lists: false, overlap: options.overlap, secret: "given", keeps: false },
    account: options.subject ?? options.client_id,
    callLimitMs,
    find: async () => [],
    request: (order, signal) => within(callLimitMs, clock, signal, (limited) => answerOf(parts, order, limited)),
    inspect: (token, signal) => inspect(parts, token, signal),
    retire: canRevoke(options) ? (old, signal) => revoke(parts, old, signal) : null,
    probe: (requests, signal) => probe(parts, requests, signal),
    close: () => transport.close(),
  };
}

async function answerOf(parts: MintParts, order: MintOrder, signal: AbortSignal): Promise<MintAnswer> {
  try {
    return await mint(parts, order, signal);
  } catch (error) {
    return { outcome: "refused", error: error instanceof TypeError ? error : toRenewdError(error) };
  }
}

function withAbsolutePaths(options: OAuth2Options, resolvePath: (path: string) => string): OAuth2Options {
  const absolute = <T extends SecretRef>(ref: T | undefined): T | undefined =>
    ref === undefined ? undefined : resolved(ref, resolvePath);
  return {
    ...options,
    client_secret: absolute(options.client_secret),
    private_key: absolute(options.private_key),
    ca: absolute(options.ca),
  };
}
