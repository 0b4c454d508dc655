import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { App } from "../../src/cli/app-port.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { fakeApp, fakeControl, memoryCli, renewd, settings } from "./support.ts";
import { runCli } from "../../src/cli/program.ts";

let folder: string;
let db: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "renewd-cli-issuer-"));
  db = join(folder, "issuer.db");
  writeFileSync(join(folder, "password"), "canary-password\n");
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

const app = (change: Partial<App> = {}): App => ({
  ...fakeApp(fakeControl(), change),
  clock: systemClock,
  random: systemRandom,
});

describe("issuer", () => {
  it("is administered from nothing, and says what there is now", async () => {
    const lines = [
      "add-server flowapi --max-life 30d",
      "add-role flowapi viewer --max-life 1d --scope get_result --scope run",
      `add-user bot --password-file ${folder}/password --admin`,
      "grant bot flowapi viewer",
      "tokens",
    ];
    const ran = [];
    for (const line of lines) ran.push(await renewd(app(), `issuer ${line} --db ${db}`));
    expect(ran.map(({ code, err }) => ({ code, err }))).toEqual(lines.map(() => ({ code: 0, err: "" })));
    expect(ran.map(({ out }) => out)).toEqual([
      "server flowapi is there",
      "role viewer is there on server flowapi",
      "user bot is there",
      "bot holds role viewer on server flowapi",
      "no token was minted yet",
    ]);
    expect(readFileSync(db).includes("canary-password")).toBe(false);
    expect(JSON.parse((await renewd(app(), `issuer tokens --json --db ${db}`)).out)).toEqual([]);
  });

  it.each(["tokens", "grant a b c", "add-role a b --max-life 1d"])(
    "`%s` makes no database where the path is wrong",
    async (line) => {
      const { code, err } = await renewd(app(), `issuer ${line} --db ${db}`);
      expect(code).toBe(64);
      expect(err).toContain(db);
      expect(existsSync(db)).toBe(false);
    },
  );

  it("refuses what exists already, what is unknown, and a password file that cannot be read", async () => {
    await renewd(app(), `issuer add-server flowapi --max-life 30d --db ${db}`);
    const again = await renewd(app(), `issuer add-server flowapi --max-life 30d --db ${db}`);
    const unknown = await renewd(app(), `issuer add-role other x --max-life 1d --db ${db}`);
    const missing = await renewd(app(), `issuer add-user bot --password-file ${folder}/none --db ${db}`);
    expect([again.code, unknown.code, missing.code]).toEqual([64, 64, 3]);
    expect(missing.err).toContain(`${folder}/none`);
  });

  it("uses the database of the settings' embedded issuer when none is given", async () => {
    const embedded = { ...settings, file: join(folder, "renewd.yaml") };
    const issuers = [{ key: "local", type: "embedded", options: { db: "./from-settings.db" } }];
    const checkSettings: App["checkSettings"] = () =>
      Promise.resolve({ settings: { ...embedded, issuers }, warnings: [], probe: () => Promise.resolve([]) });
    const ran = await renewd(app({ checkSettings }), "issuer add-server flowapi --max-life 30d -c renewd.yaml");
    expect(ran.code).toBe(0);
    expect(existsSync(join(folder, "from-settings.db"))).toBe(true);
  });

  it("serves until it is told to stop", async () => {
    const listening = Promise.withResolvers<() => void>();
    const onSignals: App["onSignals"] = ({ terminate }) => {
      listening.resolve(terminate);
      return () => undefined;
    };
    const { cli, out } = memoryCli(app({ onSignals }));
    const running = runCli(["issuer", "serve", "--listen", "127.0.0.1:0", "--db", db], cli);
    const terminate = await listening.promise;
    const url = /issuing at (http:\S+);/.exec(out[0] ?? "")?.[1];
    expect(await (await fetch(`${url}/public_key`)).text()).toContain("BEGIN PUBLIC KEY");
    terminate();
    expect(await running).toBe(0);
    await expect(fetch(`${url}/public_key`)).rejects.toThrow();
  });
});
