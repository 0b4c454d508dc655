import { execFileSync } from "node:child_process";
import { chmod, chown, link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ErrorCode } from "../../../src/core/errors.ts";
import type { Place } from "../../../src/core/ports.ts";
import type { TargetFormat } from "../../../src/core/token.ts";
import { nodeDisk, type Disk } from "../../../src/stores/file/disk.ts";
import { fileOn } from "../../../src/stores/file/index.ts";
import { failure, openStore, targetAt, tokenNamed } from "../../contracts/store.ts";

const NEVER = new AbortController().signal;
const [old, fresh] = [tokenNamed("old"), tokenNamed("fresh")];

let root: string;
let directory: string;
let told: string[];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "renewd-place-"));
  directory = join(root, "secrets");
  await mkdir(directory, { mode: 0o755 });
  told = [];
});
afterEach(() => rm(root, { recursive: true }));

function placeOf(secret: string, more: { mode?: string; format?: TargetFormat; disk?: Disk; in?: string } = {}): Place {
  const options = { directory: more.in ?? directory };
  const store = openStore(fileOn(more.disk ?? nodeDisk), options, {
    called: (...call) => void told.push(call.join(" ")),
  });
  return store.open(targetAt({ secret, ...(more.mode && { mode: more.mode }) }, more.format));
}

const write = (place: Place, version: string | null = null): Promise<void> =>
  place.write(fresh, { version, adopt: false, signal: NEVER });
const at = (name: string): string => join(directory, name);
const modeOf = async (path: string): Promise<string> => ((await stat(path)).mode & 0o7777).toString(8);

describe("permissions", () => {
  it("are for the owner alone, of the file and of the previous one, whatever the umask and the old file say", async () => {
    await writeFile(at("token"), old.reveal(), { mode: 0o644 });
    await write(placeOf("token"));
    expect(await modeOf(at("token"))).toBe("600");
    expect(await modeOf(at(".token.prev"))).toBe("600");
  });

  it("are the declared ones, against the umask", async () => {
    await write(placeOf("token", { mode: "0660" }));
    expect(await modeOf(at("token"))).toBe("660");
  });

  it("of a file shared with others stay as they are", async () => {
    await writeFile(at(".env"), "A=1\n");
    await chmod(at(".env"), 0o640);
    await write(placeOf(".env", { format: { kind: "dotenv", key: "TOKEN" } }));
    expect(await modeOf(at(".env"))).toBe("640");
    expect(await readFile(at(".env"), "utf8")).toBe(`A=1\nTOKEN=${fresh.reveal()}\n`);
  });

  it.runIf(process.getuid?.() === 0)("leave the file to the user that it belongs to", async () => {
    await writeFile(at("token"), old.reveal());
    await chown(at("token"), 1234, 2345);
    await write(placeOf("token"));
    expect(await stat(at("token"))).toMatchObject({ uid: 1234, gid: 2345 });
  });
});

describe("the folder", () => {
  it("is made for the owner alone when only it is missing", async () => {
    const place = placeOf("token", { in: join(root, "new") });
    await place.preflight(NEVER);
    await expect(stat(join(root, "new"))).rejects.toThrow("ENOENT");
    await write(place);
    expect(await modeOf(join(root, "new"))).toBe("700");
  });

  it("is not made when the one above is missing, too", async () => {
    const place = placeOf("token", { in: join(root, "no", "such") });
    expect((await place.observe(NEVER)).state).toBe("empty");
    await failure(place.preflight(NEVER), "store_absent");
    await failure(write(place), "store_absent");
  });

  it("may not be writable by everybody, unless it is sticky", async () => {
    await chmod(directory, 0o777);
    await failure(placeOf("token").preflight(NEVER), "store_invalid");
    await failure(write(placeOf("token")), "store_invalid");
    expect(await readdir(directory)).toEqual([]);
    await chmod(directory, 0o1777);
    await write(placeOf("token"));
  });

  it("may not be something else", async () => {
    await writeFile(join(root, "file"), "");
    await failure(placeOf("token", { in: join(root, "file") }).preflight(NEVER), "store_invalid");
  });
});

