import { RenewdError } from "../../core/errors.ts";

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

type Place = "start" | "first" | "object" | "after" | "next" | "end";

/**
 * Splits the bytes of a JSON array of objects into its objects, one at a time, so that a list which grows for ever
 * never stands in memory as a whole. Bytes of UTF-8 beyond ASCII are never structure, so chunks may end anywhere.
 * Throws `issuer_answer_invalid` for anything else, also when the array is not closed: half a list is no list.
 */
export async function* splitJsonArray(chunks: AsyncIterable<Uint8Array>, mostObjectBytes: number): AsyncGenerator {
  const splitter = new Splitter(mostObjectBytes);
  for await (const chunk of chunks) yield* splitter.push(chunk);
  splitter.end();
}

class Splitter {
  readonly #mostObjectBytes: number;
  #place: Place = "start";
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** What earlier chunks held of the object that is being read. */
  #parts: Uint8Array[] = [];
  #partBytes = 0;

  constructor(mostObjectBytes: number) {
    this.#mostObjectBytes = mostObjectBytes;
  }

  *push(chunk: Uint8Array): Generator {
    let begin = 0;
    for (let index = 0; index < chunk.length; index += 1) {
      const byte = chunk[index] ?? 0;
      if (this.#place !== "object") {
        if (this.#between(byte)) begin = index;
      } else if (this.#within(byte)) {
        yield this.#finish(chunk.subarray(begin, index + 1));
      }
    }
    if (this.#place === "object") this.#keep(chunk.slice(begin));
  }

  end(): void {
    if (this.#place !== "end") throw invalid("the list breaks off");
  }

  /** A byte outside of objects; true when it begins one. */
  #between(byte: number): boolean {
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) return false;
    const place = this.#place;
    if (place === "start" && byte === OPEN_BRACKET) this.#place = "first";
    else if ((place === "first" || place === "next") && byte === OPEN_BRACE) {
      this.#place = "object";
      this.#depth = 1;
      return true;
    } else if ((place === "first" || place === "after") && byte === CLOSE_BRACKET) this.#place = "end";
    else if (place === "after" && byte === COMMA) this.#place = "next";
    else throw invalid("the list is not a JSON array of objects");
    return false;
  }

  /** A byte inside an object; true when it ends the object. */
  #within(byte: number): boolean {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (byte === BACKSLASH) this.#escaped = true;
      else if (byte === QUOTE) this.#inString = false;
    } else if (byte === QUOTE) this.#inString = true;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#depth += 1;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) this.#depth -= 1;
    return this.#depth === 0;
  }

  #keep(part: Uint8Array): void {
    this.#partBytes += part.length;
    if (this.#partBytes > this.#mostObjectBytes)
      throw invalid(`a row of the list is larger than ${this.#mostObjectBytes} bytes`);
    this.#parts.push(part);
  }

  #finish(part: Uint8Array): unknown {
    this.#keep(part);
    const bytes = this.#parts.length === 1 ? part : Buffer.concat(this.#parts);
    this.#parts = [];
    this.#partBytes = 0;
    this.#place = "after";
    try {
      return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    } catch {
      throw invalid("a row of the list is not JSON");
    }
  }
}

function invalid(message: string): RenewdError {
  return new RenewdError("issuer_answer_invalid", message);
}
