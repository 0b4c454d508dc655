/**
 * An issuer in memory. It follows the contract of `Issuer` in core/ports.ts, and where that leaves room FlowAuth's
 * documented ways: a renewal keeps name and roles, adds a row and leaves the old one alone; the list holds live rows and
 * the newest expired one.
 */
import type { Instant } from "../../src/core/duration.ts";
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
  readonly text: string;
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
  readonly call: "find" | "request" | "inspect" | "probe";
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

  rowOf(text: string): Row | undefined {
    return this.rows.find((row) => row.text === text);
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
        this.#mintFor(order);
        return { outcome: "unknown", error: new RenewdError("issuer_timeout", "no answer") };
      case "hang":
        this.#mintFor(order);
        await until(this.#clock, Infinity, signal);
        return { outcome: "unknown", error: new RenewdError("issuer_timeout", "given up") };
      case undefined:
        return mintedAnswer(this.#mintFor(order));
    }
    if ("refuse" in fault) return { outcome: "refused", error: new RenewdError(fault.refuse, "refused") };
    if ("make" in fault) return mintedAnswer(this.#mintFor(order, fault.make));
    if ("lateMs" in fault) {
      this.#clock.after(fault.lateMs, () => void this.#mintFor(order));
      return { outcome: "unknown", error: new RenewdError("issuer_timeout", "cut off") };
    }
    const row = this.#mintFor(order);
    await until(this.#clock, fault.slowMs, signal);
    if (signal.aborted) return { outcome: "unknown", error: new RenewdError("issuer_timeout", "given up") };
    return mintedAnswer(row);
  }

  #mintFor(order: MintOrder, made: Partial<Row> = {}): Row {
    const base = this.rows.find((row) => row.id === order.baseId);
    return this.#mint(order.name, base?.roles ?? order.request.roles, order.lifetimeMs, { asked: true, ...made });
  }

  #mint(name: string, roles: readonly string[], lifetimeMs: number, made: Partial<Row>): Row {
    const now = this.#clock.now();
    const startAt = made.startAt ?? now;
    const id = String(this.rows.length + 1);
    const row: Row = {
      id,
      name,
      text: `token-${id}-of-${name}`,
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
    if (this.capabilities.overlap === "none") this.rows.length = 0;
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

function mintedAnswer(row: Row): MintAnswer {
  return { outcome: "minted", token: new SecretText(row.text), issuerId: row.id, expiresAt: row.expAt };
}

function foundOf(row: Row): FoundToken {
  const token = new SecretText(row.text);
  const { id: issuerId, roles, startAt, expAt } = row;
  return { token, fingerprint: token.fingerprint, issuerId, roles, startAt, expAt };
}
