import type { Pulse } from "../../core/alert.ts";
import type { HeartbeatNotifier, NotifierContext } from "../../core/ports.ts";
import { plain } from "../text.ts";
import { readSecretUrl, Transport } from "../transport.ts";
import type { HealthchecksOptions } from "./options.ts";

/** Healthchecks.io keeps the first 10 kB (of a free account). */
const MOST_BODY_BYTES = 10_000;

export function createHealthchecks(context: NotifierContext<HealthchecksOptions>): HeartbeatNotifier {
  const transport = new Transport(context);
  const { options } = context;
  return {
    kind: "heartbeat",
    everyMs: options.every,
    async beat(pulse, signal): Promise<void> {
      if (!pulse.ok && !options.fail) return;
      const { url, sent } = await readSecretUrl(context, options.url, false, signal);
      if (!pulse.ok) url.pathname = `${url.pathname.replace(/\/+$/, "")}/fail`;
      const call = { call: pulse.ok ? "ping" : "fail", method: options.method, url: url.href, sent } as const;
      const content = { headers: { "content-type": "text/plain; charset=utf-8" }, body: bodyOf(pulse) };
      await transport.send(options.method === "GET" ? call : { ...call, ...content }, signal);
    },
    close: () => transport.close(),
  };
}

function bodyOf(pulse: Pulse): string {
  const text = [pulse.ok ? "ok" : "not ok", ...pulse.lines.map((line) => plain(line))].join("\n");
  const bytes = Buffer.from(text);
  // A character that is cut in two would become one that is longer.
  return bytes.length <= MOST_BODY_BYTES
    ? text
    : new TextDecoder().decode(bytes.subarray(0, MOST_BODY_BYTES - 4), { stream: true });
}
