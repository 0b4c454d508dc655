import { lstat } from "node:fs/promises";
import { connect } from "node:net";
import { RenewdError } from "../core/errors.ts";

/** The kernel takes 107 bytes; the rest is for the name under which a socket is made before it is moved here. */
const PATH_BYTES_MAX = 100;

export type SocketState = "absent" | "stale" | "answered";

export function isSilent(state: SocketState): boolean {
  return state !== "answered";
}

/** Whether anybody listens there. Throws `settings_invalid` for a path that can be no socket, `daemon_unreachable` when that cannot be told. */
export async function probeSocket(path: string): Promise<SocketState> {
  if (Buffer.byteLength(path) > PATH_BYTES_MAX) {
    const message = `the control socket ${path} has a path of more than ${PATH_BYTES_MAX} bytes; keep the state in a folder with a shorter one`;
    throw new RenewdError("settings_invalid", message);
  }
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw unreachable(path, error);
  });
  if (found === undefined) return "absent";
  if (!found.isSocket())
    throw new RenewdError("settings_invalid", `${path} is to be the control socket, but is something else`);
  return knock(path);
}

function knock(path: string): Promise<SocketState> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.on("connect", () => {
      socket.destroy();
      resolve("answered");
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED") resolve("stale");
      else if (error.code === "ENOENT") resolve("absent");
      else reject(unreachable(path, error));
    });
  });
}

function unreachable(path: string, error: NodeJS.ErrnoException): RenewdError {
  return new RenewdError(
    "daemon_unreachable",
    `the control socket ${path} cannot be used (${error.code ?? error.name})`,
    {
      cause: error,
    },
  );
}
