import {
  allowInsecureRequests,
  type AuthorizationServer,
  type ClientAuth,
  ClientSecretBasic,
  ClientSecretPost,
  customFetch,
  discoveryRequest,
  None,
  processDiscoveryResponse,
} from "oauth4webapi";
import { HOUR_MS } from "../core/duration.ts";
import { RenewdError } from "../core/errors.ts";
import { isLoopback } from "../core/loopback.ts";
import type { Clock, HttpClient, HttpOptions, ReadSecret } from "../core/ports.ts";
import type { OidcSettings } from "../core/settings.ts";
import { type OidcFetch, oidcFetch } from "./oidc-fetch.ts";

const KEPT_MS = HOUR_MS;
const ANSWER_BYTES_MAX: number = 1024 * 1024;
const NEEDED = ["authorization_endpoint", "token_endpoint", "jwks_uri"] as const;

export interface ProviderParts {
  readonly http: (options: HttpOptions) => HttpClient;
  readonly readSecret: ReadSecret;
  readonly clock: Clock;
}

/** What the library is given with each of its calls. */
export interface CallOptions {
  readonly [customFetch]: OidcFetch;
  readonly [allowInsecureRequests]: boolean;
}

export type Server = AuthorizationServer & { readonly [E in (typeof NEEDED)[number]]: string };

/** The OpenID provider of the settings, as far as it is asked by us. */
export class OidcProvider {
  readonly settings: OidcSettings;
  readonly #parts: ProviderParts;
  #client: { readonly ca: string | undefined; readonly http: HttpClient } | undefined;
  #known: { readonly atUptimeMs: number; readonly server: Promise<Server> } | undefined;

  constructor(settings: OidcSettings, parts: ProviderParts) {
    this.settings = settings;
    this.#parts = parts;
  }

  /** What it publishes of itself (OpenID Connect Discovery 1.0 §4), kept for an hour; who asks at once asks together. */
  async server(signal: AbortSignal): Promise<Server> {
    const nowMs = this.#parts.clock.uptimeMs();
    if (this.#known !== undefined && nowMs < this.#known.atUptimeMs + KEPT_MS) return this.#known.server;
    const known = { atUptimeMs: nowMs, server: this.#discover(signal) };
    this.#known = known;
    known.server.catch(() => {
      if (this.#known === known) this.#known = undefined;
    });
    return known.server;
  }

  /** A private authority is read at each use, so that a renewed one counts at once. */
  async call(name: string, signal: AbortSignal): Promise<CallOptions> {
    const { ca: authority, proxy, timeoutMs, issuer } = this.settings;
    const ca = authority === null ? undefined : (await this.#parts.readSecret(authority, signal)).reveal();
    if (this.#client === undefined || this.#client.ca !== ca) {
      const limits = { timeoutMs, maxResponseBytes: ANSWER_BYTES_MAX };
      const by = { ...(ca === undefined ? {} : { ca }), ...(proxy === null ? {} : { proxy }) };
      this.#client = { ca, http: this.#parts.http({ ...limits, ...by }) };
    }
    const fetch = oidcFetch(this.#client.http, name, signal);
    return { [customFetch]: fetch, [allowInsecureRequests]: isPlainHere(issuer) };
  }

  /** The client's secret, read anew. Without one the client is a public one, which PKCE protects. */
  async authentication(signal: AbortSignal): Promise<ClientAuth> {
    const { clientSecret, auth } = this.settings;
    if (clientSecret === null) return None();
    const secret = await this.#parts.readSecret(clientSecret, signal);
    if (secret.lengthBytes === 0) throw new RenewdError("secret_unreadable", "the client's secret is empty");
    return auth === "client_secret_post" ? ClientSecretPost(secret.reveal()) : ClientSecretBasic(secret.reveal());
  }

  async close(): Promise<void> {
    await this.#client?.http.close();
  }

  async #discover(signal: AbortSignal): Promise<Server> {
    const issuer = new URL(this.settings.issuer);
    const response = await discoveryRequest(issuer, await this.call("oidc_discover", signal));
    if (response.status !== 200)
      throw new RenewdError("issuer_answer_invalid", `its discovery document: answered ${response.status}`);
    const server = await processDiscoveryResponse(issuer, response);
    const toldOnly = server.userinfo_endpoint === undefined ? [] : (["userinfo_endpoint"] as const);
    for (const name of [...NEEDED, ...toldOnly]) {
      if (!this.#isFit(server[name]))
        throw new RenewdError("issuer_answer_invalid", `its discovery document: \`${name}\` is no https URL`);
    }
    return server as Server;
  }

  /** A document that came over the network may not send anybody, or a secret, anywhere in the clear. */
  #isFit(text: string | undefined): boolean {
    const url = URL.parse(text ?? "");
    if (url === null || url.username !== "" || url.password !== "" || url.hash !== "") return false;
    return url.protocol === "https:" || (isPlainHere(url.href) && isPlainHere(this.settings.issuer));
  }
}

/** Plain HTTP that no network carries (RFC 6761 §6.3, RFC 1122 §3.2.1.3). */
function isPlainHere(text: string): boolean {
  const url = URL.parse(text);
  return url?.protocol === "http:" && isLoopback(url.hostname);
}
