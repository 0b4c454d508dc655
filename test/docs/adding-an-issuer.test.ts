/** docs/adding-an-issuer.md is followed to the letter, in a copy of the sources: what it adds works, and is fit to be kept. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FakeTurnstile } from "../support/example-issuer/server.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { Recipe } from "./recipe.ts";

const LIMIT_MS = 300_000;
let recipe: Recipe;

async function startFake(): Promise<FakeTurnstile & AsyncDisposable> {
  const server = new FakeTurnstile(new FakeClock());
  await server.start();
  return Object.assign(server, { [Symbol.asyncDispose]: () => server.close() });
}

beforeAll(async () => {
  recipe = await Recipe.follow("docs/adding-an-issuer.md", "issuers", /,?\s*\];/);
}, LIMIT_MS);

afterAll(() => recipe[Symbol.asyncDispose]());

describe("the issuer of docs/adding-an-issuer.md", { timeout: LIMIT_MS }, () => {
  it("has the files that every issuer has, and a contract test", () => {
    const { type, files } = recipe;
    const usual = ["README.md", "options.ts", "refusals.ts", "mint.ts", "inspect.ts", "issuer.ts", "index.ts"];
    const wanted = [...usual.map((name) => `src/issuers/${type}/${name}`), `test/issuers/${type}/contract.test.ts`];
    expect([...files.keys()]).toEqual(expect.arrayContaining(wanted));
  });

  it("keeps the rules of the linter and of the layout", () => recipe.expectRules());

  it("has right types, also as one of the list", () => recipe.expectTypes());

  it("can be named by settings, and tried", async () => {
    await using server = await startFake();
    await recipe.write("renewd.yaml", recipe.settings.replace(/https:\S+/, server.url));
    await recipe.write("turnstile.key", server.key);
    const { code, said } = await recipe.run("src/main.ts", "check", "--config", "renewd.yaml");
    expect(said).toContain("1 token, 1 issuer, 1 store");
    expect(said).toContain(`is of ${server.owner}`);
    expect(code).toBe(0);
  });

  it("passes the contract suite, and does not once it is broken", async () => {
    const { code, said } = await recipe.suite();
    expect(said).toMatch(/Tests +\d{2} passed/);
    expect(code).toBe(0);
    await recipe.change(`src/issuers/${recipe.type}/mint.ts`, 'error.sent ? "unknown" : "refused"', '"refused"');
    const broken = await recipe.suite();
    expect(broken.said).toContain("answers as unknown what was done and its answer lost");
    expect(broken.code).toBe(1);
  });
});
