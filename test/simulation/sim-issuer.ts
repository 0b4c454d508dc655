/**
 * An issuer in memory, by the real time, after the contract of `Issuer` in core/ports.ts, and where that leaves room the
 * documented ways of the systems in issuer-kinds.ts: a renewal keeps name and roles, adds a row and leaves the old one alone;
 * a list holds live rows and the newest expired one; a secret that is there already brings its row; an extension moves the
 * expiry of a live row; a rotation takes a live token and ends it.
 */
import { DAY_MS, type Instant } from "../../src/core/duration.ts";
import { type ErrorCode, RenewdError } from "../../src/core/errors.ts";
import type { TokenRequest } from "../../src/core/token.ts";
import type {
  FindQuery,
  FoundToken,
  Inspection,
  Issuer,
  IssuerCapabilities,
  MintAnswer,
  MintOrder,
  OldToken,
} from "../../src/core/ports.ts";
import { type Fingerprint, SecretText } from "../../src/core/secret-text.ts";
import { until } from "../support/until.ts";
import { HourlyCount } from "./hourly-count.ts";
import { CALL_LIMIT_MS, extendedTo, failsAlways, flawedTimes, type Flaw, type IssuerFault } from "./issuer-faults.ts";
import {
  ACCOUNT,
  accountOf,
  AUDIENCE,
  canRetire,
  capabilitiesOf,
  flawAt,
  grantsScopes,
  isAsked,
  type IssuerKind,
} from "./issuer-kinds.ts";
import { isLive, Ledger, type Row } from "./ledger.ts";
import type { Spell, Timeline } from "./spells.ts";
import type { Draw } from "./streams.ts";
import type { Truth } from "./truth.ts";

/** What each role may do where roles are not the scopes themselves. */
const SCOPES: readonly string[] = ["read", "run"];

/** Told of what judges and readers need to know. */
export interface IssuerWatcher {
  /** This request has reached the wire. */
  asked(order: MintOrder): void;
  /** This request has made this row. */
  made(row: Row, order: MintOrder): void;
  /** The row's expiry is about to be moved; then it was. */
  extending(row: Row): void;
  extended(row: Row): void;
  /** A renewal has ended this one for a fresh one. */
  revoked(row: Row): void;
  /** renewd wants this one ended. */
  retired(row: Row): void;
}

/** What the issuer does with a request: a row, or its refusal. */
type Done = { readonly row: Row } | { readonly refused: ErrorCode };

export class SimIssuer implements Issuer {
  readonly kind: IssuerKind;
  readonly account: string | null;
  readonly retire: Issuer["retire"];
  readonly callLimitMs: number = CALL_LIMIT_MS;
  readonly capabilities: IssuerCapabilities;
  readonly ledger = new Ledger();
  minted = 0;
  /** The most different requests for one token that were under way at once. */
  mostAtOnce = 0;
  /** While every call fails. */
  readonly failingCalls = new HourlyCount();
  readonly failingCallsOf = new Map<string, HourlyCount>();
  /** Its answers tell what time it is there. */
  tellTime: (issuerNow: Instant) => void = () => undefined;
  watcher: IssuerWatcher | undefined;
  readonly #truth: Truth;
  readonly #draw: Draw;
  readonly #faults: Timeline<IssuerFault>;
  readonly #underWay = new Map<string, string[]>();
  /** Secrets of requests that were cut off and are still to be carried out. */
  readonly #late = new Set<Fingerprint>();
  #asked = 0;
  #counted: Spell<IssuerFault> | undefined;

  constructor(truth: Truth, draw: Draw, kind: IssuerKind, faults: Timeline<IssuerFault>) {
    this.#truth = truth;
    this.#draw = draw;
    this.#faults = faults;
    this.kind = kind;
    this.account = accountOf(kind);
    this.capabilities = capabilitiesOf(kind);
    this.retire = canRetire(kind) ? (old, signal) => this.#retire(old, signal) : null;
  }

  rowsOf(name: string): readonly Row[] {
    return this.ledger.rowsOf(name);
  }

  rowOf(text: string): Row | undefined {
    return this.ledger.rowOf(text);
  }

  /** A person makes a token of this name. */
  mintByHand(name: string, roles: readonly string[], lifetimeMs: number): Row {
    const startAt = this.#second(this.#now());
    return this.#add({ name, roles, text: undefined, startAt, expAt: startAt + this.#second(lifetimeMs) }, false);
  }

  async find(query: FindQuery, signal: AbortSignal): Promise<readonly FoundToken[]> {
    const fault = this.#meet(query.name);
    const wrong = callError(fault);
    if (wrong !== undefined) throw wrong;
    if (fault?.kind === "no_list") throw new RenewdError("issuer_error", "500");
    await this.#hold(fault, signal);
    if (signal.aborted) throw new RenewdError("issuer_timeout", "the list took too long");
    const now = this.#truth.now();
    this.tellTime(now + (fault?.kind === "skewed" ? fault.byMs : 0));
    const mine = this.rowsOf(query.name);
    const newestExpired = mine.findLast((row) => row.expAt <= now);
    return mine.filter((row) => row.expAt > now || row === newestExpired).map(foundOf);
  }

