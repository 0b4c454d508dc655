import { SECOND_MS } from "../../core/duration.ts";
import { toRenewdError } from "../../core/errors.ts";
import type { Issuer, IssuerContext, MintAnswer, MintOrder } from "../../core/ports.ts";
import { resolved } from "../fields.ts";
import { within } from "../within.ts";
import { Account } from "./account.ts";
import { Api } from "./api.ts";
import { extend } from "./extend.ts";
import { inspect, resembles } from "./inspect.ts";
import { Listings } from "./listing.ts";
import { create, type Parts } from "./mint.ts";
import type { ArvadosOptions } from "./options.ts";
import { probe } from "./probe.ts";
import { retire } from "./retire.ts";

/** The configuration, the request itself, and two looks at what came of it. */
const CALLS_AT_MOST = 4;

/** An Arvados cluster as an issuer: names are not kept there, secrets are chosen by us. */
export function createArvados(given: IssuerContext<ArvadosOptions>): Issuer {
  const { options: asGiven, resolvePath, clock } = given;
  const options: ArvadosOptions = {
    ...asGiven,
    token: resolved(asGiven.token, resolvePath),
    ca: asGiven.ca === undefined ? undefined : resolved(asGiven.ca, resolvePath),
  };
  const context = { ...given, options };
  const api = new Api(context);
  const account = new Account(api);
  const listings = new Listings(context, api, account);
  const parts = { api, account };
  const callLimitMs = CALLS_AT_MOST * options.timeout + 5 * SECOND_MS;
  return {
    capabilities: { lists: false, overlap: "kept", secret: "chosen", keeps: true },
    account: null,
    callLimitMs,
    find: (query, signal) => listings.find(query, signal),
    request: (order, signal) => within(callLimitMs, clock, signal, (limited) => answerOf(parts, order, limited)),
    inspect: (token, signal) => inspect(api, token, signal),
    resembles,
    retire: (old, signal) => retire(api, old, signal),
    probe: (requests, signal) => probe(parts, clock, requests, signal),
    close: () => api.close(),
  };
}

async function answerOf(parts: Parts, order: MintOrder, signal: AbortSignal): Promise<MintAnswer> {
  try {
    return await (order.kind === "extend" ? extend(parts, order, signal) : create(parts, order, signal));
  } catch (error) {
    return { outcome: "refused", error: error instanceof TypeError ? error : toRenewdError(error) };
  }
}
