/**
 * The contracts between renewd and everything outside it. The documentation of each member is its specification:
 * `test/contracts/` has a test for each sentence, run over every implementation.
 */
import type { Instant } from "./duration.ts";
import type { Scopes } from "./issue.ts";
import type { Fingerprint, SecretText } from "./secret-text.ts";
import type { DeclaredTarget, TokenRequest } from "./token.ts";

// ------------------------------------------------------------------ runtime

export interface Clock {
  /** The wall clock, epoch ms. It may jump either way. */
  now(): Instant;
  /** Never goes back; may stand still while the host sleeps. */
  monotonicMs(): number;
  /** Since the host's start, sleep included. */
  uptimeMs(): number;
  /** Runs `task` once after `delayMs`; the returned function cancels it. A pending timer does not keep the process alive. */
  after(delayMs: number, task: () => void): () => void;
}

export interface Random {
  /** A share in [0,1). */
  share(): number;
  /** Cryptographically strong; `count` bytes as lower-case hex. */
  hex(count: number): string;
}

/** Where a secret is to be read from; never the secret itself. */
export type SecretRef = { readonly env: string } | { readonly file: string } | { readonly command: readonly string[] };

/** Reads at each call, drops one trailing newline. Throws `secret_unreadable`, or `commands_not_allowed`. */
export type ReadSecret = (ref: SecretRef, signal: AbortSignal) => Promise<SecretText>;

