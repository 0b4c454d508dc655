/** The real file store among hostile surroundings, under the real engine. */
import { execFileSync } from "node:child_process";
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HOUR_MS, MINUTE_MS } from "../../src/core/duration.ts";
import type { ErrorCode } from "../../src/core/errors.ts";
import type { Place } from "../../src/core/ports.ts";
import { type Disk, nodeDisk } from "../../src/stores/file/disk.ts";
import { fileOn } from "../../src/stores/file/index.ts";
import { openStore, targetAt } from "../contracts/store.ts";
import { HostileWorld } from "../support/hostile-world.ts";
import { layOut } from "../support/hostile-front.ts";
import { expectClean } from "./attack.ts";

const VICTIM = "what nobody may touch";
const isRoot = process.getuid?.() === 0;

let root: string;
let directory: string;
/** What the surroundings do at steps of the disk; a step is named as in `Disk`. */
let between: Partial<Record<keyof Disk, () => Promise<unknown>>>;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "renewd-hostile-"));
  directory = join(root, "secrets");
  between = {};
  await mkdir(directory, { mode: 0o755 });
  await writeFile(join(root, "victim"), VICTIM, { mode: 0o600 });
});
afterEach(() => rm(root, { recursive: true, force: true }));

const at = (name = "token"): string => join(directory, name);

/** The disk, with something hostile just before a step. Each happens once. */
const disturbed: Disk = new Proxy(nodeDisk, {
  get(disk, name: keyof Disk) {
    return async (...given: never[]): Promise<unknown> => {
      const happens = between[name];
      delete between[name];
      await happens?.();
      return (disk[name] as (...given: never[]) => unknown)(...given);
    };
  },
});

function placeOf(secret = "token"): Place {
  return openStore(fileOn(disturbed), { directory }).open(targetAt({ secret }));
}

/** The first token is in the file, the next one is due; the surroundings turn hostile once it is made. */
async function due(turn: () => Promise<unknown>): Promise<HostileWorld> {
  const world = await HostileWorld.start({ place: () => placeOf() });
  await world.untilDue();
  expect(await readFile(at(), "utf8")).toBe(world.made[0]);
  world.front.spoil(
    "renew",
    async ({ truth, socket }) => {
      const answer = layOut(await truth());
      await turn();
      socket.end(answer);
    },
    1,
  );
  await world.until(() => world.told("target:failed").length > 0, HOUR_MS - 1);
  return world;
}

async function expectDelivered(world: HostileWorld): Promise<void> {
  const isThere = async (): Promise<boolean> => (await readFile(at(), "utf8").catch(() => "")) === world.made[1];
  expect(await world.until(isThere, 3 * HOUR_MS)).toBe(true);
  await world.run(2 * MINUTE_MS);
  expect(world.made).toHaveLength(2);
  expect(await readFile(at(), "utf8")).toBe(world.made[1]);
  expect(await readFile(join(root, "victim"), "utf8")).toBe(VICTIM);
  expect((await readdir(directory)).filter((name) => name.includes("renewd-"))).toEqual([]);
  expect((await lstat(at())).isFile()).toBe(true);
  expect((await stat(at())).mode & 0o077).toBe(0);
  // That somebody wrote there is told for two more looks.
  expect((await world.incidents()).filter((reason) => reason !== "drift")).toEqual([]);
  expectClean(world);
}

const replacedBy = (make: () => Promise<unknown> | void) => async (): Promise<void> => {
  await rm(at(), { force: true });
  await make();
};

interface FileCase {
  readonly name: string;
  readonly turn: () => Promise<unknown>;
  readonly code: ErrorCode;
  readonly mend: () => Promise<unknown>;
  readonly possible?: boolean;
}

const away = (): Promise<void> => rm(at(), { recursive: true, force: true });

const CASES: readonly FileCase[] = [
  {
    name: "a link to another file",
    turn: replacedBy(() => symlink(join(root, "victim"), at())),
    code: "store_invalid",
    mend: away,
  },
  {
    name: "a link to nowhere",
    turn: replacedBy(() => symlink(join(root, "none"), at())),
    code: "store_invalid",
    mend: away,
  },
  { name: "a link to itself", turn: replacedBy(() => symlink(at(), at())), code: "store_invalid", mend: away },
  { name: "a folder", turn: replacedBy(() => mkdir(at())), code: "store_invalid", mend: away },
  { name: "a pipe", turn: replacedBy(() => system("mkfifo", at())), code: "store_invalid", mend: away },
  {
    name: "a device",
    turn: replacedBy(() => system("mknod", at(), "c", "1", "5")),
    code: "store_invalid",
    mend: away,
    possible: isRoot && can("mknod", join(tmpdir(), `renewd-null-${process.pid}`), "c", "1", "5"),
  },
  { name: "2 MiB", turn: () => writeFile(at(), "x".repeat(2 * 1024 * 1024)), code: "store_invalid", mend: away },
  {
    name: "bytes of no encoding",
    turn: () => writeFile(at(), Buffer.from([0xff, 0xc3, 0x28])),
    code: "store_invalid",
    mend: away,
  },
  {
    name: "a folder that everybody may write",
    turn: () => chmod(directory, 0o777),
    code: "store_invalid",
    mend: () => chmod(directory, 0o755),
  },
  {
    name: "a folder that is a file now",
    turn: async () => {
      await rename(directory, join(root, "kept"));
      await writeFile(directory, "");
    },
    code: "store_invalid",
    mend: async () => {
      await unlink(directory);
      await rename(join(root, "kept"), directory);
    },
  },
  {
    name: "a folder that may not be written",
    turn: () => chmod(directory, 0o500),
    code: "store_denied",
    mend: () => chmod(directory, 0o755),
    possible: !isRoot,
  },
];

