import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { openConversation } from "../../src/cli/conversation.ts";

function opened(): {
  input: PassThrough;
  shown: () => string;
  ask: (question: string) => Promise<string | null>;
  close: () => void;
} {
  const input = new PassThrough();
  const output = new PassThrough();
  return { input, shown: () => String(output.read() ?? ""), ...openConversation(input, output) };
}

describe("a conversation", () => {
  it("shows the question and answers with the line", async () => {
    const { input, shown, ask, close } = opened();
    const answer = ask("Name? ");
    expect(shown()).toContain("Name? ");
    input.write("flowbot\n");
    expect(await answer).toBe("flowbot");
    close();
  });

  it("takes lines that were pasted ahead for the questions to come", async () => {
    const { input, ask, close } = opened();
    const first = ask("1 ");
    input.write("a\nb\nc\n");
    expect([await first, await ask("2 "), await ask("3 ")]).toEqual(["a", "b", "c"]);
    close();
  });

  it("answers nothing at the end of its input, and from then on", async () => {
    const { input, ask } = opened();
    const first = ask("1 ");
    input.end();
    expect([await first, await ask("2 ")]).toEqual([null, null]);
  });
});
