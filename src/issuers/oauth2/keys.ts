import { createLocalJWKSet } from "jose";
import { z } from "zod";
import { HOUR_MS, MINUTE_MS } from "../../core/duration.ts";
import { RenewdError, toRenewdError } from "../../core/errors.ts";
import type { IssuerContext } from "../../core/ports.ts";
import { checkJson, readText } from "../answers.ts";
import { SharedWork } from "../shared-work.ts";
import type { Transport } from "../transport.ts";
import type { OAuth2Options } from "./options.ts";

const KEPT_MS = HOUR_MS;

/** The keys are not read again sooner, whatever tokens are shown to us. */
const REST_MS = MINUTE_MS;

const setSchema = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

export type ResolveKey = ReturnType<typeof createLocalJWKSet>;

/** One reading of the server's keys (RFC 7517 §5). */
export interface KeySet {
  readonly resolve: ResolveKey;
  readonly count: number;
  readonly url: string;
  readonly atUptimeMs: number;
}

/** The server's public keys, kept for an hour. */
export class IssuerKeys {
  readonly #context: Pick<IssuerContext<OAuth2Options>, "options" | "clock">;
  readonly #transport: Transport;
  #known: KeySet | undefined;
  #reading: { readonly url: string; readonly work: SharedWork<KeySet> } | undefined;

  constructor(context: Pick<IssuerContext<OAuth2Options>, "options" | "clock">, transport: Transport) {
    this.#context = context;
    this.#transport = transport;
  }

  /** `fresh`: read just now. Throws `key_unreachable`. */
  async read(url: string, signal: AbortSignal): Promise<{ readonly set: KeySet; readonly fresh: boolean }> {
    const known = this.#known;
    const isKept = known !== undefined && known.url === url && this.#ageMs(known) < KEPT_MS;
    return isKept ? { set: known, fresh: false } : { set: await this.#readAnew(url, signal), fresh: true };
  }

  /** A later reading than `old`; undefined when that was made less than a minute ago. Throws `key_unreachable`. */
  async readAfter(old: KeySet, signal: AbortSignal): Promise<KeySet | undefined> {
    const known = this.#known;
    if (known !== undefined && known !== old && known.url === old.url) return known;
    return this.#ageMs(old) < REST_MS ? undefined : this.#readAnew(old.url, signal);
  }

  /** A clock that went back makes it too old. */
  #ageMs({ atUptimeMs }: KeySet): number {
    const ageMs = this.#context.clock.uptimeMs() - atUptimeMs;
    return ageMs < 0 ? Infinity : ageMs;
  }

  #readAnew(url: string, signal: AbortSignal): Promise<KeySet> {
    if (this.#reading === undefined || this.#reading.work.abandoned || this.#reading.url !== url) {
      const work: SharedWork<KeySet> = new SharedWork((all) =>
        this.#fetch(url, all).finally(() => {
          if (this.#reading?.work === work) this.#reading = undefined;
        }),
      );
      this.#reading = { url, work };
    }
    return this.#reading.work.join(signal);
  }

  async #fetch(url: string, signal: AbortSignal): Promise<KeySet> {
    const { options, clock } = this.#context;
    const where = `keys at ${new URL(url).host}`;
    const atUptimeMs = clock.uptimeMs();
    try {
      const client = await this.#transport.client(signal);
      const headers = { accept: "application/jwk-set+json, application/json", "user-agent": "renewd" };
      const response = await client.send({ call: "keys", method: "GET", url, headers, signal });
      const text = await readText(response, options.max_response);
      if (response.status !== 200) throw new RenewdError("key_unreachable", `answered ${response.status}`);
      const { keys } = checkJson(text, response.status, setSchema, "the set");
      const resolve = createLocalJWKSet({ keys });
      this.#known = { resolve, count: keys.length, url, atUptimeMs };
      return this.#known;
    } catch (error) {
      throw new RenewdError("key_unreachable", `${where}: ${toRenewdError(error).message}`, { cause: error });
    }
  }
}
