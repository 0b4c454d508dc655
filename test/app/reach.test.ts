/** The composition root as the verbs use it, on a settings file that a running daemon refuses. */
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { askHealth, dashboardLink, startDaemon, withControl } from "../../src/app.ts";
import { serveControl } from "../../src/http/socket.ts";
import { freePort } from "../e2e/place.ts";
import { FakeControl } from "../http/fake-control.ts";

// The log goes to the process's own standard error, whoever reads that.
vi.mock(import("../../src/runtime/logger.ts"), () => ({
  createLogger: () => ({ onEvent: () => undefined, close: () => undefined }),
}));

let folder: string;
const undo: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "renewd-reach-"));
});
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
  await rm(folder, { recursive: true });
});

async function declare(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, `version: 1\n${text}\n`, { mode: 0o600 });
  return file;
}

async function start(settingsFile: string): Promise<void> {
  const log = { pretty: false, quiet: true };
  const daemon = await startDaemon({ settingsFile, allowCommands: false, onEvent: () => undefined, log });
  undo.push(() => daemon.stop("the test is over"));
}

/** What a verb that notes a wish would meet. */
async function met(settingsFile: string): Promise<string> {
  const told: string[] = [];
  const onRefused = ({ code }: { readonly code: string }): void => void told.push(code);
  const options = { settingsFile, allowCommands: false, need: "note", onRefused } as const;
  const by = await withControl(options, (_, who) => Promise.resolve(who)).catch((thrown: Error) => thrown.message);
  return [by, ...told].join(", ");
}

const BROKEN = "bogus_key: {";
const daily = (state: string): string => `tick: "0 0 * * * *"\nstate: { url: sqlite:./${state} }`;

test("the daemon of a refused file is spoken to, and a mistake in the file does not make it look dead", async () => {
  const http = `http: { listen: 127.0.0.1:${await freePort()} }`;
  const settingsFile = await declare("a.yaml", `${daily("a.db")}\n${http}`);
  await start(settingsFile);
  expect(await met(settingsFile)).toBe("daemon");
  for (const text of [`${daily("a.db")}\n${BROKEN}`, `${BROKEN}\n${daily("a.db")}`, `${daily("a.db")}\nbogus: 1`]) {
    await declare("a.yaml", text);
    expect(await met(settingsFile)).toBe("daemon, settings_invalid");
    const options = { settingsFile, allowCommands: false };
    expect(await askHealth(options)).toBe(true);
    const address = /(?<=listen: ).*(?= })/.exec(http)?.[0];
    for (const open of ["healthz", "readyz"]) {
      expect(await (await fetch(`http://${address}/${open}`)).text()).not.toContain(folder);
    }
    expect(await dashboardLink(options)).toContain("/sign-in?code=");
  }
});

test("without a daemon a refused file is acted on by nobody, and leaves nothing behind", async () => {
  const settingsFile = await declare("a.yaml", `${daily("a.db")}\n${BROKEN}`);
  expect(await met(settingsFile)).toMatch(/^\/.*a\.yaml:\d+:\d+: /);
  const options = { settingsFile, allowCommands: false };
  await expect(askHealth(options)).rejects.toMatchObject({ code: "settings_invalid" });
  await expect(dashboardLink(options)).rejects.toMatchObject({ code: "settings_invalid" });
  expect(await readdir(folder)).toEqual(["a.yaml"]);
});

test("a state that was renamed in the refused file, or cannot be told, leads to no daemon, least of all to a neighbour's", async () => {
  const settingsFile = await declare("a.yaml", daily("a.db"));
  await start(settingsFile);
  await start(await declare("b.yaml", 'tick: "0 0 * * * *"'));
  for (const state of [
    daily("other.db"),
    "state:\n  url:",
    "state: { url: 7 }",
    `state: { url: sqlite:./${"x".repeat(200)} }`,
  ]) {
    await declare("a.yaml", `${state}\n${BROKEN}`);
    expect(await met(settingsFile)).toMatch(/a\.yaml:\d+:\d+: /);
  }
  await mkdir(join(folder, "c.db.sock"));
  await declare("a.yaml", `${daily("c.db")}\n${BROKEN}`);
  expect(await met(settingsFile)).toMatch(/a\.yaml:\d+:\d+: /);
});

const TO_A = "sqlite:./renewd.db";
const TO_B = "url: sqlite:./b.db";

test.each([
  ["a misspelt `state`", `stat: { ${TO_B} }`],
  ["another address in a comment", `state: # as {url: ${TO_A}}\n  ${TO_B}\n${BROKEN}`],
  ["another address further in", `state:\n  keys: { url: ${TO_A} }\n  ${TO_B}\n${BROKEN}`],
])("a refused file with %s does not lead to the daemon of the file beside it", async (_, text) => {
  await start(await declare("a.yaml", 'tick: "0 0 * * * *"'));
  const b = await declare("b.yaml", text);
  expect(await met(b)).toMatch(/b\.yaml:\d+:\d+: /);
  const options = { settingsFile: b, allowCommands: false };
  await expect(askHealth(options)).rejects.toMatchObject({ code: "settings_invalid" });
  await expect(dashboardLink(options)).rejects.toMatchObject({ code: "settings_invalid" });
});

test("past the daemon of another file, its own is still found", async () => {
  await start(await declare("a.yaml", 'tick: "0 0 * * * *"'));
  const b = await declare("b.yaml", daily("b.db"));
  await start(b);
  await declare("b.yaml", `? state\n: { url: ${TO_A} }\nstate: { ${TO_B} }\n${BROKEN}`);
  expect(await met(b)).toBe("daemon, settings_invalid");
});

test("the daemon of a refused file is found through links, also once they lead elsewhere, as Kubernetes mounts files", async () => {
  const put = async (version: string, text: string): Promise<void> => {
    await mkdir(join(folder, version));
    await declare(join(version, "a.yaml"), text);
    await symlink(version, join(folder, "..next"));
    await rename(join(folder, "..next"), join(folder, "..data"));
  };
  const settingsFile = join(folder, "a.yaml");
  await symlink("..data/a.yaml", settingsFile);
  await put("..1", daily("a.db"));
  await start(settingsFile);
  await put("..2", `${daily("a.db")}\n${BROKEN}`);
  expect(await met(settingsFile)).toBe("daemon, settings_invalid");
  await rm(join(folder, "..1"), { recursive: true });
  await symlink("a.yaml", join(folder, "linked.yaml"));
  expect(await met(join(folder, "linked.yaml"))).toBe("daemon, settings_invalid");
});

test("a daemon that does not say which file it runs on is not taken for that of a refused one", async () => {
  const settingsFile = await declare("a.yaml", `${daily("a.db")}\n${BROKEN}`);
  const earlier = await serveControl(new FakeControl(), join(folder, "a.db.sock"));
  undo.push(() => earlier.close());
  expect(await met(settingsFile)).toMatch(/^\/.*a\.yaml:\d+:\d+: /);
  await declare("a.yaml", daily("a.db"));
  expect(await met(settingsFile)).toBe("daemon");
});
