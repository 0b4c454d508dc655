import type { Instant } from "../../../src/core/duration.ts";
import type { Clock } from "../../../src/core/ports.ts";
import { partsOf, type Caller } from "./caller.ts";
import type { Params } from "./params.ts";
import { exception, pathNotFound, Refusal } from "./refusal.ts";
import { castInstant, randomText, type Row } from "./row.ts";

/** How often the controller deletes what has expired: Collections.TrashSweepInterval. */
const SWEEP_MS = 60_000;
const TABLE = "ApiClientAuthorization";
const SETTABLE = [
  "scopes",
  "expires_at",
  "api_token",
  "created_by_ip_address",
  "last_used_at",
  "last_used_by_ip_address",
];
const IGNORED = [
  "created_at",
  "modified_at",
  "modified_by_user_uuid",
  "modified_by_client_uuid",
  "kind",
  "etag",
  "href",
];

export interface TableOptions {
  readonly clock: Clock;
  readonly clusterId: string;
  readonly maxTokenLifetimeMs: number;
}

/** What Rails keeps of tokens, and its rules for creating and changing them. */
export class TokenTable {
  readonly #options: TableOptions;
  #rows: Row[] = [];
  #lastId = 0;

  constructor(options: TableOptions) {
    this.#options = options;
  }

