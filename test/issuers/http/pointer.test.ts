import { describe, expect, it } from "vitest";
import { isPointer, valueAt } from "../../../src/issuers/http/pointer.ts";

/** The document of RFC 6901 §5, and one more key for the order of its escapes (§4). */
const document = {
  foo: ["bar", "baz"],
  "": 0,
  "a/b": 1,
  "c%d": 2,
  "e^f": 3,
  "g|h": 4,
  "i\\j": 5,
  'k"l': 6,
  " ": 7,
  "m~n": 8,
  "~1": 9,
};

describe("a JSON pointer", () => {
  it.each([
    ["", document],
    ["/foo", ["bar", "baz"]],
    ["/foo/0", "bar"],
    ["/", 0],
    ["/a~1b", 1],
    ["/c%d", 2],
    ["/e^f", 3],
    ["/g|h", 4],
    ["/i\\j", 5],
    ['/k"l', 6],
    ["/ ", 7],
    ["/m~0n", 8],
    ["/~01", 9],
  ])("%j leads to what RFC 6901 says", (pointer, value) => {
    expect(isPointer(pointer)).toBe(true);
    expect(valueAt(document, pointer)).toEqual(value);
  });

  it.each([
    "/none",
    "/foo/2",
    "/foo/-",
    "/foo/00",
    "/foo/length",
    "/foo/0/0",
    "/a/b",
    "/__proto__",
    "/toString",
    "/~1",
  ])("%j leads to nothing", (pointer) => expect(valueAt(document, pointer)).toBeUndefined());

  it("leads to a null, and not through it", () => {
    expect(valueAt({ a: null }, "/a")).toBeNull();
    expect(valueAt({ a: null }, "/a/b")).toBeUndefined();
    expect(valueAt(null, "/a")).toBeUndefined();
  });

  it.each(["foo", "/~", "/~2", "#/foo", "$.foo"])("is not %j", (text) => expect(isPointer(text)).toBe(false));
});
