import { RenewdError, type ErrorCode } from "../../core/errors.ts";
import { codeOf } from "./disk.ts";

/** Node's error codes (errno(3)) in renewd's words. */
const CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  EACCES: ["store_denied", "permission denied"],
  EPERM: ["store_denied", "not permitted"],
  EROFS: ["store_denied", "the file system is read-only; mend its volume, or mount it writable"],
  ENOSPC: ["store_quota", "no space left on the device; free some"],
  EDQUOT: ["store_quota", "the disk quota is used up; free space, or raise it"],
  EFBIG: ["store_too_large", "the file system takes no file of this size"],
  ENOENT: ["store_absent", "the folder, or the one above it, does not exist"],
  ENOTDIR: ["store_invalid", "a part of the path is not a folder"],
  ENOTREG: ["store_invalid", "there is something there that is not a regular file"],
  EISDIR: ["store_invalid", "there is a folder of this name"],
  ENXIO: ["store_invalid", "there is something there that is not a regular file"],
  ENAMETOOLONG: ["store_invalid", "the name is too long"],
  ELOOP: [
    "store_invalid",
    "it is a symbolic link, which a write would replace; name the real file, or remove the link",
  ],
  EBUSY: [
    "store_invalid",
    "it is mounted by itself, so it cannot be replaced and its readers would keep the old one; mount its folder instead",
  ],
  EXDEV: ["store_invalid", "the folder reaches over two file systems"],
  ESTALE: ["store_unreachable", "the network file system lost the file"],
  ETIMEDOUT: ["store_timeout", "the network file system does not answer"],
};

/** What a step on `path` threw, as a `RenewdError`; `doing` completes "could not ...". */
export function diskError(thrown: unknown, doing: string, path: string): RenewdError {
  if (thrown instanceof RenewdError) return thrown;
  const errno = codeOf(thrown);
  if (errno === "") return new RenewdError("bug", `could not ${doing} ${path}`, { cause: thrown });
  const [code, words] = CODES[errno] ?? ["store_error", errno];
  return new RenewdError(code, `could not ${doing} ${path}: ${words}`, { cause: thrown });
}
