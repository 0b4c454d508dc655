/** What an answer of any call can be instead of what it should. */
import type { ErrorCode } from "../../src/core/errors.ts";
import type { Spoil } from "../support/hostile-front.ts";
import * as spoil from "../support/hostile-spoils.ts";
import type { HostileWorld } from "../support/hostile-world.ts";

export interface AnswerCase {
  readonly name: string;
  readonly spoil: (world: HostileWorld) => Spoil;
  readonly code: ErrorCode;
  /** The call is carried out although its answer does not say so. */
  readonly acts: boolean;
  readonly retryAfterMs?: number;
  readonly hasty?: boolean;
}

const GARBAGE = Buffer.from([0xff, 0xfe, 0x00, 0xc3, 0x28, 0x80]);
const FUTURE_DATE = "Wed, 01 Jul 2099 00:00:00 GMT";

function done(name: string, how: Spoil, code: ErrorCode, more: Partial<AnswerCase> = {}): AnswerCase {
  return { name, spoil: () => how, code, acts: true, ...more };
}

function said(name: string, how: Spoil, code: ErrorCode, more: Partial<AnswerCase> = {}): AnswerCase {
  return { name, spoil: () => how, code, acts: false, ...more };
}

function redirect(name: string, status: string, location: (world: HostileWorld) => string): AnswerCase {
  const how = (world: HostileWorld): Spoil => spoil.page(status, `Location: ${location(world)}`);
  return { name, spoil: how, code: "issuer_redirected", acts: false };
}

const invalid = "issuer_answer_invalid";
const lost = "issuer_unreachable";

export const STATUSES: readonly AnswerCase[] = [
  said("500", spoil.page("500 Internal Server Error"), "issuer_error"),
  said("502", spoil.page("502 Bad Gateway"), "issuer_error"),
  said("599 without words", spoil.page("599 "), "issuer_error"),
  done(
    "500 although it was done",
    spoil.changed((a) => ({ ...a, status: "HTTP/1.1 500 Oops" })),
    "issuer_error",
  ),
  said("503 with Retry-After", spoil.page("503 Busy", "Retry-After: 600"), "issuer_throttled", {
    retryAfterMs: 600_000,
  }),
  said("429", spoil.page("429 Too Many Requests"), "issuer_throttled"),
  said("429 with seconds", spoil.page("429 Slow", "Retry-After: 120"), "issuer_throttled", { retryAfterMs: 120_000 }),
  said("429 with a date", spoil.page("429 Slow", "Retry-After: Thu, 02 Jul 2026 04:10:00 GMT"), "issuer_throttled", {
    retryAfterMs: 600_000,
  }),
  said("429 for ever", spoil.page("429 Slow", "Retry-After: 999999999"), "issuer_throttled", {
    retryAfterMs: 3_600_000,
  }),
  said("429 until a far date", spoil.page("429 Slow", `Retry-After: ${FUTURE_DATE}`), "issuer_throttled", {
    retryAfterMs: 3_600_000,
  }),
  said("429 with a date past", spoil.page("429", "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT"), "issuer_throttled"),
  said("429 with nonsense", spoil.page("429 Slow", "Retry-After: a while"), "issuer_throttled"),
  said("429 with a negative number", spoil.page("429 Slow", "Retry-After: -5"), "issuer_throttled"),
  said("429 with two wishes", spoil.page("429 Slow", "Retry-After: 0", "Retry-After: 0"), "issuer_throttled"),
  redirect("a redirect to another host", "302 Found", (world) => `${world.trap.url}/signin`),
  redirect("a redirect that keeps method and body", "307 Temporary Redirect", (world) => world.trap.url),
  redirect("a permanent one", "308 Permanent Redirect", (world) => world.trap.url),
  redirect("a redirect to itself, for ever", "301 Moved", (world) => `${world.front.url}/signin`),
  redirect("a redirect without an aim", "303 See Other", () => ""),
  said("304 for a request that was not conditional", spoil.page("304 Not Modified"), invalid),
  said("101", spoil.reply({ status: "101 Switching Protocols", headers: ["Upgrade: x", "Connection: upgrade"] }), lost),
  said("204", spoil.reply({ status: "204 No Content" }), invalid),
  said("205", spoil.reply({ status: "205 Reset Content" }), invalid),
  said("403 as a page", spoil.page("403 Forbidden"), invalid),
  said("418 as a page", spoil.page("418 Teapot"), invalid),
];

