import { type KeyObject, createPrivateKey, createPublicKey, generateKeyPair } from "node:crypto";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { RenewdError } from "../core/errors.ts";
import type { Random } from "../core/ports.ts";
import { SecretText } from "../core/secret-text.ts";
import { createOnce, publish, readIfThere } from "./private-files.ts";

const RSA_BITS = 2048;

export interface SigningKeys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** SPKI. */
  readonly publicPem: string;
  /** Where `publicPem` was written for clients on this host. */
  readonly publicKeyFile: string;
}

/**
 * The key that seals tokens in the database, from `encryption.key` beside it. It is made only together with a new
 * database: with another key nothing in an old one could be read. Throws `state_key`.
 */
export async function sealingKey(dbFile: string, isNew: boolean, random: Random): Promise<SecretText> {
  const file = join(dirname(dbFile), "encryption.key");
  if (isNew) await createOnce(file, `${random.hex(32)}\n`, random);
  const text = (await readIfThere(file))?.trim();
  if (text === undefined) throw new RenewdError("state_key", `${file} is missing, and ${dbFile} was sealed with it`);
  if (!/^[0-9a-f]{64}$/.test(text)) throw new RenewdError("state_key", `${file} does not hold 64 hex digits`);
  return new SecretText(text);
}

/** The key that signs sessions, from `session.key` beside the database. A new one only ends the sessions. */
export async function sessionKey(dbFile: string, random: Random): Promise<SecretText> {
  const file = join(dirname(dbFile), "session.key");
  await createOnce(file, `${random.hex(32)}\n`, random);
  return new SecretText(((await readIfThere(file)) ?? "").trim());
}

/**
 * The key that signs tokens: the operator's own PEM, else `signing_key.pem` beside the database, made at the first
 * start. Its public half is published as `public_key.pem`. `mayCreate` is false once tokens were minted, since their
 * verifiers hold the lost key's public half. Throws `state_key`.
 */
export async function signingKeys(
  dbFile: string,
  given: string | undefined,
  mayCreate: boolean,
  random: Random,
): Promise<SigningKeys> {
  const folder = dirname(dbFile);
  const file = given ?? join(folder, "signing_key.pem");
  let pem = await readIfThere(file);
  if (pem === undefined && given === undefined && mayCreate) {
    await createOnce(file, await newRsaKey(), random);
    pem = await readIfThere(file);
  }
  if (pem === undefined) throw new RenewdError("state_key", `the signing key ${file} is missing`);
  const privateKey = readRsaKey(pem, file);
  const publicKey = createPublicKey(privateKey);
  const publicPem = publicKey.export({ type: "spki", format: "pem" }).toString();
  const publicKeyFile = join(folder, "public_key.pem");
  if ((await readIfThere(publicKeyFile)) !== publicPem) await publish(publicKeyFile, publicPem, random);
  return { privateKey, publicKey, publicPem, publicKeyFile };
}

async function newRsaKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)("rsa", { modulusLength: RSA_BITS });
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString();
}

/** No cause is attached: a parser's error could quote the key. */
function readRsaKey(pem: string, file: string): KeyObject {
  let key: KeyObject | undefined;
  try {
    key = createPrivateKey(pem);
  } catch {
    key = undefined;
  }
  const bits = key?.asymmetricKeyDetails?.modulusLength ?? 0;
  if (key?.asymmetricKeyType !== "rsa" || bits < RSA_BITS) {
    throw new RenewdError("state_key", `${file} holds no RSA private key of at least ${RSA_BITS} bits in PEM`);
  }
  return key;
}
