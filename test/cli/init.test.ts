import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Conversation } from "../../src/cli/command.ts";
import { CONSUMERS, ISSUER_TYPES, STORE_TYPES } from "../../src/cli/init-questions.ts";
import { runCli } from "../../src/cli/program.ts";
import type { Settings } from "../../src/core/settings.ts";
import { loadSettings, reviewSettings } from "../../src/settings/load.ts";
import { kinds, tools } from "../settings/support.ts";
import { type FakeApp, fakeApp, fakeControl, memoryCli, type Ran, renewd } from "./support.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "renewd-init-"));
  file = join(folder, "renewd.yaml");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The real loader judges what is written. */
function app(): FakeApp {
  return fakeApp(fakeControl(), {
    checkSettings: async ({ settingsFile }) => ({
      settings: await loadSettings(settingsFile, kinds, tools),
      warnings: [],
      probe: () => Promise.resolve([]),
    }),
  });
}

const load = (): Promise<Settings> => loadSettings(file, kinds, tools);

/** What has no default, for each type of issuer. */
const NEEDED: Readonly<Record<(typeof ISSUER_TYPES)[number], string>> = {
  flowauth: "--url https://flowauth.example.org --username flowbot --server flowapi-prod --role viewer,runner",
  embedded: "",
  arvados: "--url https://zzzzz.example.org",
  oauth2: "--url https://idp.example.org/realms/prod --client-id airflow",
};

const combinations = ISSUER_TYPES.flatMap((issuer) =>
  STORE_TYPES.flatMap((store) =>
    CONSUMERS.filter((consumer) => store === "aws" || consumer !== "airflow-connection").map(
      (consumer) => [issuer, store, consumer] as const,
    ),
  ),
);

