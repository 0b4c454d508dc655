import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitJsonArray } from "../../../src/issuers/flowauth/json-array.ts";

async function* chunked(bytes: Uint8Array, ends: readonly number[]): AsyncGenerator<Uint8Array> {
  let begin = 0;
  for (const end of [...ends, bytes.length]) {
    yield bytes.subarray(begin, end);
    begin = end;
  }
}

async function split(text: string | Uint8Array, ends: readonly number[] = [], most = 1_000): Promise<unknown[]> {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  const found: unknown[] = [];
  for await (const each of splitJsonArray(chunked(bytes, ends), most)) found.push(each);
  return found;
}

const tricky = [
  { a: 'quote " and \\ and \\" and ]}[{,', b: { c: [1, [2, { d: "}" }]], e: {} } },
  {},
  { "schlüssel ✓ 😀": "\u2028 é \\u0041 \n" },
  { n: -1.5e3, t: true, f: false, z: null },
];

describe("splitting a JSON array", () => {
  it("gives each object, wherever the chunks end", async () => {
    const bytes = new TextEncoder().encode(JSON.stringify(tricky, null, 1));
    for (let at = 0; at <= bytes.length; at += 1) expect(await split(bytes, [at])).toEqual(tricky);
    const everyByte = Array.from({ length: bytes.length }, (_, index) => index);
    expect(await split(bytes, everyByte)).toEqual(tricky);
  });

  it("gives what JSON.parse gives, for any list of objects and any chunks", async () => {
    const lists = fc.array(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true }), {
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(lists, fc.array(fc.nat(), { maxLength: 6 }), async (list, cuts) => {
        const text = JSON.stringify(list);
        const bytes = new TextEncoder().encode(text);
        const ends = cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b);
        expect(await split(bytes, ends, 1_000_000)).toEqual(JSON.parse(text));
      }),
      { numRuns: 200 },
    );
  });

  it("takes an empty list and space around everything", async () => {
    expect(await split(" [ \r\n\t ] \n")).toEqual([]);
    expect(await split(' [ {"a":1} , {"a":2} ] ')).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it.each(["", "[", "[{}", '[{"a":1', "[{},", '[{"a":"b]"', '[{"a":"\\"}]'])(
    "never takes a broken-off list for a whole one: %s",
    async (text) => {
      await expect(split(text)).rejects.toMatchObject({ code: "issuer_answer_invalid" });
    },
  );

  it.each([
    "{}",
    "null",
    "<html>",
    "[1]",
    '["a"]',
    "[{}{}]",
    "[,{}]",
    "[{},]",
    "[{}]x",
    "[[{}]]",
    "[{} {}]",
    "[{a}]",
    "[{}}]",
    '[{"a":1]]',
    "[{]",
  ])("refuses what is not a list of objects: %s", async (text) => {
    await expect(split(text)).rejects.toMatchObject({ code: "issuer_answer_invalid" });
  });

  it("refuses bytes that are not UTF-8", async () => {
    await expect(split(Uint8Array.from([0x5b, 0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d, 0x5d]))).rejects.toMatchObject({
      code: "issuer_answer_invalid",
    });
  });

  it("bounds one object, also before its end is seen", async () => {
    const long = `[{"a":"${"x".repeat(200)}`;
    await expect(split(long, [50, 100, 150], 100)).rejects.toThrow("larger than 100 bytes");
    await expect(split(`${long}"}]`, [], 100)).rejects.toThrow("larger than 100 bytes");
    expect(
      await split(JSON.stringify(Array.from({ length: 100 }, () => ({ a: "x".repeat(50) }))), [], 100),
    ).toHaveLength(100);
  });
});
