import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tokenIn, withToken } from "../../src/core/document.ts";
import type { TargetFormat } from "../../src/core/token.ts";

const TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJqdGkiOiIxIn0.c2ln_-";
const raw: TargetFormat = { kind: "raw" };
const json: TargetFormat = { kind: "json", key: "TOKEN" };
const dotenv: TargetFormat = { kind: "dotenv", key: "TOKEN" };
const invalid = expect.objectContaining({ code: "store_invalid" }) as Error;

describe("raw", () => {
  it.each([
    ["abc", "abc"],
    ["abc\n", "abc"],
    ["abc\r\n", "abc"],
    ["abc\n\n", "abc\n"],
    ["", null],
    ["\n", null],
  ])("reads %j as %j", (text, token) => expect(tokenIn(raw, text)).toBe(token));

  it("is the token alone, whatever was there", () => expect(withToken(raw, "before\n", TOKEN)).toBe(TOKEN));

  it.each(["", "abc\n", "abc\r"])("refuses the token %j", (token) => {
    expect(() => withToken(raw, null, token)).toThrow(invalid);
  });
});

describe("json", () => {
  it.each([
    [`{"TOKEN":"abc"}`, "abc"],
    [`{"\\u0054OKEN": "a\\"b"}`, `a"b`],
    [`{"A":{"TOKEN":"inner"},"B":["TOKEN","x"],"C":"TOKEN"}`, null],
    [`{"TOKEN":""}`, null],
    [`{"TOKEN":null}`, null],
    [`{}`, null],
    ["", null],
    [" \n", null],
  ])("reads %s as %j", (text, token) => expect(tokenIn(json, text)).toBe(token));

  it.each(["[]", `"TOKEN"`, "null", "{", "TOKEN=abc", `{"TOKEN":1}`, `{"TOKEN":"a","TOKEN":"b"}`])(
    "refuses to read %s",
    (text) => expect(() => tokenIn(json, text)).toThrow(invalid),
  );

  it.each([
    [null, `{"TOKEN":"${TOKEN}"}`],
    ["{ }\n", `{"TOKEN":"${TOKEN}"}\n`],
    [`{"A":1}`, `{"A":1,"TOKEN":"${TOKEN}"}`],
    [`{\n  "A": {"B": []}\n}\n`, `{\n  "A": {"B": []},\n  "TOKEN": "${TOKEN}"\n}\n`],
    [`{\r\n\t"A" :1,\r\n\t"B" :2 }`, `{\r\n\t"A" :1,\r\n\t"B" :2,\r\n\t"TOKEN":"${TOKEN}" }`],
    [
      `{"2":1e400,"1":0.10,"TOKEN": {"x": ["}"]} ,"__proto__":1}`,
      `{"2":1e400,"1":0.10,"TOKEN": "${TOKEN}" ,"__proto__":1}`,
    ],
  ])("written into %j", (text, expected) => expect(withToken(json, text, TOKEN)).toBe(expected));

  it.each(["[]", "x", `{"TOKEN":"a","A":1,"TOKEN":"b"}`])("refuses to write into %s", (text) => {
    expect(() => withToken(json, text, TOKEN)).toThrow(invalid);
  });

  it("keeps every other member of any object, and its order", () => {
    const plain = fc.dictionary(fc.string(), fc.jsonValue(), { noNullPrototype: true });
    fc.assert(
      fc.property(plain, fc.string({ minLength: 1 }), fc.constantFrom(0, 1, 2, "\t"), (object, key, indent) => {
        const format: TargetFormat = { kind: "json", key };
        const before = JSON.stringify(object, null, indent);
        const after = withToken(format, before, TOKEN);
        expect(tokenIn(format, after)).toBe(TOKEN);
        const expected: Record<string, unknown> = { ...object };
        Object.defineProperty(expected, key, { value: TOKEN, enumerable: true, configurable: true, writable: true });
        expect(JSON.stringify(JSON.parse(after))).toBe(JSON.stringify(JSON.parse(JSON.stringify(expected))));
      }),
    );
  });
});

describe("dotenv", () => {
  it.each([
    ["TOKEN=abc", "abc"],
    ["A=1\r\nTOKEN=abc\r\nB=2", "abc"],
    ["\uFEFFTOKEN=abc\n", "abc"],
    ["  export  TOKEN = abc  \n", "abc"],
    [`TOKEN="abc" # ours`, "abc"],
    ["TOKEN='a b'", "a b"],
    ["TOKEN=abc # ours", "abc"],
    ["TOKEN=a#b", "a#b"],
    ["TOKEN=", null],
    ["TOKEN= # none yet", null],
    [`TOKEN=""`, null],
    ["# TOKEN=abc\nMY_TOKEN=x\nTOKEN2=y\ntoken=z", null],
    ["", null],
  ])("reads %j as %j", (text, token) => expect(tokenIn(dotenv, text)).toBe(token));

  it.each([
    [null, `TOKEN=${TOKEN}\n`],
    ["A=1", `A=1\nTOKEN=${TOKEN}\n`],
    ["A=1\r\n", `A=1\r\nTOKEN=${TOKEN}\r\n`],
    ["# x\nexport TOKEN='old'\nB=\"2\" \n", `# x\nexport TOKEN=${TOKEN}\nB="2" \n`],
    ["TOKEN=old\r\nB=2", `TOKEN=${TOKEN}\r\nB=2`],
    ["\uFEFFTOKEN=", `\uFEFFTOKEN=${TOKEN}`],
    ["TOKEN=$& $1\n", `TOKEN=${TOKEN}\n`],
  ])("written into %j", (text, expected) => expect(withToken(dotenv, text, TOKEN)).toBe(expected));

  it("refuses a key that stands twice", () => {
    expect(() => tokenIn(dotenv, "TOKEN=a\nexport TOKEN=b")).toThrow(invalid);
    expect(() => withToken(dotenv, "TOKEN=a\nTOKEN=a", TOKEN)).toThrow(invalid);
  });

  it.each(["A B", "1A", "A.B", "A|B", ""])("refuses the key %j", (key) => {
    expect(() => withToken({ kind: "dotenv", key }, null, TOKEN)).toThrow(invalid);
  });

  it.each(["a b", "a\nb", `a"b`, "a#b", "a$b", "a\\b"])(
    "refuses the token %j, which readers read differently",
    (token) => {
      expect(() => withToken(dotenv, null, token)).toThrow(invalid);
    },
  );

  it("keeps all other lines of any file", () => {
    const line = fc.string({ unit: "binary-ascii" }).filter((text) => !/TOKEN|[\r\n]/.test(text));
    fc.assert(
      fc.property(fc.array(line), fc.array(line), fc.constantFrom("\n", "\r\n"), (before, after, newline) => {
        const text = (value: string): string => [...before, `TOKEN=${value}`, ...after].join(newline);
        expect(withToken(dotenv, text("old"), TOKEN)).toBe(text(TOKEN));
      }),
    );
  });
});
