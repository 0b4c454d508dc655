import { argon2, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import type { Random } from "../core/ports.ts";
import type { SecretText } from "../core/secret-text.ts";

/** Argon2id with OWASP's second recommendation: 19 MiB, two passes, one lane. */
const MEMORY_KIB = 19_456;
const PASSES = 2;
const TAG_BYTES = 32;
const SALT_BYTES = 16;
const PARAMETERS = `$argon2id$v=19$m=${MEMORY_KIB},t=${PASSES},p=1`;

/** A PHC string, `$argon2id$v=19$m=…,t=…,p=1$salt$hash`. */
export async function hashPassword(password: SecretText, random: Random): Promise<string> {
  const salt = Buffer.from(random.hex(SALT_BYTES), "hex");
  const hash = await derive(password, salt);
  return [PARAMETERS, unpadded(salt), unpadded(hash)].join("$");
}

/** Takes as long for an unknown user (`phc` undefined) as for a wrong password, so that names cannot be probed. */
export async function passwordMatches(password: SecretText, phc: string | undefined): Promise<boolean> {
  const [salt, hash] = (phc ?? "").startsWith(`${PARAMETERS}$`) ? (phc ?? "").split("$").slice(-2) : [];
  const expected = Buffer.from(hash ?? "", "base64");
  const actual = await derive(password, salt === undefined ? Buffer.alloc(SALT_BYTES) : Buffer.from(salt, "base64"));
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

function derive(password: SecretText, nonce: Buffer): Promise<Buffer> {
  const parameters = { message: password.reveal(), nonce, parallelism: 1, tagLength: TAG_BYTES };
  return promisify(argon2)("argon2id", { ...parameters, memory: MEMORY_KIB, passes: PASSES });
}

function unpadded(bytes: Buffer): string {
  return bytes.toString("base64").replace(/=+$/, "");
}
