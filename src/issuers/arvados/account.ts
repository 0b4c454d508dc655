import { z } from "zod";
import { RenewdError } from "../../core/errors.ts";
import type { TokenRequest } from "../../core/token.ts";
import type { Api } from "./api.ts";
import { subjectOf, userOf } from "./request.ts";
import { isSystemRoot, recordSchema, type TokenRecord } from "./record.ts";

/** Of the many things that a cluster publishes of itself. */
const clusterSchema = z.object({
  ClusterID: z.string().regex(/^[0-9a-z]{5}$/),
  Login: z.object({ LoginCluster: z.string().max(32).nullish() }).nullish(),
});

export interface Cluster {
  readonly id: string;
  /** The cluster that keeps the tokens, where that is another one. */
  readonly loginId: string | null;
}

/** Which cluster this is, and who the issuer's own token lets us be. */
export class Account {
  readonly #api: Api;
  #cluster: Cluster | undefined;
  #caller: { readonly token: string; readonly record: TokenRecord } | undefined;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Published without a token. A cluster never changes its id, so it is asked for once. */
  async cluster(signal: AbortSignal): Promise<Cluster> {
    return (this.#cluster ??= await this.readCluster(signal));
  }

  async readCluster(signal: AbortSignal): Promise<Cluster> {
    const where = `configuration of ${this.#api.url}`;
    const call = { call: "config", path: "/arvados/v1/config", as: "nobody" } as const;
    const { ClusterID: id, Login: login } = await this.#api.read(call, clusterSchema, where, signal);
    const loginId = login?.LoginCluster ?? "";
    return { id, loginId: loginId === "" || loginId === id ? null : loginId };
  }

  /** The record of the issuer's own token; whose it is never changes, so each token is looked at once. */
  async caller(signal: AbortSignal): Promise<TokenRecord> {
    const token = await this.#api.ownToken(signal);
    if (this.#caller?.token !== token.sha256)
      this.#caller = { token: token.sha256, record: await this.readCaller(signal) };
    return this.#caller.record;
  }

  async readCaller(signal: AbortSignal): Promise<TokenRecord> {
    const record = await this.#api.current(undefined, recordSchema, signal);
    if (record !== null) return record;
    const message = `the issuer's own \`token\` is not accepted at ${this.#api.url}: it is wrong, expired or revoked`;
    throw new RenewdError("sign_in_refused", message);
  }

  /** The uuid of the user that the token is for. */
  async ownerOf(request: TokenRequest, signal: AbortSignal): Promise<string> {
    const user = userOf(request);
    return user === "root" ? ownerIn(await this.cluster(signal), request) : user;
  }

  /** Throws `token_not_owned` where Arvados would show us nothing of the user's tokens. */
  async mustSee(ownerUuid: string, signal: AbortSignal): Promise<void> {
    const caller = await this.caller(signal);
    if (sees(caller, ownerUuid)) return;
    throw new RenewdError("token_not_owned", invisible(caller, ownerUuid, this.#api.url));
  }
}

export function ownerIn(cluster: Cluster, request: TokenRequest): string {
  const user = userOf(request);
  return user === "root" ? `${cluster.id}-tpzed-000000000000000` : user;
}

/** The visibility rule (fact sheet §1.7). */
export function sees(caller: TokenRecord, ownerUuid: string): boolean {
  return isSystemRoot(caller.uuid) || caller.ownerUuid === ownerUuid;
}

export function invisible(caller: TokenRecord, ownerUuid: string, url: string): string {
  return (
    `the tokens of ${subjectOf(ownerUuid)} at ${url} are not visible to the issuer's own token, which is one of ` +
    `${subjectOf(caller.ownerUuid)}: Arvados shows, changes and deletes the tokens of other users for SystemRootToken alone, ` +
    "not even for administrators; give SystemRootToken, or a token of that very user, as the issuer's `token`"
  );
}
