/**
 * An issuer in memory, by the real time, after the contract of `Issuer` in core/ports.ts, and where that leaves room
 * FlowAuth's documented ways: a renewal keeps name and roles, adds a row and leaves the old one alone; the list holds live
 * rows and the newest expired one.
 */
import { DAY_MS, type Instant } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import type { TokenRequest } from "../../src/core/token.ts";
import type {
  FindQuery,
  FoundToken,
  Inspection,
  Issuer,
  IssuerCapabilities,
  MintAnswer,
  MintOrder,
} from "../../src/core/ports.ts";
import { type Fingerprint, SecretText } from "../../src/core/secret-text.ts";
import { until } from "../support/until.ts";
import { HourlyCount } from "./hourly-count.ts";
import { CALL_LIMIT_MS, failsAlways, flawedTimes, type Flaw, type IssuerFault } from "./issuer-faults.ts";
import type { Spell, Timeline } from "./spells.ts";
import type { Draw } from "./streams.ts";
import type { Truth } from "./truth.ts";

export interface Row {
  readonly id: string;
  readonly name: string;
  readonly token: SecretText;
  readonly fingerprint: Fingerprint;
  readonly roles: readonly string[];
  readonly startAt: Instant;
  readonly notBeforeAt: Instant | null;
  readonly expAt: Instant;
  /** Came from `request`, not from a person. */
  readonly asked: boolean;
  readonly flaw: Flaw | undefined;
}

const ACCOUNT = "flowbot";
export const AUDIENCE = "prod";
/** What each role may do. */
const SCOPES: readonly string[] = ["read", "run"];

export class SimIssuer implements Issuer {
  readonly account = ACCOUNT;
  readonly callLimitMs: number = CALL_LIMIT_MS;
  readonly capabilities: IssuerCapabilities;
  minted = 0;
  /** The most requests for one token that were under way at once. */
  mostAtOnce = 0;
  /** While every call fails. */
  readonly failingCalls = new HourlyCount();
  readonly failingCallsOf = new Map<string, HourlyCount>();
  /** Its answers tell what time it is there. */
  tellTime: (issuerNow: Instant) => void = () => undefined;
  readonly #truth: Truth;
  readonly #draw: Draw;
  readonly #faults: Timeline<IssuerFault>;
  readonly #rowsOf = new Map<string, Row[]>();
  readonly #byText = new Map<string, Row>();
  readonly #underWay = new Map<string, number>();
  #counted: Spell<IssuerFault> | undefined;

  constructor(truth: Truth, draw: Draw, lists: boolean, faults: Timeline<IssuerFault>) {
    this.#truth = truth;
    this.#draw = draw;
    this.#faults = faults;
    this.capabilities = { lists, overlap: "kept" };
  }

  rowsOf(name: string): readonly Row[] {
    return this.#rowsOf.get(name) ?? [];
  }

  rowOf(text: string): Row | undefined {
    return this.#byText.get(text);
  }

  /** A person mints a token of this name. */
  mintByHand(name: string, roles: readonly string[], lifetimeMs: number): Row {
    return this.#mint(name, roles, lifetimeMs, undefined, false);
  }

