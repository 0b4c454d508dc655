import { type Instant, NEVER_AT, SECOND_MS } from "../core/duration.ts";
import { RenewdError } from "../core/errors.ts";
import type {
  FoundToken,
  Inspection,
  Issuer,
  IssuerCapabilities,
  MintAnswer,
  MintOrder,
  OldToken,
} from "../core/ports.ts";
import { SecretText } from "../core/secret-text.ts";
import type { DeclaredToken } from "../core/token.ts";
import type { Reach } from "./reach.ts";
import type { SimClock } from "./sim-clock.ts";

/** A token that exists in a simulation only. */
export interface SimToken {
  readonly id: string;
  readonly text: SecretText;
  readonly roles: readonly string[];
  readonly startAt: Instant;
  expAt: Instant;
  /** When a newer one ended it; null where none did. */
  revokedAt: Instant | null;
}

export interface SimIssuerOptions {
  readonly clock: SimClock;
  readonly declared: DeclaredToken;
  readonly real: Pick<Issuer, "capabilities" | "callLimitMs" | "retire">;
  readonly reach: Reach;
  /** The expiry of a token that readers may have is about to be moved. */
  readonly onExtend: () => void;
  readonly onMint: (token: SimToken) => void;
}

const ACCOUNT = "simulated";
/** Of those that lapsed none is listed for long. */
const KEPT_MAX = 8;

/** An issuer that does what the type of the declared one can do, and does it well: for one token, with the lifetime asked for. */
export class SimIssuer implements Issuer {
  readonly account = ACCOUNT;
  readonly capabilities: IssuerCapabilities;
  readonly callLimitMs: number;
  readonly retire: Issuer["retire"];
  readonly #options: SimIssuerOptions;
  #tokens: SimToken[] = [];
  #made = 0;

  constructor(options: SimIssuerOptions) {
    this.#options = options;
    this.capabilities = options.real.capabilities;
    this.callLimitMs = options.real.callLimitMs;
    this.retire = options.real.retire === null ? null : (old) => this.#retire(old);
  }

  /** One that was made before the simulation began. */
  add(startAt: Instant, expAt: Instant, roles: readonly string[]): SimToken {
    this.#made += 1;
    const { key } = this.#options.declared;
    const id = String(this.#made);
    const token: SimToken = {
      id,
      text: new SecretText(`simulated.${key}.${id}`),
      roles,
      startAt,
      expAt,
      revokedAt: null,
    };
    this.#tokens = [...this.#tokens.slice(-KEPT_MAX), token];
    return token;
  }

  async find(): Promise<readonly FoundToken[]> {
    if (!this.#isReached()) throw unreachable(this.#options.declared.issuer);
    const living = this.#tokens.filter(({ revokedAt }) => revokedAt === null);
    return living.map(({ id, text, roles, startAt, expAt }) => {
      return { fingerprint: text.fingerprint, token: text, issuerId: id, roles, startAt, expAt, comment: null };
    });
  }

  async request(order: MintOrder): Promise<MintAnswer> {
    if (!this.#isReached()) return { outcome: "refused", error: unreachable(this.#options.declared.issuer) };
    const token = order.kind === "extend" ? this.#extend(order) : this.#mint(order);
    if (token === undefined)
      return { outcome: "refused", error: new RenewdError("token_absent", "no such token", { sent: false }) };
    return { outcome: "minted", token: token.text, issuerId: token.id, expiresAt: token.expAt, scopes: null };
  }

  async inspect(text: SecretText): Promise<Inspection> {
    const token = this.#of(text);
    if (token === undefined) return { outcome: "refuted", check: "signature", message: "not of this issuer" };
    const { request } = this.#options.declared;
    const claims = {
      subject: request.subject ?? ACCOUNT,
      audiences: request.audience === null ? [] : [request.audience],
      issuedAt: token.startAt,
      notBeforeAt: null,
      expAt: token.expAt,
      scopes: Object.fromEntries(token.roles.map((role) => [role, []])),
    };
    return { outcome: "proved", claims };
  }

  async probe(): Promise<readonly string[]> {
    return [];
  }

  async close(): Promise<void> {
    // Nothing is open.
  }

  #isReached(): boolean {
    return this.#options.reach.try(this.#options.clock.now());
  }

  #mint({ kind, base, expAt, request }: MintOrder): SimToken | undefined {
    const now = this.#options.clock.now();
    const isRevoking = kind === "renew" && this.capabilities.overlap === "none";
    // Such an issuer is asked with the token that is to be replaced, which has to be good still.
    if (isRevoking && base !== null && (this.#of(base)?.expAt ?? now) <= now) return undefined;
    const roles = request.roles.length > 0 ? request.roles : (this.#tokens.at(-1)?.roles ?? [""]);
    if (isRevoking) this.#revokeAll(now);
    const token = this.add(whole(now), expAt === NEVER_AT ? expAt : whole(expAt), roles);
    this.#options.onMint(token);
    return token;
  }

  #extend({ base, expAt }: MintOrder): SimToken | undefined {
    const token = base === null ? undefined : this.#of(base);
    if (token === undefined || token.expAt <= this.#options.clock.now()) return undefined;
    this.#options.onExtend();
    token.expAt = whole(expAt);
    this.#options.onMint(token);
    return token;
  }

  #revokeAll(now: Instant): void {
    this.#options.onExtend();
    for (const token of this.#tokens.filter(({ expAt }) => expAt > now)) {
      token.expAt = now;
      token.revokedAt = now;
    }
  }

  async #retire(old: OldToken): Promise<void> {
    if (!this.#isReached()) throw unreachable(this.#options.declared.issuer);
    this.#tokens = this.#tokens.filter(({ text }) => !text.equals(old.token));
  }

  #of(text: SecretText): SimToken | undefined {
    const plain = text.reveal();
    return this.#tokens.find((each) => each.text.reveal() === plain);
  }
}

/** An exp has whole seconds, rounded down. */
function whole(at: Instant): Instant {
  return Math.floor(at / SECOND_MS) * SECOND_MS;
}

function unreachable(issuer: string): RenewdError {
  return new RenewdError("issuer_unreachable", `${issuer}: connection refused`, { sent: false });
}
