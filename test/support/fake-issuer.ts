/**
 * An issuer in memory. It follows the contract of `Issuer` in core/ports.ts, and where that leaves room FlowAuth's
 * documented ways: a renewal keeps name and roles, adds a row and leaves the old one alone; the list holds live rows and
 * the newest expired one. With chosen secrets, extensions and retiring it follows Arvados': the token's text holds the
 * secret, the expiry of a live row can be moved, and a row can be deleted.
 */
import { type Instant, NEVER_AT } from "../../src/core/duration.ts";
import { type ErrorCode, RenewdError } from "../../src/core/errors.ts";
import type { Scopes } from "../../src/core/issue.ts";
import type {
  Clock,
  FindQuery,
  FoundToken,
  Inspection,
  Issuer,
  IssuerCapabilities,
  MintAnswer,
  MintOrder,
  OldToken,
} from "../../src/core/ports.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import { until } from "./until.ts";

/** What the issuer does to a call instead of what it should. */
export type IssuerFault =
  /** Not one byte of any call goes out. */
  | "unreachable"
  /** Every call ends in a server error; nothing is minted. */
  | "server_error"
  /** The request is lost on its way: nothing is minted and nobody says so. */
  | "lose_request"
  /** The token is minted and the answer is lost. */
  | "lose_answer"
  /** Requests hang until they are given up; the token is minted all the same. */
  | "hang"
  | { readonly refuse: ErrorCode }
  | { readonly slowMs: number }
  /** The connection is cut at once, and the token minted so much later. */
  | { readonly lateMs: number }
  /** The minted token is not what was asked for. */
  | { readonly make: Partial<Row> };

export interface Row {
  readonly id: string;
  readonly name: string;
  readonly comment: string | null;
  readonly text: string;
  /** Chosen by who asked for it. */
  readonly secret: string | null;
  readonly roles: readonly string[];
  readonly scopes: Scopes;
  readonly startAt: Instant;
  readonly notBeforeAt: Instant | null;
  readonly expAt: Instant;
  readonly subject: string;
  readonly audience: string;
  readonly signed: boolean;
  /** Came from `request`, not from a person. */
  readonly asked: boolean;
}

export interface IssuerCall {
  readonly call: "find" | "request" | "inspect" | "retire" | "probe";
  readonly at: Instant;
  readonly name: string;
}

export const ACCOUNT = "flowbot";
export const AUDIENCE = "prod";

export class FakeIssuer implements Issuer {
  readonly account = ACCOUNT;
  readonly callLimitMs = 30_000;
  capabilities: IssuerCapabilities;
  readonly rows: Row[] = [];
  readonly calls: IssuerCall[] = [];
  readonly orders: MintOrder[] = [];
  /** Each time that the expiry of a row was moved, and from where. */
  readonly moved: { readonly text: string; readonly at: Instant; readonly fromAt: Instant }[] = [];
  /** Rows that ended before their time: retired, or revoked by a renewal. */
  readonly ended: { readonly row: Row; readonly at: Instant }[] = [];
  retire: Issuer["retire"] = null;
  /** Tokens say nothing of themselves, and nobody can be asked. */
  opaque = false;
  /** An answer says when the token expires. */
  saysExpiry = true;
  /** Why it does not retire. */
  retireFault: ErrorCode | undefined;
  /** No token lives beyond this; nothing tells. */
  latestExpAt = Infinity;
  keyReachable = true;
  /** What the answer to a probe says of the time there reaches the clock's watch. */
  tellTime: (issuerNow: Instant) => void = () => undefined;
  /** Runs after a listing was answered, before the caller sees it. */
  afterFind: () => Promise<void> | void = () => undefined;
  /** The most requests for one name that were under way at once. */
  mostAtOnce = 0;
  readonly #clock: Clock;
  readonly #underWay = new Map<string, number>();
  readonly #listed = new Map<string, { readonly at: Instant; readonly tokens: readonly FoundToken[] }>();
  #fault: IssuerFault | undefined;
  #faultsLeft = 0;
  #made = 0;

  constructor(clock: Clock, capabilities: IssuerCapabilities) {
    this.#clock = clock;
    this.capabilities = capabilities;
  }

  /** From now on, or for so many calls of `request`. */
  fail(fault: IssuerFault, times = Infinity): void {
    this.#fault = fault;
    this.#faultsLeft = times;
  }

  heal(): void {
    this.#fault = undefined;
  }

  /** Somebody mints a token of this name by hand. */
  mintByHand(name: string, lifetimeMs: number, made: Partial<Row> = {}): Row {
    return this.#mint(name, ["runner"], lifetimeMs, { asked: false, ...made });
  }

