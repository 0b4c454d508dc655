import { fillIssuer, madeTokens, PASSWORD } from "../e2e/issuer-process.ts";
import { freePort, newPlace, type Place } from "../e2e/place.ts";
import type { Renewd } from "../support/process.ts";
import type { IssuerProxy } from "./issuer-proxy.ts";
import { openCluster, scopeOf } from "./sides/arvados.ts";
import { embeddedSettings } from "./sides/flowauth.ts";
import type { Made } from "./sides/side.ts";
import { stoppingAt } from "./site.ts";

export type CreationKind = "arvados" | "embedded";

/** A place that declares no token, where tokens are made by `create-token` without a daemon. */
export interface CreationSite extends AsyncDisposable {
  readonly place: Place;
  /** Null where the issuer is in the verb's own process. */
  readonly proxy: IssuerProxy | null;
  /** The verb for a token described by this name, begun and not waited for. */
  call(name: string, stopAt?: string): Renewd;
  made(): Promise<readonly Pick<Made, "name" | "token">[]>;
  secrets(): ReadonlyMap<string, string>;
}

export async function openCreationSite(kind: CreationKind): Promise<CreationSite> {
  const place = await newPlace();
  return kind === "arvados" ? atArvados(place) : atEmbedded(place);
}

/** Known there by a scope of its own. */
async function atArvados(place: Place): Promise<CreationSite> {
  const { cluster, proxy, ledger, settings } = await openCluster(place);
  await place.settings(settingsWith(settings, place));
  return {
    place,
    proxy,
    call: (name, stopAt) => verb(place, ["--scope", scopeOf(name), "--comment", name, "--lifetime", "1d"], stopAt),
    made: async () => ledger.made,
    secrets: () => ledger.secrets,
    [Symbol.asyncDispose]: async () => {
      await place[Symbol.asyncDispose]();
      await proxy[Symbol.asyncDispose]();
      await cluster.close();
    },
  };
}

async function atEmbedded(place: Place): Promise<CreationSite> {
  await fillIssuer(place);
  await place.settings(settingsWith(embeddedSettings(await freePort()), place));
  const powers = ["--server", "flowapi-prod", "--role", "viewer", "--lifetime", "1d"];
  return {
    place,
    proxy: null,
    call: (name, stopAt) => verb(place, ["--name", name, ...powers, "--comment", name], stopAt),
    made: () => madeTokens(place),
    secrets: () => new Map([["the password", PASSWORD]]),
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
}

function verb(place: Place, description: readonly string[], stopAt: string | undefined): Renewd {
  const env = { TMPDIR: place.folder, ...(stopAt === undefined ? {} : stoppingAt(stopAt)) };
  return place.start(["create-token", "--reuse", "--print", ...description], { env });
}

function settingsWith(issuer: string, place: Place): string {
  return `version: 1
instance: creations
state: { url: "sqlite:../var/renewd.db" }
http: { listen: "127.0.0.1:${place.httpPort}" }
issuers:
  issuer:
${issuer}
stores: {}
tokens: {}
`;
}