  async request(order: MintOrder, signal: AbortSignal): Promise<MintAnswer> {
    const { name, kind, secret, expAt } = order;
    this.watcher?.asked(order);
    const before = this.#underWay.get(name) ?? [];
    // Two that are one and the same may meet: that is how a lost answer is asked for again.
    const what = secret?.fingerprint ?? (kind === "extend" ? String(expAt) : `request ${(this.#asked += 1)}`);
    this.#underWay.set(name, [...before, what]);
    this.mostAtOnce = Math.max(this.mostAtOnce, new Set([...before, what]).size);
    try {
      return await this.#answer(order, this.#meet(name), signal);
    } finally {
      const left = this.#underWay.get(name) ?? [];
      this.#underWay.set(name, left.toSpliced(left.indexOf(what), 1));
    }
  }

  inspect(token: SecretText): Promise<Inspection> {
    if (this.kind === "opaque") return Promise.resolve({ outcome: "opaque" });
    const row = this.rowOf(token.reveal());
    if (row === undefined) return Promise.resolve({ outcome: "refuted", check: "form", message: "not a token" });
    const fault = this.#fault();
    const isAway = fault?.kind === "no_key" || fault?.kind === "unreachable" || fault?.kind === "hang";
    if (isAway || (isAsked(this.kind) && callError(fault) !== undefined)) {
      const error = new RenewdError("key_unreachable", "no key");
      return Promise.resolve({ outcome: "unknown", error });
    }
    if (row.flaw === "unsigned")
      return Promise.resolve({ outcome: "refuted", check: "signature", message: "not signed by the key" });
    if (isAsked(this.kind) && !isLive(row, this.#truth.now()))
      return Promise.resolve({ outcome: "refuted", check: "active", message: "it says that it is no good" });
    const claims = {
      subject: row.flaw === "subject" ? "somebody-else" : ACCOUNT,
      audiences: [row.flaw === "audience" ? "another" : AUDIENCE],
      issuedAt: row.issuedAt,
      notBeforeAt: row.notBeforeAt,
      expAt: row.expAt,
      scopes: this.#scopesOf(row),
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
        this.#do(order);
        return unknown("issuer_timeout");
      case "hang":
        this.#do(order);
        await this.#hold(fault, signal);
        return unknown("issuer_timeout");
      case "late":
        return this.#answerLate(order, fault.byMs);
      case "slow": {
        const done = this.#do(order);
        await this.#hold(fault, signal);
        return signal.aborted ? unknown("issuer_timeout") : this.#say(done);
      }
      case "flawed":
        return this.#say(this.#do(order, flawAt(this.kind, fault.flaw)));
      case "flaky":
      case "no_key":
      case "no_list":
      case "skewed":
      case undefined:
        return this.#say(this.#do(order));
    }
  }

  /** The same secret again is refused while what first brought it is under way. */
  #answerLate(order: MintOrder, byMs: number): MintAnswer {
    const secret = order.secret?.fingerprint ?? "";
    if (this.#late.has(secret)) return this.#say({ refused: "request_refused" });
    if (order.secret !== null) this.#late.add(secret);
    this.#truth.after(byMs, () => {
      this.#late.delete(secret);
      this.#do(order);
    });
    return unknown("issuer_timeout");
  }

