import { describe, expect, it } from "vitest";
import { EXIT } from "../../src/cli/exit-codes.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { runCli } from "../../src/cli/program.ts";
import { fakeApp, fakeControl, memoryCli, renewd } from "./support.ts";

describe("usage", () => {
  it.each([
    ["", "Usage: renewd"],
    ["nonsense", "unknown command 'nonsense'"],
    ["status --nonsense", "unknown option '--nonsense'"],
    ["renew", "missing required argument 'token'"],
    ["renew a b", "too many arguments"],
    ["renew airflow --lifetime soon", "expected a duration"],
    ["renew airflow --lifetime 3w", "expected a duration in s, m, h or d, such as 90s, 15m, 6h or 30d"],
    ["pause airflow --until 3w", "or a duration in s, m, h or d, such as 6h"],
    ["history airflow --limit 0", "from 1 to 1000"],
    ["pause airflow --until yesterday", "expected an instant"],
    ["pause airflow --until 2026-06-01T00:00:00Z", "is past"],
    ["adopt airflow", "missing required argument 'target'"],
    ["plan --days 367", "from 1 to 366"],
    ["issuer", "Usage: renewd issuer"],
    ["issuer add-server x", "--max-life"],
    ["issuer serve --listen 8081", "expected an address"],
  ])("`renewd %s` exits 64 and says why on stderr", async (argv, why) => {
    const { code, out, err } = await renewd(fakeApp(), argv);
    expect({ code, out }).toEqual({ code: 64, out: "" });
    expect(err).toContain(why);
  });

  it.each([
    ["nonsense", "renewd --help"],
    ["status --nonsense", "renewd status --help"],
    ["-c status renew", "renewd renew --help"],
    ["--config=r.yaml pause airflow --until 2026-06-01T00:00:00Z", "renewd pause --help"],
    ["status airflow --attention", "renewd status --help"],
    ["issuer grant status", "renewd issuer grant --help"],
    ["issuer nonsense", "renewd issuer --help"],
  ])("`renewd %s` names the help to look at: `%s`", async (argv, help) => {
    const { code, err } = await renewd(fakeApp(), argv);
    expect(code).toBe(64);
    expect(err).toContain(`  -> See \`${help}\`.`);
    expect(JSON.parse((await renewd(fakeApp(), `${argv} --json`)).out)).toMatchObject({
      error: { hint: `See \`${help}\`.` },
    });
  });

  it.each([
    ["status nope --json", "unknown_token", 64],
    ["renew --json", "usage", 64],
    ["rollback airflow --json", "nothing_to_roll_back", 1],
  ])("`renewd %s` answers with a document too, once", async (argv, error, code) => {
    const control = fakeControl({
      rollback: () => Promise.reject(new RenewdError("nothing_to_roll_back", "no earlier token")),
    });
    const { code: exit, out, err } = await renewd(fakeApp(control), argv);
    expect(exit).toBe(code);
    expect(JSON.parse(out)).toMatchObject({ error: { code: error } });
    expect(err).toContain("renewd: ");
  });

  it("prints help and version to stdout and exits 0", async () => {
    expect(await renewd(fakeApp(), "--version")).toEqual({ code: 0, out: "1.2.3", err: "" });
    const { code, out, err } = await renewd(fakeApp(), "--help");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const verbs = ["run", "check", "plan", "status", "renew", "history", "pause", "resume", "dashboard"];
    const more = [
      "create-token",
      "create-superuser-token",
      "presets",
      "init",
      "explain",
      "alert-test",
      "completions",
      "simulate",
    ];
    for (const verb of [...verbs, ...more, "rollback", "accept", "discard", "adopt", "health", "issuer"])
      expect(out).toMatch(new RegExp(`^  ${verb}\\b`, "m"));
  });
});

