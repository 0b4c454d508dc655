import { expect, test } from "vitest";
import { SecretText } from "../../src/core/secret-text.ts";
import { hashPassword, passwordMatches } from "../../src/issuer-server/passwords.ts";
import { systemRandom } from "../../src/runtime/random.ts";

const right = new SecretText("correct horse");

test("a password matches its own hash alone, and two hashes of one differ", async () => {
  const [one, two] = [await hashPassword(right, systemRandom), await hashPassword(right, systemRandom)];
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/);
  expect(one).not.toBe(two);
  expect(await passwordMatches(right, one)).toBe(true);
  expect(await passwordMatches(right, two)).toBe(true);
  expect(await passwordMatches(new SecretText("Correct horse"), one)).toBe(false);
});

test("nothing matches an absent, foreign or mangled hash", async () => {
  const hash = await hashPassword(right, systemRandom);
  const empty = hash.replace(/[^$]+$/, "");
  for (const phc of [undefined, "", "correct horse", empty, hash.slice(0, -2), hash.replace("t=2", "t=1")]) {
    expect(await passwordMatches(right, phc)).toBe(false);
  }
});
