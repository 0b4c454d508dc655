import { decodeJwt } from "jose";
import { z } from "zod";
import { SECOND_MS, type Instant } from "../../core/duration.ts";
import { RenewdError } from "../../core/errors.ts";
import { compareIssues } from "../../core/issue.ts";
import type { FindQuery, FoundToken, IssuerContext } from "../../core/ports.ts";
import { SecretText } from "../../core/secret-text.ts";
import { rowId } from "./answers.ts";
import { splitJsonArray } from "./json-array.ts";
import type { FlowAuthOptions } from "./options.ts";
import { toError } from "./refusals.ts";
import type { Servers } from "./servers.ts";
import type { Session } from "./session.ts";
import { SharedWork } from "../shared-work.ts";

const MOST_ROW_BYTES = 1024 * 1024;
const CLOCK_JUMP_MS = 5 * SECOND_MS;

const listRow = z.object({
  id: rowId,
  name: z.string(),
  token: z.string(),
  roles: z.array(z.object({ name: z.string() })).default([]),
  /** The embedded issuer keeps one. */
  comment: z.string().max(500).nullish(),
});

type Kept = ReadonlyMap<string, readonly FoundToken[]>;

interface Listing {
  readonly beganAt: Instant;
  readonly beganAtUptimeMs: number;
  readonly names: ReadonlySet<string>;
  readonly work: SharedWork<Kept>;
}

/**
 * GET /tokens/tokens/<server_id>: one row a renewal, for ever, each with its full JWT (fact sheet §3). It is read as a
 * stream and only rows of declared names stay, so one reading serves a whole sweep.
 */
export class Listings {
  readonly #context: IssuerContext<FlowAuthOptions>;
  readonly #session: Session;
  readonly #servers: Servers;
  readonly #latest = new Map<string, Listing>();

  constructor(context: IssuerContext<FlowAuthOptions>, session: Session, servers: Servers) {
    this.#context = context;
    this.#session = session;
    this.#servers = servers;
  }

  async find(query: FindQuery, server: string, signal: AbortSignal): Promise<readonly FoundToken[]> {
    const latest = this.#latest.get(server);
    const listing = latest !== undefined && this.#serves(latest, query) ? latest : this.#begin(server, query.name);
    return (await listing.work.join(signal)).get(query.name) ?? [];
  }

  /** `beganAt` says nothing once the wall clock was moved. */
  #serves(listing: Listing, query: FindQuery): boolean {
    const { clock } = this.#context;
    const jumpMs = clock.now() - listing.beganAt - (clock.uptimeMs() - listing.beganAtUptimeMs);
    if (listing.work.abandoned || Math.abs(jumpMs) > CLOCK_JUMP_MS) return false;
    return query.notBefore <= listing.beganAt && listing.names.has(query.name);
  }

  #begin(server: string, name: string): Listing {
    const { clock, declared } = this.#context;
    const here = declared.filter((each) => each.request.audience === server).map((each) => each.name);
    const names = new Set([...here, name]);
    const work = new SharedWork(async (signal) => {
      try {
        return await this.#read(server, names, signal);
      } catch (error) {
        if (this.#latest.get(server) === listing) this.#latest.delete(server);
        throw error;
      }
    });
    const listing: Listing = { beganAt: clock.now(), beganAtUptimeMs: clock.uptimeMs(), names, work };
    this.#latest.set(server, listing);
    return listing;
  }

  async #read(server: string, names: ReadonlySet<string>, signal: AbortSignal): Promise<Kept> {
    const where = `list of ${server} at ${this.#context.options.url}`;
    const id = await this.#servers.idOf(server, signal);
    const answer = await this.#session.call({ call: "list", path: `/tokens/tokens/${id}` }, signal);
    if (!answer.ok) {
      if (answer.refusal.status === 404) this.#servers.forget();
      throw toError("list", answer.refusal, where);
    }
    const tokens = new Map([...names].map((name) => [name, new TokensOfName(this.#context.clock.now())]));
    for await (const value of splitJsonArray(answer.response.body, MOST_ROW_BYTES)) {
      const row = listRow.safeParse(value);
      if (!row.success) throw new RenewdError("issuer_answer_invalid", `${where}: a row is not as documented`);
      const ofName = tokens.get(row.data.name);
      const token = ofName === undefined ? undefined : toFound(row.data);
      if (token !== undefined) ofName?.add(token);
    }
    return new Map([...tokens].map(([name, ofName]) => [name, ofName.all]));
  }
}

/** Every token that is live, and of the expired ones the newest to renew from: one with roles before any without. */
class TokensOfName {
  readonly #now: Instant;
  readonly #live: FoundToken[] = [];
  #base: FoundToken | undefined;

  constructor(now: Instant) {
    this.#now = now;
  }

  add(token: FoundToken): void {
    if (token.expAt > this.#now) this.#live.push(token);
    else if (this.#base === undefined || isBetterBase(token, this.#base)) this.#base = token;
  }

  /** Oldest first. */
  get all(): readonly FoundToken[] {
    return [...this.#live, ...(this.#base === undefined ? [] : [this.#base])].sort(compareIssues);
  }
}

function isBetterBase(token: FoundToken, than: FoundToken): boolean {
  const renewable = Number(token.roles.length > 0) - Number(than.roles.length > 0);
  return renewable > 0 || (renewable === 0 && compareIssues(token, than) > 0);
}

/** A NumericDate (RFC 7519 §2) that lies between 1970 and the year 9999. */
function isInstant(date: unknown): date is number {
  return typeof date === "number" && date >= 0 && date < 253_402_300_800;
}

/** Its life is what the JWT says: `expires` of the row is off by the server's zone. Undefined when it cannot be read. */
function toFound(row: z.infer<typeof listRow>): FoundToken | undefined {
  try {
    const { iat, nbf, exp } = decodeJwt(row.token);
    const start = iat ?? nbf;
    if (!isInstant(exp) || !isInstant(start)) return undefined;
    const token = new SecretText(row.token);
    const roles = row.roles.map((role) => role.name).sort();
    const life = { startAt: start * SECOND_MS, expAt: exp * SECOND_MS };
    const { fingerprint } = token;
    return { fingerprint, token, issuerId: String(row.id), roles, ...life, comment: row.comment ?? null };
  } catch {
    return undefined;
  }
}
