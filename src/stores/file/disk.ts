import { constants } from "node:fs";
import { access, mkdir, open, readdir, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { isMountPoint } from "./mounts.ts";

/** A text larger than this is nobody's token file. */
export const MAX_BYTES: number = 1024 * 1024;

/** A file as it was read, with what has to be kept when it is replaced. `bytes` is cut one byte after `MAX_BYTES`. */
export interface FileContent {
  readonly bytes: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

export interface FileAccess {
  readonly mode: number;
  /** Whose the file is to be; kept as far as our rights go. Absent: ours. */
  readonly owner?: { readonly uid: number; readonly gid: number };
}

/** The steps a write is made of, each durable or without effect. Errors are Node's own, with their `code`. */
export interface Disk {
  /** The regular file at `path`, never through a symbolic link (ELOOP); null when it or its folder is absent. */
  read(path: string): Promise<FileContent | null>;
  /** A file that did not exist before, with all its bytes on the disk. Nothing stays behind when it fails. */
  create(path: string, bytes: Buffer, access: FileAccess): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Absent already is fine. */
  remove(path: string): Promise<void>;
  list(directory: string): Promise<readonly string[]>;
  syncDirectory(directory: string): Promise<void>;
  /** With mode 0700; its parent must exist. Present already is fine. */
  makeDirectory(directory: string): Promise<void>;
  /** Permission bits of a folder; null when absent. */
  directoryMode(directory: string): Promise<number | null>;
  /** Throws when nothing may be made in the folder. */
  assertWritable(directory: string): Promise<void>;
  /** Whether `path` is mounted by itself, as far as the system tells (Linux does). */
  isMounted(path: string): Promise<boolean>;
}

export const nodeDisk: Disk = {
  async read(path) {
    const file = await absentAsNull(open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK));
    if (file === null) return null;
    try {
      const { mode, uid, gid } = await file.stat();
      if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw notRegular(path);
      const bytes = Buffer.alloc(MAX_BYTES + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length < bytes.length; length += read) {
        read = (await file.read(bytes, length, bytes.length - length)).bytesRead;
      }
      return { bytes: bytes.subarray(0, length), mode: mode & 0o777, uid, gid };
    } finally {
      await file.close();
    }
  },

  async create(path, bytes, { mode, owner }) {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const file = await open(path, flags, 0o600);
    try {
      try {
        await file.writeFile(bytes);
        // Kept when we may (as root, or a group of ours); a consumer of another user needs a folder and mode that let it in.
        if (owner !== undefined)
          await file
            .chown(owner.uid, owner.gid)
            .catch(() => file.chown(-1, owner.gid))
            .catch(() => {});
        await file.chmod(mode);
        await file.sync();
      } finally {
        await file.close();
      }
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  },

  rename: (from, to) => rename(from, to),

  remove: (path) => rm(path, { force: true }),

  async list(directory) {
    return (await absentAsNull(readdir(directory))) ?? [];
  },

  async syncDirectory(directory) {
    const folder = await open(directory, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },

  async makeDirectory(directory) {
    try {
      await mkdir(directory, { mode: 0o700 });
    } catch (error) {
      if (codeOf(error) !== "EEXIST") throw error;
    }
  },

  async directoryMode(directory) {
    const found = await absentAsNull(stat(directory));
    if (found === null) return null;
    if (!found.isDirectory()) throw Object.assign(new Error("not a folder"), { code: "ENOTDIR" });
    return found.mode & 0o7777;
  },

  assertWritable: (directory) => access(directory, constants.W_OK | constants.X_OK),

  async isMounted(path) {
    const mountinfo = await readFile("/proc/self/mountinfo", "utf8").catch(() => "");
    const folder = await absentAsNull(realpath(dirname(path)));
    return folder !== null && isMountPoint(mountinfo, join(folder, basename(path)));
  },
};

/** Node's error code (`ENOENT`), or "" for what has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

async function absentAsNull<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

function notRegular(path: string): Error {
  return Object.assign(new Error(`${path} is not a regular file`), { code: "ENOTREG" });
}
