/** Ways to spoil an answer. What acts carries the call out first; what does not leaves the issuer as it was. */
import { gzipSync } from "node:zlib";
import type { Duplex } from "node:stream";
import { type Framing, layOut, type RawAnswer, type Spoil } from "./hostile-front.ts";

const MiB = 1024 * 1024;
const DRIP_MS = 20;

export interface Reply {
  readonly status?: string;
  readonly type?: string;
  readonly headers?: readonly string[];
  readonly body?: string | Buffer;
}

/** Answers so, and does nothing. */
export function reply(said: Reply): Spoil {
  return ({ socket }) => void socket.end(layOut(rawOf(said)));
}

export function page(status: string, ...headers: readonly string[]): Spoil {
  return reply({ status, type: "text/html", headers, body: "<!doctype html><title>no</title>" });
}

/** Acts, and answers with something else. */
export function changed(change: (answer: RawAnswer) => RawAnswer, framing: Framing = "length"): Spoil {
  return async ({ truth, socket }) => void socket.end(layOut(change(await truth()), framing));
}

export function text(change: (body: string) => string | Buffer): Spoil {
  return changed((answer) => ({ ...answer, body: Buffer.from(change(answer.body.toString())) }));
}

/** Acts, and changes the JSON of the answer. */
export function json(change: (value: never) => unknown): Spoil {
  return text((body) => JSON.stringify(change(JSON.parse(body) as never)));
}

export function withHeaders(...more: readonly string[]): Spoil {
  return changed((answer) => ({ ...answer, headers: [...more, ...answer.headers] }));
}

/** Acts, and puts these bytes on the wire. */
export function bytes(change: (laidOut: Buffer) => Buffer): Spoil {
  return async ({ truth, socket }) => void socket.end(change(layOut(await truth())));
}

/** Never answers. */
export const silence: Spoil = () => undefined;

/** A byte now and then, from the start of the head or (after the true head) of the body. */
export function drip(from: "head" | "body"): Spoil {
  return async ({ truth, socket }) => {
    const all = layOut(await truth());
    const begin = from === "head" ? 0 : all.indexOf("\r\n\r\n") + 4;
    socket.write(all.subarray(0, begin));
    let at = begin;
    const timer = setInterval(() => {
      socket.write(all.subarray(at, at + 1));
      at += 1;
      if (at >= all.length) clearInterval(timer);
    }, DRIP_MS);
    socket.on("close", () => clearInterval(timer));
  };
}

/** How much of a flood the other side let itself be sent. */
export interface Flood {
  sentBytes: number;
}

/** 100 MiB after this beginning of a body, as fast as they are taken. */
export function flood(said: Reply, flooded: Flood, beginning = "[", filler = " "): Spoil {
  return async ({ socket }) => {
    const { status, headers: lines } = rawOf(said);
    socket.write(`${[status, ...lines, "Connection: close"].join("\r\n")}\r\n\r\n${beginning}`);
    const chunk = Buffer.from(filler.repeat(MiB / 16));
    for (let left = 1_600; left > 0 && !socket.destroyed; left -= 1) {
      flooded.sentBytes += chunk.length;
      if (!socket.write(chunk)) await drained(socket);
    }
    socket.end();
  };
}

export const gzipBomb: Spoil = reply({
  type: "application/json",
  headers: ["Content-Encoding: gzip"],
  body: gzipSync(Buffer.alloc(20 * MiB, 0x20)),
});

/** Acts, sends the first bytes of the answer, and breaks the connection: by RST or by FIN. */
export function cut(at: number, how: "reset" | "end", framing: Framing = "length"): Spoil {
  return async ({ truth, socket, reset }) => {
    const all = layOut(await truth(), framing);
    socket.write(all.subarray(0, at), () => (how === "reset" ? reset() : void socket.end()));
  };
}

/** Breaks the connection without acting. */
export const drop: Spoil = ({ reset }) => reset();

function rawOf({ status = "200 OK", type = "application/json", headers: more = [], body = "" }: Reply): RawAnswer {
  return { status: `HTTP/1.1 ${status}`, headers: [`Content-Type: ${type}`, ...more], body: Buffer.from(body) };
}

function drained(socket: Duplex): Promise<void> {
  return new Promise((resolve) => {
    socket.once("drain", resolve);
    socket.once("close", resolve);
  });
}