describe("help", () => {
  const helpOf = async (verb: string): Promise<string> => {
    const { code, out } = await renewd(fakeApp(), `${verb} --help`.trim());
    expect(code).toBe(0);
    return out;
  };
  const verbsIn = (help: string): readonly string[] =>
    [...help.slice(help.indexOf("\nCommands:")).matchAll(/^ {2}([a-z][a-z-]+)(?= |$)/gm)].map(([, verb]) => verb ?? "");

  it("of every verb stands in 80 columns, describes each argument and says what its exit codes mean", async () => {
    const verbs = verbsIn(await helpOf("")).filter((verb) => verb !== "help" && verb !== "issuer");
    const below = verbsIn(await helpOf("issuer")).filter((verb) => verb !== "help");
    expect([verbs.length, below.length]).toEqual([22, 6]);
    for (const verb of ["", "issuer", ...verbs, ...below.map((each) => `issuer ${each}`)]) {
      const help = await helpOf(verb);
      expect([verb, help.split("\n").filter((line) => line.length > 80)]).toEqual([verb, []]);
      if (verb === "" || verb === "issuer") continue;
      const [, usage = ""] = /^Usage: renewd (.*)$/m.exec(help) ?? [];
      for (const [, argument = ""] of usage.matchAll(/[<[]([a-z]+)(?:\.\.\.)?[>\]]/g))
        if (argument !== "options") expect(help).toMatch(new RegExp(`^ {2}${argument} {2,}\\S`, "m"));
      expect(help).toMatch(/\nExit codes .*:\n {2}0 {3}\S/);
    }
  });

  it("of status says after how long without a look it exits 3", async () => {
    expect((await helpOf("status")).replaceAll(/\s+/g, " ")).toContain("more than three ticks (a minute at least)");
  });

  it("of the program says what each exit code means", async () => {
    const help = await helpOf("");
    for (const code of Object.values(EXIT)) expect(help).toMatch(new RegExp(`^ {2}${code} +[A-Z]`, "m"));
  });
});

it("help is broken into lines on a narrow terminal too", async () => {
  const { cli, out } = memoryCli(fakeApp(), true, 64);
  await runCli(["--help"], cli);
  expect(
    out
      .join("\n")
      .split("\n")
      .filter((line) => line.length > 64),
  ).toEqual([]);
});

describe("the settings file", () => {
  it.each([
    ["status", {}, "config/renewd.yaml"],
    ["status", { RENEWD_CONFIG: "/etc/r.yaml" }, "/etc/r.yaml"],
    ["status -c my.yaml", { RENEWD_CONFIG: "/etc/r.yaml" }, "my.yaml"],
    ["-c my.yaml status", {}, "my.yaml"],
  ])("of `%s` with %j is %s", async (argv, environment, file) => {
    const app = fakeApp(fakeControl(), { environment });
    await renewd(app, argv);
    expect(app.asked).toMatchObject([{ settingsFile: file, allowCommands: false, need: "read" }]);
  });
});

describe("an error", () => {
  const failing = (thrown: unknown, environment = {}): ReturnType<typeof fakeApp> =>
    fakeApp(fakeControl(), { environment, withControl: () => Promise.reject(thrown) });

  it("is one line of what and one of what to do", async () => {
    const error = new RenewdError("state_locked", "another renewd holds /var/lib/renewd/renewd.db");
    const { code, out, err } = await renewd(failing(error), "status");
    expect({ code, out }).toEqual({ code: 4, out: "" });
    expect(err.split("\n")).toEqual([
      "renewd: another renewd holds /var/lib/renewd/renewd.db",
      "  -> Another renewd uses this state file; stop it first, or speak to it with the same settings file.",
    ]);
  });

  it("that is a bug shows neither its text nor a stack, unless RENEWD_DEBUG asks for it", async () => {
    const bug = new TypeError("holds canary-secret");
    const { code, err } = await renewd(failing(bug), "status");
    expect(code).toBe(70);
    expect(err).not.toMatch(/canary|\bat .*:\d+/);
    expect((await renewd(failing(bug, { RENEWD_DEBUG: "1" }), "status")).err).toMatch(/\bat .*:\d+/);
  });

  it("in the settings shows every place, whatever the verb", async () => {
    const problem = { file: "r.yaml", line: 3, column: 5, path: "tokens", hint: "Mend it." };
    const problems = [
      { ...problem, message: "unknown key" },
      { ...problem, line: 9, message: "no hold" },
    ];
    const error = Object.assign(new RenewdError("settings_invalid", "r.yaml:3"), { problems });
    const { code, err } = await renewd(failing(error), "plan");
    expect(code).toBe(2);
    expect(err).toBe("r.yaml:3 unknown key\nr.yaml:9 no hold");
  });

  it("about an unknown token names the declared ones, about an unknown target its targets", async () => {
    const { code, err } = await renewd(fakeApp(), "renew airflw");
    expect(code).toBe(64);
    expect(err).toContain("no token airflw is declared. Did you mean one of airflow by airflw?");
    const adopt = () => Promise.reject(new RenewdError("unknown_token", "airflow has no target fil"));
    const target = await renewd(fakeApp(fakeControl({ adopt })), "adopt airflow fil");
    expect(target.err).toContain("airflow has no target fil. Did you mean one of file by fil?");
  });
});
