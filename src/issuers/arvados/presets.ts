import type { Preset } from "../../core/ports.ts";

/** The "data manager" example that Arvados' feature #11153 names (fact sheet §2.1): what keep-balance calls, and a little more. */
const KEEP_BALANCE: Preset = {
  name: "keep-balance",
  reason:
    "keep-balance compares what collections need with what Keep stores; it deletes and creates nothing in the API",
  scopes: [
    { scope: "GET /arvados/v1/collections", reason: "lists every collection to learn which blocks are needed" },
    { scope: "GET /arvados/v1/keep_services", reason: "finds the Keep services whose blocks it balances" },
    {
      scope: "GET /arvados/v1/keep_services/accessible",
      reason: "in the example of #11153; finds the Keep services as a client does",
    },
    { scope: "GET /arvados/v1/users/current", reason: "makes sure that it runs as an active administrator" },
    { scope: "POST /arvados/v1/logs", reason: "in the example of #11153; leaves a log entry" },
  ],
};

/** crunch-run works with its dispatcher's token, so the list has what both call (fact sheet §2.2). */
const CRUNCH_DISPATCH: Preset = {
  name: "crunch-dispatch",
  reason: "a dispatcher takes containers from the queue and runs them; crunch-run works with the dispatcher's token",
  scopes: [
    {
      scope: "GET /arvados/v1/api_client_authorizations/current",
      reason: "learns its token's uuid, by which its containers are locked",
    },
    { scope: "GET /arvados/v1/containers", reason: "lists the queue" },
    { scope: "GET /arvados/v1/containers/", reason: "reads one container, and the token it is to run with" },
    { scope: "POST /arvados/v1/containers/", reason: "locks and unlocks containers" },
    { scope: "PUT /arvados/v1/containers/", reason: "reports a container's state, as the SDKs send it" },
    { scope: "PATCH /arvados/v1/containers/", reason: "the same, as a controller may send it on" },
    { scope: "POST /arvados/v1/logs", reason: "records what went wrong with a container" },
    { scope: "POST /arvados/v1/collections", reason: "crunch-run saves logs and output" },
    { scope: "PUT /arvados/v1/collections/", reason: "crunch-run updates the log collection, as the SDKs send it" },
    { scope: "PATCH /arvados/v1/collections/", reason: "the same, as the controller sends it on" },
    { scope: "GET /arvados/v1/keep_services/accessible", reason: "crunch-run finds where to store blocks" },
    { scope: "GET /arvados/v1/users/current", reason: "keepproxy asks whose token it is" },
  ],
};

export const BUILT_IN: readonly Preset[] = [KEEP_BALANCE, CRUNCH_DISPATCH];
