import fc from "fast-check";
import { expect, test } from "vitest";
import { renderProblems, SettingsError } from "../../src/settings/load.ts";
import { edited, GOOD, parse } from "./support.ts";

const CANARY = "hunter2-Qz81";

/** Everything that a person, a log or an API may come to see of a refusal. */
function told(text: string): string {
  try {
    parse(text);
    return "";
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    return [renderProblems(error.problems), error.message, JSON.stringify(error), String(error.cause)].join("\n");
  }
}

const password = (value: string): string => edited("password: { file: ./password }", `password: ${value}`);
const LITERALS: readonly (readonly [where: string, text: string])[] = [
  ["a text", password(CANARY)],
  ["a quoted text", password(`"${CANARY}"`)],
  ["a list", password(`[${CANARY}]`)],
  ["the key of a mapping", password(`{ ${CANARY} }`)],
  ["the value of an unknown key of a mapping", password(`{ value: ${CANARY} }`)],
  ["a file's value that is a list", password(`{ file: [${CANARY}] }`)],
  ["a mapping with two sources", password(`{ env: ${CANARY}, file: ${CANARY} }`)],
  ["an environment variable's name that is none", edited("file: /run/secrets/api", `env: "${CANARY}!"`)],
  ["an alias", password(`*${CANARY}`)],
  ["an anchor with a broken text after it", password(`&${CANARY} "x`)],
  ["a tag", password(`!${CANARY} x`)],
  ["a text with an escape that is none", password(`"\\q${CANARY}"`)],
  ["a text that ends too early", password(`"${CANARY}" ${CANARY}`)],
  ["a block text with a tab", password(`|\n\t${CANARY}`)],
  ["a key of a list", edited("{ file: ./flowauth.pem }", CANARY)],
  ["an API token", edited("secret: { file: /run/secrets/api }", `secret: ${CANARY}`)],
  ["a state key", edited("{ env: OLD_KEY }", CANARY)],
  ["the address of a database", edited("sqlite:./state/renewd.db", `postgres://renewd:${CANARY}@db/renewd`)],
  ["the issuer's address", edited("https://flowauth.example.org", `https://flowbot:${CANARY}@flowauth.example.org`)],
  ["a proxy's address", edited("username: flowbot", `username: flowbot\n    proxy: socks://u:${CANARY}@proxy`)],
  ["a store's endpoint", edited("region: eu-west-1", `region: eu-west-1, endpoint: "ftp://u:${CANARY}@aws"`)],
  ["a hook's environment", edited("secret: .env,", `secret: .env, reload: { command: [x], env: { K: [${CANARY}] } },`)],
  ["the value of an unknown key", edited("username: flowbot", `username: flowbot\n    passwort: ${CANARY}`)],
  [
    "a user's password in a seed",
    edited("stores:", `  e: { type: embedded, db: x, seed: { users: [{ name: a, password: ${CANARY} }] } }\nstores:`),
  ],
];

test.each(LITERALS)("refuses a literal secret as %s without repeating it", (_, text) => {
  const answer = told(text);
  expect(answer).not.toBe("");
  expect(answer).not.toContain(CANARY);
});

test("never repeats what stands in a secret's place, whatever it is", () => {
  const canary = fc.stringMatching(/^[a-z]{3}[0-9]{6}$/);
  const wrapping = fc.constantFrom(
    "X",
    "[X]",
    "{ X: 1 }",
    "{ file: [X] }",
    "{ command: X }",
    "*X",
    "!X",
    "'X",
    "|X",
    "> X",
  );
  fc.assert(
    fc.property(canary, wrapping, (secret, wrapped) => {
      const answer = told(password(wrapped.replace("X", secret)));
      expect(answer).not.toBe("");
      expect(answer).not.toContain(secret);
    }),
    { numRuns: 200 },
  );
});

test("good settings hold the references and nothing that was read", () => {
  expect(JSON.stringify(parse(GOOD))).toContain('"password":{"file":"/etc/renewd/password"}');
});
