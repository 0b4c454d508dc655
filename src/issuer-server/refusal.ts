import { STATUS_CODES } from "node:http";

/** An answer other than 200, thrown from wherever it is decided and sent as it is: status, content type and body are protocol. */
export class Refusal extends Error {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, contentType: string, body: string, headers: Readonly<Record<string, string>> = {}) {
    super(`refused with ${status}`);
    this.name = "Refusal";
    this.status = status;
    this.contentType = contentType;
    this.body = body;
    this.headers = headers;
  }
}

const HTML = "text/html; charset=utf-8";
const JSON_TYPE = "application/json";

/** FlowAuth's InvalidUsage: the payload's keys, `code` and `message`. */
export function invalidUsage(message: string, payload: Readonly<Record<string, unknown>> = {}): Refusal {
  return new Refusal(400, JSON_TYPE, JSON.stringify({ ...payload, code: 400, message }));
}

export function invalidField(field: string, message: string): Refusal {
  return invalidUsage(message, { bad_field: field });
}

/** FlowAuth's Unauthorized: known who it is, but not permitted. A client must not sign in again because of it. */
export function notPermitted(message: string): Refusal {
  return new Refusal(401, JSON_TYPE, JSON.stringify({ code: 401, message }));
}

/** What FlowAuth answers when the database refuses a row; it has no `message`. */
export function nameExists(): Refusal {
  return new Refusal(400, JSON_TYPE, JSON.stringify({ status: 400, statusText: "Name already exists" }));
}

export function csrfError(): Refusal {
  return new Refusal(401, HTML, "CSRF error");
}

/** A short HTML page for people, as FlowAuth's framework gives for everything that is not its own refusal. */
export function page(status: number, sentence: string, headers: Readonly<Record<string, string>> = {}): Refusal {
  const name = STATUS_CODES[status] ?? "Error";
  const lines = ["<!doctype html>", "<html lang=en>", `<title>${status} ${name}</title>`, `<h1>${name}</h1>`];
  return new Refusal(status, HTML, [...lines, `<p>${sentence}</p>`, ""].join("\n"), headers);
}

export function notSignedIn(): Refusal {
  return page(401, "This address needs a session; sign in first.");
}

export function notFound(): Refusal {
  return page(404, "There is nothing at this address.");
}
