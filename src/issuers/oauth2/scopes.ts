import type { Scopes } from "../../core/issue.ts";
import { RenewdError } from "../../core/errors.ts";

const MOST_SCOPES = 1_000;

/** Each scope is the name of a role that holds nothing more; those that are said not to matter are left out. Throws `issuer_answer_invalid`. */
export function scopesOf(given: string | readonly string[], ignored: readonly string[]): Scopes {
  const all = typeof given === "string" ? given.split(" ") : given;
  const names = all.filter((name) => name !== "" && !ignored.includes(name));
  // Such a name would be lost wherever the record is copied, and the token would hold more than is known of it.
  if (names.length > MOST_SCOPES || names.includes("__proto__"))
    throw new RenewdError("issuer_answer_invalid", "there are too many scopes, or one is called __proto__");
  return Object.fromEntries(names.map((name) => [name, []]));
}
