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

  it("ends the line of a question that Ctrl-D leaves open, and no other", async () => {
    const left = opened();
    const answer = left.ask("1 ");
    left.input.end();
    expect(await answer).toBeNull();
    expect(left.shown()).toMatch(/1 .*\n$/s);
    const done = opened();
    const first = done.ask("1 ");
    done.input.write("a\n");
    await first;
    done.shown();
    done.close();
    expect(done.shown()).toBe("");
  });

  it("answers nothing at the end of its input, and from then on", async () => {
    const { input, ask } = opened();
    const first = ask("1 ");
    input.end();
    expect([await first, await ask("2 ")]).toEqual([null, null]);
  });
});
