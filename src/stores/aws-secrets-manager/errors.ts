import { RenewdError, type ErrorCode } from "../../core/errors.ts";

/** What the service and the SDK call their errors (API reference of Secrets Manager, "Errors" of each action, and "Common errors"). */
const NAMES: Readonly<Record<string, ErrorCode>> = {
  ResourceNotFoundException: "store_absent",
  InvalidRequestException: "store_unavailable",
  PreconditionNotMetException: "store_unavailable",
  InvalidParameterException: "store_invalid",
  ValidationException: "store_invalid",
  ResourceExistsException: "store_conflict",
  LimitExceededException: "store_quota",
  EncryptionFailure: "store_key_unusable",
  DecryptionFailure: "store_key_unusable",
  AccessDeniedException: "store_denied",
  AccessDenied: "store_denied",
  NotAuthorized: "store_denied",
  OptInRequired: "store_denied",
  ExpiredTokenException: "store_credentials",
  ExpiredToken: "store_credentials",
  RequestExpired: "store_credentials",
  IncompleteSignature: "store_credentials",
  InvalidClientTokenId: "store_credentials",
  InvalidSignatureException: "store_credentials",
  SignatureDoesNotMatch: "store_credentials",
  MissingAuthenticationToken: "store_credentials",
  MissingAuthenticationTokenException: "store_credentials",
  UnrecognizedClientException: "store_credentials",
  CredentialsProviderError: "store_credentials",
  TokenProviderError: "store_credentials",
  ThrottlingException: "store_throttled",
  Throttling: "store_throttled",
  RequestLimitExceeded: "store_throttled",
  TooManyRequestsException: "store_throttled",
  InternalServiceError: "store_error",
  InternalServiceErrorException: "store_error",
  InternalFailure: "store_error",
  ServiceUnavailable: "store_error",
  ServiceUnavailableException: "store_error",
  AnswerTooLarge: "store_error",
  TimeoutError: "store_timeout",
  AbortError: "store_timeout",
};

/** Node's codes of failures after which not one byte of the request can have gone out. */
const NOT_SENT: ReadonlySet<string> = new Set([
  "ENOTFOUND",
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/** Names of errors that come before a request is made. */
const BEFORE_SENDING: ReadonlySet<string> = new Set(["CredentialsProviderError", "TokenProviderError"]);

/** The parts of an SDK error that decide; anything may be missing. */
interface Facts {
  readonly name: string;
  readonly errno: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly message: string;
}

/**
 * What an SDK call threw, as a `RenewdError`. Only the service's own message is quoted, shortened and without anything
 * like a token; the SDK's error itself is dropped, for it carries the raw answer.
 */
export function awsError(thrown: unknown, action: string, secret: string): RenewdError {
  if (thrown instanceof RenewdError) return thrown;
  const facts = factsOf(thrown);
  const what = [facts.name, facts.errno, facts.status ?? ""].filter((part) => part !== "").join(" ");
  const request = facts.requestId === undefined ? "" : ` (request ${facts.requestId})`;
  const sent = !BEFORE_SENDING.has(facts.name) && !NOT_SENT.has(facts.errno);
  return new RenewdError(codeFor(facts), `${action} on ${secret}: ${what}: ${facts.message}${request}`, { sent });
}

/** For the counter: the HTTP status, or renewd's code where there was no answer. */
export function statusOf(thrown: unknown): string {
  const facts = factsOf(thrown);
  return facts.status === undefined ? codeFor(facts) : String(facts.status);
}

function codeFor({ name, errno, status }: Facts): ErrorCode {
  const known = Object.hasOwn(NAMES, name) ? NAMES[name] : undefined;
  // The SDK calls a connection that was reset a TimeoutError, too.
  if (known !== undefined && (known !== "store_timeout" || errno === "")) return known;
  if (errno === "ETIMEDOUT") return "store_timeout";
  if (errno !== "" || status === undefined) return "store_unreachable";
  if (status === 429) return "store_throttled";
  if (status === 401 || status === 403) return "store_denied";
  // An answer of 200 that the SDK cannot read comes from something that is not the service.
  return status >= 400 && status < 500 ? "store_invalid" : "store_error";
}

function factsOf(thrown: unknown): Facts {
  const error = asRecord(thrown);
  const metadata = asRecord(error["$metadata"]);
  const first = Array.isArray(error["errors"]) ? asRecord(error["errors"][0]) : {};
  return {
    name: short(error["name"], 60),
    errno: short(error["code"] ?? first["code"] ?? asRecord(error["cause"])["code"], 40),
    status: typeof metadata["httpStatusCode"] === "number" ? metadata["httpStatusCode"] : undefined,
    requestId: typeof metadata["requestId"] === "string" ? short(metadata["requestId"], 60) : undefined,
    message: isServiceError(error) ? short(error["message"], 200) : "no usable answer",
  };
}

/** Errors of the service's own protocol say whose fault it was; others may quote whatever was on the wire. */
function isServiceError(error: Readonly<Record<string, unknown>>): boolean {
  return typeof error["$fault"] === "string" || BEFORE_SENDING.has(String(error["name"]));
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function short(value: unknown, length: number): string {
  if (typeof value !== "string") return "";
  return value
    .replace(/[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g, "[redacted]")
    .replace(/\s+/g, " ")
    .slice(0, length);
}