describe("a folder that keeps the readers of its file out", () => {
  const cautions = (place: Place): Promise<readonly string[]> => place.cautions?.() ?? Promise.resolve([]);

  it("is told of, with what opens it", async () => {
    await chmod(directory, 0o700);
    expect(await cautions(placeOf("token", { mode: "0640" }))).toEqual([
      `${at("token")} has mode 0640, so its group may read it, but the folder has mode 0700 and lets none of them in: chmod g+x ${directory}`,
    ]);
    expect((await cautions(placeOf("token", { mode: "0444" })))[0]).toContain(`chmod o+x ${directory}`);
    expect(await cautions(placeOf("token"))).toEqual([]);
    await chmod(directory, 0o750);
    expect(await cautions(placeOf("token", { mode: "0640" }))).toEqual([]);
  });

  it("is told of before renewd makes it, and for a shared file that has such a mode already", async () => {
    const missing = join(root, "missing");
    expect((await cautions(placeOf("token", { mode: "0640", in: missing })))[0]).toContain(
      `the folder will be made with mode 0700 and lets none of them in: make the folder first: install -d -m 2750 -g GROUP ${missing}`,
    );
    await writeFile(at("v.json"), "{}", { mode: 0o640 });
    await chmod(directory, 0o700);
    const shared = placeOf("v.json", { format: { kind: "json", key: "TOKEN" } });
    expect(await cautions(shared)).toHaveLength(1);
    expect(await cautions(placeOf("v.json"))).toEqual([]);
  });
});

describe("what stands under the name", () => {
  it("may not be a symbolic link, not even to a file of the same folder", async () => {
    await writeFile(at("real"), old.reveal());
    await symlink(at("real"), at("token"));
    const place = placeOf("token");
    await failure(place.preflight(NEVER), "store_invalid");
    await failure(place.observe(NEVER), "store_invalid");
    await failure(write(place), "store_invalid");
    expect(await readFile(at("real"), "utf8")).toBe(old.reveal());
  });

  it("may not be a folder or a pipe, and nobody waits for a pipe", async () => {
    await mkdir(at("folder"));
    system("mkfifo", at("pipe"));
    for (const name of ["folder", "pipe"]) {
      await failure(placeOf(name).observe(NEVER), "store_invalid");
      await failure(write(placeOf(name)), "store_invalid");
    }
  });

  it("may be a hard link, whose other name keeps the old text", async () => {
    await writeFile(at("other"), old.reveal());
    await link(at("other"), at("token"));
    await write(placeOf("token"));
    expect(await readFile(at("other"), "utf8")).toBe(old.reveal());
  });

  it("may not be larger than 1 MiB, nor in another encoding", async () => {
    await writeFile(at("large"), "x".repeat(1024 * 1024 + 1));
    await writeFile(at("latin1"), Buffer.from([0x41, 0x3d, 0xe9, 0x0a]));
    for (const name of ["large", "latin1"]) {
      const before = await readFile(at(name));
      await failure(placeOf(name).observe(NEVER), "store_invalid");
      await failure(write(placeOf(name, { format: { kind: "dotenv", key: "B" } })), "store_invalid");
      expect((await readFile(at(name))).equals(before)).toBe(true);
    }
  });

  it.each(["a/b", "../token", "/token", "..", ".", "", ".token.prev", ".token.renewd-0123456789abcdef", "a\nb"])(
    "may not be called %j",
    (secret) => expect(() => fileOn(nodeDisk).address.parse({ secret })).toThrow(/plain file name/),
  );

  it("may have a name of 230 bytes, which leaves room for the temporary file's, and none of more", () => {
    const { address } = fileOn(nodeDisk);
    for (const secret of ["x".repeat(230), `${"€".repeat(76)}ab`])
      expect(address.parse({ secret })).toEqual({ secret });
    for (const secret of ["x".repeat(231), "€".repeat(77)]) {
      expect(() => address.parse({ secret })).toThrow(/longer than 230 bytes/);
    }
  });
});

describe("a file that is mounted by itself", () => {
  const mounted = (change: Partial<Disk>): Place => placeOf("token", { disk: { ...nodeDisk, ...change } });

  it("is refused before anything is written, with the way out", async () => {
    await writeFile(at("token"), old.reveal());
    const place = mounted({ isMounted: async () => true });
    const error = await failure(place.preflight(NEVER), "store_invalid");
    expect(error.message).toMatch(/mount its folder/);
    await failure(write(place), "store_invalid");
    expect(await readdir(directory)).toEqual(["token"]);
  });

  it("is refused by the rename where the system does not tell", async () => {
    await writeFile(at("token"), old.reveal());
    const rename = (from: string, to: string): Promise<void> =>
      to === at("token") ? Promise.reject(errno("EBUSY")) : nodeDisk.rename(from, to);
    const error = await failure(write(mounted({ rename })), "store_invalid");
    expect(error.message).toMatch(/mount its folder/);
    expect(await readFile(at("token"), "utf8")).toBe(old.reveal());
    expect((await readdir(directory)).filter((name) => name.includes("renewd-"))).toEqual([]);
  });

  it.runIf(canMount())("is known from a real bind mount", async () => {
    await writeFile(at("token"), old.reveal());
    await writeFile(join(root, "outside"), old.reveal());
    system("mount", "--bind", join(root, "outside"), at("token"));
    try {
      expect(await nodeDisk.isMounted(at("token"))).toBe(true);
      await failure(placeOf("token").preflight(NEVER), "store_invalid");
    } finally {
      system("umount", at("token"));
    }
    expect(await nodeDisk.isMounted(at("token"))).toBe(false);
  });
});