export const BODIES: readonly AnswerCase[] = [
  done(
    "a page with 200",
    spoil.text(() => "<h1>Welcome to the hotel</h1>"),
    invalid,
  ),
  done(
    "nothing with 200",
    spoil.text(() => ""),
    invalid,
  ),
  done(
    "half the JSON",
    spoil.text((body) => body.slice(0, body.length / 2)),
    invalid,
  ),
  done(
    "the JSON twice",
    spoil.text((body) => body + body),
    invalid,
  ),
  done(
    "JSON after an XSSI guard",
    spoil.text((body) => `)]}'\n${body}`),
    invalid,
  ),
  done(
    "a NUL before the JSON",
    spoil.text((body) => `\0${body}`),
    invalid,
  ),
  done(
    "NULs between",
    spoil.text((body) => body.replaceAll(":", ":\0")),
    invalid,
  ),
  done(
    "UTF-16",
    spoil.text((body) => Buffer.from(`\uFEFF${body}`, "utf16le")),
    invalid,
  ),
  done(
    "bytes of no encoding",
    spoil.text(() => GARBAGE),
    invalid,
  ),
  done(
    "null",
    spoil.text(() => "null"),
    invalid,
  ),
  done(
    "a number",
    spoil.text(() => "1e400"),
    invalid,
  ),
  done(
    "an array in an array",
    spoil.text((body) => `[[${body}]]`),
    invalid,
  ),
  done(
    "100,000 arrays in each other",
    spoil.text(() => "[".repeat(100_000) + "]".repeat(100_000)),
    invalid,
  ),
  done(
    "100,000 objects in each other",
    spoil.text(() => `[${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}]`),
    invalid,
  ),
  done(
    "__proto__ alone",
    spoil.text(() => '{"__proto__":{"polluted":1,"token":"a.b.c","logged_in":true}}'),
    invalid,
  ),
  done(
    "constructor alone",
    spoil.text(() => '[{"constructor":{"prototype":{"polluted":1}}}]'),
    invalid,
  ),
  done("compressed unasked", spoil.gzipBomb, invalid, { acts: false }),
];

export const FRAMES: readonly AnswerCase[] = [
  done(
    "a length too short",
    length((bytes) => bytes - 1),
    invalid,
  ),
  done(
    "a length too long",
    length((bytes) => bytes + 1),
    lost,
  ),
  done(
    "a length of zero",
    length(() => 0),
    invalid,
  ),
  done(
    "a negative length",
    length(() => -1),
    invalid,
  ),
  done(
    "a length beyond all numbers",
    length(() => "9".repeat(30)),
    lost,
  ),
  done("two lengths", spoil.withHeaders("Content-Length: 1"), lost),
  done("a length and chunks", spoil.withHeaders("Transfer-Encoding: chunked"), invalid),
  done("chunks whose size is no number", chunkSize("zz"), invalid),
  done("a chunk of 2^64 bytes", chunkSize("ffffffffffffffffff"), invalid),
  done("a header without a colon", spoil.withHeaders("Nonsense"), invalid),
  done("a header with a NUL", spoil.withHeaders("X-Nul: a\0b"), invalid),
  done("a folded header", spoil.withHeaders("X-Fold: a\r\n\tb"), invalid),
  done("a header name with a space", spoil.withHeaders("X Y: z"), invalid),
  done("headers of 100 KB", spoil.withHeaders(`X-Big: ${"x".repeat(100_000)}`), "issuer_answer_too_large"),
  done(
    "5,000 headers",
    spoil.withHeaders(...many(5_000, (n) => `X-${n}: ${"y".repeat(12)}`)),
    "issuer_answer_too_large",
  ),
  said("another protocol", ({ socket }) => void socket.end("SSH-2.0-OpenSSH_9.6\r\n"), invalid),
  said("HTTP/9.9", ({ socket }) => void socket.end("HTTP/9.9 200 OK\r\n\r\n"), invalid),
  said("HTTP/2 unasked", ({ socket }) => void socket.end(Buffer.from("00001204000000000000", "hex")), invalid),
  said(
    "100 Continue without end",
    ({ socket }) => void socket.end("HTTP/1.1 100 Continue\r\n\r\n".repeat(1_000)),
    lost,
  ),
  said(
    "1,000 early hints and no answer",
    ({ socket }) => void socket.end("HTTP/1.1 103 x\r\n\r\n".repeat(1_000)),
    lost,
  ),
];

export const SILENCES: readonly AnswerCase[] = [
  said("nothing at all", spoil.silence, "issuer_timeout", { hasty: true }),
  done("a head that drips", spoil.drip("head"), "issuer_timeout", { hasty: true }),
  done("a body that drips", spoil.drip("body"), "issuer_timeout", { hasty: true }),
  said("a reset without acting", spoil.drop, lost),
  done("a reset after acting", spoil.cut(0, "reset"), lost),
];

function length(of: (bytes: number) => number | string): Spoil {
  return spoil.bytes((all) => {
    const head = all.indexOf("\r\n\r\n");
    const told = all.subarray(0, head).toString("latin1");
    const spoilt = told.replace(/Content-Length: (\d+)/, (_, was: string) => `Content-Length: ${of(Number(was))}`);
    return Buffer.concat([Buffer.from(spoilt, "latin1"), all.subarray(head)]);
  });
}

function chunkSize(size: string): Spoil {
  return async ({ truth, socket }) => {
    const { status, headers, body } = await truth();
    const head = [status, ...headers, "Transfer-Encoding: chunked"].join("\r\n");
    socket.end(Buffer.concat([Buffer.from(`${head}\r\n\r\n${size}\r\n`), body]));
  };
}

function many(count: number, make: (n: number) => string): readonly string[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
