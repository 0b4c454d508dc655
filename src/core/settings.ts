import type { DeclaredToken } from "./token.ts";
import type { Severity } from "./incidents.ts";
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
  readonly alerts: AlertSettings;
}

export interface AlertSettings {
  /** Where people open the dashboard; goes into alerts as a link. */
  readonly pageUrl: string | null;
  /** The page of runbooks; `#reason` is appended. */
  readonly runbooks: string;
  readonly channels: readonly DeclaredService[];
  readonly routes: readonly Route[];
}

/** Every route that fits tells its channels. */
export interface Route {
  readonly to: readonly string[];
  /** Of this or graver. */
  readonly severity: Severity;
  /** All must hold; `*` in a value stands for any text. */
  readonly match: Readonly<Record<string, string>>;
}

export type StateUrl = { readonly kind: "sqlite"; readonly file: string };

export interface HttpSettings {
  readonly host: string;
  readonly port: number;
  /** Names it may be called by besides its address and the loopback's. */
  readonly names: readonly string[];
  readonly tokens: readonly ApiToken[];
  readonly oidc: OidcSettings | null;
}

/** Sign-in at an OpenID provider. */
export interface OidcSettings {
  readonly issuer: string;
  readonly clientId: string;
  /** Null for a public client. */
  readonly clientSecret: SecretRef | null;
  readonly auth: "client_secret_basic" | "client_secret_post";
  /** Ours, as it is registered at the provider. */
  readonly redirectUrl: string;
  readonly scopes: readonly string[];
  /** What of a person decides: who has one of these values of it may come in. */
  readonly claim: string;
  readonly operators: readonly string[];
  readonly viewers: readonly string[];
  /** What people call the provider. */
  readonly label: string;
  readonly ca: SecretRef | null;
  readonly proxy: string | null;
  /** For one call. */
  readonly timeoutMs: number;
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