  #do(order: MintOrder, flaw?: Flaw): Done {
    const { kind, secret, name } = order;
    if (kind === "extend") return this.#extend(order, flaw);
    const now = this.#now();
    const startAt = this.#second(now);
    if (secret !== null) {
      const text = `${name}/${secret.reveal()}`;
      const there = this.rowOf(text);
      if (there !== undefined) return { row: there };
      if (order.expAt <= now) return { refused: "request_refused" };
      const { roles } = order.request;
      const fresh = this.#add({ name, roles, text, startAt, expAt: this.#second(order.expAt) }, true, flaw);
      this.watcher?.made(fresh, order);
      return { row: fresh };
    }
    const base = this.#baseOf(order);
    const isRotation = this.kind === "revoking" && kind === "renew";
    if (isRotation && (base === undefined || !isLive(base, now))) return { refused: "request_refused" };
    const roles = this.kind === "opaque" ? order.request.roles : (base?.roles ?? order.request.roles);
    const expAt = startAt + this.#second(order.lifetimeMs);
    const row = this.#add({ name, roles, text: undefined, startAt, expAt }, true, flaw);
    this.watcher?.made(row, order);
    if (isRotation && base !== undefined) this.watcher?.revoked(this.ledger.change(base, { endedAt: now }));
    return { row };
  }

  #extend(order: MintOrder, flaw: Flaw | undefined): Done {
    const base = this.#baseOf(order);
    const now = this.#now();
    if (base === undefined || !isLive(base, now)) return { refused: "token_absent" };
    const expAt = extendedTo(flaw, {
      startAt: this.#second(now),
      expAt: this.#second(order.expAt),
      before: base.expAt,
    });
    if (expAt === base.expAt) return { row: base };
    this.watcher?.extending(base);
    const row = this.ledger.change(base, { startAt: this.#second(now), expAt });
    this.watcher?.extended(row);
    return { row };
  }

  #baseOf({ base, baseId, name }: MintOrder): Row | undefined {
    return base === null ? this.rowsOf(name).find((row) => row.id === baseId) : this.rowOf(base.reveal());
  }

  #add(
    made: Pick<Row, "name" | "roles" | "startAt" | "expAt"> & { readonly text: string | undefined },
    asked: boolean,
    flaw?: Flaw,
  ): Row {
    const { name, roles, startAt, text } = made;
    const times = { startAt, notBeforeAt: grantsScopes(this.kind) ? null : startAt, expAt: made.expAt };
    this.minted += 1;
    const token = new SecretText(text ?? `token-${this.minted}-of-${name}`);
    const actual = flaw === undefined ? times : flawedTimes(flaw, times, this.rowsOf(name).at(-1));
    const row: Row = {
      id: String(this.minted),
      name,
      token,
      fingerprint: token.fingerprint,
      roles: flaw === "role_missing" ? roles.slice(1) : flaw === "role_extra" ? [...roles, "admin"] : roles,
      ...actual,
      issuedAt: actual.startAt,
      asked,
      flaw: flaw === "short" ? undefined : flaw,
      endedAt: null,
    };
    this.ledger.add(row);
    return row;
  }

  async #retire({ token }: OldToken, signal: AbortSignal): Promise<void> {
    const row = this.rowOf(token.reveal());
    const fault = this.#meet(row?.name ?? "");
    const wrong = callError(fault);
    if (wrong !== undefined) throw wrong;
    if (fault?.kind === "refuse") throw new RenewdError("request_refused", "refused");
    if (row !== undefined) {
      this.watcher?.retired(row);
      const end = (): void => void this.ledger.change(row, { endedAt: this.#truth.now() });
      if (fault?.kind === "late") this.#truth.after(fault.byMs, end);
      else if (fault?.kind !== "lose_request") end();
    }
    await this.#hold(fault, signal);
    const isLost = fault?.kind === "late" || fault?.kind === "lose_request" || fault?.kind === "lose_answer";
    if (isLost || signal.aborted) throw new RenewdError("issuer_timeout", "no answer");
  }

  /** Until the answer comes, or the caller has given up. */
  async #hold(fault: IssuerFault | undefined, signal: AbortSignal): Promise<void> {
    if (fault?.kind === "hang") await until(this.#truth, Infinity, signal);
    if (fault?.kind === "slow") await until(this.#truth, fault.byMs, signal);
  }

  #say(done: Done): MintAnswer {
    if ("refused" in done) return { outcome: "refused", error: new RenewdError(done.refused, "refused") };
    const { token, id, expAt, flaw } = done.row;
    // RFC 6749 §5.1: it says what it grants where that is not what was asked.
    const isTold = this.kind === "opaque" && (flaw === "role_missing" || flaw === "role_extra");
    const scopes = isTold ? this.#scopesOf(done.row) : null;
    return { outcome: "minted", token, issuerId: this.kind === "opaque" ? null : id, expiresAt: expAt, scopes };
  }

  #scopesOf({ roles, flaw }: Row): Readonly<Record<string, readonly string[]>> {
    const ofRole = grantsScopes(this.kind) ? [] : flaw === "scope_lost" ? SCOPES.slice(1) : SCOPES;
    return Object.fromEntries(roles.map((role) => [role, ofRole]));
  }

  /** By its own clock. */
  #now(): Instant {
    const fault = this.#fault();
    return this.#truth.now() + (fault?.kind === "skewed" ? fault.byMs : 0);
  }

  #second(ms: number): number {
    return Math.floor(ms / 1_000) * 1_000;
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

/** Faults with which no call of any kind comes to anything, and the caller knows at once. */
function callError(fault: IssuerFault | undefined): RenewdError | undefined {
  if (fault === undefined) return undefined;
  if (fault.kind === "unreachable") return new RenewdError("issuer_unreachable", "no route", { sent: false });
  if (fault.kind === "server_error") return new RenewdError("issuer_error", "500");
  if (fault.kind === "garbage") return new RenewdError("issuer_answer_invalid", "a page");
  return fault.kind === "throttled" ? throttled(fault.retryAfterMs) : undefined;
}

function throttled(retryAfterMs: number | undefined): RenewdError {
  return new RenewdError("issuer_throttled", "429", retryAfterMs === undefined ? {} : { retryAfterMs });
}

function unknown(code: "issuer_error" | "issuer_answer_invalid" | "issuer_timeout"): MintAnswer {
  return { outcome: "unknown", error: new RenewdError(code, "no good answer") };
}

function foundOf(row: Row): FoundToken {
  const { id: issuerId, token, fingerprint, roles, startAt, expAt } = row;
  return { token, fingerprint, issuerId, roles, startAt, expAt, comment: null };
}

/** How long after its end a row may still matter: to the state's own memory, and to a reader that still sees it. */
export const REMEMBER_MS: number = 40 * DAY_MS;
