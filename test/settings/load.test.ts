import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import { loadSettings, renderProblems, SettingsError } from "../../src/settings/load.ts";
import { edited, FILE, GOOD, kinds, parse, problemsOf, tools } from "./support.ts";

describe("settings that are good", () => {
  test("come out normalised: instants, paths, references and defaults filled in", () => {
    const settings = parse(GOOD);
    expect(settings).toMatchObject({
      file: FILE,
      instance: "prod",
      tick: "*/30 * * * * *",
      tickMs: 30_000,
      state: {
        url: { kind: "sqlite", file: "/etc/renewd/state/renewd.db" },
        keys: [{ file: "/etc/renewd/state.key" }, { env: "OLD_KEY" }],
      },
      http: { host: "127.0.0.1", port: 8080, tokens: [{ name: "ops", role: "operator" }] },
    });
    expect(settings.issuers[0]).toMatchObject({
      key: "flowauth",
      type: "flowauth",
      options: { password: { file: "/etc/renewd/password" }, public_keys: [{ file: "/etc/renewd/flowauth.pem" }] },
    });
    expect(settings.tokens[0]).toMatchObject({
      key: "airflow",
      issuer: "flowauth",
      name: "airflow-flowapi",
      create: false,
      request: { lifetimeMs: 720 * HOUR_MS, roles: ["runner", "viewer"], audience: "flowapi" },
      policy: {
        key: "office",
        renewBefore: { share: 0.33 },
        repairMs: 24 * HOUR_MS,
        windows: [{ forMs: 8 * HOUR_MS }],
      },
      targets: [
        { label: "folder", address: { secret: "FLOWAPI_TOKEN" }, format: { kind: "raw" }, holdMs: 6 * HOUR_MS },
        { label: "manager", store: "aws", propagationMs: 15 * MINUTE_MS, create: false, reload: null },
      ],
    });
    expect(settings.tokens[1]).toMatchObject({
      name: "notebooks",
      policy: { key: "default", jitter: { share: 0.05 }, repairMs: 24 * HOUR_MS, windows: [] },
      targets: [{ format: { kind: "dotenv", key: "FLOWAPI_TOKEN" }, holdMs: HOUR_MS, create: true }],
    });
  });

  test("are frozen all the way down", () => {
    const settings = parse(GOOD);
    const isFrozen = (value: unknown): boolean =>
      typeof value !== "object" || value === null || (Object.isFrozen(value) && Object.values(value).every(isFrozen));
    expect(isFrozen(settings)).toBe(true);
  });

  test("may say next to nothing", () => {
    expect(parse("version: 1\n")).toMatchObject({
      instance: "default",
      tick: "*/30 * * * * *",
      state: { url: { file: "/etc/renewd/renewd.db" }, keys: [] },
      http: null,
      tokens: [],
    });
    expect(parse("version: 1\ntokens:\nhttp: {}\n").http).toEqual({
      host: "127.0.0.1",
      port: 8080,
      names: [],
      tokens: [],
      oidc: null,
    });
  });

  test("merge defaults under every token and target, where they say nothing themselves", () => {
    const text = edited("  target: { hold: 1h }", "  token: { policy: office, create: true }\n  target: { hold: 1h }");
    const [airflow, notebooks] = parse(text).tokens;
    expect(notebooks).toMatchObject({ create: true, policy: { key: "office" } });
    expect(airflow).toMatchObject({ create: true, targets: [{ holdMs: 6 * HOUR_MS }, { holdMs: 6 * HOUR_MS }] });
  });

  test("may give one file's keys to several targets", () => {
    const other = "env: { store: files, secret: .env, format: dotenv, key: FLOWAPI_TOKEN }";
    expect(
      problemsOf(edited(other, `${other}\n      two: { store: files, secret: .env, format: dotenv, key: B }`)),
    ).toEqual([]);
  });

  test("take a key alone as a key of a JSON object", () => {
    const text = edited("format: dotenv, key: FLOWAPI_TOKEN", "key: a.b");
    expect(parse(text).tokens[1]?.targets[0]?.format).toEqual({ kind: "json", key: "a.b" });
  });

  test("have the files of a reload hook's secrets resolved, and its plain words left alone", () => {
    const hook = "reload: { command: [kill, -HUP], env: { KEY: { file: ./k }, file: ./plain } }";
    const text = edited("key: FLOWAPI_TOKEN }", `key: FLOWAPI_TOKEN, ${hook} }`);
    expect(parse(text).tokens[1]?.targets[0]?.reload).toEqual({
      command: ["kill", "-HUP"],
      env: { KEY: { file: "/etc/renewd/k" }, file: "./plain" },
      timeoutMs: 30_000,
    });
  });
});

describe("a settings file", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "renewd-settings-"));
    file = join(folder, "renewd.yaml");
    writeFileSync(file, GOOD, { mode: 0o644 });
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const refusal = async (path = file): Promise<SettingsError> => {
    const error: unknown = await loadSettings(path, kinds, tools).catch((thrown: unknown) => thrown);
    if (error instanceof SettingsError) return error;
    throw new TypeError("was not refused", { cause: error });
  };

  test("that all may read and only its owner may write is loaded", async () => {
    await expect(loadSettings(file, kinds, tools)).resolves.toMatchObject({ file });
  });

  test("that anybody may write is refused", async () => {
    chmodSync(file, 0o646);
    const { problems, code } = await refusal();
    expect(code).toBe("settings_invalid");
    expect(problems).toMatchObject([{ file, line: 1, column: 1, hint: expect.stringContaining("chmod go-w") }]);
  });

  test.runIf(process.getuid?.() === 0)(
    "that a group may write is refused, unless the group is its owner's own",
    async () => {
      chmodSync(file, 0o664);
      chownSync(file, 1234, 1234);
      await expect(loadSettings(file, kinds, tools)).resolves.toMatchObject({ file });
      chownSync(file, 1234, 100);
      expect((await refusal()).problems[0]?.message).toMatch(/other users/);
    },
  );

  test("that is not there is told by its path", async () => {
    const { problems, message } = await refusal(join(folder, "none.yaml"));
    expect(problems[0]).toMatchObject({ message: "cannot be read (ENOENT)", hint: expect.stringContaining("-c FILE") });
    expect(message).toContain(join(folder, "none.yaml"));
  });

  test("that is a folder, not text, or larger than 16 MiB is refused", async () => {
    expect((await refusal(folder)).problems[0]?.message).toMatch(/not a file/);
    writeFileSync(file, Uint8Array.of(0x61, 0xff, 0xfe));
    expect((await refusal()).problems[0]?.message).toMatch(/not UTF-8/);
    writeFileSync(file, `${GOOD}#${"x".repeat(16 * 1024 * 1024)}`);
    expect((await refusal()).problems[0]?.message).toMatch(/larger than 16 MiB/);
  });
});

describe("renderProblems", () => {
  const problem = { file: "c.yaml", line: 12, column: 5, path: "tokens.a", message: "is wrong", hint: "Mend it." };

  test("begins with a place that a terminal can open, and says what to do", () => {
    expect(renderProblems([problem])).toBe("c.yaml:12:5  tokens.a\n  is wrong\n  -> Mend it.");
  });

  test("shows 50 problems and counts the rest", () => {
    const text = renderProblems(Array.from({ length: 53 }, () => problem));
    expect(text.split("->")).toHaveLength(51);
    expect(text).toMatch(/and 3 more$/);
  });
});