describe("failures of the disk", () => {
  it.each<[string, ErrorCode]>([
    ["ENOSPC", "store_quota"],
    ["EDQUOT", "store_quota"],
    ["EROFS", "store_denied"],
    ["EACCES", "store_denied"],
    ["ESTALE", "store_unreachable"],
    ["EIO", "store_error"],
  ])("%s is %s, told to the counter, and the old token stays", async (code, expected) => {
    await writeFile(at("token"), old.reveal());
    const place = placeOf("token", { disk: { ...nodeDisk, create: () => Promise.reject(errno(code)) } });
    await failure(place.preflight(NEVER), expected);
    await failure(write(place), expected);
    expect(told).toEqual([`preflight ${expected}`, `write ${expected}`]);
    expect(await readFile(at("token"), "utf8")).toBe(old.reveal());
  });

  it.each([
    ["ENOSPC", /: no space left on the device; free some$/],
    ["EROFS", /: the file system is read-only; mend its volume, or mount it writable$/],
  ])("%s says what is to be done", async (code, words) => {
    const place = placeOf("token", { disk: { ...nodeDisk, create: () => Promise.reject(errno(code)) } });
    expect((await failure(write(place), code === "EROFS" ? "store_denied" : "store_quota")).message).toMatch(words);
  });

  it("of which another writer between rename and read-back is one", async () => {
    const syncDirectory = (): Promise<void> => writeFile(at("token"), "somebody else's");
    await failure(write(placeOf("token", { disk: { ...nodeDisk, syncDirectory } })), "store_mismatch");
  });
});

describe("a preflight", () => {
  it("really makes a synced file of a token's size in the folder, and takes it away", async () => {
    const made: number[] = [];
    const create: Disk["create"] = (path, bytes, access) => {
      made.push(bytes.length);
      return nodeDisk.create(path, bytes, access);
    };
    await placeOf("token", { disk: { ...nodeDisk, create } }).preflight(NEVER);
    expect(made[0]).toBeGreaterThan(8_000);
    expect(await readdir(directory)).toEqual([]);
  });
});

describe("a process that dies in a write", () => {
  it.each(["before", "after"] as const)("%s any step, is repeated to the same end", async (when) => {
    let lived = false;
    for (let steps = 0; !lived; steps += 1) {
      await rm(directory, { recursive: true });
      await mkdir(directory);
      await writeFile(at("token"), old.reveal());
      const { version } = await placeOf("token").observe(NEVER);
      const disk = dying(steps, when);
      lived = await write(placeOf("token", { disk }), version).then(
        () => true,
        () => false,
      );
      expect([old.reveal(), fresh.reveal()]).toContain(await readFile(at("token"), "utf8"));
      await write(placeOf("token"), version);
      expect(await readFile(at("token"), "utf8")).toBe(fresh.reveal());
      expect(await readFile(at(".token.prev"), "utf8")).toBe(old.reveal());
    }
    // What is left behind goes at the next write, and nothing of others' does.
    await writeFile(at(".token.renewd-mine"), "");
    await writeFile(at(".token.renewd-0123456789abcdef"), "");
    await placeOf("token").write(old, { version: null, adopt: false, signal: NEVER });
    expect((await readdir(directory)).sort()).toEqual([".token.prev", ".token.renewd-mine", "token"]);
  });
});

/** A disk whose process dies before or after its step `last` (counted from 0); nothing happens after that. */
function dying(last: number, when: "before" | "after"): Disk {
  let step = -1;
  return new Proxy(nodeDisk, {
    get(disk, name: keyof Disk) {
      return async (...given: never[]): Promise<unknown> => {
        step += 1;
        if (step > last || (step === last && when === "before")) throw new Error("dead");
        const answer = await (disk[name] as (...given: never[]) => Promise<unknown>)(...given);
        if (step === last) throw new Error("dead");
        return answer;
      };
    },
  });
}

function errno(code: string): Error {
  return Object.assign(new Error(code), { code });
}

function system(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: "ignore" });
}

function canMount(): boolean {
  try {
    system("unshare", "--mount", "true");
    return true;
  } catch {
    return false;
  }
}
