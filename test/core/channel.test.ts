import { describe, expect, it } from "vitest";
import {
  afterChannelFailure,
  afterChannelPartly,
  afterChannelRefusal,
  afterChannelSuccess,
  channelConditions,
  mayTry,
} from "../../src/core/channel.ts";
import { HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/core/duration.ts";
import { type ErrorCode, RenewdError } from "../../src/core/errors.ts";
import { type ChannelRecord, FRESH_CHANNEL } from "../../src/core/telling.ts";

const NOW = Date.parse("2026-07-01T08:00:00Z");

const failed = (times: number, code: ErrorCode = "channel_unreachable", retryAfterMs?: number): ChannelRecord => {
  const error = new RenewdError(code, "it said no", retryAfterMs === undefined ? {} : { retryAfterMs });
  let record = FRESH_CHANNEL;
  for (let time = 0; time < times; time += 1) record = afterChannelFailure(record, error, 1 - 1e-9, NOW + time);
  return record;
};

describe("a channel that fails", () => {
  it("is tried again after 15 s, then ever later, and never later than 10 min", () => {
    const waits = [1, 2, 3, 5, 8, 50].map((times) => (failed(times).nextTryAt ?? 0) - (NOW + times - 1));
    expect(waits.map((ms) => Math.round(ms / SECOND_MS))).toEqual([15, 30, 60, 240, 600, 600]);
  });

  it("is left alone for as long as it asks, an hour at most", () => {
    expect(failed(1, "channel_throttled", 30 * MINUTE_MS).nextTryAt).toBe(NOW + 30 * MINUTE_MS);
    expect(failed(1, "channel_throttled", 30 * HOUR_MS).nextTryAt).toBe(NOW + HOUR_MS);
  });

  it("is tried from then on, and at once where a clock that leapt wrote the instant", () => {
    const record = failed(1);
    const at = record.nextTryAt ?? 0;
    expect([mayTry(record, at - 1), mayTry(record, at), mayTry(record, NOW - 30 * HOUR_MS)]).toEqual([
      false,
      true,
      true,
    ]);
    expect(mayTry(FRESH_CHANNEL, NOW)).toBe(true);
  });

  it("is told the third time, and at once where only a person can mend it", () => {
    const told = (record: ChannelRecord): readonly string[] =>
      channelConditions("team", record).map(({ reason }) => reason);
    expect([1, 2, 3].map((times) => told(failed(times)))).toEqual([[], [], ["channel_failing"]]);
    expect(told(failed(1, "channel_credentials"))).toEqual(["channel_failing"]);
    expect(channelConditions("team", failed(3))[0]).toMatchObject({
      message: "The alert channel team has not been told since 2026-07-01T08:00:00Z: it said no (channel_unreachable).",
      next: expect.stringMatching(/^Next try .*; nothing that it is to tell is forgotten\.$/) as string,
    });
  });

  it("that reached some of its recipients is not tried again, and told of at once", () => {
    const record = afterChannelPartly(FRESH_CHANNEL, new RenewdError("channel_partly", "refused for a@b"), NOW);
    expect(mayTry(record, NOW)).toBe(true);
    expect(record).toMatchObject({ failures: 1, since: NOW, nextTryAt: null, lastSuccessAt: NOW });
    expect(channelConditions("mail", record)[0]).toMatchObject({
      reason: "channel_failing",
      message:
        "The alert channel mail has not reached everybody since 2026-07-01T08:00:00Z: refused for a@b (channel_partly).",
      next: "The others are told; all are tried at the next alert.",
    });
  });

  it("only in that it refuses some alerts is not left alone for that, and told of at once", () => {
    const refused = new RenewdError("channel_refused", "too odd");
    const record = afterChannelRefusal(failed(5), refused, NOW + 9);
    expect(mayTry(record, NOW + 9)).toBe(true);
    expect(record).toMatchObject({ failures: 1, since: NOW + 9, nextTryAt: null });
    expect(afterChannelRefusal(record, refused, NOW + 10)).toMatchObject({ failures: 2, since: NOW + 9 });
    expect(channelConditions("team", record)[0]).toMatchObject({
      message: "The alert channel team has refused some alerts since 2026-07-01T08:00:00Z: too odd (channel_refused).",
      next: "What was refused is tried again, at most 10 min later; what else there is to tell is told meanwhile.",
    });
    const gone = afterChannelFailure(record, new RenewdError("channel_timeout", "slow"), 1 - 1e-9, NOW + 20);
    expect(gone).toMatchObject({ failures: 1, since: NOW + 20, nextTryAt: NOW + 20 + 15 * SECOND_MS });
  });

  it("that took something again has failed no more", () => {
    expect(afterChannelSuccess(NOW)).toEqual({ ...FRESH_CHANNEL, lastSuccessAt: NOW });
    expect(channelConditions("team", afterChannelSuccess(NOW))).toEqual([]);
  });

  it("keeps when it last took something", () => {
    const again = afterChannelFailure(afterChannelSuccess(NOW), new RenewdError("channel_error", "500"), 0, NOW + 1);
    expect(again).toMatchObject({ lastSuccessAt: NOW, since: NOW + 1, failures: 1 });
  });
});
