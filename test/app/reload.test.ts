import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { enrol } from "../../src/app/assembly.ts";
import { type Daemon, runDaemon } from "../../src/app/daemon.ts";
import { FileWatch } from "../../src/app/file-watch.ts";
import { channelSubject } from "../../src/core/alert.ts";
import { afterChannelFailure, channelConditions } from "../../src/core/channel.ts";
import { RenewdError } from "../../src/core/errors.ts";
import type { Settings } from "../../src/core/settings.ts";
import { FRESH_CHANNEL } from "../../src/core/telling.ts";
import { tellConditions } from "../../src/engine/tell.ts";
import { notifierTypes } from "../../src/notifiers/index.ts";
import { issuerTypes } from "../../src/issuers/index.ts";
import { compileCron } from "../../src/runtime/cron.ts";
import { loadSettings } from "../../src/settings/load.ts";
import { systemRandom } from "../../src/runtime/random.ts";
import { openSqliteState } from "../../src/state/open-sqlite.ts";
import { storeTypes } from "../../src/stores/index.ts";
import { FakeClock } from "../support/fake-clock.ts";

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

test("a channel that is declared otherwise begins anew, and one that is declared no more is forgotten", async () => {
  const hook = (env: string): string => `{ type: webhook, url: { env: ${env} }, keys: [{ env: ${env} }] }`;
  const alerts = (channels: string): string => `tick: "*/20 * * * * *"\nalerts: { channels: { ${channels} } }`;
  const { daemon, declare, told } = await start(alerts(`gone: ${hook("NOT_SET")}, team: ${hook("NOT_SET")}`));
  const failing = async (): Promise<readonly string[]> =>
    (await daemon.control.status()).channels.flatMap(({ channel, failures }) => (failures > 0 ? [channel] : []));
  await declare("surprise: true");
  await daemon.reload();
  // What is refused is told, and no channel can be.
  await vi.waitUntil(async () => (await failing()).length === 2, { timeout: 30_000 });
  await vi.waitUntil(async () => (await told()).length === 3, { timeout: 30_000 });
  expect(await told()).toEqual(["channel_failing", "channel_failing", "settings_refused"]);
  await declare(alerts(`team: ${hook("NOT_SET_EITHER")}`));
  expect(await daemon.reload()).toEqual([]);
  expect((await daemon.control.status()).daemon.filter(({ message }) => message.includes("channel gone"))).toEqual([]);
  // It is tried at once, and not when the one that it was before would have been tried again.
  const why = async (): Promise<string> => (await daemon.control.status()).channels[0]?.message ?? "";
  await vi.waitUntil(async () => (await why()).includes("NOT_SET_EITHER"), { timeout: 30_000 });
  expect((await daemon.control.status()).channels).toMatchObject([{ channel: "team", failures: 1 }]);
});

test("what was kept of a channel that is declared no more is forgotten at the start", async () => {
  const state = await openSqliteState({ file: ":memory:", keys: [], random: systemRandom });
  undo.push(() => state.close());
  const clock = new FakeClock();
  const engine = { state, clock, emit: () => undefined };
  const settings = { tokens: [], alerts: { channels: [{ key: "team" }] } } as unknown as Settings;
  for (const key of ["team", "gone"]) {
    const record = afterChannelFailure(FRESH_CHANNEL, new RenewdError("channel_credentials", "403"), 0, clock.now());
    await state.noteChannel(key, { record });
    await tellConditions(engine, channelSubject(key), channelConditions(key, record), null);
  }
  await enrol(engine, settings);
  expect([...(await state.channels()).keys()]).toEqual(["team"]);
  expect((await state.incidents()).map(({ target }) => target)).toEqual(["channel team"]);
});
