/** What nodemailer throws as an operating error: a code, the host, and the server's words without what was sent. */
import { type ErrorCode, RenewdError } from "../../core/errors.ts";
import { clean } from "../../core/foreign-words.ts";

interface Facts {
  readonly code: string;
  readonly originalCode: string;
  readonly response: string;
  readonly responseCode: number;
}

const TLS_CODES =
  /^(ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH_|EPROTO$)/;
/** RFC 4954 §4, §6, RFC 3207 §4: sign in (with more) first. */
const CREDENTIALS: ReadonlySet<number> = new Set([530, 534, 535, 538]);

/** `sent` are the secrets of the call. The error itself is not kept: it may quote what was sent. */
export function toChannelError(thrown: unknown, host: string, sent: readonly string[]): Error {
  if (thrown instanceof RenewdError || thrown instanceof TypeError) return thrown;
  const facts = factsOf(thrown);
  const { code, originalCode, response } = facts;
  const said = response === "" ? [code, originalCode].filter((each) => each !== "").join(", ") : clean(response, sent);
  return new RenewdError(codeOf(facts), `mail: ${host}: ${said || "no reason given"}`);
}

function codeOf({ code, originalCode, responseCode }: Facts): ErrorCode {
  if (CREDENTIALS.has(responseCode)) return "channel_credentials";
  // RFC 5321 §4.2.1: 4yz may go well later, 5yz will not. 503 is about the session, not about the mail.
  if ((responseCode >= 400 && responseCode < 500) || responseCode === 503) return "channel_error";
  if (code === "EAUTH" || code === "ENOAUTH") return "channel_credentials";
  if (code === "ETLS" || TLS_CODES.test(originalCode)) return "channel_tls";
  if (responseCode >= 500) return "channel_refused";
  if (code === "ETIMEDOUT") return "channel_timeout";
  if (code === "EDNS" || code === "ESOCKET" || code === "ECONNECTION") return "channel_unreachable";
  return code === "EPROTOCOL" ? "channel_error" : "channel_refused";
}

function factsOf(thrown: unknown): Facts {
  const raw = (typeof thrown === "object" && thrown !== null ? thrown : {}) as Readonly<Record<string, unknown>>;
  const text = (name: string): string => (typeof raw[name] === "string" ? raw[name] : "");
  const { responseCode } = raw;
  return {
    code: text("code"),
    originalCode: text("originalCode"),
    response: text("response"),
    responseCode: typeof responseCode === "number" ? responseCode : 0,
  };
}
