import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { type Daemon, runDaemon } from "../../src/app/daemon.ts";
import { FileWatch } from "../../src/app/file-watch.ts";
import { notifierTypes } from "../../src/notifiers/index.ts";
import { issuerTypes } from "../../src/issuers/index.ts";
import { compileCron } from "../../src/runtime/cron.ts";
import { loadSettings } from "../../src/settings/load.ts";
import { storeTypes } from "../../src/stores/index.ts";

// The log goes to the process's own standard error, whoever reads that.
vi.mock(import("../../src/runtime/logger.ts"), () => ({
  createLogger: () => ({ onEvent: () => undefined, close: () => undefined }),
}));

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

interface Running {
  readonly daemon: Daemon;
  declare(text: string): Promise<void>;
  told(): Promise<readonly string[]>;
}

/** A daemon on settings without any token. */
async function start(text: string): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), "renewd-reload-"));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "renewd.yaml");
  const declare = (next: string): Promise<void> => writeFile(path, `version: 1\n${next}\n`, { mode: 0o600 });
  await declare(text);
  const readSettings = () =>
    loadSettings(path, { issuers: issuerTypes, stores: storeTypes, notifiers: notifierTypes }, { compileCron });
  const daemon = await runDaemon({
    settings: await readSettings(),
    version: "0",
    allowCommands: false,
    onEvent: () => undefined,
    log: { pretty: false, quiet: true },
    file: new FileWatch(path),
    readSettings,
  });
  undo.push(() => daemon.stop("the test is over"));
  const told = async (): Promise<readonly string[]> =>
    (await daemon.control.status()).daemon.map(({ reason }) => reason);
  return { daemon, declare, told };
}

test("a bad reload leaves the old settings in force, and is told until a good one comes", async () => {
  const { daemon, declare, told } = await start('tick: "*/20 * * * * *"');
  const before = daemon.settings;
  await declare("surprise: true");
  expect(String(await daemon.reload())).toContain("surprise");
  expect(daemon.settings).toBe(before);
  expect(await told()).toEqual(["settings_refused"]);
  await declare('tick: "*/10 * * * * *"');
  expect(await daemon.reload()).toEqual([]);
  expect(daemon.settings.tick).toBe("*/10 * * * * *");
  expect(await told()).toEqual([]);
});

test.each([
  ["state", "state: { url: sqlite:other.db }"],
  ["instance", "instance: another"],
  ["http.listen", "http: { listen: 127.0.0.1:1 }"],
])("what a running daemon cannot exchange under itself is refused whole: %s", async (name, line) => {
  const { daemon, declare, told } = await start('tick: "*/20 * * * * *"');
  const before = daemon.settings;
  await declare(`tick: "*/10 * * * * *"\n${line}`);
  expect(await daemon.reload()).toEqual([`${name} changed, which needs a restart`]);
  expect(daemon.settings).toBe(before);
  expect(await told()).toEqual(["settings_refused"]);
});
