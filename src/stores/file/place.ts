import { join } from "node:path";
import { tokenIn, withToken } from "../../core/document.ts";
import { RenewdError } from "../../core/errors.ts";
import type { Observation, Place, Random, WriteOptions } from "../../core/ports.ts";
import { SecretText } from "../../core/secret-text.ts";
import type { TargetFormat } from "../../core/token.ts";
import { MAX_BYTES, type Disk, type FileAccess, type FileContent } from "./disk.ts";
import { diskError } from "./errors.ts";

/** A token and the largest neighbours we expect fit into it. */
const PROBE_BYTES = 16 * 1024;
const PRIVATE = 0o600;
const PRIVATE_FOLDER = 0o700;

export interface FilePlaceSettings {
  readonly directory: string;
  readonly name: string;
  /** Declared permissions; undefined: 0600, or those of a shared file that exists. */
  readonly mode: number | undefined;
  readonly format: TargetFormat;
  readonly create: boolean;
}

/** What is there now, read and understood. */
interface Current {
  readonly file: FileContent | null;
  readonly text: string | null;
  readonly token: SecretText | null;
}

/** One file of the folder, or one key in it. */
export class FilePlace implements Place {
  readonly #settings: FilePlaceSettings;
  readonly #disk: Disk;
  readonly #random: Random;
  readonly #path: string;
  #swept = false;

  constructor(settings: FilePlaceSettings, disk: Disk, random: Random) {
    this.#settings = settings;
    this.#disk = disk;
    this.#random = random;
    this.#path = join(settings.directory, settings.name);
  }

