import { randomBytes } from "node:crypto";
import type { Random } from "../core/ports.ts";

/** Cryptographically strong throughout; `share` has the 48 bits of six bytes. */
export const systemRandom: Random = {
  share: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
  hex: (count) => randomBytes(count).toString("hex"),
};
