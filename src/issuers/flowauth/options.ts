import { z } from "zod";
import { MINUTE_MS } from "../../core/duration.ts";
import { RenewdError } from "../../core/errors.ts";
import type { SecretRef, TokenFlags } from "../../core/ports.ts";
import type { TokenRequest } from "../../core/token.ts";
import { baseUrl, type Connection, connectionFields, duration, secretRef, size } from "../fields.ts";

/** FlowAuth's columns (fact sheet §7): names of servers, roles, users and tokens have at most 75 characters. */
export const nameText = z.string().min(1).max(75);

export interface FlowAuthOptions extends Connection {
  readonly url: string;
  readonly username: string;
  readonly password: SecretRef;
  readonly totp?: SecretRef | undefined;
  readonly public_keys: readonly SecretRef[];
}

export const optionsSchema: z.ZodType<FlowAuthOptions> = z.strictObject({
  url: baseUrl.describe("Where FlowAuth lives. A path is allowed, a user or a query is not."),
  username: nameText.describe("The service user that renewd signs in as; the tokens are its own."),
  password: secretRef.describe("Its password."),
  totp: secretRef.optional().describe("The base32 secret of its two-factor authentication, where it has one."),
  public_keys: z
    .array(secretRef)
    .min(1)
    .max(16)
    .describe("PEM, or base64 of PEM, as FlowAPI's `PUBLIC_JWT_SIGNING_KEY`. Several while one replaces another."),
  ...connectionFields,
  max_response: size.prefault("64MiB").describe("The largest answer that is read."),
});

export interface FlowAuthRequest {
  readonly server: string;
  readonly roles: readonly string[];
  readonly lifetime: number;
}

export const requestSchema: z.ZodType<FlowAuthRequest> = z.strictObject({
  server: nameText.describe("The server that the token is for, by name."),
  roles: z.array(nameText).min(1).max(200).describe("Its roles, by name: exactly these."),
  lifetime: duration(MINUTE_MS).describe("How long it is to live: less than the limits of server and roles."),
});

/** FlowAuth counts lifetimes in whole minutes, so what is asked for, and compared with, is rounded down to them. */
export function readRequest(request: FlowAuthRequest): TokenRequest {
  return {
    lifetimeMs: Math.floor(request.lifetime / MINUTE_MS) * MINUTE_MS,
    roles: [...new Set(request.roles)].sort(),
    audience: request.server,
    subject: null,
    strategy: "replace",
    retire: false,
    detail: { server: request.server },
  };
}

/** The flags of `create-token`: FlowAuth's tokens are the account's own, and need a server, roles and a lifetime. */
export function describeRequest(flags: TokenFlags, options: { readonly username: string }): unknown {
  const { user, server, roles, scopes, lifetime } = flags;
  const wrong = (message: string): RenewdError => new RenewdError("usage", message, { sent: false });
  if (user !== null && user !== options.username)
    throw wrong(`this issuer makes tokens of its own account only, which is ${options.username}; leave --user out`);
  if (scopes.length > 0) throw wrong("this issuer grants roles, not scopes; name them with --role");
  if (server === null) throw wrong("--server is missing: the server that the token is for");
  if (roles.length === 0) throw wrong("--role is missing: at least one role that the token is to have");
  if (lifetime === null) throw wrong("--lifetime or --expires-at is missing: every token of this issuer has an end");
  return { server, roles, lifetime };
}
