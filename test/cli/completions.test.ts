/** The scripts run in the real shells, as far as they are there; what they call for the names of tokens is a stand-in. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RenewdError } from "../../src/core/errors.ts";
import { fakeApp, fakeControl, renewd, settings } from "./support.ts";

const has = (shell: string): boolean => spawnSync(shell, ["-c", "true"]).status === 0;

let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "renewd-completions-"));
  for (const shell of ["bash", "zsh", "fish"]) {
    const { code, out, err } = await renewd(fakeApp(), `completions ${shell}`);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    writeFileSync(join(folder, `renewd.${shell}`), `${out}\n`);
  }
  const standIn = `#!/bin/sh
echo "$*" >> "$(dirname "$0")/calls"
case "$2" in
  --tokens) printf 'airflow-flowapi\\nkeep-balance\\n' ;;
  --targets) echo "target-of-$3" ;;
  --channels) printf 'pager\\nchat\\n' ;;
  --issuers) echo flowauth ;;
esac
`;
  writeFileSync(join(folder, "renewd"), standIn, { mode: 0o755 });
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What bash would offer for each line: the words of it, the last one being typed. */
function offered(lines: readonly (readonly string[])[]): readonly string[] {
  const quoted = (word: string): string => `'${word}'`;
  const script = [
    "source ./renewd.bash",
    'offer() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _renewd; echo "${COMPREPLY[*]}"; }',
    ...lines.map((words) => `offer renewd ${words.map(quoted).join(" ")}`),
  ].join("\n");
  const env = { PATH: `${folder}:${process.env["PATH"] ?? ""}`, HOME: "/home/somebody" };
  const ran = spawnSync("bash", ["--norc", "--noprofile", "-u", "-c", script], { cwd: folder, env, encoding: "utf8" });
  expect(ran.stderr).toBe("");
  return ran.stdout.trimEnd().split("\n");
}

describe.skipIf(!has("bash"))("in bash", () => {
  it("every verb of the help is offered", async () => {
    const help = (await renewd(fakeApp(), "--help")).out;
    const verbs = [...help.slice(help.indexOf("Commands:")).matchAll(/^ {2}([a-z][a-z-]+)\b/gm)].map(
      ([, verb]) => verb,
    );
    expect(verbs.length).toBeGreaterThan(15);
    expect(offered([[""]])[0]?.split(" ")).toEqual(verbs);
  });

  it.each([
    [["sta"], "status"],
    [["help", "st"], "status"],
    [["issuer", "help", "add-"], "add-server add-role add-user"],
    [["issuer", ""], "serve add-server add-role add-user grant tokens help"],
    [["status", "--at"], "--attention"],
    [["status", "--conf"], "--config"],
    [["status", "--state", "pau"], "paused"],
    [["status", "--state", "=", "la"], "late"],
    [["alert-test", "--severity", "="], "info warning critical"],
    [["alert-test", "--severity", ""], "info warning critical"],
    [["explain", "store_deni"], "store_denied"],
    [["completions", ""], "bash zsh fish"],
    [["status", ""], "airflow-flowapi keep-balance"],
    [["--config", "x.yaml", "renew", "keep"], "keep-balance"],
    [["adopt", "keep-balance", ""], "target-of-keep-balance"],
    [["alert-test", "pager", "c"], "chat"],
    [["presets", "--issuer", ""], "flowauth"],
    [["create-token", "--token-file", "renewd.b"], "renewd.bash"],
    [["status", "airflow-flowapi", ""], ""],
    [["renew", "keep-balance", "--lifetime", ""], ""],
  ])("%j is completed to %s", (words, expected) => {
    expect(offered([words])).toEqual([expected]);
  });

  it("the names come from the settings file of the line", () => {
    writeFileSync(join(folder, "calls"), "");
    offered([
      ["-c", "~/my.yaml", "status", ""],
      ["status", ""],
      ["adopt", "a", "", "--config"],
    ]);
    expect(readFileSync(join(folder, "calls"), "utf8").trim().split("\n")).toEqual([
      "completions --tokens -c /home/somebody/my.yaml",
      "completions --tokens",
    ]);
  });

  it("a name that would be a command is offered as it is and not run", () => {
    const file = join(folder, "renewd");
    const before = readFileSync(file, "utf8");
    writeFileSync(file, "#!/bin/sh\necho '$(touch run-by-bash)'\n");
    expect(offered([["status", ""]])).toEqual(["$(touch run-by-bash)"]);
    expect(spawnSync("ls", [join(folder, "run-by-bash")]).status).not.toBe(0);
    writeFileSync(file, before);
  });
});

it.skipIf(!has("zsh"))("zsh reads its script", () => {
  expect(spawnSync("zsh", ["-n", join(folder, "renewd.zsh")], { encoding: "utf8" })).toMatchObject({
    status: 0,
    stderr: "",
  });
});

it.skipIf(!has("fish"))("fish offers the same", () => {
  const script = `source ${folder}/renewd.fish; complete -C 'renewd adopt keep-balance '; complete -C 'renewd status --state pau'`;
  const env = { ...process.env, PATH: `${folder}:${process.env["PATH"] ?? ""}`, HOME: folder };
  const { stdout } = spawnSync("fish", ["--no-config", "-c", script], { env, encoding: "utf8" });
  expect(stdout.split("\n").map((line) => line.split("\t")[0])).toEqual(["target-of-keep-balance", "paused", ""]);
});

it.each(["zsh", "fish"])("the script for %s has every verb, with what it does in quotes", (shell) => {
  const text = readFileSync(join(folder, `renewd.${shell}`), "utf8");
  expect(text).toMatch(shell === "zsh" ? /'status:how every token/ : /-a status -d 'how every token/);
  expect(text).toMatch(shell === "zsh" ? /'explain:what a word of renewd'\\''s/ : /'what a word of renewd\\'s/);
  for (const verb of ["init", "alert-test", "add-server"]) expect(text).toContain(verb);
});

describe("the lists that the scripts ask for", () => {
  it.each([
    ["--tokens", "airflow"],
    ["--targets airflow", "file\nsecret"],
    ["--targets nothing", ""],
    ["--channels", "pager\nchat"],
    ["--issuers", "flowauth"],
  ])("`completions %s` reads the settings alone", async (flags, expected) => {
    const app = fakeApp(fakeControl());
    expect(await renewd(app, `completions ${flags}`)).toEqual({ code: 0, out: expected, err: "" });
    expect(app.asked).toEqual([]);
  });

  it("are empty and quiet where the settings cannot be read", async () => {
    const broken = fakeApp(fakeControl(), {
      checkSettings: () => Promise.reject(new RenewdError("settings_invalid", "x")),
    });
    expect(await renewd(broken, "completions --tokens")).toEqual({ code: 0, out: "", err: "" });
  });

  it("leave out what no shell should see", async () => {
    const [token] = settings.tokens;
    const odd = {
      ...settings,
      tokens: [
        { ...token!, key: "a b;c" },
        { ...token!, key: "good-1" },
      ],
    };
    const app = fakeApp(fakeControl(), {
      checkSettings: () => Promise.resolve({ settings: odd, warnings: [], probe: () => Promise.resolve([]) }),
    });
    expect((await renewd(app, "completions --tokens")).out).toBe("good-1");
  });

  it("need to be named, as a shell has to be", async () => {
    expect(await renewd(fakeApp(), "completions")).toMatchObject({
      code: 64,
      err: expect.stringContaining("bash, zsh or fish"),
    });
    expect((await renewd(fakeApp(), "completions tcsh")).code).toBe(64);
  });
});
