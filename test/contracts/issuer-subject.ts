/**
 * What an implementation brings to the contract suite of issuers. A `contract.test.ts` says by `IssuerTraits` what the
 * issuer is; the suite holds it to that, and to every sentence of `Issuer` that has a meaning for such an issuer.
 */
import type { Issuer, IssuerCapabilities, MintKind, MintOrder } from "../../src/core/ports.ts";
import type { SecretText } from "../../src/core/secret-text.ts";
import type { TokenRequest } from "../../src/core/token.ts";
import type { FakeClock } from "../support/fake-clock.ts";

export interface IssuerTraits {
  /** Must be those of the issuer. */
  readonly capabilities: IssuerCapabilities;
  /** `by_name`: it `lists`. `alike`: names are not kept, what is alike is found. `nothing`: the issuer tells of no tokens. */
  readonly finds: "by_name" | "alike" | "nothing";
  /** The orders that it takes; every issuer mints. */
  readonly kinds: readonly MintKind[];
  /** Whether `retire` is there. */
  readonly retires: boolean;
  /**
   * `key`: signatures, by a key of the settings. `published_key`: signatures, by keys that are fetched once.
   * `asking`: whoever knows is asked at each time. `none`: tokens are opaque and nobody is asked.
   */
  readonly proof: "key" | "published_key" | "asking" | "none";
  /** It can tell by its look what may be a token of it (`resembles`). */
  readonly resembles?: true;
  /** It tells how long a token may live (`limits`). */
  readonly limits?: true;
  /** A proved token does not tell what it may do. */
  readonly mute?: true;
  /** How far before the asked instant a token may expire, from rounding; null: a lifetime cannot be asked for. */
  readonly grainMs: number | null;
  /** An order without an end brings a token without an end. */
  readonly endless: boolean;
  /** The issuer keeps the comment of an order. */
  readonly comments: boolean;
  /** `shared`: the issuer goes by the subject's clock. `own`: by real time, so no test lets a token expire. */
  readonly time: "shared" | "own";
  /** `probe` can tell that a request will not be served (`IssuerSubject.unserved`). */
  readonly foresees: boolean;
}

/** What becomes of the next call that makes or extends a token; calls besides it are answered truly. */
export type Misbehaviour =
  /** Refused, as the issuer documents refusals; not done. */
  | "refuse"
  /** Refused likewise, in words that repeat everything that was sent: method, path, headers and body. */
  | "echo"
  /** A server error; not done. */
  | "fail"
  /** The connection is cut; not done. */
  | "lose_request"
  /** Done, and the connection cut before the first byte of the answer. */
  | "lose_answer"
  /** Done, and the answer ends halfway. */
  | "cut_answer"
  /** Done, and a proxy's page comes in the place of the answer, with a 200. */
  | "garble"
  /** Taken, not done, never answered. */
  | "hang";

/**
 * An account at an issuer that holds the powers of `request`, with no tokens yet, and renewd's client of it. Each test
 * has one of its own. `test/contracts/issuer-front.ts` gives `calls`, `misbehave` and `stop` over any HTTP issuer.
 */
export interface IssuerSubject {
  readonly issuer: Issuer;
  /** Of the client; and of the issuer, unless its time is its `own` (then it begins at about the real time). */
  readonly clock: FakeClock;
  /** Declared with the issuer under `name`; the issuer grants at least twice its lifetime. */
  readonly request: TokenRequest;
  readonly name: string;
  /** A declared name besides, with the same request. */
  readonly otherName: string;
  /** Other powers than those of `request`, and granted too. Needed where `finds` is `alike`. */
  readonly otherPowers?: TokenRequest;
  /** Surely not served; needed where the issuer `foresees`. */
  readonly unserved?: TokenRequest;
  /** Orders that the issuer itself refuses, such as powers that the account does not hold or a base that is not there. At least one. */
  readonly impossible: readonly Partial<MintOrder>[];
  /** The account's own: passwords, keys, tokens to sign in with. */
  readonly secrets: readonly string[];
  /** Names of the calls that reached the issuer so far; a listing is `list`. */
  readonly calls: readonly string[];
  /** How many tokens the issuer has made for this account until now; an extension makes none. */
  made(): number | Promise<number>;
  /** Whether the issuer, or who relies on it, would take this token now. For a signed one: it was not revoked, and lives. */
  isGood(token: SecretText): boolean | Promise<boolean>;
  /** `met` resolves when the call that fares so has arrived. */
  misbehave(way: Misbehaviour): { readonly met: Promise<void> };
  /** From now on the account's own secrets cannot be read. */
  hideSecrets(): void;
  /** From now on the key cannot be read or fetched, or who is asked cannot be reached. Never called where `proof` is `none`. */
  hideProof(): void | Promise<void>;
  /** From now on the issuer cannot be connected to. */
  stop(): Promise<void>;
  close(): Promise<void>;
}
