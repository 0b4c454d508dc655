import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { createCommandRunner } from "../../src/runtime/commands.ts";

const folder = mkdtempSync(join(tmpdir(), "renewd-commands-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;
const runner = createCommandRunner({ allowCommands: true });
const node = (code: string): readonly string[] => [process.execPath, "-e", code];

const refusal = (code: string, words: string): unknown =>
  expect.objectContaining({ code, message: expect.stringContaining(words) as string });

it("runs a command with the environment given and no more", async () => {
  const marker = join(folder, "env");
  const code = `const { HOOK, ...rest } = process.env;
    if (HOOK !== "token" || Object.keys(rest).length > 0) process.exit(9);
    require("node:fs").writeFileSync(${JSON.stringify(marker)}, "")`;
  await runner.run(node(code), { HOOK: "token" }, 10_000, never);
  expect(existsSync(marker)).toBe(true);
});

it("runs nothing unless commands are allowed", async () => {
  const marker = join(folder, "refused");
  const careful = createCommandRunner({ allowCommands: false });
  const ran = careful.run(node(`require("node:fs").writeFileSync(${JSON.stringify(marker)}, "")`), {}, 10_000, never);
  await expect(ran).rejects.toThrow(refusal("commands_not_allowed", "node"));
  expect(existsSync(marker)).toBe(false);
});

it("tells the status and the end of what the command said, on one line", async () => {
  const ran = runner.run(
    node(`console.error("x".repeat(500) + "\\nno such unit"); process.exit(5)`),
    {},
    10_000,
    never,
  );
  await expect(ran).rejects.toThrow(refusal("reload_failed", "ended with status 5"));
  await expect(ran).rejects.toThrow(/: x{187} no such unit$/);
});

it("shows neither the values it was given nor anything like a token", async () => {
  const jwt = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJmbG93Ym90In0.c2lnbmF0dXJl";
  const code = `console.error("given", process.env.KEY, "and", "${jwt}"); process.exit(1)`;
  const ran = runner.run(node(code), { KEY: "hunter22" }, 10_000, never);
  await expect(ran).rejects.toThrow("given [redacted] and [redacted]");
});

it("kills a command at the time limit", async () => {
  const ran = runner.run(node("setInterval(() => {}, 1000)"), {}, 100, never);
  await expect(ran).rejects.toThrow(refusal("reload_failed", "was killed after 0.1 s"));
});

it("kills what the command started as well, and stops with its caller", async () => {
  const socket = join(folder, "socket");
  const server = createServer().listen(socket);
  const grandchild = `require("node:net").connect(${JSON.stringify(socket)})`;
  const child = `require("node:child_process").spawnSync(process.execPath, ["-e", ${JSON.stringify(grandchild)}])`;
  const caller = new AbortController();
  const ran = runner.run(node(child), {}, 20_000, caller.signal);
  const outcome = expect(ran).rejects.toThrow(refusal("reload_failed", "was stopped"));
  const [connection] = (await once(server, "connection")) as [Socket];
  caller.abort();
  await Promise.all([outcome, once(connection.resume(), "close")]);
  server.close();
});

it("tells a command that does not exist or was killed, and says whether it had started", async () => {
  const absent = runner.run(["renewd-no-such-program"], {}, 10_000, never);
  await expect(absent).rejects.toThrow(refusal("reload_failed", "could not be started: ENOENT"));
  await expect(absent).rejects.toMatchObject({ sent: false });
  const unfit = runner.run([process.execPath, "hunter22\0"], {}, 10_000, never);
  await expect(unfit).rejects.toThrow(refusal("reload_failed", "holds a NUL"));
  const killed = runner.run(node("process.kill(process.pid, 'SIGKILL')"), {}, 10_000, never);
  await expect(killed).rejects.toThrow(refusal("reload_failed", "was killed by SIGKILL"));
  await expect(killed).rejects.toMatchObject({ sent: true });
});

it("starts nothing for a caller that has stopped already", async () => {
  await expect(runner.run(node(""), {}, 10_000, AbortSignal.abort())).rejects.toThrow("was stopped");
});