  /** From now on it can end tokens before their time. */
  allowRetiring(): void {
    this.retire = (old) => this.#retire(old);
  }

  rowOf(text: string): Row | undefined {
    return this.rows.find((row) => row.text === text);
  }

  /** What became of a token, also of one that was ended: until when it worked at the most. */
  lifeOf(text: string): { readonly row: Row; readonly expAt: Instant } | undefined {
    const row = this.rowOf(text);
    if (row !== undefined) return { row, expAt: row.expAt };
    const end = this.ended.find((each) => each.row.text === text);
    return end === undefined ? undefined : { row: end.row, expAt: Math.min(end.row.expAt, end.at) };
  }

  count(call: IssuerCall["call"], name?: string): number {
    return this.calls.filter((each) => each.call === call && (name === undefined || each.name === name)).length;
  }

  async find(query: FindQuery, signal: AbortSignal): Promise<readonly FoundToken[]> {
    const kept = this.#listed.get(query.name);
    if (kept !== undefined && kept.at >= query.notBefore) return kept.tokens;
    const begunAt = this.#clock.now();
    this.#note("find", query.name);
    const fault = this.#fault;
    if (fault === "unreachable") throw new RenewdError("issuer_unreachable", "no route", { sent: false });
    if (fault === "server_error") throw new RenewdError("issuer_error", "500");
    if (typeof fault === "object" && "slowMs" in fault) await until(this.#clock, fault.slowMs, signal);
    if (signal.aborted) throw new RenewdError("issuer_timeout", "the list took too long");
    const mine = this.rows.filter((row) => row.name === query.name);
    const now = this.#clock.now();
    const newestExpired = mine.filter((row) => row.expAt <= now).at(-1);
    const listed = mine.filter((row) => row.expAt > now || row === newestExpired).map(foundOf);
    this.#listed.set(query.name, { at: begunAt, tokens: listed });
    await this.afterFind();
    return listed;
  }

  async request(order: MintOrder, signal: AbortSignal): Promise<MintAnswer> {
    this.#note("request", order.name);
    this.orders.push(order);
    const underWay = (this.#underWay.get(order.name) ?? 0) + 1;
    this.#underWay.set(order.name, underWay);
    this.mostAtOnce = Math.max(this.mostAtOnce, underWay);
    try {
      return await this.#answer(order, this.#takeFault(), signal);
    } finally {
      this.#underWay.set(order.name, (this.#underWay.get(order.name) ?? 1) - 1);
    }
  }

  inspect(token: SecretText): Promise<Inspection> {
    const row = this.rowOf(token.reveal());
    this.#note("inspect", row?.name ?? "");
    if (this.opaque) return Promise.resolve({ outcome: "opaque" });
    if (!this.keyReachable) {
      return Promise.resolve({ outcome: "unknown", error: new RenewdError("key_unreachable", "no key") });
    }
    if (row === undefined) return Promise.resolve({ outcome: "refuted", check: "form", message: "not a token" });
    if (!row.signed)
      return Promise.resolve({ outcome: "refuted", check: "signature", message: "not signed by the key" });
    const { subject, audience, startAt, notBeforeAt, expAt, scopes } = row;
    const claims = { subject, audiences: [audience], issuedAt: startAt, notBeforeAt, expAt, scopes };
    return Promise.resolve({ outcome: "proved", claims });
  }

  probe(): Promise<readonly string[]> {
    this.#note("probe", "");
    if (this.#fault === undefined) this.tellTime(this.#clock.now());
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #answer(order: MintOrder, fault: IssuerFault | undefined, signal: AbortSignal): Promise<MintAnswer> {
    switch (fault) {
      case "unreachable":
        return { outcome: "refused", error: new RenewdError("issuer_unreachable", "no route", { sent: false }) };
      case "server_error":
        return { outcome: "unknown", error: new RenewdError("issuer_error", "500") };
      case "lose_request":
        return { outcome: "unknown", error: new RenewdError("issuer_timeout", "no answer") };
      case "lose_answer":
        this.#carryOut(order);
        return { outcome: "unknown", error: new RenewdError("issuer_timeout", "no answer") };
      case "hang":
        this.#carryOut(order);
        await until(this.#clock, Infinity, signal);
        return { outcome: "unknown", error: new RenewdError("issuer_timeout", "given up") };
      case undefined:
        return this.#answerWith(this.#carryOut(order));
    }
    if ("refuse" in fault) {
      const error = new RenewdError(fault.refuse, "refused");
      // Where the secret is chosen a refusal says that no token has it.
      const secret = order.secret?.reveal();
      const exists = secret !== undefined && this.rows.some((row) => row.secret === secret);
      return { outcome: exists ? "unknown" : "refused", error };
    }
    if ("make" in fault) return this.#answerWith(this.#carryOut(order, fault.make));
    if ("lateMs" in fault) {
      this.#clock.after(fault.lateMs, () => void this.#carryOut(order));
      return { outcome: "unknown", error: new RenewdError("issuer_timeout", "cut off") };
    }
    const row = this.#carryOut(order);
    await until(this.#clock, fault.slowMs, signal);
    if (signal.aborted) return { outcome: "unknown", error: new RenewdError("issuer_timeout", "given up") };
    return this.#answerWith(row);
  }

  #answerWith(row: Row | undefined): MintAnswer {
    if (row === undefined) return { outcome: "refused", error: new RenewdError("token_absent", "no such token") };
    const { id: issuerId, expAt } = row;
    const token = new SecretText(row.text);
    return { outcome: "minted", token, issuerId, expiresAt: this.saysExpiry ? expAt : null, scopes: null };
  }

  /** Undefined where there is nothing to extend. The same secret again finds the row that it made. */
  #carryOut(order: MintOrder, made: Partial<Row> = {}): Row | undefined {
    const base = this.rows.find((row) => row.id === order.baseId || row.text === order.base?.reveal());
    if (order.kind === "extend") return base === undefined ? undefined : this.#extend(base, order.expAt, made);
    const secret = order.secret?.reveal() ?? null;
    const before = secret === null ? undefined : this.rows.find((row) => row.secret === secret);
    if (before !== undefined) return before;
    const roles = this.capabilities.secret === "chosen" ? order.request.roles : (base?.roles ?? order.request.roles);
    const isExact = secret !== null || order.expAt === NEVER_AT;
    return this.#mint(order.name, roles, order.lifetimeMs, {
      comment: order.comment,
      secret,
      ...(isExact ? { expAt: Math.min(order.expAt, this.latestExpAt) } : {}),
      asked: true,
      ...made,
    });
  }

  #extend(base: Row, expAt: Instant, made: Partial<Row>): Row | undefined {
    const now = this.#clock.now();
    if (base.expAt <= now) return undefined;
    const row = { ...base, expAt: Math.min(expAt, this.latestExpAt), ...made };
    this.moved.push({ text: base.text, at: now, fromAt: base.expAt });
    this.rows[this.rows.indexOf(base)] = row;
    return row;
  }

