import { createHash, randomInt } from "node:crypto";
import type { Instant } from "../../../src/core/duration.ts";

/** A row of the table api_client_authorizations. `expiresAt` may carry thousandths of a millisecond. */
export interface Row {
  /** The order of creation. */
  readonly id: number;
  readonly uuid: string;
  readonly owner_uuid: string;
  api_token: string;
  /** Whatever was sent: nothing is validated on saving. */
  scopes: readonly unknown[];
  expiresAt: Instant | null;
  readonly createdAt: Instant;
  /** When its expiry was last written; the sweep comes by only after that. */
  expiryWrittenAt: Instant;
  readonly created_by_ip_address: string | null;
}

/** What a select may name on list and get: columns of the table. The owner is not one of them. */
export const COLUMNS: readonly string[] = [
  "uuid",
  "api_token",
  "scopes",
  "expires_at",
  "created_at",
  "created_by_ip_address",
  "last_used_at",
  "last_used_by_ip_address",
];

const ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz";

export function randomText(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
}

/** Nine fractional digits, of which the database keeps six; null stays null. */
function timestamp(at: Instant | null): string | null {
  if (at === null) return null;
  const micros = Math.floor((at - Math.floor(at)) * 1_000 + 0.5);
  return `${new Date(Math.floor(at)).toISOString().slice(0, -1)}${String(micros).padStart(3, "0")}000Z`;
}

/** As Rails casts a text to a time: UTC where no zone is given, and null for whatever it cannot read. */
export function castInstant(value: unknown): Instant | null {
  if (typeof value !== "string") return null;
  const form = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,6})\d*)?\s?(Z|UTC|[+-]\d\d:?\d\d)?)?$/i;
  const found = form.exec(value.trim());
  if (found === null) return null;
  const [, date, time = "00:00", seconds = ":00", fraction = "", zone = "Z"] = found;
  const offset = /^[+-]/.test(zone) ? zone.replace(/^(...):?(..)$/, "$1:$2") : "Z";
  const at = Date.parse(`${date}T${time}${seconds}${offset}`);
  return Number.isNaN(at) ? null : at + Number(fraction.padEnd(6, "0")) / 1_000;
}

/** The record as it comes out of the controller, where a null text reads "". */
export function recordOf(row: Row, hideSecret = false): Record<string, unknown> {
  const etag = createHash("md5").update(JSON.stringify(row)).digest("hex");
  return {
    api_token: hideSecret ? "" : row.api_token,
    created_at: row.createdAt === 0 ? null : timestamp(row.createdAt),
    created_by_ip_address: row.created_by_ip_address ?? "",
    etag,
    expires_at: timestamp(row.expiresAt),
    kind: "arvados#apiClientAuthorization",
    last_used_at: null,
    last_used_by_ip_address: "",
    modified_at: null,
    modified_by_user_uuid: "",
    owner_uuid: row.owner_uuid,
    scopes: row.scopes,
    uuid: row.uuid,
  };
}