  async preflight(signal: AbortSignal): Promise<void> {
    const { directory, format, create } = this.#settings;
    await this.#step("write", async () => {
      goOn(signal);
      const current = await this.#read();
      if (current.file === null && !create) throw this.#absent();
      withToken(format, current.text, "preflight");
      await this.#refuseMount();
      if (!(await this.#directoryIsThere())) return this.#disk.assertWritable(join(directory, ".."));
      const probe = this.#temporary();
      try {
        goOn(signal);
        await this.#disk.create(probe, Buffer.alloc((current.file?.bytes.length ?? 0) + PROBE_BYTES), {
          mode: PRIVATE,
        });
      } finally {
        await this.#disk.remove(probe);
      }
    });
  }

  async observe(signal: AbortSignal): Promise<Observation> {
    return this.#step("read", async () => {
      goOn(signal);
      const current = await this.#read();
      const seen = { owner: "unmarked", version: versionOf(current) } as const;
      if (current.token === null) return { ...seen, state: "empty" };
      return { ...seen, state: "holds", token: current.token };
    });
  }

  async write(token: SecretText, { version, signal }: WriteOptions): Promise<void> {
    await this.#step("write", async () => {
      goOn(signal);
      await this.#sweep();
      const current = await this.#read();
      if (current.token?.equals(token) === true) return;
      if (version !== null && version !== versionOf(current)) {
        throw new RenewdError("store_conflict", `${this.#path} changed since it was read`);
      }
      if (current.file === null && !this.#settings.create) throw this.#absent();
      await this.#refuseMount();
      if (!(await this.#directoryIsThere())) await this.#disk.makeDirectory(this.#settings.directory);
      const text = withToken(this.#settings.format, current.text, token.reveal());
      if (Buffer.byteLength(text) > MAX_BYTES) throw this.#tooLarge();
      if (current.file !== null) await this.#keepPrevious(current.file, signal);
      goOn(signal);
      await this.#replace(this.#path, Buffer.from(text), await this.#accessFor(current.file));
      await this.#readBack(text);
    });
  }

  /** A file that others may read, in a folder that they cannot get into. */
  async cautions(): Promise<readonly string[]> {
    const { directory, mode, format } = this.#settings;
    const file = await this.#disk.read(this.#path).catch(() => null);
    const kept = format.kind === "raw" ? PRIVATE : (file?.mode ?? PRIVATE);
    const folder = await this.#disk.directoryMode(directory).catch(() => PRIVATE_FOLDER);
    const shut = shutOut(mode ?? kept, folder ?? PRIVATE_FOLDER);
    if (shut === undefined) return [];
    const is = folder === null ? "will be made with mode 0700" : `has mode 0${(folder & 0o777).toString(8)}`;
    const way = folder === null ? `make the folder first: install -d -m ${shut.made}` : `chmod ${shut.bit}`;
    return [
      `${this.#path} has mode 0${(mode ?? kept).toString(8)}, so ${shut.who} may read it, but the folder ${is} and lets none of them in: ${way} ${directory}`,
    ];
  }

  async #read(): Promise<Current> {
    const file = await this.#disk.read(this.#path);
    if (file === null) return { file, text: null, token: null };
    if (file.bytes.length > MAX_BYTES) throw this.#tooLarge();
    const text = this.#decode(file.bytes);
    const token = tokenIn(this.#settings.format, text);
    return { file, text, token: token === null ? null : new SecretText(token) };
  }

  /** Strict, so that a text in another encoding is refused rather than damaged. */
  #decode(bytes: Buffer): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new RenewdError("store_invalid", `${this.#path} is not UTF-8 text`);
    }
  }

  /** A copy of its own, so that it can be private whatever the mode of the file is. */
  async #keepPrevious(file: FileContent, signal: AbortSignal): Promise<void> {
    goOn(signal);
    const previous = join(this.#settings.directory, `.${this.#settings.name}.prev`);
    await this.#replace(previous, file.bytes, { mode: PRIVATE });
  }

  /** The name leads to the old content or to all of the new one, at any instant and after a loss of power. */
  async #replace(path: string, bytes: Buffer, access: FileAccess): Promise<void> {
    const temporary = this.#temporary();
    await this.#disk.create(temporary, bytes, access);
    try {
      await this.#disk.rename(temporary, path);
    } catch (error) {
      await this.#disk.remove(temporary);
      throw error;
    }
    await this.#disk.syncDirectory(this.#settings.directory);
  }

  async #readBack(text: string): Promise<void> {
    const written = await this.#disk.read(this.#path);
    if (written?.bytes.equals(Buffer.from(text)) === true) return;
    throw new RenewdError("store_mismatch", `${this.#path} does not hold what was just written to it`);
  }

  /**
   * Owner and group are kept only in a folder that nobody else may write: elsewhere anybody could have put a file there to
   * have the token made his. Nobody else may ever write what consumers trust.
   */
  async #accessFor(file: FileContent | null): Promise<FileAccess> {
    const { mode, format, directory } = this.#settings;
    const isOurs = (((await this.#disk.directoryMode(directory)) ?? 0) & 0o022) === 0;
    if (file === null || !isOurs) return { mode: mode ?? PRIVATE };
    const kept = format.kind === "raw" ? PRIVATE : file.mode & ~0o022;
    return { mode: mode ?? kept, owner: { uid: file.uid, gid: file.gid } };
  }

  async #directoryIsThere(): Promise<boolean> {
    const { directory } = this.#settings;
    const mode = await this.#disk.directoryMode(directory);
    if (mode === null) return false;
    if ((mode & 0o002) !== 0 && (mode & 0o1000) === 0) {
      throw new RenewdError("store_invalid", `${directory} is writable by everybody; take that away (chmod o-w)`);
    }
    return true;
  }

  /** Told before the write rather than by its EBUSY, so that `check` and preflight know it too. */
  async #refuseMount(): Promise<void> {
    if (!(await this.#disk.isMounted(this.#path))) return;
    throw Object.assign(new Error("mounted by itself"), { code: "EBUSY" });
  }

  #temporary(): string {
    return join(this.#settings.directory, `${this.#temporaryPrefix()}${this.#random.hex(8)}`);
  }

  #temporaryPrefix(): string {
    return `.${this.#settings.name}.renewd-`;
  }

  /** Takes away what a process that died in a write left behind; once, before the first write. */
  async #sweep(): Promise<void> {
    if (this.#swept) return;
    const stale = /^[0-9a-f]{16}$/;
    for (const name of await this.#disk.list(this.#settings.directory)) {
      const prefix = this.#temporaryPrefix();
      if (!name.startsWith(prefix) || !stale.test(name.slice(prefix.length))) continue;
      await this.#disk.remove(join(this.#settings.directory, name));
    }
    this.#swept = true;
  }

  async #step<T>(doing: string, task: () => Promise<T>): Promise<T> {
    try {
      return await task();
    } catch (error) {
      throw diskError(error, doing, this.#path);
    }
  }

  #absent(): RenewdError {
    return new RenewdError("store_absent", `${this.#path} does not exist and the target says \`create: false\``);
  }

  #tooLarge(): RenewdError {
    return new RenewdError("store_invalid", `${this.#path} is larger than 1 MiB`);
  }
}

/** Who could read a file of this mode if only the folder let them in, and what opens it for them. */
function shutOut(
  file: number,
  folder: number,
): { readonly who: string; readonly bit: string; readonly made: string } | undefined {
  if ((file & 0o004) !== 0 && (folder & 0o001) === 0) return { who: "everybody", bit: "o+x", made: "0711" };
  if ((file & 0o040) !== 0 && (folder & 0o010) === 0) return { who: "its group", bit: "g+x", made: "2750 -g GROUP" };
  return undefined;
}

/** Of the token alone: in a file that several tokens share, another one's write is no conflict. */
function versionOf(current: Current): string {
  return current.token?.fingerprint ?? "none";
}

function goOn(signal: AbortSignal): void {
  if (signal.aborted) throw new RenewdError("store_timeout", "the time was over; the file is as it was");
}