  /** Every row that is still there, expired ones included until the sweep comes by. */
  get rows(): readonly Row[] {
    const now = this.#options.clock.now();
    this.#rows = this.#rows.filter(
      ({ expiresAt, expiryWrittenAt }) => expiresAt === null || now < Math.max(expiresAt, expiryWrittenAt) + SWEEP_MS,
    );
    return this.#rows;
  }

  live(): readonly Row[] {
    const now = this.#options.clock.now();
    return this.rows.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
  }

  /** The live row that a token proves to hold. */
  holding(token: string): Row | undefined {
    const parts = partsOf(token);
    if (parts === null) return undefined;
    return this.live().find(
      (row) => row.api_token === parts.secret && (parts.uuid === null || parts.uuid === row.uuid),
    );
  }

  /** Puts a row there without any rule; what is left out is as Rails makes it. */
  insert(owner_uuid: string, given: Partial<Row> = {}): Row {
    const now = this.#options.clock.now();
    const row: Row = {
      id: (this.#lastId += 1),
      uuid: `${this.#options.clusterId}-gj3su-${randomText(15)}`,
      owner_uuid,
      api_token: randomText(50),
      scopes: ["all"],
      expiresAt: null,
      createdAt: now,
      expiryWrittenAt: now,
      created_by_ip_address: null,
      ...given,
    };
    this.#rows.push(row);
    return row;
  }

  create(caller: Caller, attrs: Params, userExists: (uuid: string) => boolean): Row {
    refuseUnknown(attrs, [...SETTABLE, ...IGNORED, "owner_uuid", "uuid"]);
    const owner = attrs["owner_uuid"] == null ? caller.userUuid : textOf(attrs["owner_uuid"]);
    if (!userExists(owner)) throw new Refusal(403, "Owner uuid cannot be nil");
    if (!caller.admin && owner !== caller.userUuid) throw permissionDenied();
    const uuid = attrs["uuid"] == null ? undefined : textOf(attrs["uuid"]);
    if (uuid !== undefined) this.#checkUuid(caller, uuid);
    const secret = attrs["api_token"] == null ? randomText(50) : textOf(attrs["api_token"]);
    this.#checkSecret(secret);
    return this.insert(owner, {
      ...(uuid === undefined ? {} : { uuid }),
      api_token: secret,
      scopes: scopesFrom(attrs["scopes"] ?? ["all"]),
      expiresAt: this.#clamped(caller, castInstant(attrs["expires_at"])),
      created_by_ip_address: attrs["created_by_ip_address"] == null ? null : textOf(attrs["created_by_ip_address"]),
    });
  }

  /** Sees what `visibleTo` sees; an owner cannot be changed, a uuid must not. */
  update(caller: Caller, uuid: string, attrs: Params): Row {
    const row = this.visible(caller, uuid);
    refuseUnknown(attrs, [...SETTABLE, ...IGNORED, "uuid"]);
    if (attrs["uuid"] != null && attrs["uuid"] !== row.uuid) throw permissionDenied();
    const scopes = "scopes" in attrs ? scopesFrom(attrs["scopes"]) : row.scopes;
    if (attrs["api_token"] != null && attrs["api_token"] !== row.api_token) {
      this.#checkSecret(textOf(attrs["api_token"]));
      row.api_token = textOf(attrs["api_token"]);
    }
    row.scopes = scopes;
    if ("expires_at" in attrs) {
      const asked = castInstant(attrs["expires_at"]);
      if (asked !== row.expiresAt) this.expire(row, this.#clamped(caller, asked));
    }
    return row;
  }

  expire(row: Row, at: Instant | null): void {
    row.expiresAt = at;
    row.expiryWrittenAt = this.#options.clock.now();
  }

  delete(caller: Caller, uuid: string): Row {
    const row = this.visible(caller, uuid);
    this.#rows = this.#rows.filter((each) => each !== row);
    return row;
  }

  /** Only SystemRootToken sees the tokens of others; an administrator does not. */
  visibleTo(caller: Caller): readonly Row[] {
    return this.rows.filter((row) => caller.systemRoot || row.owner_uuid === caller.userUuid);
  }

  visible(caller: Caller, uuid: string): Row {
    const row = this.visibleTo(caller).find((each) => each.uuid === uuid);
    if (row === undefined) throw pathNotFound();
    return row;
  }

  /** MaxTokenLifetime shortens without a word; an administrator may exceed it, but not go without an end. */
  #clamped(caller: Caller, asked: Instant | null): Instant | null {
    const { maxTokenLifetimeMs, clock } = this.#options;
    if (maxTokenLifetimeMs === 0) return asked;
    const latestAt = clock.now() + maxTokenLifetimeMs;
    return asked === null || (asked > latestAt && !caller.admin) ? latestAt : asked;
  }

  #checkUuid(caller: Caller, uuid: string): void {
    if (!caller.admin) throw new Refusal(422, "Uuid assignment not permitted");
    if (!/^[0-9a-z]{5}-gj3su-[0-9a-z]{15}$/.test(uuid)) throw new Refusal(422, "Uuid is not valid");
    if (this.rows.some((row) => row.uuid === uuid)) throw duplicate("uuid", uuid);
  }

  #checkSecret(secret: string): void {
    if (secret.length > 255) {
      throw exception(
        "ActiveRecord::ValueTooLong",
        "PG::StringDataRightTruncation: ERROR:  value too long for type character varying(255)\n",
      );
    }
    if (this.rows.some((row) => row.api_token === secret)) throw duplicate("api_token", secret);
  }
}

function permissionDenied(): Refusal {
  return new Refusal(403, "#<ArvadosModel::PermissionDeniedError: ArvadosModel::PermissionDeniedError>");
}

/** PostgreSQL's words tell the value, which may be a secret. */
function duplicate(column: string, value: string): Refusal {
  const index = `index_api_client_authorizations_on_${column}`;
  const words = `duplicate key value violates unique constraint "${index}"\nDETAIL:  Key (${column})=(${value}) already exists.\n`;
  return exception("ActiveRecord::RecordNotUnique", `PG::UniqueViolation: ERROR:  ${words}`);
}

function refuseUnknown(attrs: Params, known: readonly string[]): void {
  const unknown = Object.keys(attrs).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw exception("ActiveModel::UnknownAttributeError", `unknown attribute '${unknown}' for ${TABLE}.`);
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** An array of anything. What is not an array does not fit the column. */
function scopesFrom(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const words = `can't serialize \`scopes\`: was supposed to be a Array, but was a ${typeof value}.`;
  throw exception("ActiveRecord::SerializationTypeMismatch", words);
}
