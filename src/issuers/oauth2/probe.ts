import { clean } from "../../core/foreign-words.ts";
import type { TokenRequest } from "../../core/token.ts";
import type { Client } from "./client.ts";
import type { Discovery, Server } from "./discovery.ts";
import type { IssuerKeys } from "./keys.ts";
import { type OAuth2Options, placeOf } from "./options.ts";

export interface ProbeParts {
  readonly client: Client;
  readonly discovery: Discovery;
  readonly keys: IssuerKeys;
  readonly options: OAuth2Options;
}

/** Looks without asking for a token. Servers need not tell all that they support (RFC 8414 §2), so what is missing is only said. */
export async function probe(
  parts: ProbeParts,
  requests: readonly TokenRequest[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  const { client, discovery, keys, options } = parts;
  await client.checkSecret(signal);
  const lines = [
    `the secret of client ${options.client_id} can be read; whether it is right shows with the first token`,
  ];
  const server = await discovery.read(signal);
  const how = options.token_endpoint === undefined ? "was discovered" : "is given";
  lines.push(`the token endpoint of ${placeOf(options)} ${how}: ${new URL(server.token_endpoint).host}`);
  lines.push(...doubts(server, options, requests));
  if (options.verify === "none") return [...lines, "tokens are not verified (`verify: none`)"];
  if (options.verify !== "introspection" && server.jwks_uri !== undefined) {
    const { set } = await keys.read(server.jwks_uri, signal);
    lines.push(`${set.count} key(s) to verify with read from ${new URL(server.jwks_uri).host}`);
  }
  if (options.verify === "introspection" || (options.verify === "auto" && options.introspection_endpoint !== undefined))
    lines.push(`tokens that cannot be verified by key are asked about at ${hostOf(server.introspection_endpoint)}`);
  return lines;
}

function doubts(server: Server, options: OAuth2Options, requests: readonly TokenRequest[]): readonly string[] {
  const asked = [...new Set(requests.flatMap((request) => request.roles))];
  const lacks = (told: readonly string[] | undefined, needed: readonly string[], what: string): string[] => {
    const missing = told === undefined ? [] : needed.filter((each) => !told.includes(each));
    return missing.length === 0
      ? []
      : [`the server does not name the ${what} ${clean(missing.join(", "))} among those it supports`];
  };
  return [
    ...lacks(server.grant_types_supported, ["client_credentials"], "grant"),
    ...lacks(server.token_endpoint_auth_methods_supported, [options.auth], "authentication"),
    ...lacks(server.scopes_supported, asked, "scope"),
  ];
}

function hostOf(url: string | undefined): string {
  return url === undefined ? "no endpoint: there is none" : new URL(url).host;
}