describe("in place of the file", () => {
  it.each(CASES.filter(({ possible = true }) => possible))(
    "$name is $code, and the rest is left alone",
    async (given) => {
      await using world = await due(given.turn);
      const [failed] = world.told("target:failed");
      expect(failed?.code).toBe(given.code);
      expect(failed?.message).not.toContain("eyJ");
      expect(await readFile(join(root, "victim"), "utf8")).toBe(VICTIM);
      await given.mend();
      await expectDelivered(world);
    },
  );
});

describe("between two steps of a write", () => {
  const swap = (make: () => Promise<unknown>) => replacedBy(make);

  it.each<readonly [string, keyof Disk, () => Promise<unknown>, ErrorCode | null]>([
    ["a link before the rename", "rename", swap(() => symlink(join(root, "victim"), at())), null],
    ["a link before the temporary file", "create", swap(() => symlink(join(root, "victim"), at())), null],
    ["a link after the rename", "syncDirectory", swap(() => symlink(join(root, "victim"), at())), null],
    ["another writer's text before the rename", "rename", () => writeFile(at(), "other"), null],
    ["a folder before the rename", "rename", swap(() => mkdir(at())), null],
    ["nothing any more before the rename", "rename", () => rm(at()), null],
  ])("%s damages nothing that is not ours", async (_, step, happens) => {
    await using world = await due(() => Promise.resolve(void (between[step] = happens)));
    expect(await readFile(join(root, "victim"), "utf8")).toBe(VICTIM);
    for (const { code } of world.told("target:failed")) expect(code).toMatch(/^store_(invalid|mismatch|conflict)$/);
    if ((await lstat(at()).catch(() => null))?.isFile() !== true) await away();
    await expectDelivered(world);
  });

  it("another writer's text before our read is a conflict, and then ours again", async () => {
    await using world = await due(() => Promise.resolve(void (between.list = () => writeFile(at(), "other"))));
    await expectDelivered(world);
  });
});

describe("names and owners", () => {
  it("the longest name that the settings take leaves room for the temporary one, whatever it is written in", async () => {
    const name = `${"€".repeat(76)}ab`;
    await using world = await HostileWorld.start({ place: () => placeOf(name) });
    await world.untilDue();
    await world.run(HOUR_MS);
    expect(world.told("target:failed")).toEqual([]);
    expect(await readFile(at(name), "utf8")).toBe(world.made[1]);
    expect(await readdir(directory)).toEqual([`.${name}.prev`, name]);
    expectClean(world);
  });

  it("a path longer than the system takes is store_invalid", async () => {
    directory = join(
      directory,
      ..."x"
        .repeat(20)
        .split("")
        .map((letter) => letter.repeat(250)),
    );
    await using world = await HostileWorld.start({ place: () => placeOf() });
    await world.run(HOUR_MS);
    expect(new Set(world.told("target:failed").map(({ code }) => code))).toEqual(new Set(["store_invalid"]));
    expect(world.told("target:failed").length).toBeLessThanOrEqual(6);
    expectClean(world);
  });

  it("a hard link's other name keeps the old token", async () => {
    await using world = await due(() => link(at(), join(root, "other")));
    await expectDelivered(world);
    expect(await readFile(join(root, "other"), "utf8")).toBe(world.made[0]);
  });

  it.runIf(isRoot)("the file of another user stays his, and private", async () => {
    await using world = await due(() => chown(at(), 1234, 2345));
    await expectDelivered(world);
    expect(await stat(at())).toMatchObject({ uid: 1234, gid: 2345 });
  });
});

describe.runIf(isRoot && can("unshare", "--mount", "true"))("a file system", () => {
  const unmount = (): void => void (can("umount", directory) && undefined);
  afterEach(unmount);

  async function onTmpfs(turn: () => Promise<unknown>): Promise<HostileWorld> {
    system("mount", "-t", "tmpfs", "-o", "size=128k,mode=755", "tmpfs", directory);
    return due(turn);
  }

  it("that is full is store_quota; the old token stays until there is room", async () => {
    const fill = (): Promise<unknown> => writeFile(at("filler"), Buffer.alloc(1024 * 1024)).catch(() => undefined);
    await using world = await onTmpfs(fill);
    expect(world.told("target:failed")[0]?.code).toBe("store_quota");
    expect(await readFile(at(), "utf8")).toBe(world.made[0]);
    await rm(at("filler"));
    await expectDelivered(world);
  });

  it("that was made read-only is store_denied; the old token stays until it can be written", async () => {
    await using world = await onTmpfs(async () => system("mount", "-o", "remount,ro", directory));
    expect(world.told("target:failed")[0]?.code).toBe("store_denied");
    expect(await readFile(at(), "utf8")).toBe(world.made[0]);
    system("mount", "-o", "remount,rw", directory);
    await expectDelivered(world);
  });
});

function system(program: string, ...given: readonly string[]): void {
  execFileSync(program, given, { stdio: "ignore" });
}

function can(program: string, ...given: readonly string[]): boolean {
  try {
    system(program, ...given);
    return true;
  } catch {
    return false;
  }
}