describe("init by flags", () => {
  it.each(combinations)("from %s to %s as %s writes what the loader takes", async (issuer, store, consumer) => {
    const flags = `--issuer-type ${issuer} ${NEEDED[issuer]} --store ${store} --consumer ${consumer} --yes`;
    const { code, out, err } = await renewd(app(), `init ${file} ${flags}`.replaceAll(/ +/g, " "));
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const { issuers, stores, tokens } = await load();
    expect(issuers.map(({ type }) => type)).toEqual([issuer]);
    expect(stores.map(({ type }) => type)).toEqual([store === "aws" ? "aws-secrets-manager" : "file"]);
    expect(tokens[0]?.targets).toHaveLength(1);
    expect((await reviewSettings(file, kinds, tools)).warnings).toEqual([]);
    const text = readFileSync(file, "utf8");
    expect(text.split("\n").filter((line) => line.length > 120)).toEqual([]);
    expect(text.match(/^ *#/gm)?.length).toBeGreaterThan(10);
    expect(out).toContain(`renewd check -c ${file}\n  renewd run -c ${file}`);
    for (const { groups } of text.matchAll(/\{ file: \.\/(?<path>\S+) \}/g))
      expect(out).toContain(`cat > ${join(folder, groups?.["path"] ?? "")}`);
  });

  it.each([
    ["30m", "5m"],
    ["1h", "5m"],
    ["2h", "20m"],
    ["4h", "40m"],
    ["6h", "1h"],
  ])("has a token of %s that is held for %s renewed before it counts as late", async (lifetime, hold) => {
    const flags = `--issuer-type oauth2 ${NEEDED.oauth2} --store file --lifetime ${lifetime} --hold ${hold} --yes`;
    expect((await renewd(app(), `init ${file} ${flags}`)).code).toBe(0);
    expect((await reviewSettings(file, kinds, tools)).warnings).toEqual([]);
  });

  it("says how another user gets into the folder of a file that its group may read", async () => {
    await renewd(app(), `init ${file} --issuer-type embedded --directory ./shared --yes`);
    expect(readFileSync(file, "utf8")).toContain("# install -d -m 2750 -g airflow ./shared\n");
  });

  it.each([0o000, 0o077])(
    "writes a file that all may read and only its owner change, with the umask %i too",
    async (umask) => {
      const before = process.umask(umask);
      try {
        await renewd(app(), `init ${file} --issuer-type embedded --yes`);
      } finally {
        process.umask(before);
      }
      expect(statSync(file).mode & 0o777).toBe(0o644);
      expect(readdirSync(folder)).toEqual(["renewd.yaml"]);
    },
  );

  it("makes the folders to it", async () => {
    file = join(folder, "a/b/renewd.yaml");
    expect((await renewd(app(), `init ${file} --issuer-type embedded --yes`)).code).toBe(0);
    expect(existsSync(file)).toBe(true);
  });

  it("leaves a file that is there as it is, unless --force says otherwise", async () => {
    writeFileSync(file, "mine");
    const { code, err } = await renewd(app(), `init ${file} --issuer-type embedded --yes`);
    expect(code).toBe(64);
    expect(err).toContain("is there already");
    expect(readFileSync(file, "utf8")).toBe("mine");
    expect((await renewd(app(), `init -c ${file} --issuer-type embedded --yes --force`)).code).toBe(0);
    expect((await load()).issuers[0]?.key).toBe("embedded");
  });

  it.each([
    ["--yes", "--url is missing"],
    ["--issuer-type embedded", "nobody is at a terminal"],
    ["--issuer-type embedded --username x --yes", "--username means nothing"],
    ["--issuer-type embedded --consumer airflow-connection --yes", "choose one of airflow-variable, other"],
    ["--issuer-type embedded --hold soon --yes", "--hold: write a number and a unit"],
    ["--issuer-type embedded --lifetime 10m --hold 6m --yes", "well under half"],
    ["--issuer-type embedded --name UPPER --yes", "--name: use up to 63"],
    ["--issuer-type arvados --url ftp://x --yes", "--url: write an address"],
    ["--issuer-type arvados --url https://user:secret@x --yes", "leave user and password out"],
    ["--issuer-type arvados --url https://user@x --yes", "leave user and password out"],
    ["--issuer-type arvados --url https://x --role a,b --yes", "name one preset"],
    ["--issuer-type arvados --url https://x --role nonsense --yes", "no preset is called nonsense"],
    ["--issuer-type gitlab --yes", "Allowed choices are"],
  ])("%s is refused, and nothing is written", async (flags, why) => {
    const { code, err } = await renewd(app(), `init ${file} ${flags}`);
    expect(code).toBe(64);
    expect(err).toContain(why);
    expect(err).not.toContain("secret@");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("takes roles together or one by one, and loses none", async () => {
    const flags =
      "--issuer-type flowauth --url https://f.example.org --username u --server s --role viewer --role runner";
    await renewd(app(), `init ${file} ${flags} --yes`);
    expect((await load()).tokens[0]?.request.roles).toEqual(["runner", "viewer"]);
  });

  it("keeps words that YAML would read as something else", async () => {
    const odd = "--server yes --role null,1.0 --username on: --name 0x10";
    await renewd(app(), `init ${file} --issuer-type flowauth --url https://f.example.org ${odd} --yes`);
    const [token] = (await load()).tokens;
    expect(token).toMatchObject({ key: "0x10", name: "0x10", request: { audience: "yes", roles: ["1.0", "null"] } });
  });
});

describe("init at a terminal", () => {
  async function talk(argv: string, answers: readonly (string | null)[]): Promise<Ran & { readonly asked: string[] }> {
    const fake = app();
    const { cli, out, err } = memoryCli(fake, true);
    const left = [...answers];
    const asked: string[] = [];
    const conversation: Conversation = {
      ask: (question) => (asked.push(question), Promise.resolve(left.length === 0 ? null : (left.shift() ?? null))),
      close: () => undefined,
    };
    const code = await runCli(argv.split(" "), { ...cli, converse: () => conversation });
    return { code, out: out.join("\n"), err: err.join("\n"), asked };
  }

  it("asks one thing after another, takes what is proposed at Enter, and never asks for a password", async () => {
    const answers = [
      "",
      "https://flowauth.example.org",
      "flowbot",
      "flowapi-prod",
      "viewer, runner",
      ...Array<string>(12).fill(""),
    ];
    const { code, err, asked } = await talk(`init ${file}`, answers);
    expect(code).toBe(0);
    expect(asked.slice(0, 3)).toEqual(["[flowauth] > ", "> ", "> "]);
    expect(asked.length).toBeLessThanOrEqual(answers.length);
    expect(err).toContain("Its password is not asked for");
    expect(err.split("\n").filter((line) => line.length > 80)).toEqual([]);
    expect((await load()).tokens[0]).toMatchObject({
      name: "airflow-flowapi",
      create: true,
      request: { roles: ["runner", "viewer"], lifetimeMs: 30 * 86_400_000 },
      targets: [{ format: { kind: "json", key: "FLOWAPI_TOKEN" }, holdMs: 6 * 3_600_000 }],
    });
  });

  it("asks again after an answer that is none, and not for what a flag says", async () => {
    const { code, err, asked } = await talk(`init ${file} --issuer-type embedded --store aws --region us-east-1`, [
      "", // the server
      "", // the role
      "3 weeks",
      "2d",
      ...Array<string>(10).fill(""),
    ]);
    expect(code).toBe(0);
    expect(err).toContain("write a number and a unit");
    expect(err).not.toContain("Who issues the token");
    expect(asked).not.toContain("[eu-west-1] > ");
    expect((await load()).tokens[0]?.request.lifetimeMs).toBe(2 * 86_400_000);
  });

  it("tells what the loader refuses and asks anew, with the former answers proposed", async () => {
    const wrong = ["arvados", "https://zzzzz.example.org", "nonsense", ...Array<string>(10).fill("")];
    const right = ["", "", "keep-balance", ...Array<string>(10).fill("")];
    const { code, err, asked } = await talk(`init ${file}`, [...wrong, ...right]);
    expect(code).toBe(0);
    expect(err).toMatch(/These settings would be refused: .*no preset is called nonsense/s);
    expect(asked).toContain("[https://zzzzz.example.org] > ");
    expect((await load()).issuers[0]?.type).toBe("arvados");
  });

  it("writes nothing when the answers end", async () => {
    const { code, err } = await talk(`init ${file}`, ["", null]);
    expect(code).toBe(64);
    expect(err).toContain("nothing was written");
    expect(readdirSync(folder)).toEqual([]);
  });
});
