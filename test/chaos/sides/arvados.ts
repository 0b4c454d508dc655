import { systemClock } from "../../../src/runtime/clock.ts";
import type { Place } from "../../e2e/place.ts";
import { FakeArvados, tokenText } from "../../support/arvados/server.ts";
import { type Answered, type Asked, type Deed, IssuerProxy } from "../issuer-proxy.ts";
import type { TokenKey } from "../site-settings.ts";
import type { Ending, IssuerSide, Made } from "./side.ts";

const TOKENS_PATH = "/arvados/v1/api_client_authorizations";
/** Readers have this one without its uuid. */
const BARE: TokenKey = "bravo";
/** What else each is asked as. Only `delta` is ended soon: its consumers use it for a second. */
const MORE: Readonly<Record<TokenKey, string>> = {
  alpha: "",
  bravo: ", form: v1, retire: true",
  charlie: ", strategy: extend",
  delta: ", retire: true",
};
/** Its own in every place: what is ended has to be waited for. */
const ENDED_LIFETIME = "1m";

interface TokenRecord {
  readonly uuid: string;
  readonly api_token: string;
  readonly scopes: readonly string[];
}

/** Arvados keeps no names: each token has a scope of its own. */
export async function openArvados(place: Place): Promise<IssuerSide> {
  const { cluster, proxy, ledger, settings } = await openCluster(place);
  return {
    proxy,
    settings,
    requestOf: (name, lifetime) =>
      `{ scopes: ["${scopeOf(name)}"], lifetime: ${name === "delta" ? ENDED_LIFETIME : lifetime}${MORE[name]} }`,
    holds: { delta: 1_000 },
    byHand: null,
    mayLose: false,
    made: async () => ledger.made,
    lifeOf: (token) => {
      const row = cluster.live().find((each) => token === tokenText(each) || token === each.api_token);
      if (row === undefined) throw new Error("no token that lives");
      return { expAt: row.expiresAt ?? Number.POSITIVE_INFINITY, isRevoked: false };
    },
    endings: () => ledger.endings,
    secrets: () => ledger.secrets,
    [Symbol.asyncDispose]: async () => {
      await proxy[Symbol.asyncDispose]();
      await cluster.close();
    },
  };
}

interface OpenCluster {
  readonly cluster: FakeArvados;
  readonly proxy: IssuerProxy;
  readonly ledger: ArvadosLedger;
  /** What the settings say of it. */
  readonly settings: string;
}

/** A cluster behind a proxy. */
export async function openCluster(place: Place): Promise<OpenCluster> {
  const cluster = new FakeArvados({ clock: systemClock });
  await cluster.start();
  await place.write("root.token", cluster.rootToken);
  const ledger = new ArvadosLedger(cluster.rootToken);
  const proxy = await IssuerProxy.start(ledger);
  proxy.issuerUrl = cluster.url;
  const settings = `    type: arvados
    url: ${proxy.url}
    token: { file: ../root.token }
    timeout: 1s`;
  return { cluster, proxy, ledger, settings };
}

/** The cluster forgets what has expired or was ended; who listens at its door does not. */
class ArvadosLedger {
  readonly made: Made[] = [];
  readonly endings: Ending[] = [];
  /** Every secret that was ever sent, whether or not a token was made with it. */
  readonly secrets = new Map<string, string>();

  constructor(rootToken: string) {
    this.secrets.set("the root token", rootToken);
  }

  deedOf({ method, url }: Asked): Deed | undefined {
    if (!url.startsWith(TOKENS_PATH)) return undefined;
    return ({ POST: "mint", PUT: "extension", DELETE: "ending" } as const)[method];
  }

  asked(deed: Deed, { body }: Asked): void {
    if (deed !== "mint") return;
    const { api_client_authorization: sent } = JSON.parse(body) as { api_client_authorization: TokenRecord };
    this.secrets.set(`the chosen secret ${sent.api_token.slice(0, 6)}…`, sent.api_token);
  }

  answered(deed: Deed, _: Asked, { status, body }: Answered, late: boolean): void {
    if (status !== 200 || deed === "extension") return;
    const { uuid, api_token, scopes } = JSON.parse(body.toString()) as TokenRecord;
    const at = Date.now();
    if (deed === "mint") {
      const name = (scopes[0] ?? "").split("/").at(-1) ?? "";
      const token = name === BARE ? api_token : tokenText({ uuid, api_token });
      this.made.push({ id: uuid, name, token, at, late });
      return;
    }
    const ended = this.made.find(({ id }) => id === uuid);
    if (ended !== undefined) this.endings.push({ token: ended.token, at });
  }
}

export function scopeOf(name: string): string {
  return `GET /arvados/v1/${name}`;
}