  #retire(old: OldToken): Promise<void> {
    const index = this.rows.findIndex((row) => row.id === old.issuerId || row.text === old.token.reveal());
    this.#note("retire", this.rows[index]?.name ?? "");
    const fault = this.retireFault;
    if (fault !== undefined) return Promise.reject(new RenewdError(fault, "it would not"));
    const row = this.rows[index];
    if (row !== undefined) this.#end(row);
    return Promise.resolve();
  }

  #end(row: Row): void {
    this.rows.splice(this.rows.indexOf(row), 1);
    this.ended.push({ row, at: this.#clock.now() });
  }

  #mint(name: string, roles: readonly string[], lifetimeMs: number, made: Partial<Row>): Row {
    const now = this.#clock.now();
    const startAt = made.startAt ?? now;
    // Rows may have been put there by a test.
    this.#made = Math.max(this.#made, this.rows.length) + 1;
    const id = String(this.#made);
    const row: Row = {
      id,
      name,
      comment: null,
      text: made.secret == null ? `token-${id}-of-${name}` : `v2/${id}/${made.secret}`,
      secret: null,
      roles,
      scopes: Object.fromEntries((made.roles ?? roles).map((role) => [role, ["read"]])),
      startAt,
      notBeforeAt: null,
      expAt: Math.min(startAt + lifetimeMs, this.latestExpAt),
      subject: ACCOUNT,
      audience: AUDIENCE,
      signed: true,
      asked: true,
      ...made,
    };
    if (this.capabilities.overlap === "none")
      for (const old of this.rows.filter((each) => each.name === name)) this.#end(old);
    this.rows.push(row);
    return row;
  }

  #takeFault(): IssuerFault | undefined {
    const fault = this.#fault;
    if (fault === undefined) return undefined;
    this.#faultsLeft -= 1;
    if (this.#faultsLeft <= 0) this.#fault = undefined;
    return fault;
  }

  #note(call: IssuerCall["call"], name: string): void {
    this.calls.push({ call, at: this.#clock.now(), name });
  }
}

function foundOf(row: Row): FoundToken {
  const token = new SecretText(row.text);
  const { id: issuerId, roles, startAt, expAt, comment } = row;
  return { token, fingerprint: token.fingerprint, issuerId, roles, startAt, expAt, comment };
}
