import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { type Daemon, runDaemon } from "../../src/app/daemon.ts";
import { FileWatch } from "../../src/app/file-watch.ts";
import { type DomainEvent, type EventType } from "../../src/core/events.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { Sweeper } from "../../src/engine/sweeper.ts";
import { issuerTypes } from "../../src/issuers/index.ts";
import { notifierTypes } from "../../src/notifiers/index.ts";
import { compileCron } from "../../src/runtime/cron.ts";
import { loadSettings } from "../../src/settings/load.ts";
import { SqlStateStore } from "../../src/state/sql-state-store.ts";
import { storeTypes } from "../../src/stores/index.ts";

const ticks = vi.hoisted((): (() => void)[] => []);
vi.mock(import("../../src/runtime/cron.ts"), async (original) => ({
  ...(await original()),
  startTick: (_expression: string, onTick: () => void) => {
    ticks.push(onTick);
    return { stop: () => undefined };
  },
}));
vi.mock(import("../../src/runtime/logger.ts"), () => ({
  createLogger: () => ({ onEvent: () => undefined, close: () => undefined }),
}));

const soon = (isSo: () => unknown): Promise<unknown> => vi.waitFor(isSo, { timeout: 30_000 });
const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const step of undo.splice(0).toReversed()) await step();
});

interface Site {
  readonly events: DomainEvent[];
  declare(text: string): Promise<void>;
  start(): Promise<Daemon>;
  count(type: EventType): number;
}

async function makeSite(): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), "renewd-daemon-"));
  undo.push(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "renewd.yaml");
  const events: DomainEvent[] = [];
  const types = { issuers: issuerTypes, stores: storeTypes, notifiers: notifierTypes };
  const readSettings = () => loadSettings(path, types, { compileCron });
  return {
    events,
    declare: (text) => writeFile(path, `version: 1\n${text}\n`, { mode: 0o600 }),
    async start() {
      const daemon = await runDaemon({
        settings: await readSettings(),
        version: "0",
        allowCommands: false,
        onEvent: (event) => events.push(event),
        log: { pretty: false, quiet: true },
        file: new FileWatch(path),
        readSettings,
      });
      undo.push(() => daemon.stop("the test is over"));
      return daemon;
    },
    count: (type) => events.filter((event) => event.type === type).length,
  };
}

const locked = (): Promise<never> => Promise.reject(new RenewdError("state_locked", "database is locked"));
const reasons = async (daemon: Daemon): Promise<readonly string[]> =>
  (await daemon.control.status()).daemon.map(({ reason }) => reason);

test("a reload that a locked state cuts off is made again at the next tick, and poisons no later one", async () => {
  const site = await makeSite();
  await site.declare('tick: "*/20 * * * * *"');
  const daemon = await site.start();
  const spies = [
    vi.spyOn(SqlStateStore.prototype, "enrol").mockImplementation(locked),
    vi.spyOn(SqlStateStore.prototype, "incidents").mockImplementation(locked),
  ];
  await site.declare('tick: "*/10 * * * * *"');
  expect(await daemon.reload()).toEqual(["database is locked"]);
  expect(await daemon.reload()).toEqual(["database is locked"]);
  for (const spy of spies) spy.mockRestore();
  expect(daemon.settings.tick).toBe("*/20 * * * * *");
  ticks.at(-1)?.();
  await soon(() => expect(site.count("settings:loaded")).toBe(1));
  expect(daemon.settings.tick).toBe("*/10 * * * * *");
  expect(await reasons(daemon)).toEqual([]);
});

test("that settings were refused is told once the state takes it", async () => {
  const site = await makeSite();
  await site.declare('tick: "*/20 * * * * *"');
  const daemon = await site.start();
  const spy = vi.spyOn(SqlStateStore.prototype, "incidents").mockImplementation(locked);
  await site.declare("surprise: true");
  expect(String(await daemon.reload())).toContain("surprise");
  spy.mockRestore();
  expect(await reasons(daemon)).toEqual([]);
  ticks.at(-1)?.();
  await soon(() => expect(site.count("incident:opened")).toBe(1));
  expect(await reasons(daemon)).toEqual(["settings_refused"]);
});

test("a tick sweeps although the reload before it fails", async () => {
  const site = await makeSite();
  await site.declare('tick: "*/20 * * * * *"');
  await site.start();
  const sweep = vi.spyOn(Sweeper.prototype, "sweep");
  vi.spyOn(FileWatch.prototype, "changed").mockResolvedValue(true);
  vi.spyOn(SqlStateStore.prototype, "enrol").mockImplementation(locked);
  vi.spyOn(SqlStateStore.prototype, "incidents").mockImplementation(locked);
  ticks.at(-1)?.();
  await soon(() => expect(site.count("settings:refused")).toBe(1));
  await soon(() => expect(sweep).toHaveBeenCalled());
});

test("settings that were edited while no renewd ran make every job look anew; the same settings none", async () => {
  const site = await makeSite();
  await site.declare('tick: "*/20 * * * * *"');
  const wake = vi.spyOn(SqlStateStore.prototype, "wake");
  await (await site.start()).stop("for a while");
  expect(wake).toHaveBeenCalledWith({ all: true }, expect.any(Number));
  wake.mockClear();
  await (await site.start()).stop("for a while");
  expect(wake).not.toHaveBeenCalled();
  await site.declare('tick: "*/30 * * * * *"');
  const daemon = await site.start();
  expect(wake).toHaveBeenCalledTimes(1);
  // What a reload put in force is no news at the next start, and what was before it is.
  await site.declare('tick: "*/20 * * * * *"');
  await daemon.reload();
  await daemon.stop("for a while");
  wake.mockClear();
  await (await site.start()).stop("for a while");
  expect(wake).not.toHaveBeenCalled();
});

test("a channel that was edited while no renewd ran is told anew; the same one, and one that was told before that was noted, are not", async () => {
  const site = await makeSite();
  const hook = (path: string, more = ""): string =>
    `alerts: { channels: { team: { type: slack, url: { file: ${path} }${more} }, other: { type: slack, url: { file: c } } } }`;
  const forget = vi.spyOn(SqlStateStore.prototype, "forgetChannel");
  const fact = vi.spyOn(SqlStateStore.prototype, "fact").mockResolvedValue(undefined);
  await site.declare(hook("a"));
  await (await site.start()).stop("for a while");
  fact.mockRestore();
  await (await site.start()).stop("for a while");
  expect(forget).not.toHaveBeenCalled();
  await site.declare(hook("b"));
  const daemon = await site.start();
  expect(forget.mock.calls).toEqual([["team"]]);
  await site.declare(hook("d"));
  await daemon.reload();
  await daemon.stop("for a while");
  expect(forget.mock.calls).toEqual([["team"], ["team"]]);
  await (await site.start()).stop("for a while");
  expect(forget).toHaveBeenCalledTimes(2);
  // The same place, at another pace.
  await site.declare(hook("d", ", timeout: 7s"));
  await (await site.start()).stop("for a while");
  expect(forget).toHaveBeenCalledTimes(2);
});
