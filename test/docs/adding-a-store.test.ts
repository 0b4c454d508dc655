/** docs/adding-a-store.md is followed to the letter: what it adds works, and is fit to be kept. */
import Database from "better-sqlite3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freePort } from "../e2e/place.ts";
import { Recipe } from "./recipe.ts";

const LIMIT_MS = 300_000;
let recipe: Recipe;

beforeAll(async () => {
  recipe = await Recipe.follow("docs/adding-a-store.md", "stores", /\](?=\.map\(serialised\))/);
}, LIMIT_MS);

afterAll(() => recipe[Symbol.asyncDispose]());

describe("the store of docs/adding-a-store.md", { timeout: LIMIT_MS }, () => {
  it("has the files that every store has, and a contract test", () => {
    const { type, files } = recipe;
    const wanted = ["README.md", "options.ts", "errors.ts", "place.ts", "index.ts"].map(
      (name) => `src/stores/${type}/${name}`,
    );
    expect([...files.keys()]).toEqual(expect.arrayContaining([...wanted, `test/stores/${type}/contract.test.ts`]));
  });

  it("keeps the rules of the linter and of the layout", () => recipe.expectRules());

  it("has right types, also as one of the list", () => recipe.expectTypes());

  it("can be named by settings, and tried", async () => {
    const [table] = /create table [^`]+/.exec(recipe.files.get("src/stores/cupboard/README.md") ?? "") ?? [];
    new Database(recipe.path("app.db")).exec(table ?? "").close();
    await recipe.write("renewd.yaml", recipe.settings.replace("8081", String(await freePort())));
    const { said } = await recipe.run("src/main.ts", "check", "--config", "renewd.yaml");
    expect(said).toContain("1 token, 1 issuer, 1 store");
    expect(said).toMatch(/ok +target app-token\/app\n +app: could take a token; empty/);
  });

  it("passes the contract suite, and does not once it is broken", async () => {
    const { code, said } = await recipe.suite();
    expect(said).toMatch(/Tests +\d{2} passed/);
    expect(said).not.toContain("skipped");
    expect(code).toBe(0);
    await recipe.change("src/stores/cupboard/place.ts", "previous = text, ", "");
    const broken = await recipe.suite();
    expect(broken.said).toContain("keeps the previous value");
    expect(broken.code).toBe(1);
  });
});
