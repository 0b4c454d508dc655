import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { claimsOf } from "../e2e/reader.ts";

/** One place that a consumer reads from; null before there is anything. */
export interface Berth {
  readonly name: string;
  readonly holdMs: number;
  read(): Promise<string | null>;
}

const EVERY_MS = 75;

/** Consumers: each reads its target again and again and proves what it got, as if it went on to use it for `hold`. */
export class Readers implements AsyncDisposable {
  reads = 0;
  /** Reads that got less than their `hold`, or no good token at all. */
  readonly below: string[] = [];
  /** The least life beyond `hold` that any read found. */
  leastSpareMs: number = Number.POSITIVE_INFINITY;
  /** Every token that any read found. */
  readonly tokens = new Set<string>();
  readonly #key: KeyObject;
  readonly #expAt = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  /** Of what each berth was last found to hold. */
  readonly #deadlines = new Map<string, number>();
  #looking: Promise<unknown> = Promise.resolve();

  constructor(berths: readonly Berth[], publicPem: string) {
    this.#key = createPublicKey(publicPem);
    this.#timer = setInterval(() => {
      this.#looking = Promise.all(berths.map((berth) => this.#read(berth)));
    }, EVERY_MS);
  }

  /** How long every reader still gets its `hold`, with what the targets hold now. */
  get spareMs(): number {
    return Math.min(...this.#deadlines.values()) - Date.now();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #read(berth: Berth): Promise<void> {
    const now = Date.now();
    try {
      const token = await berth.read();
      if (token === null && !this.#deadlines.has(berth.name)) return;
      this.reads += 1;
      const deadline = this.#expOf(token ?? "") - berth.holdMs;
      this.#deadlines.set(berth.name, deadline);
      const spareMs = deadline - now;
      this.leastSpareMs = Math.min(this.leastSpareMs, spareMs);
      if (spareMs < 0) this.#complain(berth, now, `${-spareMs} ms less than its hold`);
    } catch (thrown) {
      this.#complain(berth, now, String(thrown));
    }
  }

  #complain({ name }: Berth, now: number, what: string): void {
    this.below.push(`${new Date(now).toISOString()} ${name}: ${what}`);
  }

  /** Proved once per text, as FlowAPI does it. */
  #expOf(token: string): number {
    const known = this.#expAt.get(token);
    if (known !== undefined) return known;
    const [header = "", claims = "", signature = ""] = token.split(".");
    const signed = Buffer.from(`${header}.${claims}`);
    if (!verify("sha256", signed, this.#key, Buffer.from(signature, "base64url"))) throw new Error("no good token");
    const expAt = claimsOf(token).exp * 1000;
    this.#expAt.set(token, expAt);
    this.tokens.add(token);
    return expAt;
  }
}
