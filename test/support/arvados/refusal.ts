import { STATUS_CODES } from "node:http";

/** An answer that is no success. `by` says which half of Arvados gives it: they word their errors differently. */
export class Refusal extends Error {
  readonly status: number;
  readonly by: "controller" | "rails";

  constructor(status: number, message: string, by: "controller" | "rails" = "rails") {
    super(message);
    this.status = status;
    this.by = by;
  }
}

export const notLoggedIn = (): Refusal => new Refusal(401, "Not logged in");
export const forbidden = (): Refusal => new Refusal(403, "Forbidden");
export const pathNotFound = (): Refusal => new Refusal(404, "Path not found");
export const noEndpoint = (status: 404 | 405): Refusal => new Refusal(status, "API endpoint not found", "controller");

/** Rails lets the exception's own text out, whatever it holds. */
export const exception = (type: string, text: string): Refusal => new Refusal(422, `#<${type}: ${text}>`);

/**
 * How an error reads: the controller's own as it is; what Rails said to the controller behind the address it was asked at,
 * query and all; what Rails said through the plain proxy with an `error_token`.
 */
export function errorBody(refusal: Refusal, askedAt: string | null, requestId: string, now: number): object {
  const { status, message } = refusal;
  if (refusal.by === "controller") return { errors: [message] };
  const said = `${message} (${requestId})`;
  if (askedAt !== null)
    return { errors: [`//railsapi.internal${askedAt}: ${status} ${STATUS_CODES[status]}: ${said}`] };
  return { errors: [said], error_token: `${Math.floor(now / 1_000)}+deadbeef` };
}
