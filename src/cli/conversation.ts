import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { RenewdError } from "../core/errors.ts";
import type { Conversation } from "./command.ts";

/** Lines that were pasted ahead answer the questions that come later; Ctrl-D ends, Ctrl-C breaks off. */
export function openConversation(input: Readable, output: Writable): Conversation {
  const lines = createInterface({ input, output, historySize: 0 });
  const ahead: string[] = [];
  let waiting: { resolve(line: string | null): void; reject(error: Error): void } | undefined;
  let end: null | RenewdError | undefined;
  const stop = (how: null | RenewdError): void => {
    end ??= how;
    if (how === null) waiting?.resolve(null);
    else waiting?.reject(how);
    waiting = undefined;
  };
  lines.on("line", (line) => {
    if (waiting === undefined) ahead.push(line);
    else waiting.resolve(line);
    waiting = undefined;
  });
  lines.on("SIGINT", () => {
    output.write("\n");
    stop(new RenewdError("usage", "broken off; nothing was written", { sent: false }));
    lines.close();
  });
  lines.on("close", () => {
    // Ctrl-D leaves the cursor behind the question.
    if (waiting !== undefined) output.write("\n");
    stop(null);
  });
  return {
    ask: (question) => {
      const next = ahead.shift();
      if (next !== undefined) {
        output.write(`${question}${next}\n`);
        return Promise.resolve(next);
      }
      if (end !== undefined) return end === null ? Promise.resolve(null) : Promise.reject(end);
      return new Promise((resolve, reject) => {
        waiting = { resolve, reject };
        lines.setPrompt(question);
        lines.prompt();
      });
    },
    close: () => lines.close(),
  };
}
