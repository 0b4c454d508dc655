import { join } from "node:path";
import { RenewdError } from "../../core/errors.ts";
import { MINUTE_MS, SECOND_MS } from "../../core/duration.ts";
import type { Place, StoreCapabilities, StoreContext, StoreType } from "../../core/ports.ts";
import { nodeDisk, type Disk } from "./disk.ts";
import { fileAddress, fileOptions, type FileAddress, type FileOptions } from "./options.ts";
import { FilePlace } from "./place.ts";

const capabilities: StoreCapabilities = {
  precondition: false,
  propagationMs: 0,
  observeMs: MINUTE_MS,
  writeIntervalMs: SECOND_MS,
  createsByDefault: true,
};

/** A folder of token files, or of JSON or dotenv files with a token under a key. What it does on a disk: README.md here. */
export const file: StoreType<FileOptions, FileAddress> = fileOn(nodeDisk);

export function fileOn(disk: Disk): StoreType<FileOptions, FileAddress> {
  return {
    type: "file",
    capabilities,
    options: fileOptions,
    address: fileAddress,
    identity: (options, address, resolvePath) => join(resolvePath(options.directory), address.secret),
    create: (context) => ({
      capabilities,
      open(target) {
        const { secret, mode } = fileAddress.parse(target.address);
        const settings = {
          directory: context.resolvePath(context.options.directory),
          name: secret,
          mode: mode === undefined ? undefined : Number.parseInt(mode, 8),
          format: target.format,
          create: target.create,
        };
        return counted(new FilePlace(settings, disk, context.random), context.called);
      },
      close: async () => {},
    }),
  };
}

/** Tells `called` of each use and how it ended: `ok`, or the error's code. */
function counted(place: FilePlace, called: StoreContext<FileOptions>["called"]): Place {
  const count = async <T>(call: string, running: Promise<T>): Promise<T> => {
    try {
      const answer = await running;
      called(call, "ok");
      return answer;
    } catch (error) {
      called(call, error instanceof RenewdError ? error.code : "bug");
      throw error;
    }
  };
  return {
    preflight: (signal) => count("preflight", place.preflight(signal)),
    observe: (signal) => count("observe", place.observe(signal)),
    write: (token, options) => count("write", place.write(token, options)),
    cautions: () => place.cautions(),
  };
}
