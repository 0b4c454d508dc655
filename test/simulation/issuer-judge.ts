import { DAY_MS } from "../../src/core/duration.ts";
import type { MintOrder } from "../../src/core/ports.ts";
import type { Fingerprint } from "../../src/core/secret-text.ts";
import type { Row } from "./ledger.ts";
import type { IssuerWatcher } from "./sim-issuer.ts";
import type { SimToken } from "./sim-token.ts";
import type { Truth } from "./truth.ts";
import type { World } from "./world.ts";

/** Watches at the issuer's door: what is asked for was recorded before, and what is ended is of no use to anybody. */
export class IssuerJudge implements IssuerWatcher {
  readonly #world: World;
  readonly #truth: Truth;
  readonly #tokenNamed: (name: string) => SimToken | undefined;
  /** The secret of each mint that brings one. */
  readonly #secretOf = new Map<string, Fingerprint>();

  constructor(world: World, truth: Truth, tokenNamed: (name: string) => SimToken | undefined) {
    this.#world = world;
    this.#truth = truth;
    this.#tokenNamed = tokenNamed;
  }

  asked(order: MintOrder): void {
    const token = this.#tokenNamed(order.name);
    if (token !== undefined) void this.#expectRecorded(token, order);
  }

  made(row: Row, order: MintOrder): void {
    const token = this.#tokenNamed(order.name);
    const { lists, secret } = token?.issuer.capabilities ?? {};
    if (token !== undefined && (lists === true || secret === "chosen")) this.#rememberedAfterADay(token, row, order);
  }

  extending(row: Row): void {
    for (const { reader } of this.#berthsWith(row)) reader.judge(this.#truth.now());
  }

  extended(row: Row): void {
    for (const { reader } of this.#berthsWith(row)) reader.moved(row);
  }

  revoked(row: Row): void {
    this.#tokenNamed(row.name)?.stuck.push([this.#truth.now(), Infinity]);
  }

  retired(row: Row): void {
    const token = this.#tokenNamed(row.name);
    if (token === undefined) return;
    const { key } = token.declared;
    if (!row.asked) this.#world.break(`${key}: ${row.id} was ended, which renewd did not make`);
    void this.#expectNotInUse(token, row);
    const now = this.#truth.now();
    for (const { declared, reader, meddled } of token.berths) {
      const lastAt = reader.lastSawAt(row.token.reveal());
      if (lastAt === undefined || lastAt + declared.holdMs + declared.propagationMs <= now) continue;
      // What a stranger put there renewd sees at its next look.
      if (meddled.some(([, toAt]) => toAt >= Math.min(lastAt, now))) continue;
      this.#world.break(`${key}/${declared.label}: ${row.id} was ended while readers may use it`);
    }
  }

  /** The intent is in the state before anything is sent, its secret with it, and one mint has one secret. */
  async #expectRecorded(token: SimToken, { kind, secret, expAt, base }: MintOrder): Promise<void> {
    const { key } = token.declared;
    const record = await this.#world.state.token(key);
    const mint = record?.mint;
    if (mint === undefined || mint === null || mint.kind !== kind)
      return this.#world.break(`${key}: the issuer was asked, and no such mint is recorded`);
    if (mint.expAt !== expAt) this.#world.break(`${key}: another expiry is asked for than is recorded`);
    if (kind === "extend" && base?.fingerprint !== record?.desired?.fingerprint)
      this.#world.break(`${key}: what is not in use is to be extended`);
    if (secret === null) return;
    const first = this.#secretOf.get(mint.id) ?? secret.fingerprint;
    this.#secretOf.set(mint.id, first);
    if (mint.chosen !== secret.fingerprint || first !== secret.fingerprint)
      this.#world.break(`${key}: one mint sends another secret than is recorded`);
  }

  /** What was made is known to the state, or is still in doubt. */
  #rememberedAfterADay(token: SimToken, row: Row, order: MintOrder): void {
    this.#world.after(DAY_MS, async () => {
      const { state, stateSince } = this.#world;
      const { key } = token.declared;
      if (row.issuedAt < stateSince || row.expAt + DAY_MS < this.#truth.now()) return;
      const mint = (await state.token(key))?.mint ?? null;
      if ((await state.known(key)).has(row.fingerprint)) return;
      const chosen = order.secret?.fingerprint ?? null;
      if (mint !== null && mint.chosen === chosen) return this.#rememberedAfterADay(token, row, order);
      const history = await state.history(key, 10_000);
      if (history.some(({ type, data }) => type === "issue:set-aside" && data["fingerprint"] === chosen)) return;
      this.#world.break(`${key}: made and forgotten: ${row.id}`);
    });
  }

  async #expectNotInUse(token: SimToken, row: Row): Promise<void> {
    const { key } = token.declared;
    const desired = (await this.#world.state.token(key))?.desired;
    if (desired?.fingerprint === row.fingerprint) this.#world.break(`${key}: ${row.id} was ended, which is in use`);
  }

  #berthsWith(row: Row): SimToken["berths"] {
    const text = row.token.reveal();
    return this.#tokenNamed(row.name)?.berths.filter(({ reader }) => reader.text === text) ?? [];
  }
}
