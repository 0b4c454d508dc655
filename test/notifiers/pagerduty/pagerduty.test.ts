import { describe, expect, it } from "vitest";
import { pagerduty } from "../../../src/notifiers/pagerduty/index.ts";
import { HTTP_FAILURES, httpSubject, notifierContract } from "../../contracts/notifier.ts";
import { alertNamed, NEVER, openAlerts, over } from "../../support/notifiers/alerts.ts";
import { FakePagerDuty } from "../../support/notifiers/pagerduty.ts";

const ROUTING_KEY = "R0UT1NGKEY0F32CHARACTERS00000000";
const OPTIONS = { routing_key: { env: "ROUTING_KEY" } };

notifierContract(
  "PagerDuty",
  { capabilities: { resendMs: null, keepsUntilEnd: true, batchMax: 1, intervalMs: 0 }, failures: HTTP_FAILURES },
  async () => {
    const server = await new FakePagerDuty(ROUTING_KEY).start();
    return {
      ...httpSubject(server, { ROUTING_KEY }),
      type: pagerduty,
      options: { ...OPTIONS, url: `${server.url}/v2/enqueue` },
      told: () =>
        server.events.map(({ event_action, dedup_key, payload, links = [] }) => ({
          key: dedup_key,
          same: dedup_key,
          status: event_action === "resolve" ? "resolved" : "firing",
          text: [
            payload?.summary ?? "",
            payload?.severity ?? "",
            ...Object.values(payload?.custom_details ?? {}).map((each) =>
              typeof each === "string" ? each : JSON.stringify(each),
            ),
            ...links.map(({ href }) => href),
          ].join("\n"),
        })),
      // The routing key stands in the event itself.
      payloads: () => server.seen.map(({ body }) => body.replaceAll(`"routing_key":"${ROUTING_KEY}"`, "")),
    };
  },
);

describe("PagerDuty", () => {
  it("opens one alert however often it is told, and closes it", async () => {
    await using server = await new FakePagerDuty(ROUTING_KEY).start();
    const options = { ...OPTIONS, url: `${server.url}/v2/enqueue` };
    const notifier = openAlerts(pagerduty, options, { secrets: { ROUTING_KEY } });
    const alert = alertNamed("a");
    await notifier.notify([alert], NEVER);
    await notifier.notify([{ ...alert, cause: "repeated" }], NEVER);
    expect([...server.open.keys()]).toEqual([alert.key]);
    expect(server.open.get(alert.key)?.payload).toMatchObject({ source: "renewd/prod", severity: "critical" });
    await notifier.notify([over(alert)], NEVER);
    expect(server.open.size).toBe(0);
  });

  it("goes to PagerDuty's own address unless told otherwise, and never by plain http", () => {
    expect(pagerduty.options.parse(OPTIONS)).toMatchObject({ url: "https://events.pagerduty.com/v2/enqueue" });
    expect(() => pagerduty.options.parse({ ...OPTIONS, url: "http://proxy.example.org/v2/enqueue" })).toThrow("https");
  });
});
