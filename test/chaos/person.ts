import { SecretText } from "../../src/core/secret-text.ts";
import { pause } from "../support/process.ts";
import type { Site } from "./site.ts";
import type { TokenKey } from "./site-settings.ts";

const LOOK_EVERY_MS = 300;
/** How long it is waited for that what was put into a target is seen there, before one says `discard` besides. */
const SEEN_MS = 4_000;

interface Told {
  readonly token: TokenKey;
  readonly state: string;
  readonly newest: { readonly fingerprint: string } | null;
}

/**
 * Whoever is told that only a person can say what a lost request made, and does what docs/failure-modes.md says: looks
 * at the issuer. Where the old token still lives nothing was made, and it is discarded; else whatever the request made is
 * ended, a new one made by hand and put into each target, and now and then discarded besides.
 */
export class Person implements AsyncDisposable {
  /** Requests that made nothing. */
  discarded = 0;
  /** Tokens that were made by hand. */
  made = 0;
  /** Tokens whose text nobody has, found at the issuer and ended. */
  ended = 0;
  readonly #site: Site;
  readonly #working: Promise<void>;
  #leaving = false;

  constructor(site: Site) {
    this.#site = site;
    this.#working = this.#work();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#leaving = true;
    await this.#working;
  }

  async #work(): Promise<void> {
    while (!this.#leaving) {
      for (const told of await this.#waiting()) await this.#mend(told);
      await pause(LOOK_EVERY_MS);
    }
  }

  /** Nobody waits while the daemon cannot be asked. */
  async #waiting(): Promise<readonly Told[]> {
    const tokens = (await this.#site.status().catch(() => [])) as readonly Told[];
    return tokens.filter(({ state }) => state === "waiting_for_person");
  }

  async #mend({ token: name, newest }: Told): Promise<void> {
    const { side, berths } = this.#site;
    const { byHand } = side;
    if (byHand === null) throw new TypeError(`${name} waits for a person at an issuer that can be asked`);
    const live = byHand.liveOf(name);
    if (live.some((token) => new SecretText(token).fingerprint === newest?.fingerprint)) {
      if (await this.#site.discard(name)) this.discarded += 1;
      return;
    }
    for (const token of live) byHand.end(token);
    this.ended += live.length;
    this.made += 1;
    const token = byHand.make(name);
    for (const berth of berths.filter((each) => each.token === name)) await berth.put(token);
    await pause(this.made % 2 === 0 ? SEEN_MS : 0);
    await this.#site.discard(name);
  }
}
