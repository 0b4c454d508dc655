import type { DeclaredToken } from "./token.ts";
import type { SecretRef } from "./ports.ts";

/** Everything an operator declared, validated and frozen. */
export interface Settings {
  /** The settings file, absolute. */
  readonly file: string;
  readonly instance: string;
  /** node-cron with seconds: how often to look. */
  readonly tick: string;
  /** The longest gap between two ticks. */
  readonly tickMs: number;
  readonly state: { readonly url: StateUrl; readonly keys: readonly SecretRef[] };
  readonly http: HttpSettings | null;
  readonly issuers: readonly DeclaredService[];
  readonly stores: readonly DeclaredService[];
  readonly tokens: readonly DeclaredToken[];
}

export type StateUrl = { readonly kind: "sqlite"; readonly file: string };

export interface HttpSettings {
  readonly host: string;
  readonly port: number;
  /** Names it may be called by besides its address and the loopback's. */
  readonly names: readonly string[];
  readonly tokens: readonly ApiToken[];
}

export type Role = "viewer" | "operator" | "metrics";

export interface ApiToken {
  readonly name: string;
  readonly role: Role;
  readonly secret: SecretRef;
}

/** An issuer or a store: its type's own options, already through that type's schema. */
export interface DeclaredService {
  readonly key: string;
  readonly type: string;
  readonly options: unknown;
}
