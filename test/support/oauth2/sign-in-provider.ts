import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Provider } from "oidc-provider";
import { makeKey, SECRET } from "./provider.ts";

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
    findByUid: async (uid: string) => [...rows.values()].find((row) => row["uid"] === uid),
    findByUserCode: async () => undefined,
    revokeByGrantId: async () => undefined,
  };
}

/** Who signs in, and what is known of him. */
export interface Person {
  readonly sub: string;
  readonly [claim: string]: unknown;
}

/**
 * oidc-provider, a certified OpenID Connect server, on loopback, for people: whoever comes is signed in as `person`, or
 * turned away where there is none. Claims of scopes are told at the userinfo endpoint alone, as OpenID Connect Core §5.4
 * has it, or in the ID token too.
 */
export class SignInProvider {
  person: Person | undefined;
  #listener: (request: IncomingMessage, response: ServerResponse) => unknown = () => undefined;
  /** `METHOD /path` of each request. */
  readonly seen: string[] = [];
  readonly #server: Server = createServer((request, response) => {
    this.seen.push(`${request.method ?? ""} ${request.url?.split("?")[0] ?? ""}`);
    this.#listener(request, response);
  });

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on it knows the clients `renewd` (with `SECRET`) and `renewd-public`. */
  serve(redirectUrl: string, claimsInToken: boolean): void {
    const tables = new Map<string, Map<string, Row>>();
    const client = { redirect_uris: [redirectUrl], response_types: ["code"], grant_types: ["authorization_code"] };
    const provider = new Provider(this.url, {
      adapter: (model: string) => rowsOf(tables, model),
      clients: [
        { ...client, client_id: "renewd", client_secret: SECRET, token_endpoint_auth_method: "client_secret_basic" },
        { ...client, client_id: "renewd-public", token_endpoint_auth_method: "none" },
      ],
      clientDefaults: { id_token_signed_response_alg: "ES256" },
      jwks: { keys: [makeKey()] },
      cookies: { keys: ["a key of a test"] },
      claims: { openid: ["sub"], groups: ["groups"], email: ["email", "email_verified"] },
      conformIdTokenClaims: !claimsInToken,
      features: { devInteractions: { enabled: false } },
      ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600 },
      pkce: { required: () => true },
      findAccount: (_: unknown, id: string) => ({ accountId: id, claims: async () => ({ ...this.person, sub: id }) }),
      interactions: { url: (_: unknown, { uid }: { readonly uid: string }) => `/interaction/${uid}` },
      loadExistingGrant: async (context: GrantContext) => {
        const { session, client: asking } = context.oidc;
        const grant = new provider.Grant({ clientId: asking.clientId, accountId: session.accountId });
        grant.addOIDCScope("openid groups email");
        await grant.save();
        return grant;
      },
    });
    const callback = provider.callback();
    this.#listener = (request, response) => {
      if (request.url?.startsWith("/interaction/") !== true) return callback(request, response);
      const result =
        this.person === undefined
          ? { error: "access_denied", error_description: "not <today>" }
          : { login: { accountId: this.person.sub } };
      return provider.interactionFinished(request, response, result);
    };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

interface GrantContext {
  readonly oidc: {
    readonly session: { readonly accountId: string };
    readonly client: { readonly clientId: string };
  };
}
