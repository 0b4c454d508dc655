import type { ArvadosCall } from "./endpoints.ts";

type On = ArvadosCall | "all";

/** How calls fare that a test has told so. Of several for one call, the oldest is used up first. */
export type Fault =
  /** This answer instead of the work. */
  | {
      readonly kind: "fail";
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly error: string;
    }
  /** The work is done, the connection is cut before the first byte of the answer. */
  | { readonly kind: "lose_answer" }
  /** The connection is cut and nothing done. */
  | { readonly kind: "lose_request" }
  /** Waits by the clock before anything is done. */
  | { readonly kind: "delay"; readonly ms: number };

export class Faults {
  readonly #waiting: { readonly on: On; readonly fault: Fault; left: number }[] = [];

  add(on: On, times: number, fault: Fault): void {
    this.#waiting.push({ on, fault, left: times });
  }

  clear(): void {
    this.#waiting.length = 0;
  }

  /** The next fault for this call, of those that delay or of the others, so that one call can have one of each. */
  take(call: ArvadosCall, delays: boolean): Fault | undefined {
    const found = this.#waiting.find(
      ({ on, fault, left }) => left > 0 && (on === "all" || on === call) && (fault.kind === "delay") === delays,
    );
    if (found !== undefined) found.left -= 1;
    return found?.fault;
  }
}
