import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { webhook } from "../../../src/notifiers/webhook/index.ts";
import { HTTP_FAILURES, httpSubject, notifierContract } from "../../contracts/notifier.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { alertNamed, NEVER, openAlerts, over } from "../../support/notifiers/alerts.ts";
import { EventReceiver } from "../../support/notifiers/event-receiver.ts";

const KEY = "whsec_first-key-of-the-receiver";
const NEXT_KEY = "whsec_next-key-of-the-receiver";

const textOf = (value: unknown): string =>
  typeof value === "object" && value !== null ? Object.values(value).map(textOf).join("\n") : String(value);

for (const [name, batch, batchMax] of [
  ["a webhook", 1, 1],
  ["a webhook that takes batches", 50, 50],
] as const) {
  notifierContract(
    name,
    { capabilities: { resendMs: null, keepsUntilEnd: false, batchMax, intervalMs: 0 }, failures: HTTP_FAILURES },
    async (clock) => {
      const server = await new EventReceiver(KEY, () => clock.now()).start();
      const secrets = { KEY, URL: `${server.url}/hooks/renewd-secret-path?token=in-the-query`, BEARER: "bearer-of-it" };
      return {
        ...httpSubject(server, secrets),
        type: webhook,
        options: { url: { env: "URL" }, keys: [{ env: "KEY" }], bearer: { env: "BEARER" }, batch },
        told: () =>
          server.events.map(({ id, subject, type, data }) => ({
            key: subject,
            same: id,
            status: type.endsWith("resolved") ? "resolved" : "firing",
            text: `${data["cause"] === "test" ? "TEST" : ""}\n${textOf(data)}`,
          })),
        payloads: () => server.seen.map(({ body }) => body),
      };
    },
  );
}

describe("a webhook", () => {
  let server: EventReceiver;
  let clock: FakeClock;

  beforeEach(async () => {
    clock = new FakeClock();
    server = await new EventReceiver(KEY, () => clock.now()).start();
  });

  afterEach(() => server.close());

  const open = (more: Readonly<Record<string, unknown>> = {}) =>
    openAlerts(
      webhook,
      { url: `${server.url}/hooks`, keys: [{ env: "KEY" }], ...more },
      { clock, instance: "prod eu", secrets: { KEY, NEXT_KEY } },
    );

  it("sends a CloudEvent whose data is the alert, with the labels' names as the operator wrote them", async () => {
    const alert = alertNamed("a");
    await open().notify([over({ ...alert, labels: { ...alert.labels, costCentre: "42" } })], NEVER);
    const [event] = server.events;
    expect(event).toMatchObject({
      specversion: "1.0",
      source: "urn:renewd:prod%20eu",
      type: "dev.renewd.alert.resolved",
      subject: alert.key,
      time: "2026-07-01T08:00:00Z",
      datacontenttype: "application/json",
    });
    expect(event?.data).toMatchObject({
      status: "resolved",
      severity: "critical",
      opened_at: "2026-07-01T07:30:00Z",
      resolved_at: "2026-07-01T08:00:00Z",
      runbook_url: alert.runbookUrl,
      labels: { costCentre: "42", token: "a" },
      lines: { you: "Nothing." },
    });
  });

  it("gives every telling an id of its own, and the same one when it is told again after a failure", async () => {
    const alert = alertNamed("a");
    const later = { ...alert.lines, until: "Readers from 02:45Z, in 30 min, hold too short a token." };
    const tellings = [
      alert,
      { ...alert, cause: "repeated" as const, toldTimes: 2 },
      { ...alert, cause: "repeated" as const, toldTimes: 3, lines: later },
      alertNamed("a", { severity: "warning", cause: "repeated" }),
      over(alert),
      { ...alert, openedAt: alert.openedAt + 86_400_000 },
      alertNamed("b"),
    ];
    await open().notify(tellings, NEVER);
    await open().notify(
      [
        { ...alert, lines: later },
        { ...alert, cause: "repeated" as const, toldTimes: 2, lines: later },
        { ...over(alert), resolvedAt: alert.openedAt + 1 },
      ],
      NEVER,
    );
    const ids = server.events.map(({ id }) => id);
    expect(new Set(ids.slice(0, 7)).size).toBe(7);
    expect(ids.slice(7)).toEqual([ids[0], ids[1], ids[4]]);
  });

  it("sends several as one batch where it may, and one alone as an event", async () => {
    const notifier = open({ batch: 10 });
    await notifier.notify([alertNamed("a"), alertNamed("b")], NEVER);
    await notifier.notify([alertNamed("c")], NEVER);
    expect(server.seen.map(({ body }) => Array.isArray(JSON.parse(body)))).toEqual([true, false]);
  });

  it("is believed by a receiver with either key while keys change", async () => {
    const notifier = open({ keys: [{ env: "KEY" }, { env: "NEXT_KEY" }] });
    await notifier.notify([alertNamed("a")], NEVER);
    server.key = NEXT_KEY;
    await notifier.notify([alertNamed("b")], NEVER);
    server.key = "another";
    await expect(notifier.notify([alertNamed("c")], NEVER)).rejects.toMatchObject({ code: "channel_credentials" });
    expect(server.events).toHaveLength(2);
  });

  it("needs a key, and an address without a user", () => {
    expect(() => webhook.options.parse({ url: "https://h/x", keys: [] })).toThrow("keys");
    expect(() => webhook.options.parse({ url: "https://u:p@h/x", keys: [{ env: "KEY" }] })).toThrow(
      "an address without user",
    );
  });
});
