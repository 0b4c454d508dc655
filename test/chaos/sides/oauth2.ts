import type { Place } from "../../e2e/place.ts";
import { AUDIENCE, OidcServer, SECRET } from "../../support/oauth2/provider.ts";
import { type Answered, type Asked, type Deed, IssuerProxy } from "../issuer-proxy.ts";
import type { TokenKey } from "../site-settings.ts";
import type { Ending, IssuerSide, Life, Made } from "./side.ts";

const JWT = `, resource: "${AUDIENCE}"`;
/** A grant says nothing of names: it is known by its scope and form. Opaque ones can be revoked (RFC 7009), JWTs cannot. */
const ASKED: Readonly<Record<TokenKey, string>> = {
  alpha: `scope: [read]${JWT}`,
  bravo: `scope: [write]${JWT}`,
  charlie: "scope: [read]",
  delta: "scope: [write], retire: true",
};
const NAMES: Readonly<Record<string, TokenKey>> = {
  "read jwt": "alpha",
  "write jwt": "bravo",
  "read opaque": "charlie",
  "write opaque": "delta",
};

/** A certified OAuth2 server behind a proxy; two tokens are JWTs and two are opaque. */
export async function openOAuth2(place: Place, lifetimeMs: number): Promise<IssuerSide> {
  const ttlSeconds = lifetimeMs / 1000;
  const server = new OidcServer(ttlSeconds);
  const ledger = new Grants();
  const proxy = await IssuerProxy.start(ledger);
  await server.start(proxy.url);
  proxy.issuerUrl = server.url;
  await place.write("client.secret", SECRET);
  return {
    proxy,
    settings: `    type: oauth2
    issuer: ${proxy.url}
    client_id: renewd-client_secret_basic
    client_secret: { file: ../client.secret }
    timeout: 1s`,
    // As long as the server gives: a client cannot ask for a lifetime.
    requestOf: (name) => `{ ${ASKED[name]}, lifetime: ${ttlSeconds}s }`,
    holds: { delta: 1_000 },
    byHand: null,
    mayLose: true,
    made: async () => ledger.made,
    lifeOf: (token) => ledger.lifeOf(token),
    endings: () => ledger.endings,
    secrets: () => new Map([["the client's secret", SECRET]]),
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

class Grants {
  readonly made: Made[] = [];
  readonly endings: Ending[] = [];
  readonly #expAt = new Map<string, number>();

  deedOf({ method, url }: Asked): Deed | undefined {
    if (method !== "POST") return undefined;
    return ({ "/token": "mint", "/token/revocation": "ending" } as const)[url];
  }

  answered(deed: Deed, asked: Asked, { status, body }: Answered, late: boolean): void {
    if (status !== 200) return;
    const form = new URLSearchParams(asked.body);
    const at = Date.now();
    if (deed === "ending") {
      this.endings.push({ token: form.get("token") ?? "", at });
      return;
    }
    const { access_token: token, expires_in } = JSON.parse(body.toString()) as {
      readonly access_token: string;
      readonly expires_in: number;
    };
    const name = NAMES[`${form.get("scope")} ${form.has("resource") ? "jwt" : "opaque"}`];
    if (name === undefined) throw new TypeError(`a grant of ${form.get("scope")} that no token asks for`);
    this.made.push({ id: `grant ${this.made.length + 1}`, name, token, at, late });
    this.#expAt.set(token, at + expires_in * 1000);
  }

  lifeOf(token: string): Life {
    const expAt = this.#expAt.get(token);
    if (expAt === undefined || this.endings.some((ending) => ending.token === token))
      throw new Error("no token that lives");
    return { expAt, isRevoked: false };
  }
}
