/** What the parts of the contract suite of issuers share: a fresh subject for each test, and words to ask it with. */
import { randomBytes } from "node:crypto";
import { inspect as print } from "node:util";
import { afterEach, beforeEach, expect, it } from "vitest";
import { NEVER_AT } from "../../src/core/duration.ts";
import { RenewdError } from "../../src/core/errors.ts";
import type { FindQuery, FoundToken, MintAnswer, MintOrder, TokenClaims } from "../../src/core/ports.ts";
import { SecretText } from "../../src/core/secret-text.ts";
import type { IssuerSubject, IssuerTraits } from "./issuer-subject.ts";

type Minted = Extract<MintAnswer, { outcome: "minted" }>;

export const NEVER_ABORTED: AbortSignal = new AbortController().signal;
export const COMMENT = "made by the contract suite";

/** What a sentence may need of an issuer to have a meaning. */
function meetings(traits: IssuerTraits) {
  const { capabilities, finds, kinds, proof } = traits;
  const signs = proof === "key" || proof === "published_key";
  return {
    "names that are kept": finds === "by_name",
    "names that are not kept": finds === "alike",
    finding: finds !== "nothing",
    "no finding": finds === "nothing",
    "chosen secrets": capabilities.secret === "chosen",
    renewing: kinds.includes("renew"),
    extending: kinds.includes("extend"),
    "old tokens that stay": capabilities.overlap === "kept",
    "old tokens that go at once": capabilities.overlap === "none",
    "lifetimes to ask for": traits.grainMs !== null,
    "tokens without an end": traits.endless,
    "an end of every token": !traits.endless,
    proof: proof !== "none",
    "no proof": proof === "none",
    signatures: signs,
    asking: proof === "asking",
    resemblance: traits.resembles === true,
    retiring: traits.retires,
    "limits that are told": traits.limits === true,
    "its time in hand": traits.time === "shared",
    "what will not be served": traits.foresees,
  } as const satisfies Readonly<Record<string, boolean>>;
}

type Need = keyof ReturnType<typeof meetings>;

export class IssuerBench {
  readonly traits: IssuerTraits;
  /** What is not asked of such an issuer, since it would have no meaning. */
  readonly leftOut: Set<Need> = new Set();
  #subject: IssuerSubject | undefined;

  constructor(traits: IssuerTraits, makeSubject: () => Promise<IssuerSubject>) {
    this.traits = traits;
    beforeEach(async () => {
      this.#subject = await makeSubject();
    });
    afterEach(() => this.#subject?.close());
  }

  get subject(): IssuerSubject {
    return this.#subject ?? expect.fail("no subject");
  }

  /** A test, if it has a meaning for such an issuer; else what it needs is told by the last test of all. */
  sentence(needs: readonly Need[], name: string, test: (subject: IssuerSubject) => Promise<void> | void): void {
    const met = meetings(this.traits);
    const missing = needs.filter((need) => !met[need]);
    if (missing.length === 0) it(name, () => test(this.subject));
    for (const need of missing) this.leftOut.add(need);
  }

  orderOf(given: Partial<MintOrder> = {}): MintOrder {
    const { clock, request, name } = this.subject;
    const { kind = "mint", lifetimeMs = request.lifetimeMs } = given;
    const choose = this.traits.capabilities.secret === "chosen" && kind !== "extend";
    return {
      kind,
      baseId: null,
      base: null,
      name,
      comment: COMMENT,
      request,
      lifetimeMs,
      expAt: lifetimeMs === Infinity ? NEVER_AT : clock.now() + lifetimeMs,
      secret: choose ? newSecret() : null,
      ...given,
    };
  }

  ask(order: Partial<MintOrder> = {}): Promise<MintAnswer> {
    return this.subject.issuer.request(this.orderOf(order), NEVER_ABORTED);
  }

  async mint(order: Partial<MintOrder> = {}): Promise<Minted> {
    return asMinted(await this.ask(order));
  }

  /** Of a listing that begins now, after all that was done. */
  async find(query: Partial<FindQuery> = {}): Promise<readonly FoundToken[]> {
    const { name, request, clock, issuer } = this.subject;
    await clock.advance(1);
    return issuer.find({ name, request, notBefore: clock.now(), ...query }, NEVER_ABORTED);
  }

  /** What an order says of the token that it is to renew or to extend. */
  async baseOf({ token, issuerId }: Minted): Promise<Pick<MintOrder, "baseId" | "base">> {
    if (issuerId !== null || this.traits.finds === "nothing") return { baseId: issuerId, base: token };
    const found = (await this.find()).find((each) => each.fingerprint === token.fingerprint);
    return { baseId: found?.issuerId ?? null, base: token };
  }

  async claimsOf(token: SecretText): Promise<TokenClaims> {
    const inspection = await this.subject.issuer.inspect(token, NEVER_ABORTED);
    return inspection.outcome === "proved" ? inspection.claims : expect.fail(`not proved: ${inspection.outcome}`);
  }

  /** By the token itself, or by the answer that brought it. */
  async expiryOf({ token, expiresAt }: Minted): Promise<number> {
    const told = this.traits.proof === "none" ? expiresAt : ((await this.claimsOf(token)).expAt ?? expiresAt);
    return told ?? expect.fail("nobody tells when it expires");
  }

  listings(): number {
    return this.subject.calls.filter((call) => call === "list").length;
  }

  /** An error that an operator may see: one of ours, and without a secret, whatever was sent or answered. */
  expectFit(error: unknown, ...more: readonly (SecretText | null)[]): void {
    expect(error).toBeInstanceOf(RenewdError);
    const text = print(error, { depth: 10 });
    for (const secret of this.subject.secrets) expect(text).not.toContain(secret);
    for (const secret of more) if (secret !== null) expect(text).not.toContain(secret.reveal());
  }

  /** Throws an operating error. */
  async expectFailure(work: Promise<unknown>): Promise<void> {
    const error: unknown = await work.then(
      () => expect.fail("nothing was thrown"),
      (thrown: unknown) => thrown,
    );
    this.expectFit(error);
  }
}

function asMinted(answer: MintAnswer): Minted {
  return answer.outcome === "minted" ? answer : expect.fail(`${answer.outcome}: ${answer.error.message}`);
}

export function fingerprintsOf(tokens: readonly { readonly fingerprint: string }[]): readonly string[] {
  return tokens.map((each) => each.fingerprint).sort();
}

/** As the engine makes them: letters and digits. */
function newSecret(): SecretText {
  return new SecretText(randomBytes(25).toString("hex"));
}
