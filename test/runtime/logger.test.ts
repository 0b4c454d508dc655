import { describe, expect, it } from "vitest";
import { type DomainEvent, EVENT_LEVELS, type Level } from "../../src/core/events.ts";
import { createLogger } from "../../src/runtime/logger.ts";
import { systemTracer } from "../../src/runtime/trace.ts";

const AT = Date.parse("2026-07-01T08:00:00.123Z");
const JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl";
const JWE = "eyJhbGciOiJkaXIifQ..aXZpdml2.Y2lwaGVy.dGFn";

function written(events: readonly DomainEvent[], options: { level?: Level; pretty?: boolean } = {}): string {
  let text = "";
  const destination = { write: (chunk: string) => void (text += chunk) };
  const logger = createLogger({ pretty: options.pretty ?? false, level: options.level ?? "debug", destination });
  for (const event of events) logger.onEvent(event);
  logger.close();
  return text;
}

const failed: DomainEvent = {
  type: "renewal:failed",
  at: AT,
  token: "flowapi",
  code: "issuer_timeout",
  message: "the issuer did not answer",
  nextTryAt: AT + 60_000,
};

describe("a log line", () => {
  it("is one JSON object with the event's time, type, level, message and fields in snake_case", () => {
    const text = written([failed]);
    expect(text.endsWith("}\n")).toBe(true);
    expect(JSON.parse(text)).toEqual({
      level: "warn",
      time: "2026-07-01T08:00:00.123Z",
      event: "renewal:failed",
      token: "flowapi",
      code: "issuer_timeout",
      message: "the issuer did not answer",
      next_try_at: "2026-07-01T08:01:00Z",
      msg: "a step of the renewal failed",
    });
  });

  it("shows an incident's fields beside the others", () => {
    const incident = {
      reason: "late",
      severity: "critical",
      message: "Not renewed yet.",
      next: "It is tried again.",
      action: "Look.",
      dangerAt: null,
      expAt: AT,
      token: "flowapi",
      target: "",
      openedAt: AT,
      tellAgainAt: AT,
      toldTimes: 1,
    } as const;
    expect(JSON.parse(written([{ type: "incident:opened", at: AT, incident }]))).toMatchObject({
      level: "error",
      event: "incident:opened",
      token: "flowapi",
      reason: "late",
      opened_at: "2026-07-01T08:00:00Z",
    });
  });

  it("says what it belongs to, and its event's own renewal before the turn's", async () => {
    const asked: DomainEvent = { type: "renewal:nothing-made", at: AT, token: "flowapi", renewal: "own" };
    const lines = await systemTracer.span("renewd.token", { token: "flowapi", name: "", issuer: "" }, async () => {
      systemTracer.about({ renewal: "of the turn" });
      return [written([failed]), written([asked]), written([failed], { pretty: true })] as const;
    });
    const [of, own] = lines.slice(0, 2).map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
    expect(of).toMatchObject({ renewal: "of the turn", work: expect.stringMatching(/^[\da-f]{16}$/) });
    expect(own).toMatchObject({ renewal: "own", work: of?.["work"] });
    expect(lines[2]).not.toContain("work:");
    expect(JSON.parse(written([failed]))).not.toHaveProperty("work");
  });

  it("has a message and the level of its type for every event there is", () => {
    for (const [type, level] of Object.entries(EVENT_LEVELS)) {
      const line = JSON.parse(written([{ type, at: AT } as DomainEvent])) as Readonly<Record<string, unknown>>;
      expect(line).toMatchObject({ event: type, level, msg: expect.stringMatching(/^\S.{5,}$/) });
    }
  });

  it("is left out when it is quieter than asked for", () => {
    const called: DomainEvent = {
      type: "service:called",
      at: AT,
      service: "issuer",
      key: "x",
      call: "renew",
      status: "200",
    };
    expect(written([called, failed], { level: "info" }).trim().split("\n")).toHaveLength(1);
  });

  it.each([false, true])("never shows what looks like a token, wherever it got in (pretty: %s)", (pretty) => {
    const leaky: DomainEvent = { ...failed, message: `answered "${JWT}", then ${JWE}.`, token: JWT };
    const refused: DomainEvent = { type: "settings:refused", at: AT, file: "f", problems: [`a ${JWT}`] };
    const text = written([leaky, refused], { pretty });
    expect(text).not.toMatch(/eyJ|c2lnbmF0dXJl|Y2lwaGVy|dGFn/);
    expect(text.match(/\[redacted\]/g)).toHaveLength(4);
  });

  it("is for people at a terminal when it is to be pretty", () => {
    const text = written([failed], { pretty: true });
    expect(text).toMatch(/^\[\d\d:\d\d:\d\d\] .*WARN.*: .*a step of the renewal failed/);
    expect(text).toContain("the issuer did not answer");
  });
});
