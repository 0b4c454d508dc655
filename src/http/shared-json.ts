import type { Context } from "hono";
import type { HttpEnv } from "./guard.ts";

const CHUNK_BYTES: number = 64 * 1024;

/** Answers with bytes that several answers share: they are sent piece by piece, as fast as each caller reads, and never copied. */
export function answerJson(c: Context<HttpEnv>, bytes: Uint8Array<ArrayBuffer>): Response {
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      const chunk = bytes.subarray(sent, sent + CHUNK_BYTES);
      sent += chunk.length;
      if (chunk.length > 0) controller.enqueue(chunk);
      else controller.close();
    },
  });
  return c.body(body, 200, { "Content-Type": "application/json", "Content-Length": String(bytes.length) });
}
