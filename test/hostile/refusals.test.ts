/** What FlowAuth itself may refuse, said again and again; and refusals of a server that did what it refused. */
import { describe, it } from "vitest";
import type { ErrorCode } from "../../src/core/errors.ts";
import { changed, page, reply, text } from "../support/hostile-spoils.ts";
import type { Spoil } from "../support/hostile-front.ts";
import { PASSWORD } from "../support/hostile-world.ts";
import { attack, type SpoiltCall } from "./attack.ts";

const refuse = (status: number, message: unknown, more: object = {}): Spoil =>
  reply({ status: `${status} No`, body: JSON.stringify({ code: status, message, ...more }) });

const cases: readonly (readonly [name: string, at: SpoiltCall, spoil: Spoil, code: ErrorCode, calls: number])[] = [
  ["a wrong password", "sign_in", refuse(401, "Incorrect username or password."), "sign_in_refused", 2],
  ["a missing field", "sign_in", refuse(400, "Must supply username or password."), "sign_in_refused", 2],
  ["a code wanted", "sign_in", refuse(400, "Must supply a two-factor code."), "two_factor_required", 2],
  ["a code refused", "sign_in", refuse(401, "Code not valid."), "two_factor_refused", 6],
  ["a refusal of nobody's", "sign_in", refuse(403, "Go away"), "request_refused", 2],
  ["words that are no text", "sign_in", refuse(401, { message: ["x"] }), "request_refused", 2],
  ["logged_in false", "sign_in", text(() => '{"logged_in":false}'), "issuer_answer_invalid", 2],
  ["no cookies", "sign_in", changed((answer) => ({ ...answer, headers: [] })), "session_refused", 6],
  ["the session is never good", "servers", page("401 UNAUTHORIZED"), "session_refused", 12],
  ["no servers", "servers", text(() => "[]"), "server_unknown", 2],
  ["the session is never good for the list", "list", page("401 UNAUTHORIZED"), "session_refused", 12],
  ["the server is gone", "list", page("404 NOT FOUND"), "server_unknown", 2],
  ["a CSRF error each time", "renew", page("401 UNAUTHORIZED"), "session_refused", 12],
  ["the row is gone", "renew", page("404 NOT FOUND"), "token_absent", 2],
  ["not the owner", "renew", refuse(401, "You can only renew your own tokens."), "token_not_owned", 2],
  ["no roles", "renew", refuse(400, "This token has no roles recorded against it and"), "roles_unrecorded", 2],
  [
    "roles taken away",
    "renew",
    refuse(401, "the following roles are no longer assigned to you: x"),
    "roles_not_held",
    2,
  ],
  ["a cap past", "renew", refuse(401, "maximum permitted expiry has already passed"), "expiry_cap_passed", 2],
  ["every lifetime is too long", "renew", refuse(400, "Requested lifetime exceeds the maximum"), "lifetime_refused", 6],
  ["no lifetime is right", "renew", refuse(400, "lifetime_minutes must be a positive integer"), "lifetime_refused", 2],
  ["words that repeat the password", "renew", refuse(401, `not for ${PASSWORD}`), "request_refused", 2],
  ["words that hold a token", "renew", refuse(400, "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.AAAA"), "request_refused", 2],
  ["words of 60 KB", "renew", refuse(400, "x y ".repeat(15_000)), "request_refused", 2],
  [
    "words with __proto__",
    "renew",
    reply({ status: "400 x", body: '{"__proto__":{"message":"y"}}' }),
    "request_refused",
    2,
  ],
];

describe("a refusal", () => {
  it.each(cases)("(%s) at %s is told as such, and asked again as seldom as it deserves", (_, at, spoil, code, calls) =>
    attack({ at, spoil: () => spoil, code, ends: "kept", calls }),
  );

  it.each([
    ["a JSON refusal", 401],
    ["a 404", 404],
  ])("(%s) of a renewal that was made all the same costs no second token", async (_, status) => {
    const body = Buffer.from(JSON.stringify({ message: "no" }));
    const spoil = changed((answer) => ({ ...answer, status: `HTTP/1.1 ${status} No`, body }));
    const code = status === 404 ? "token_absent" : "request_refused";
    await attack({ at: "renew", spoil: () => spoil, code, ends: "renewed", calls: 1 });
  });
});
