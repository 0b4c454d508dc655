import { expect, test } from "vitest";
import { SecretText } from "../../src/core/secret-text.ts";
import { toBase32, totpCode, totpMatches, totpStep } from "../../src/issuer-server/totp.ts";

const SECRET = new SecretText(toBase32(Buffer.from("12345678901234567890")));

// RFC 6238 appendix B, the rows of SHA-1; a code of six digits is the end of one of eight.
test.each([
  [59, "287082"],
  [1_111_111_109, "081804"],
  [1_111_111_111, "050471"],
  [1_234_567_890, "005924"],
  [2_000_000_000, "279037"],
  [20_000_000_000, "353130"],
])("at second %i the code is that of the RFC", (second, code) => {
  expect(totpCode(SECRET, totpStep(second * 1_000))).toBe(code);
  expect(totpMatches(SECRET, totpStep(second * 1_000), code)).toBe(true);
  expect(totpMatches(SECRET, totpStep(second * 1_000) + 1, code)).toBe(false);
});

// RFC 4648 §10, without padding.
test.each([
  ["f", "MY"],
  ["fo", "MZXQ"],
  ["foo", "MZXW6"],
  ["foob", "MZXW6YQ"],
  ["fooba", "MZXW6YTB"],
  ["foobar", "MZXW6YTBOI"],
])("%s is %s in base32", (text, base32) => {
  expect(toBase32(Buffer.from(text))).toBe(base32);
});

test("a secret may be written in lower case and with padding", () => {
  const loose = new SecretText(`${SECRET.reveal().toLowerCase()}====`);
  expect(totpCode(loose, 1)).toBe(totpCode(SECRET, 1));
});
