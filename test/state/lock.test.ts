import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { lockState, type StateLock } from "../../src/state/lock.ts";
import { newFolder, openState } from "./fixture.ts";

const LOCK_MODULE = new URL("../../src/state/lock.ts", import.meta.url).href;
const locked = expect.objectContaining({ code: "state_locked" }) as Error;
const children: ChildProcess[] = [];

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

/** Another process that tries to take the lock, says how that went, and lives on until it is killed. */
async function contender(file: string): Promise<{ readonly says: string; readonly child: ChildProcess }> {
  const program = `
    const { lockState } = await import(${JSON.stringify(LOCK_MODULE)});
    try { globalThis.kept = lockState(${JSON.stringify(file)}); process.stdout.write("held"); }
    catch (thrown) { process.stdout.write(thrown.code + ": " + thrown.message); }
    setInterval(() => undefined, 60_000);
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  const [said] = (await once(child.stdout ?? child, "data")) as [Buffer];
  return { says: said.toString(), child };
}

describe("the lock of a state file", () => {
  it("is one process's: a second is refused and told which file it is about", async () => {
    const file = join(newFolder(), "renewd.db");
    const lock = lockState(file);
    expect((await contender(file)).says).toBe(`state_locked: another renewd holds ${file}.lock`);
    lock.release();
    expect((await contender(file)).says).toBe("held");
  });

  it("dies with its holder, however that dies", async () => {
    const file = join(newFolder(), "renewd.db");
    const { says, child } = await contender(file);
    expect(says).toBe("held");
    expect(() => lockState(file)).toThrow(locked);
    child.kill("SIGKILL");
    await once(child, "exit");
    lockState(file).release();
  });

  it("is refused within one process too, and can be taken again after its release", () => {
    const file = join(newFolder(), "renewd.db");
    const first: StateLock = lockState(file);
    expect(() => lockState(file)).toThrow(locked);
    first.release();
    lockState(file).release();
  });

  it("of one state says nothing of another", () => {
    const folder = newFolder();
    const locks = ["a.db", "b.db"].map((name) => lockState(join(folder, name)));
    for (const lock of locks) lock.release();
  });

  it("keeps nobody from reading or writing the state itself", async () => {
    const file = join(newFolder(), "renewd.db");
    const lock = lockState(file);
    const state = await openState(file);
    await state.setFact("a", 1);
    expect(await state.fact("a")).toBe(1);
    await state.close();
    lock.release();
  });

  it("can be taken in a folder that is not there yet, for it is taken before the state is made", () => {
    lockState(join(newFolder(), "var", "renewd.db")).release();
  });
});
