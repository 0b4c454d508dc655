import { z } from "zod";
import { type Instant, SECOND_MS } from "../../core/duration.ts";
import { RenewdError } from "../../core/errors.ts";
import { compareIssues } from "../../core/issue.ts";
import type { FindQuery, FoundToken, IssuerContext } from "../../core/ports.ts";
import type { SecretText } from "../../core/secret-text.ts";
import type { TokenRequest } from "../../core/token.ts";
import { SharedWork } from "../shared-work.ts";
import { type Account, type Cluster, ownerIn } from "./account.ts";
import type { Api } from "./api.ts";
import { type ArvadosOptions } from "./options.ts";
import { type Form, formOf } from "./request.ts";
import { recordSchema, textOf, type TokenRecord } from "./record.ts";
import { TOKENS_PATH } from "./scopes.ts";

const PAGE_ROWS = 1_000;
const MOST_PAGES = 1_000;
const MOST_ROWS = 200_000;
const CLOCK_JUMP_MS = 5 * SECOND_MS;

/** Rows that are not as documented cannot be ours; only their number counts. */
const pageSchema = z.object({ items: z.array(z.looseObject({ uuid: z.string().max(64) })).max(100_000) });

type Live = TokenRecord & { readonly secret: SecretText };
type Kept = ReadonlyMap<string, readonly Live[]>;

interface Listing {
  readonly beganAt: Instant;
  readonly beganAtUptimeMs: number;
  /** What is kept of it. */
  readonly kinds: ReadonlySet<string>;
  readonly work: SharedWork<Kept>;
}

/**
 * GET /arvados/v1/api_client_authorizations: every token that we may see, with its secret. The server drops the filters
 * that would help without a word (fact sheet §1.7), so all rows are read, and only those of a kind that was asked for or
 * is declared stay; one reading serves all that ask at once.
 */
export class Listings {
  readonly #context: IssuerContext<ArvadosOptions>;
  readonly #api: Api;
  readonly #account: Account;
  #latest: Listing | undefined;

  constructor(context: IssuerContext<ArvadosOptions>, api: Api, account: Account) {
    this.#context = context;
    this.#api = api;
    this.#account = account;
  }

  /** Throws `token_not_owned` where we would see nothing, which would look as if there were nothing. */
  async find({ request, notBefore }: FindQuery, signal: AbortSignal): Promise<readonly FoundToken[]> {
    const cluster = await this.#account.cluster(signal);
    await this.#account.mustSee(ownerIn(cluster, request), signal);
    const kind = kindOf(cluster, request);
    const latest = this.#latest;
    const listing = latest !== undefined && this.#serves(latest, kind, notBefore) ? latest : this.#begin(cluster, kind);
    const found = (await listing.work.join(signal)).get(kind) ?? [];
    return found.map((record) => toFound(record, formOf(request))).sort(compareIssues);
  }

  /** `beganAt` says nothing once the wall clock was moved. */
  #serves(listing: Listing, kind: string, notBefore: Instant): boolean {
    const { clock } = this.#context;
    const jumpMs = clock.now() - listing.beganAt - (clock.uptimeMs() - listing.beganAtUptimeMs);
    if (listing.work.abandoned || Math.abs(jumpMs) > CLOCK_JUMP_MS) return false;
    return notBefore <= listing.beganAt && listing.kinds.has(kind);
  }

  #begin(cluster: Cluster, kind: string): Listing {
    const { clock, declared } = this.#context;
    const kinds = new Set([...declared.map((each) => kindOf(cluster, each.request)), kind]);
    const work = new SharedWork(async (signal) => {
      try {
        return await this.#read(kinds, signal);
      } catch (error) {
        if (this.#latest === listing) this.#latest = undefined;
        throw error;
      }
    });
    const listing: Listing = { beganAt: clock.now(), beganAtUptimeMs: clock.uptimeMs(), kinds, work };
    this.#latest = listing;
    return listing;
  }

  async #read(kinds: ReadonlySet<string>, signal: AbortSignal): Promise<Kept> {
    const own = await this.#account.caller(signal);
    const kept = new Map<string, Live[]>([...kinds].map((kind) => [kind, []]));
    for await (const row of this.#rows(signal)) {
      const { success, data: record } = recordSchema.safeParse(row);
      // The token that we sign in with is nobody's to be handed out.
      if (success && record.uuid !== own.uuid && isLive(record, this.#context.clock.now()))
        kept.get(rowKind(record.ownerUuid, record.scopes))?.push(record);
    }
    return kept;
  }

  /**
   * Every row once. Each page begins with the last row of the one before: when that is missing, rows were deleted in between
   * and others have moved up past us, so we go back. The end is a page without anything new.
   */
  async *#rows(signal: AbortSignal): AsyncGenerator {
    const seen = new Set<string>();
    let offset = 0;
    let furthest = 0;
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const items = await this.#page(offset, signal);
      const fresh = items.filter((row) => !seen.has(row.uuid));
      const isGap = offset > 0 && (items[0] === undefined || fresh[0] === items[0]);
      for (const row of fresh) seen.add(row.uuid);
      if (seen.size > MOST_ROWS) throw this.#tooMany(`more than ${MOST_ROWS} tokens`);
      yield* fresh;
      if (!isGap && fresh.length === 0 && (items.length <= 1 || offset >= furthest)) return;
      const last = offset + Math.max(0, items.length - 1);
      furthest = Math.max(furthest, last);
      offset = isGap ? Math.max(0, offset - PAGE_ROWS) : last;
    }
    throw this.#tooMany(`no end after ${MOST_PAGES} pages`);
  }

  async #page(offset: number, signal: AbortSignal) {
    const order = encodeURIComponent(JSON.stringify(["uuid asc"]));
    const path = `${TOKENS_PATH}?limit=${PAGE_ROWS}&offset=${offset}&order=${order}&count=none`;
    return (await this.#api.read({ call: "list", path }, pageSchema, `list of ${this.#api.url}`, signal)).items;
  }

  #tooMany(what: string): RenewdError {
    return new RenewdError("issuer_answer_too_large", `list of ${this.#api.url}: ${what}`);
  }
}

function isLive(record: TokenRecord, now: Instant): record is Live {
  return record.secret !== null && record.expAt > now;
}

function kindOf(cluster: Cluster, request: TokenRequest): string {
  return rowKind(ownerIn(cluster, request), request.roles);
}

/** Tokens of one user with one set of scopes are of one kind; no scope has a line break in it. */
function rowKind(ownerUuid: string, scopes: readonly string[]): string {
  return [ownerUuid, ...scopes].join("\n");
}

function toFound(record: Live, form: Form): FoundToken {
  const token = textOf(form, record.uuid, record.secret);
  const life = { startAt: record.createdAt ?? 0, expAt: record.expAt };
  return { fingerprint: token.fingerprint, token, issuerId: record.uuid, roles: record.scopes, ...life, comment: null };
}
