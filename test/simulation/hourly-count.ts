import { HOUR_MS, type Instant } from "../../src/core/duration.ts";

/** The most calls in any hour. */
export class HourlyCount {
  most = 0;
  #recent: Instant[] = [];

  note(at: Instant): void {
    const edge = at - HOUR_MS;
    if ((this.#recent[0] ?? at) <= edge) this.#recent = this.#recent.filter((each) => each > edge);
    this.#recent.push(at);
    this.most = Math.max(this.most, this.#recent.length);
  }

  /** A new spell begins: what came before does not count in it. */
  forget(): void {
    this.#recent = [];
  }
}
