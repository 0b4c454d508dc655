import { createPrivateKey, type KeyObject } from "node:crypto";
import { SignJWT } from "jose";
import { MINUTE_MS, SECOND_MS } from "../../core/duration.ts";
import { RenewdError } from "../../core/errors.ts";
import type { Clock } from "../../core/ports.ts";
import { SecretText } from "../../core/secret-text.ts";
import type { JwtOptions } from "./options.ts";

/** Issuers whose clock is a little behind refuse what begins in the future; GitHub advises a minute. */
const BACKDATED_MS = MINUTE_MS;

/** A JWT of our own that an issuer knows us by (`{{jwt}}`). Its lifetime counts from its backdated beginning. */
export async function signJwt(options: JwtOptions, key: SecretText, clock: Clock): Promise<SecretText> {
  const issuedAt = Math.floor((clock.now() - BACKDATED_MS) / SECOND_MS);
  const header = {
    alg: options.algorithm,
    typ: "JWT",
    ...(options.key_id === undefined ? {} : { kid: options.key_id }),
  };
  try {
    const signed = await new SignJWT({ ...options.claims })
      .setProtectedHeader(header)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + Math.floor(options.lifetime / SECOND_MS))
      .sign(readKey(key));
    return new SecretText(signed);
  } catch (error) {
    if (error instanceof RenewdError) throw error;
    throw unusable(`the key of \`jwt\` cannot sign with ${options.algorithm}`);
  }
}

/** PKCS#8, or PKCS#1 and SEC 1 as older tools write them (GitHub's are PKCS#1). */
function readKey(text: SecretText): KeyObject {
  try {
    return createPrivateKey(text.reveal());
  } catch {
    throw unusable("the key of `jwt` is not a private key in PEM");
  }
}

function unusable(message: string): RenewdError {
  return new RenewdError("secret_unreadable", message, { sent: false });
}
