import type { Instant } from "../../src/core/duration.ts";
import type { Fingerprint, SecretText } from "../../src/core/secret-text.ts";
import type { Flaw } from "./issuer-faults.ts";

/** A token as the issuer knows it. */
export interface Row {
  readonly id: string;
  readonly name: string;
  readonly token: SecretText;
  readonly fingerprint: Fingerprint;
  readonly roles: readonly string[];
  readonly issuedAt: Instant;
  /** When its life as it is now began: that of an extended token with the extension. */
  readonly startAt: Instant;
  readonly notBeforeAt: Instant | null;
  readonly expAt: Instant;
  /** Came from `request`, not from a person. */
  readonly asked: boolean;
  readonly flaw: Flaw | undefined;
  /** When it was ended before its time. */
  readonly endedAt: Instant | null;
}

export function isLive(row: Row, now: Instant): boolean {
  return row.endedAt === null && now < row.expAt;
}

/** All tokens of an issuer, in the order in which they were made. */
export class Ledger {
  readonly #rowsOf = new Map<string, Row[]>();
  readonly #byText = new Map<string, Row>();

  rowsOf(name: string): readonly Row[] {
    return this.#rowsOf.get(name) ?? [];
  }

  rowOf(text: string): Row | undefined {
    return this.#byText.get(text);
  }

  add(row: Row): void {
    this.#rowsOf.set(row.name, [...this.rowsOf(row.name), row]);
    this.#byText.set(row.token.reveal(), row);
  }

  change(row: Row, change: Partial<Pick<Row, "startAt" | "expAt" | "endedAt">>): Row {
    const changed = { ...row, ...change };
    const rows = this.rowsOf(row.name).map((each) => (each.id === row.id ? changed : each));
    this.#rowsOf.set(row.name, rows);
    this.#byText.set(row.token.reveal(), changed);
    return changed;
  }

  /** Rows that ended long ago are of no interest any more. */
  forget(beforeAt: Instant): void {
    for (const [name, rows] of this.#rowsOf) {
      const kept = rows.filter((row, index) => row.expAt > beforeAt || index >= rows.length - 2);
      for (const row of rows) if (!kept.includes(row)) this.#byText.delete(row.token.reveal());
      this.#rowsOf.set(name, kept);
    }
  }
}
