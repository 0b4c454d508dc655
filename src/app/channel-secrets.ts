import { RenewdError, toRenewdError } from "../core/errors.ts";
import type { ReadSecret, SecretRef } from "../core/ports.ts";

/**
 * Reads every secret that a channel's options name, without a call to the channel; answers how many there are. Throws
 * with the code of the first that cannot be read and the words of all.
 */
export async function readChannelSecrets(
  options: unknown,
  readSecret: ReadSecret,
  signal: AbortSignal,
): Promise<number> {
  const refs = secretRefsIn(options);
  const read = await Promise.allSettled(refs.map((ref) => readSecret(ref, signal)));
  const failures = read.flatMap((each) => (each.status === "rejected" ? [toRenewdError(each.reason)] : []));
  const first = failures[0];
  if (first !== undefined) throw new RenewdError(first.code, failures.map(({ message }) => message).join("; "));
  return refs.length;
}

/** Options are the kind's own; a reference looks alike in all of them, and nothing else in them looks like one. */
function secretRefsIn(value: unknown): readonly SecretRef[] {
  if (typeof value !== "object" || value === null) return [];
  return isSecretRef(value) ? [value] : Object.values(value).flatMap(secretRefsIn);
}

function isSecretRef(value: object): value is SecretRef {
  const [entry, ...others] = Object.entries(value) as readonly (readonly [string, unknown])[];
  if (entry === undefined || others.length > 0) return false;
  const [key, given] = entry;
  return key === "command" ? Array.isArray(given) : (key === "file" || key === "env") && typeof given === "string";
}
