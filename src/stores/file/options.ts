import { z } from "zod";

/** What a store of this type takes in the settings. */
export const fileOptions = z.strictObject({
  directory: z.string().min(1).describe("The folder that consumers read; made with mode 0700 when only it is missing."),
});

/** Most file systems take 255 bytes, and the temporary name beside a file is 25 bytes longer than its own. */
const MAX_NAME_BYTES = 230;

/** No path, nothing unprintable, not "." or "..", not a temporary or previous file of ours. */
const PLAIN_NAME = /^(?!\.{1,2}$)(?!\..*\.(?:prev|renewd-[0-9a-f]{16})$)[^/\\\p{Cc}]+$/u;

/** The keys of a target that say where in the folder. */
export const fileAddress = z.strictObject({
  secret: z
    .string()
    .regex(PLAIN_NAME, "must be a plain file name, and not one of renewd's own (.NAME.prev, .NAME.renewd-…)")
    .refine((name) => Buffer.byteLength(name) <= MAX_NAME_BYTES, `is longer than ${MAX_NAME_BYTES} bytes`)
    .describe("The file's name; a plain name, no path."),
  mode: z
    .enum(["0400", "0440", "0444", "0600", "0640", "0644", "0660"])
    .optional()
    .describe("The file's permissions; 0600 by default. A JSON or dotenv file that exists keeps its own."),
});

export type FileOptions = z.infer<typeof fileOptions>;
export type FileAddress = z.infer<typeof fileAddress>;
