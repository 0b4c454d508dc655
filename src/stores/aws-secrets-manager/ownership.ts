import { RenewdError } from "../../core/errors.ts";
import type { Owner } from "../../core/ports.ts";
import type { Described } from "./answers.ts";
import type { Tags } from "./client.ts";

/** The tag that says which renewd a secret belongs to. */
const INSTANCE = "renewd:instance";

/** A tag that several tools put on what they manage (External Secrets Operator, Terraform modules). */
const MANAGED_BY = "managed-by";
const US = "renewd";

/** Put on a secret that is taken over. */
export function ownershipTag(instance: string): Tags {
  return { [INSTANCE]: instance };
}

/** Put on a secret that renewd creates. */
export function creationTags(instance: string, tags: Tags | undefined): Tags {
  return { ...tags, [MANAGED_BY]: US, ...ownershipTag(instance) };
}

/**
 * Whose a secret is by its tags. `declared` (the target says `adopt: true`) makes it ours as if it were tagged, unless
 * another renewd's tag says otherwise.
 */
export function ownerOf(secret: Described, instance: string, declared: boolean): Owner {
  const marked = tagOf(secret, INSTANCE);
  if (marked !== undefined) return marked === instance ? "ours" : "other";
  if (declared) return "ours";
  const manager = tagOf(secret, MANAGED_BY);
  return manager === undefined || manager === US ? "unmarked" : "other";
}

export function isMarked(secret: Described, instance: string): boolean {
  return tagOf(secret, INSTANCE) === instance;
}

/** Refuses a secret that somebody is deleting or that a service changes by itself. */
export function refuseUnusable(secret: Described, name: string): void {
  const reason =
    (secret.DeletedDate !== undefined && "is scheduled for deletion") ||
    (secret.OwningService !== undefined && secret.OwningService !== "" && `is managed by ${secret.OwningService}`) ||
    (secret.RotationEnabled === true && "is rotated by Secrets Manager itself");
  if (reason !== false) throw new RenewdError("store_unavailable", `the secret ${name} ${reason}`);
}

function tagOf(secret: Described, key: string): string | undefined {
  return secret.Tags?.find((tag) => tag.Key === key)?.Value;
}