export interface CommandRunner {
  /** argv without a shell, only the environment given, killed at the time limit, output bounded. Throws `reload_failed`, or `commands_not_allowed`. */
  run(
    argv: readonly string[],
    env: Readonly<Record<string, string>>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface HttpRequest {
  /** A short stable name for metrics and events: `sign_in`, `renew`. */
  readonly call: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** By lower-case name; several of one name are joined with ", " except for cookies. */
  header(name: string): string | null;
  readonly setCookies: readonly string[];
  /** Bounded by the client's `maxResponseBytes`; to be read once, either way. */
  readonly body: AsyncIterable<Uint8Array>;
  text(): Promise<string>;
}

export interface HttpClient {
  /**
   * Sends once, never follows a redirect, never retries. Answers whatever the status. Throws `issuer_unreachable`,
   * `issuer_timeout` (also while the body is read), `issuer_tls`, `issuer_answer_too_large` (while the body is read);
   * `sent` on the error is false only when it is certain that not one byte of the request went out.
   */
  send(request: HttpRequest): Promise<HttpResponse>;
  close(): Promise<void>;
}

export interface HttpOptions {
  /** For the whole call, body included. */
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
  /** PEM of a private authority. */
  readonly ca?: string;
  readonly proxy?: string;
}

// ------------------------------------------------------------------ issuers

export interface IssuerCapabilities {
  /** `find` tells which live tokens of a name the account has, so a lost answer can be looked up. */
  readonly lists: boolean;
  /** `kept`: the old token stays valid until its own exp. `none`: it is revoked by the renewal. */
  readonly overlap: "kept" | "none";
  /**
   * `chosen`: each order that makes a token brings its secret, and the same order again makes no second token.
   * `given`: the issuer makes the secret.
   */
  readonly secret: "chosen" | "given";
  /** Tokens are kept at the issuer, so that a first one is made only with `create`. False where one grant is as good as another. */
  readonly keeps: boolean;
}

export interface FindQuery {
  readonly name: string;
  readonly request: TokenRequest;
  /** The answer may come from an earlier listing only if that was begun at or after this instant. */
  readonly notBefore: Instant;
}

export interface FoundToken {
  readonly fingerprint: Fingerprint;
  readonly token: SecretText;
  readonly issuerId: string;
  readonly roles: readonly string[];
  readonly startAt: Instant;
  /** `NEVER_AT` for one without an end. */
  readonly expAt: Instant;
  /** What the issuer itself keeps as its comment; null where it keeps none. */
  readonly comment: string | null;
}

/** What is asked for. `mint` makes a token from nothing, `renew` a new one in the place of a base, `extend` moves the base's own expiry. */
export interface MintOrder {
  readonly kind: MintKind;
  /** The issuer's id of the base, and its text where renewd has it; null for `mint`. */
  readonly baseId: string | null;
  readonly base: SecretText | null;
  readonly name: string;
  /** What it is for, in the operator's words; kept by issuers that have a place for it. */
  readonly comment: string | null;
  readonly request: TokenRequest;
  /** How long the fresh token is to live. */
  readonly lifetimeMs: number;
  /** When it is to expire, to the issuer's own grain: the same in every repetition of an order. `NEVER_AT`: no end is asked for. */
  readonly expAt: Instant;
  /** The secret it is to have, at issuers that let it be chosen; null at others and for `extend`. */
  readonly secret: SecretText | null;
}

export type MintKind = "mint" | "renew" | "extend";

export type MintAnswer =
  | {
      readonly outcome: "minted";
      readonly token: SecretText;
      readonly issuerId: string | null;
      /** What the issuer itself says of its expiry, where it does; `NEVER_AT` when it says that there is none. */
      readonly expiresAt: Instant | null;
      /** What the issuer itself says that it may do, where it does. */
      readonly scopes: Scopes | null;
    }
  /** Nothing was minted, for certain: a documented refusal, or not one byte was sent. */
  | { readonly outcome: "refused"; readonly error: Error }
  /** It may have been minted: timeout, reset, server error, unreadable answer. */
  | { readonly outcome: "unknown"; readonly error: Error };

/** What a token says of itself, in the same words for every issuer. */
export interface TokenClaims {
  readonly subject: string | null;
  readonly audiences: readonly string[];
  readonly issuedAt: Instant | null;
  readonly notBeforeAt: Instant | null;
  /** `NEVER_AT` when it says that it has no end; null when it says nothing. */
  readonly expAt: Instant | null;
  /** Null when it says nothing of what it may do. */
  readonly scopes: Scopes | null;
}

export type Inspection =
  | { readonly outcome: "proved"; readonly claims: TokenClaims }
  /** It says nothing of itself, and there is nobody to ask: only the answer that brought it can be believed. */
  | { readonly outcome: "opaque" }
  /** Not a token of this issuer: unreadable, wrong algorithm, wrong signature; or not `active`, as the issuer says. */
  | {
      readonly outcome: "refuted";
      readonly check: "form" | "algorithm" | "signature" | "active";
      readonly message: string;
    }
  /** Could not be proved either way: the key, or whoever can tell, is out of reach. */
  | { readonly outcome: "unknown"; readonly error: Error };

/** What an issuer allows; null where it sets no such limit. */
export interface LifetimeLimits {
  readonly longestMs: number | null;
  /** No token may expire later. */
  readonly latestAt: Instant | null;
}

/** A token that is to be ended before its time. */
export interface OldToken {
  readonly issuerId: string | null;
  readonly token: SecretText;
}

export interface Issuer {
  readonly capabilities: IssuerCapabilities;
  /** The subject that every token of this account must carry, unless its request names one; null where tokens name nobody. */
  readonly account: string | null;
  /** The longest that a `request` may take, retries of its own included; after it no answer of that call can come. */
  readonly callLimitMs: number;
  /**
   * Every live token of this name that the account holds, and the newest expired one (a base to renew from). Where names
   * are not kept (`lists` is false): every live one alike in account and powers, of which only a person can say whether
   * it is ours; none where the issuer tells of none. Changes nothing. Concurrent calls share one listing. Throws a
   * `RenewdError`.
   */
  find(query: FindQuery, signal: AbortSignal): Promise<readonly FoundToken[]>;
  /** Mints at most one token, or extends one. Never throws: what went wrong is in the answer. */
  request(order: MintOrder, signal: AbortSignal): Promise<MintAnswer>;
  /** Proves a token by key or by asking; needs no session. Never throws. */
  inspect(token: SecretText, signal: AbortSignal): Promise<Inspection>;
  /** Whether a text that was found somewhere may be a token of this issuer; nothing else that was found is shown to it. Left out: any may be. */
  readonly resembles?: (text: SecretText) => boolean;
  /** Ends a token before its time; that it is gone already is no failure. Throws a `RenewdError`. Null where it cannot. */
  readonly retire: ((old: OldToken, signal: AbortSignal) => Promise<void>) | null;
  /**
   * How long a token of this request may live now, by what the issuer itself says. Changes nothing. Throws a
   * `RenewdError`. Left out where the issuer does not tell.
   */
  readonly limits?: (request: TokenRequest, signal: AbortSignal) => Promise<LifetimeLimits>;
  /** Signs in and looks, without changing anything; answers what it saw, one line each. Throws a `RenewdError`. */
  probe(requests: readonly TokenRequest[], signal: AbortSignal): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** A kind of issuer: what it takes in the settings, and how it is made. */
export interface IssuerType<Options = unknown, Request = unknown> {
  readonly type: string;
  readonly options: Schema<Options>;
  readonly request: Schema<Request>;
  /** The neutral form of a request. Throws a `RenewdError` (`settings_invalid`) when it does not fit the options. */
  readRequest(request: Request, options: Options): TokenRequest;
  /**
   * A request as the flags of `create-token` describe it, still to go through `request`. Throws a `RenewdError` (`usage`)
   * for a flag that means nothing here, or that is missing.
   */
  describe(flags: TokenFlags, options: Options): unknown;
  /** What `--role` may name, besides roles that the issuer itself knows. */
  presets(options: Options): readonly Preset[];
  /** Two tokens with one identity are one token at the issuer. */
  identity(options: Options, request: Request, name: string): string;
  create(context: IssuerContext<Options>): Issuer;
}

/** What `create-token` was told of a token that no setting declares. */
export interface TokenFlags {
  readonly user: string | null;
  readonly server: string | null;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  /** As a duration of the settings; null: as the issuer sees fit, or without an end. */
  readonly lifetime: string | null;
}

/** A named set of scopes, each with the reason why it is needed. */
export interface Preset {
  readonly name: string;
  readonly reason: string;
  readonly scopes: readonly { readonly scope: string; readonly reason: string }[];
}

export interface IssuerContext<Options> {
  readonly key: string;
  readonly options: Options;
  /** What is declared with this issuer; listings keep only these names. */
  readonly declared: readonly { readonly name: string; readonly request: TokenRequest }[];
  readonly http: (options: HttpOptions) => HttpClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly readSecret: ReadSecret;
  /** A path of the settings -> absolute; relative ones count from the settings file's folder. */
  readonly resolvePath: (path: string) => string;
}

// ------------------------------------------------------------------ stores

export interface StoreCapabilities {
  /** A write is refused when the place changed since it was observed. */
  readonly precondition: boolean;
  /** How long a write usually takes to become visible; the default of `propagation`. */
  readonly propagationMs: number;
  /** How often to look by default. */
  readonly observeMs: number;
  /** The sustained interval between two writes of one secret that the store allows. */
  readonly writeIntervalMs: number;
  /** The default of `create` on a target. */
  readonly createsByDefault: boolean;
}

/** `ours`: marked as renewd's (of this instance). `other`: marked as somebody else's. `unmarked`: no mark to go by. */
export type Owner = "ours" | "other" | "unmarked";

/** What a place holds. `version` is the store's own precondition for `write`; only the place that made it reads it. */
export type Observation = {
  readonly owner: Owner;
  readonly version: string | null;
} & (
  | { readonly state: "empty" }
  | { readonly state: "holds"; readonly token: SecretText }
  /** We may not read it, but the store proves what it is. */
  | { readonly state: "sealed"; readonly fingerprint: Fingerprint | null }
);

export interface WriteOptions {
  /** From the observation that the decision to write was made on. */
  readonly version: string | null;
  /** Mark the place as ours although it was not. */
  readonly adopt: boolean;
  readonly signal: AbortSignal;
}

/** One secret (or one key of it) in a store. All members may be called concurrently; writes of one physical secret are serialised. */
export interface Place {
  /** Could it take a write now? Leaves nothing behind that a consumer could see. Throws a `RenewdError`. */
  preflight(signal: AbortSignal): Promise<void>;
  /** Reads as the consumer would. An absent secret is `empty`. Throws a `RenewdError`. */
  observe(signal: AbortSignal): Promise<Observation>;
  /**
   * Stages, reads back, promotes; keeps the previous value. When the place already holds this very token nothing is
   * touched. Safe to repeat after a crash at any point: the same token again ends in the same state. Throws
   * `store_conflict` when the place is not as observed; other `RenewdError`s leave the consumer's view unchanged or,
   * if the answer to the promotion was lost, at the new token.
   */
  write(token: SecretText, options: WriteOptions): Promise<void>;
  /** What would work and is probably not meant, a sentence each, such as a folder that keeps its consumer out; for `check` alone. */
  cautions?(): Promise<readonly string[]>;
}

export interface Store {
  readonly capabilities: StoreCapabilities;
  /** No I/O. */
  open(target: DeclaredTarget): Place;
  close(): Promise<void>;
}

/** A kind of store: what it takes in the settings, and how it is made. */
export interface StoreType<Options = unknown, Address = unknown> {
  readonly type: string;
  readonly capabilities: StoreCapabilities;
  readonly options: Schema<Options>;
  /** The keys of a target that say where in the store. */
  readonly address: Schema<Address>;
  /** Two targets with one identity (and one format key) are one secret. */
  identity(options: Options, address: Address, resolvePath: (path: string) => string): string;
  create(context: StoreContext<Options>): Store;
}

export interface StoreContext<Options> {
  readonly key: string;
  readonly options: Options;
  /** Goes into ownership marks. */
  readonly instance: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly readSecret: ReadSecret;
  readonly resolvePath: (path: string) => string;
  /** Told of every call to the store, for counting. */
  readonly called: (call: string, status: string) => void;
}

export type * from "./notifier.ts";

/** What settings need of an adapter's schema; the adapters make theirs with zod, which core does not know. */
export interface Schema<T> {
  parse(input: unknown): T;
}
