import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createReadSecret } from "../../src/runtime/read-secret.ts";

const folder = mkdtempSync(join(tmpdir(), "renewd-read-secret-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const never = new AbortController().signal;
const environment = { PATH: process.env["PATH"], FLOWAUTH_PASSWORD: "hunter22\n", EMPTY: "" };
const readSecret = createReadSecret({ allowCommands: true, environment });

function file(name: string, content: string | Buffer): { readonly file: string } {
  const path = join(folder, name);
  writeFileSync(path, content, { mode: 0o600 });
  return { file: path };
}

const refusal = (code: string, words: string): unknown =>
  expect.objectContaining({ code, message: expect.stringContaining(words) as string });

/** Runs JavaScript in a process of its own, as an operator's program would. */
const program = (code: string): { readonly command: readonly string[] } => ({
  command: [process.execPath, "-e", code],
});

describe("a secret from a variable", () => {
  it("is its text without one trailing newline", async () => {
    expect((await readSecret({ env: "FLOWAUTH_PASSWORD" }, never)).reveal()).toBe("hunter22");
  });

  it.each(["EMPTY", "ABSENT", "constructor"])("is refused by name when it is not there: %s", async (name) => {
    await expect(readSecret({ env: name }, never)).rejects.toThrow(refusal("secret_unreadable", name));
  });
});

describe("a secret from a file", () => {
  it.each([
    ["hunter22\n", "hunter22"],
    ["hunter22\r\n", "hunter22"],
    ["two\n\n", "two\n"],
    [" spaces ", " spaces "],
    ["p\u00e4ss", "p\u00e4ss"],
  ])("drops one trailing newline and nothing else: %j", async (content, secret) => {
    expect((await readSecret(file("some", content), never)).reveal()).toBe(secret);
  });

  it("is read anew each time, through a symlink too", async () => {
    const ref = file("rotated", "old");
    symlinkSync(ref.file, join(folder, "link"));
    await readSecret({ file: join(folder, "link") }, never);
    file("rotated", "new");
    expect((await readSecret({ file: join(folder, "link") }, never)).reveal()).toBe("new");
  });

  it("may be 64 KiB long and no longer", async () => {
    expect((await readSecret(file("long", "x".repeat(65_536)), never)).lengthBytes).toBe(65_536);
    await expect(readSecret(file("long", "x".repeat(65_537)), never)).rejects.toThrow(
      refusal("secret_unreadable", "more than 65536 bytes"),
    );
  });

  it("is refused when it is empty, not text, a directory, a pipe or not there, with its path", async () => {
    mkdirSync(join(folder, "directory"));
    execFileSync("mkfifo", [join(folder, "pipe")]);
    const refs = [
      [file("empty", "\n"), "is empty"],
      [file("binary", Buffer.from([0xff, 0xfe, 0x41])), "not UTF-8"],
      [{ file: join(folder, "directory") }, "not a regular file"],
      [{ file: join(folder, "pipe") }, "not a regular file"],
      [{ file: join(folder, "absent") }, "does not exist"],
    ] as const;
    for (const [ref, words] of refs) {
      await expect(readSecret(ref, never)).rejects.toThrow(refusal("secret_unreadable", words));
      await expect(readSecret(ref, never)).rejects.toThrow(ref.file);
    }
  });

  // The superuser may read everything, so the refusal can only be seen by others.
  it.skipIf(process.getuid?.() === 0)("is refused with its path when it may not be read", async () => {
    const ref = file("forbidden", "hunter22");
    chmodSync(ref.file, 0o000);
    await expect(readSecret(ref, never)).rejects.toThrow(refusal("secret_unreadable", "permission denied"));
  });

  it("counts relative paths from where it was told", async () => {
    file("relative", "hunter22");
    const relative = createReadSecret({ allowCommands: false, environment, resolvePath: (path) => join(folder, path) });
    expect((await relative({ file: "relative" }, never)).reveal()).toBe("hunter22");
  });
});

describe("a secret from a command", () => {
  it("is what it prints", async () => {
    expect((await readSecret(program("console.log('hunter22')"), never)).reveal()).toBe("hunter22");
  });

  it("is not run unless commands are allowed", async () => {
    const careful = createReadSecret({ allowCommands: false, environment });
    const ref = program(`require("node:fs").writeFileSync(${JSON.stringify(join(folder, "ran"))}, "")`);
    await expect(careful(ref, never)).rejects.toThrow(refusal("commands_not_allowed", "node"));
    await expect(readSecret({ file: join(folder, "ran") }, never)).rejects.toThrow("does not exist");
  });

  it("sees PATH and none of renewd's own variables", async () => {
    const seen = await readSecret(program("console.log(Object.keys(process.env).sort().join())"), never);
    expect(seen.reveal()).toBe("PATH");
  });

  it("goes through no shell", async () => {
    const ref = { command: [process.execPath, "-p", "process.argv[1]", "$(id);*"] };
    expect((await readSecret(ref, never)).reveal()).toBe("$(id);*");
  });

  it("is refused when it fails, without a word of what it printed", async () => {
    const failing = readSecret(program("console.log('hunter22'); console.error('hunter22'); process.exit(3)"), never);
    await expect(failing).rejects.toThrow(refusal("secret_unreadable", "ended with status 3"));
    await expect(failing).rejects.not.toThrow("hunter22");
  });

  it("is refused when it prints nothing, too much, or cannot be started", async () => {
    await expect(readSecret(program(""), never)).rejects.toThrow(refusal("secret_unreadable", "is empty"));
    const endless = program("process.stdout.write('x'.repeat(1e6))");
    await expect(readSecret(endless, never)).rejects.toThrow(refusal("secret_unreadable", "more than 65536 bytes"));
    const absent = { command: ["renewd-no-such-program", "hunter22"] };
    await expect(readSecret(absent, never)).rejects.toThrow(
      refusal("secret_unreadable", "could not be started: ENOENT"),
    );
  });

  it("ends with the call it was made for", async () => {
    const caller = new AbortController();
    const hanging = readSecret(program("setInterval(() => {}, 1000)"), caller.signal);
    caller.abort(new Error("the sweep is over"));
    await expect(hanging).rejects.toThrow("the sweep is over");
  });
});
