import type { Policy } from "./policy.ts";
import type { SecretRef } from "./ports.ts";

/** A declared service token. */
export interface DeclaredToken {
  /** renewd's own key: URLs, verbs, metrics, alerts. */
  readonly key: string;
  /** Key of the issuer that mints it. */
  readonly issuer: string;
  /** One token at its issuer: type, origin, account, server and name. Another identity is another token. */
  readonly identity: string;
  /** Its name at the issuer, stable over renewals; every alert carries it. */
  readonly name: string;
  /** What it is for, in the operator's words. */
  readonly comment: string | null;
  /** What alerts are routed by: a team, an environment. */
  readonly labels: Readonly<Record<string, string>>;
  /** May it be minted when the issuer has none? */
  readonly create: boolean;
  /** What to ask for. */
  readonly request: TokenRequest;
  readonly policy: Policy;
  readonly targets: readonly DeclaredTarget[];
}

/** The part of a request that every issuer understands, and the rest, whose shape belongs to the issuer's type. */
export interface TokenRequest {
  /** `Infinity`: no end is asked for. */
  readonly lifetimeMs: number;
  /** Role names to be held by the token; sorted, without repeats. */
  readonly roles: readonly string[];
  /** The audience a verified token must name (FlowAuth: the server's name). */
  readonly audience: string | null;
  /** The subject a verified token must carry, where that is not the issuer's account. */
  readonly subject: string | null;
  /** `replace`: a renewal makes a new token. `extend`: it moves the expiry of the very same one. */
  readonly strategy: "replace" | "extend";
  /** Whether the old token is ended once no reader can use it any more. */
  readonly retire: boolean;
  /** What the issuer's own schema let through. */
  readonly detail: Readonly<Record<string, unknown>>;
}

/** One secret in one store, and how its consumer uses it. */
export interface DeclaredTarget {
  /** The label in metrics and alerts; unique within its token. */
  readonly label: string;
  /** One place: the physical secret and the key in it. Another identity is another target, whatever its label. */
  readonly identity: string;
  /** Key of the store. */
  readonly store: string;
  /** Where in the store, as the store's own schema let it through. */
  readonly address: Readonly<Record<string, unknown>>;
  readonly format: TargetFormat;
  /** The longest a consumer goes on using what it read. */
  readonly holdMs: number;
  /** How long a write takes to become visible. */
  readonly propagationMs: number;
  /** How often to look at what it holds. */
  readonly observeMs: number;
  /** May the secret itself be created? */
  readonly create: boolean;
  /** Told after each new token was proved to be there; the target counts as done only then. */
  readonly reload: ReloadHook | null;
}

/** The text a consumer reads: the token alone, or one key of a JSON object or of a dotenv file. */
export type TargetFormat =
  | { readonly kind: "raw" }
  | { readonly kind: "json"; readonly key: string }
  | { readonly kind: "dotenv"; readonly key: string };

export interface ReloadHook {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string | SecretRef>>;
  readonly timeoutMs: number;
}