  async find(query: FindQuery, signal: AbortSignal): Promise<readonly FoundToken[]> {
    const fault = this.#meet(query.name);
    const wrong = findError(fault);
    if (wrong !== undefined) throw wrong;
    if (fault?.kind === "hang") await until(this.#truth, Infinity, signal);
    if (fault?.kind === "slow") await until(this.#truth, fault.byMs, signal);
    if (signal.aborted) throw new RenewdError("issuer_timeout", "the list took too long");
    const now = this.#truth.now();
    this.tellTime(now + (fault?.kind === "skewed" ? fault.byMs : 0));
    const mine = this.#rowsOf.get(query.name) ?? [];
    const newestExpired = mine.findLast((row) => row.expAt <= now);
    return mine.filter((row) => row.expAt > now || row === newestExpired).map(foundOf);
  }

  async request(order: MintOrder, signal: AbortSignal): Promise<MintAnswer> {
    const { name } = order;
    const underWay = (this.#underWay.get(name) ?? 0) + 1;
    this.#underWay.set(name, underWay);
    this.mostAtOnce = Math.max(this.mostAtOnce, underWay);
    try {
      return await this.#answer(order, this.#meet(name), signal);
    } finally {
      this.#underWay.set(name, (this.#underWay.get(name) ?? 1) - 1);
    }
  }

  inspect(token: SecretText): Promise<Inspection> {
    const row = this.#byText.get(token.reveal());
    if (row === undefined) return Promise.resolve({ outcome: "refuted", check: "form", message: "not a token" });
    const { kind } = this.#fault() ?? {};
    if (kind === "no_key" || kind === "unreachable" || kind === "hang") {
      const error = new RenewdError("key_unreachable", "no key");
      return Promise.resolve({ outcome: "unknown", error });
    }
    if (row.flaw === "unsigned")
      return Promise.resolve({ outcome: "refuted", check: "signature", message: "not signed by the key" });
    const claims = {
      subject: row.flaw === "subject" ? "somebody-else" : ACCOUNT,
      audiences: [row.flaw === "audience" ? "another" : AUDIENCE],
      issuedAt: row.startAt,
      notBeforeAt: row.notBeforeAt,
      expAt: row.expAt,
      scopes: scopesOf(row),
    };
    return Promise.resolve({ outcome: "proved", claims });
  }

  async probe(requests: readonly TokenRequest[], signal: AbortSignal): Promise<readonly string[]> {
    const request = requests[0];
    if (request !== undefined) await this.find({ name: "", request, notBefore: 0 }, signal);
    return [];
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Rows that ended long ago are of no interest any more. */
  forget(beforeAt: Instant): void {
    for (const [name, rows] of this.#rowsOf) {
      const kept = rows.filter((row, index) => row.expAt > beforeAt || index >= rows.length - 2);
      for (const row of rows) if (!kept.includes(row)) this.#byText.delete(row.token.reveal());
      this.#rowsOf.set(name, kept);
    }
  }

  async #answer(order: MintOrder, fault: IssuerFault | undefined, signal: AbortSignal): Promise<MintAnswer> {
    switch (fault?.kind) {
      case "unreachable":
        return { outcome: "refused", error: new RenewdError("issuer_unreachable", "no route", { sent: false }) };
      case "throttled":
        return { outcome: "refused", error: throttled(fault.retryAfterMs) };
      case "refuse":
        return { outcome: "refused", error: new RenewdError(fault.code, "refused") };
      case "server_error":
        return unknown("issuer_error");
      case "garbage":
        return unknown("issuer_answer_invalid");
      case "lose_request":
        return unknown("issuer_timeout");
      case "lose_answer":
        this.#mintFor(order);
        return unknown("issuer_timeout");
      case "hang":
        this.#mintFor(order);
        await until(this.#truth, Infinity, signal);
        return unknown("issuer_timeout");
      case "late":
        this.#truth.after(fault.byMs, () => void this.#mintFor(order));
        return unknown("issuer_timeout");
      case "slow": {
        const row = this.#mintFor(order);
        await until(this.#truth, fault.byMs, signal);
        return signal.aborted ? unknown("issuer_timeout") : mintedAnswer(row);
      }
      case "flawed":
        return mintedAnswer(this.#mintFor(order, fault.flaw));
      case "flaky":
      case "no_key":
      case "no_list":
      case "skewed":
      case undefined:
        return mintedAnswer(this.#mintFor(order));
    }
  }

  #mintFor(order: MintOrder, flaw?: Flaw): Row {
    const base = this.rowsOf(order.name).find((row) => row.id === order.baseId);
    return this.#mint(order.name, base?.roles ?? order.request.roles, order.lifetimeMs, flaw, true);
  }

  #mint(name: string, roles: readonly string[], lifetimeMs: number, flaw: Flaw | undefined, asked: boolean): Row {
    const fault = this.#fault();
    const now = this.#truth.now() + (fault?.kind === "skewed" ? fault.byMs : 0);
    const startAt = Math.floor(now / 1_000) * 1_000;
    const rows = this.#rowsOf.get(name) ?? [];
    const times = { startAt, notBeforeAt: startAt, expAt: startAt + Math.floor(lifetimeMs / 1_000) * 1_000 };
    const made = flaw === undefined ? times : flawedTimes(flaw, times, rows.at(-1));
    this.minted += 1;
    const token = new SecretText(`token-${this.minted}-of-${name}`);
    const row: Row = {
      id: String(this.minted),
      name,
      token,
      fingerprint: token.fingerprint,
      roles: flaw === "role_missing" ? roles.slice(1) : flaw === "role_extra" ? [...roles, "admin"] : roles,
      ...made,
      asked,
      flaw: flaw === "short" ? undefined : flaw,
    };
    this.#rowsOf.set(name, [...rows, row]);
    this.#byText.set(token.reveal(), row);
    return row;
  }

  #fault(): IssuerFault | undefined {
    return this.#faults.at(this.#truth.now())?.what;
  }

  /** What this call meets; it is counted while every call fails. */
  #meet(name: string): IssuerFault | undefined {
    const now = this.#truth.now();
    const spell = this.#faults.at(now);
    if (spell !== this.#counted) {
      this.#counted = spell;
      this.failingCalls.forget();
      for (const count of this.failingCallsOf.values()) count.forget();
    }
    if (spell !== undefined && failsAlways(spell.what)) {
      this.failingCalls.note(now);
      const count = this.failingCallsOf.get(name) ?? new HourlyCount();
      this.failingCallsOf.set(name, count);
      count.note(now);
    }
    const fault = spell?.what;
    // One more than there are faults: now and then it answers as it should.
    return fault?.kind === "flaky" ? fault.faults[this.#draw.below(fault.faults.length + 1)] : fault;
  }
}

function findError(fault: IssuerFault | undefined): RenewdError | undefined {
  if (fault === undefined) return undefined;
  if (fault.kind === "unreachable") return new RenewdError("issuer_unreachable", "no route", { sent: false });
  if (fault.kind === "server_error" || fault.kind === "no_list") return new RenewdError("issuer_error", "500");
  if (fault.kind === "garbage") return new RenewdError("issuer_answer_invalid", "a page");
  return fault.kind === "throttled" ? throttled(fault.retryAfterMs) : undefined;
}

function throttled(retryAfterMs: number | undefined): RenewdError {
  return new RenewdError("issuer_throttled", "429", retryAfterMs === undefined ? {} : { retryAfterMs });
}

function unknown(code: "issuer_error" | "issuer_answer_invalid" | "issuer_timeout"): MintAnswer {
  return { outcome: "unknown", error: new RenewdError(code, "no good answer") };
}

function mintedAnswer(row: Row): MintAnswer {
  return { outcome: "minted", token: row.token, issuerId: row.id, expiresAt: row.expAt };
}

function foundOf(row: Row): FoundToken {
  const { id: issuerId, token, fingerprint, roles, startAt, expAt } = row;
  return { token, fingerprint, issuerId, roles, startAt, expAt };
}

function scopesOf({ roles, flaw }: Row): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(roles.map((role) => [role, flaw === "scope_lost" ? SCOPES.slice(1) : SCOPES]));
}

/** How long after its end a row may still matter: to the state's own memory, and to a reader that still sees it. */
export const REMEMBER_MS: number = 40 * DAY_MS;
