import { RenewdError, toRenewdError } from "../core/errors.ts";

/** The same failure, of a call that did not get as far as being sent. A mistake of the program stays one. */
export function unsent(thrown: unknown): Error {
  if (thrown instanceof TypeError) return thrown;
  const error = toRenewdError(thrown);
  const retryAfter = error.retryAfterMs === undefined ? {} : { retryAfterMs: error.retryAfterMs };
  return new RenewdError(error.code, error.message, { cause: error.cause, sent: false, ...retryAfter });
}
