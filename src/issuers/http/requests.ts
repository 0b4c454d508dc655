/** The requests of the settings and of `create-token`, against what the issuer's templates need. */
import { DAY_MS, SECOND_MS } from "../../core/duration.ts";
import { RenewdError } from "../../core/errors.ts";
import type { TokenFlags } from "../../core/ports.ts";
import type { TokenRequest } from "../../core/token.ts";
import type { Ask, HttpIssuerOptions, HttpIssuerRequest, Verify } from "./options.ts";
import { grantedMs } from "./order-values.ts";
import { memberOf, namesIn, namesInText, needsLifetime } from "./placeholders.ts";

/** The neutral form of a request. Throws `settings_invalid` when the issuer's templates need more, or less. */
export function readRequest(request: HttpIssuerRequest, options: HttpIssuerOptions): TokenRequest {
  const used = usedNames(options);
  const roles = [...new Set(request.roles)].sort();
  refuseVariables(request, used);
  if ((used.has("roles") || used.has("roles_object")) && roles.length === 0) {
    throw invalid("`roles` is required, since the issuer's requests send them");
  }
  if (used.has("roles_object") && roles.some((role) => !/^[^:]+:./.test(role))) {
    throw invalid("each of `roles` must be written as name:level, since the issuer's requests send {{roles_object}}");
  }
  if (request.retire && options.revoke === undefined) {
    throw invalid("`retire` needs the issuer's `revoke`, which says how a token is ended");
  }
  return {
    lifetimeMs: readLifetime(request, options, used),
    roles,
    audience: options.verify.type === "jwt" ? (options.verify.audience ?? null) : null,
    subject: null,
    strategy: "replace",
    retire: request.retire,
    detail: { variables: request.variables },
  };
}

function refuseVariables({ variables }: HttpIssuerRequest, used: ReadonlySet<string>): void {
  const needed = [...used].flatMap((name) => memberOf("variables", name) ?? []);
  const missing = needed.find((name) => !Object.hasOwn(variables, name));
  if (missing !== undefined) throw invalid(`\`variables.${missing}\` is required, since the issuer's requests send it`);
  const idle = Object.keys(variables).find((name) => !needed.includes(name));
  if (idle !== undefined)
    throw invalid(`\`variables.${idle}\` is used in no request of the issuer; remove it, or correct its name`);
}

function readLifetime({ lifetime }: HttpIssuerRequest, options: HttpIssuerOptions, used: ReadonlySet<string>): number {
  if (lifetime === undefined) {
    const needing = endNeeded(options);
    if (needing !== undefined)
      throw invalid(`\`lifetime\` is required, since the issuer's requests send {{${needing}}}`);
    return Infinity;
  }
  if (!tellsExpiry(options)) {
    throw invalid(
      "nothing tells when a token of this issuer expires: give its `answer.expires_at` or `answer.expires_in`, or leave `lifetime` out and give the policy `renew_every`",
    );
  }
  const lifetimeMs = grantedMs(lifetime, used);
  if (lifetimeMs >= (used.has("expires_date") ? DAY_MS : SECOND_MS)) return lifetimeMs;
  throw invalid(
    "`lifetime` is too short for the units that the issuer's requests count in; with {{expires_date}} it is at least 2d",
  );
}

function tellsExpiry({ answer, verify }: HttpIssuerOptions): boolean {
  return answer.expires_at !== undefined || answer.expires_in !== undefined || provesExpiry(verify);
}

/** Whether a token that somebody brings can be taken up: nobody else says when it ends. */
export function provesExpiry(verify: Verify): boolean {
  return verify.type === "jwt" || (verify.type === "request" && verify.expires_at !== undefined);
}

function usedNames(options: HttpIssuerOptions): ReadonlySet<string> {
  return new Set(asksOf(options).flatMap((each) => [...namesIn(each)]));
}

/** What cannot be left out of a request for a token without an end. */
function endNeeded(options: HttpIssuerOptions): string | undefined {
  return asksOf(options)
    .flatMap((each) => [...namesInText(each)])
    .find(needsLifetime);
}

function asksOf({ request, mint }: HttpIssuerOptions): readonly Ask[] {
  return mint === undefined ? [request] : [request, mint];
}

/** A request as flags describe it. Variables have no flag, so what needs them can only be declared. */
export function describe(flags: TokenFlags, options: HttpIssuerOptions): unknown {
  const used = usedNames(options);
  if (flags.user !== null || flags.server !== null) {
    throw usage(`--${flags.user === null ? "server" : "user"} says nothing to an issuer of type http`);
  }
  const variable = [...used].find((name) => memberOf("variables", name) !== undefined);
  if (variable !== undefined) {
    throw usage(
      `the requests of this issuer send {{${variable}}}, which has no flag; declare the token in the settings`,
    );
  }
  const roles = [...flags.roles, ...flags.scopes];
  if ((used.has("roles") || used.has("roles_object")) && roles.length === 0) {
    throw usage("--scope is required, since the requests of this issuer send what the token may do");
  }
  if (flags.lifetime === null && endNeeded(options) !== undefined) {
    throw usage("--lifetime is required, since the requests of this issuer send it");
  }
  return { roles, ...(flags.lifetime === null ? {} : { lifetime: flags.lifetime }) };
}

/** Two tokens are one when an issuer is asked the same of them. */
export function identity(options: HttpIssuerOptions, request: HttpIssuerRequest, name: string): string {
  const variables = Object.entries(request.variables).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    options.url,
    options.account ?? "",
    name,
    ...(variables.length === 0 ? [] : [JSON.stringify(variables)]),
  ].join("|");
}

function invalid(message: string): RenewdError {
  return new RenewdError("settings_invalid", message);
}

function usage(message: string): RenewdError {
  return new RenewdError("usage", message);
}
