/** Which tokens of the fleet are shown, in what order: what the address asks for. */
import { renewalAt, type TokenStatus } from "../../core/status.ts";
import { byDanger, compareInstants, compareTexts } from "../../core/danger.ts";

export const SHOWN = ["all", "attention", "ok", "paused"] as const;
export const SORTS = ["danger", "renewal", "expiry", "name"] as const;
export const PAGE_ROWS = 50;
const QUERY_LENGTH_MAX = 200;

export interface FleetQuery {
  readonly q: string;
  readonly state: (typeof SHOWN)[number];
  /** "" for any. */
  readonly issuer: string;
  readonly store: string;
  readonly sort: (typeof SORTS)[number];
  /** From 1 on. */
  readonly page: number;
}

export interface FleetRows {
  readonly rows: readonly TokenStatus[];
  /** How many fit in all. */
  readonly fitting: number;
  readonly page: number;
  readonly pages: number;
}

/** What cannot be understood counts as not asked for: a link that somebody cut short still shows something. */
export function readFleetQuery(asked: (name: string) => string | undefined): FleetQuery {
  const text = (name: string): string => (asked(name) ?? "").slice(0, QUERY_LENGTH_MAX).trim();
  const page = /^[1-9]\d{0,5}$/.test(text("page")) ? Number(text("page")) : 1;
  const state = SHOWN.find((each) => each === asked("state")) ?? "all";
  const sort = SORTS.find((each) => each === asked("sort")) ?? "danger";
  return { q: text("q"), state, issuer: text("issuer"), store: text("store"), sort, page };
}

/** The address of the same view, with other values here and there; what is as usual is left out. */
export function fleetHref(query: FleetQuery, changes: Partial<FleetQuery> = {}): string {
  const usual = new Map<string, unknown>(Object.entries(readFleetQuery(() => undefined)));
  const asked = Object.entries({ ...query, ...changes }).filter(([name, value]) => value !== usual.get(name));
  const params = new URLSearchParams(asked.map(([name, value]) => [name, String(value)])).toString();
  return params === "" ? "/" : `/?${params}`;
}

export function selectTokens(tokens: readonly TokenStatus[], query: FleetQuery): FleetRows {
  const words = query.q.toLowerCase().split(/\s+/).filter(Boolean);
  const fitting = inOrder(tokens, query.sort).filter(
    (token) => fits(token, query) && (words.length === 0 || hasAll(token, words)),
  );
  const pages = Math.max(1, Math.ceil(fitting.length / PAGE_ROWS));
  const page = Math.min(query.page, pages);
  const rows = fitting.slice((page - 1) * PAGE_ROWS, page * PAGE_ROWS);
  return { rows, fitting: fitting.length, page, pages };
}

/** Nothing but how the tokens are sorted or paged differs from the view of all. */
export function isNarrowed({ q, state, issuer, store }: FleetQuery): boolean {
  return q !== "" || state !== "all" || issuer !== "" || store !== "";
}

function fits(token: TokenStatus, { state, issuer, store }: FleetQuery): boolean {
  if (issuer !== "" && token.issuer !== issuer) return false;
  if (store !== "" && !token.targets.some((target) => target.store === store)) return false;
  if (state === "attention") return !token.ok;
  if (state === "ok") return token.ok && token.pause === null;
  return state === "all" || token.pause !== null;
}

function hasAll(token: TokenStatus, words: readonly string[]): boolean {
  const { token: key, name, comment, issuer, labels, newest, targets } = token;
  const parts = [key, name, comment ?? "", issuer, ...(newest?.roles ?? []), newest?.fingerprint ?? ""];
  for (const [label, value] of Object.entries(labels)) parts.push(`${label}=${value}`);
  for (const { target, store } of targets) parts.push(target, store);
  const text = parts.join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

type Sort = FleetQuery["sort"];
type Tokens = readonly TokenStatus[];

const ordered = new WeakMap<Tokens, Map<Sort, Tokens>>();

/** Several look at one report, and each page of it is asked for by itself: it is put in order once. */
function inOrder(tokens: Tokens, sort: Sort): Tokens {
  const known = ordered.get(tokens) ?? new Map<Sort, Tokens>();
  ordered.set(tokens, known);
  const found = known.get(sort) ?? (sort === "danger" ? byDanger(tokens) : tokens.toSorted(ORDERS[sort]));
  known.set(sort, found);
  return found;
}

const ORDERS: Readonly<Record<Exclude<Sort, "danger">, (a: TokenStatus, b: TokenStatus) => number>> = {
  renewal: (a, b) => compareInstants(renewalOf(a), renewalOf(b)) || compareTexts(a.token, b.token),
  expiry: (a, b) => compareInstants(expiryAt(a), expiryAt(b)) || compareTexts(a.token, b.token),
  name: (a, b) => compareTexts(a.token, b.token),
};

function renewalOf(token: TokenStatus): number {
  return renewalAt(token) ?? Number.NEGATIVE_INFINITY;
}

function expiryAt({ newest }: TokenStatus): number {
  return newest?.expAt ?? Number.NEGATIVE_INFINITY;
}
