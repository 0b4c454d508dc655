import { generateKeyPairSync, type JsonWebKey, randomUUID } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";

export const SECRET = "correct/horse+battery staple";
export const AUDIENCE = "https://api.example.test";
export const TTL_SECONDS = 3_600;
const SCOPES = ["read", "write", "admin"];

/** A key of the server's, or of a client's. */
export function makeKey(kid: string = randomUUID()): JsonWebKey & { readonly kid: string } {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...privateKey.export({ format: "jwk" }), kid };
}

export const clientKey = makeKey("client-1");

type Row = Readonly<Record<string, unknown>>;

/** The adapter that oidc-provider asks for (its docs, `adapter`): rows in memory, of one server alone. */
function rowsOf(tables: Map<string, Map<string, Row>>, model: string) {
  const rows = tables.get(model) ?? new Map<string, Row>();
  tables.set(model, rows);
  return {
    upsert: async (id: string, row: Row) => void rows.set(id, row),
    find: async (id: string) => rows.get(id),
    consume: async (id: string) => void rows.set(id, { ...rows.get(id), consumed: true }),
    destroy: async (id: string) => void rows.delete(id),
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
    revokeByGrantId: async () => undefined,
  };
}

function clientOf(method: string, more: object = {}): object {
  return {
    client_id: `renewd-${method}`,
    token_endpoint_auth_method: method,
    grant_types: ["client_credentials"],
    response_types: [],
    redirect_uris: [],
    scope: "read write",
    ...more,
  };
}

/**
 * oidc-provider, a certified OpenID Connect server, on loopback. It grants opaque tokens, and to those who name a resource
 * (RFC 8707) JWTs (RFC 9068). Its clients are `renewd-METHOD`, one for each way to authenticate.
 */
export class OidcServer {
  readonly #ttlSeconds: number;
  #key = makeKey();
  #made = 0;
  #provider: Provider | undefined;
  #listener: ReturnType<Provider["callback"]> = () => undefined;
  readonly #tables = new Map<string, Map<string, Row>>();
  readonly #server: Server = createServer((request, response) => this.#listener(request, response));

  /** `ttlSeconds`: how long each of its tokens lives. */
  constructor(ttlSeconds: number = TTL_SECONDS) {
    this.#ttlSeconds = ttlSeconds;
  }

  /** `issuer`: its address as clients see it. */
  async start(issuer?: string): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.#provide(issuer ?? this.url);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get made(): number {
    return this.#made;
  }

  /** From now on it signs by a new key, and publishes no other. */
  rotateKeys(issuer: string = this.url): void {
    this.#key = makeKey();
    this.#provide(issuer);
  }

  /** Of an opaque one. */
  async knows(token: string): Promise<boolean> {
    return (await this.#provider?.ClientCredentials.find(token))?.isValid === true;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #provide(issuer: string): void {
    const provider = new Provider(issuer, {
      adapter: (model: string) => rowsOf(this.#tables, model),
      clients: [
        clientOf("client_secret_basic", { client_secret: SECRET }),
        clientOf("client_secret_post", { client_secret: SECRET }),
        clientOf("private_key_jwt", { jwks: { keys: [publicPart(clientKey)] } }),
      ],
      clientDefaults: { id_token_signed_response_alg: "ES256" },
      jwks: { keys: [this.#key] },
      scopes: SCOPES,
      ttl: { ClientCredentials: this.#ttlSeconds },
      cookies: { keys: ["not used"] },
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        introspection: { enabled: true, allowedPolicy: () => true },
        revocation: { enabled: true, allowedPolicy: () => true },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => undefined,
          getResourceServerInfo: (_: unknown, audience: string) => ({
            scope: SCOPES.join(" "),
            audience,
            accessTokenTTL: this.#ttlSeconds,
            accessTokenFormat: "jwt",
            jwt: { sign: { alg: "ES256" } },
          }),
        },
      },
    });
    for (const event of ["client_credentials.saved", "client_credentials.issued"]) {
      provider.on(event, () => (this.#made += 1));
    }
    this.#provider = provider;
    this.#listener = provider.callback();
  }
}

function publicPart(key: JsonWebKey): JsonWebKey {
  const { d: _, ...rest } = key;
  return rest;
}
