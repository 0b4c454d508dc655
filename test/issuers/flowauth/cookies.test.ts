import { describe, expect, it } from "vitest";
import { Cookies } from "../../../src/issuers/flowauth/cookies.ts";

function after(...lines: readonly string[]): string {
  const cookies = new Cookies();
  for (const line of lines) cookies.take([line]);
  return cookies.header;
}

describe("cookies", () => {
  it("are kept by name, the newest value counting, without their attributes", () => {
    expect(
      after("session=a.b-c==; HttpOnly; Path=/", "X-CSRF=1", "session=d; Expires=Tue, 22 Dec 2026 01:15:44 GMT"),
    ).toBe("session=d; X-CSRF=1");
  });

  it.each(["session=; Path=/", "session=x; Max-Age=0", "session=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0"])(
    "go when the server removes them: %s",
    (line) => {
      expect(after("session=a", "X-CSRF=1", line)).toBe("X-CSRF=1");
    },
  );

  it("are bounded in number and size, and nonsense is passed over", () => {
    const many = Array.from({ length: 50 }, (_, index) => `c${index}=1`);
    expect(after(...many).split("; ")).toHaveLength(16);
    expect(after("a=1", "b", "=c", `big=${"x".repeat(10_000)}`)).toBe("a=1");
  });
});
