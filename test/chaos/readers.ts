import type { Berth } from "./berths.ts";
import type { IssuerSide, Life } from "./sides/side.ts";

const EVERY_MS = 75;

interface Found {
  readonly token: string;
  readonly deadline: number;
}

/** Consumers: each reads its target again and again and proves what it got, as if it went on to use it for `hold`. */
export class Readers implements AsyncDisposable {
  reads = 0;
  /** Reads that got less than their `hold`, or no good token at all. */
  readonly below: string[] = [];
  /** Reads of what the issuer ended when it made the next, before that next one was there. */
  cutOff = 0;
  /** The least life beyond `hold` that any read found. */
  leastSpareMs: number = Number.POSITIVE_INFINITY;
  /** Every token that any read found. */
  readonly tokens = new Set<string>();
  readonly #side: IssuerSide;
  readonly #timer: NodeJS.Timeout;
  readonly #berths: readonly Berth[];
  /** What each berth was last found to hold. */
  readonly #found = new Map<string, Found>();
  /** What each berth held before. */
  readonly #past = new Map<string, Set<string>>();
  /** When a berth was last found to hold a token. */
  readonly #lastReadAt = new Map<string, number>();
  /** The berths that are being read. One at a time: of two reads the older may be the slower, and would seem to go back. */
  readonly #looks = new Map<Berth, Promise<void>>();

  constructor(berths: readonly Berth[], side: IssuerSide) {
    this.#side = side;
    this.#berths = berths;
    this.#timer = setInterval(() => this.#lookAround(), EVERY_MS);
  }

  /** How long every reader still gets its `hold`, with what the targets hold now. */
  get spareMs(): number {
    return Math.min(...[...this.#found.values()].map(({ deadline }) => deadline)) - Date.now();
  }

  /** Tokens that were ended before their time while somebody who had read them went on to use them. */
  endedUnderReaders(): readonly string[] {
    return this.#side.endings().flatMap(({ token, at }) =>
      this.#berths.flatMap((berth) => {
        const usedUntil = (this.#lastReadAt.get(`${berth.name} ${token}`) ?? 0) + berth.holdMs;
        return usedUntil > at ? [`${berth.name}: ended ${usedUntil - at} ms before its reader was done`] : [];
      }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#looks.values());
  }

  #lookAround(): void {
    for (const berth of this.#berths) {
      if (this.#looks.has(berth)) continue;
      this.#looks.set(
        berth,
        this.#read(berth).finally(() => this.#looks.delete(berth)),
      );
    }
  }

  async #read(berth: Berth): Promise<void> {
    const now = Date.now();
    try {
      const token = await berth.read();
      if (token === null && !this.#found.has(berth.name)) return;
      this.reads += 1;
      this.#judge(berth, token ?? "", now);
    } catch (thrown) {
      this.#complain(berth, now, String(thrown));
    }
  }

  #judge(berth: Berth, token: string, now: number): void {
    const life = this.#side.lifeOf(token);
    this.tokens.add(token);
    this.#lastReadAt.set(`${berth.name} ${token}`, now);
    const isBack = this.#moves(berth, token, life);
    if (life.isRevoked) {
      if (isBack) this.#complain(berth, now, "what the issuer had ended came back");
      else this.cutOff += 1;
      return;
    }
    const spareMs = life.expAt - berth.holdMs - now;
    this.leastSpareMs = Math.min(this.leastSpareMs, spareMs);
    if (spareMs < 0) this.#complain(berth, now, `${-spareMs} ms less than its hold`);
  }

  /** Notes what it holds now; true when it held that before, and another since. */
  #moves({ name, holdMs }: Berth, token: string, { expAt }: Life): boolean {
    const past = this.#past.get(name) ?? new Set();
    this.#past.set(name, past);
    const before = this.#found.get(name);
    if (before !== undefined && before.token !== token) past.add(before.token);
    this.#found.set(name, { token, deadline: expAt - holdMs });
    return past.has(token);
  }

  #complain({ name }: Berth, now: number, what: string): void {
    this.below.push(`${new Date(now).toISOString()} ${name}: ${what}`);
  }
}
