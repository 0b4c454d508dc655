import type { OidcSettings } from "../core/settings.ts";

export type Claims = Readonly<Record<string, unknown>>;

/** What the claim that decides says of a person; undefined when the provider tells nothing of it. */
export function valuesOf(claims: Claims, claim: string): readonly string[] | undefined {
  const value = read(claims, claim);
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : undefined;
}

/** What a person with these values may do; undefined for one who may not come in. */
export function roleOf(values: readonly string[], settings: OidcSettings): "operator" | "viewer" | undefined {
  const has = (those: readonly string[]): boolean => those.some((each) => values.includes(each));
  if (has(settings.operators)) return "operator";
  return has(settings.viewers) ? "viewer" : undefined;
}

/** Anybody may claim an address; only one that the provider has verified says who it is (OpenID Connect Core 1.0 §5.7). */
export function isUnverifiedEmail(claims: Claims, claim: string): boolean {
  return claim === "email" && claims["email_verified"] !== true;
}

/** A claim by its whole name, which may have dots in it; else by the way to it, as `realm_access.roles`. */
function read(claims: Claims, claim: string): unknown {
  if (Object.hasOwn(claims, claim)) return claims[claim];
  return claim.split(".").reduce<unknown>((at, name) => {
    const isThere = typeof at === "object" && at !== null && Object.hasOwn(at, name);
    return isThere ? (at as Claims)[name] : undefined;
  }, claims);
}
