import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AlertNotifier } from "../../../src/core/ports.ts";
import { alertmanager } from "../../../src/notifiers/alertmanager/index.ts";
import { HTTP_FAILURES, httpSubject, notifierContract } from "../../contracts/notifier.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { FakeAlertmanager } from "../../support/notifiers/alertmanager.ts";
import { alertNamed, NEVER, openAlerts, over } from "../../support/notifiers/alerts.ts";

const PASSWORD = "correct-horse-battery-staple";
const BASIC = `Basic ${Buffer.from(`renewd:${PASSWORD}`).toString("base64")}`;
const MINUTE_MS = 60_000;

notifierContract(
  "Alertmanager",
  {
    capabilities: { resendMs: MINUTE_MS, keepsUntilEnd: false, batchMax: 100, intervalMs: 0 },
    failures: HTTP_FAILURES,
  },
  async (clock) => {
    const server = await new FakeAlertmanager().start();
    server.authorization = BASIC;
    return {
      ...httpSubject(server, { PASSWORD }),
      type: alertmanager,
      options: { url: `${server.url}/`, user: "renewd", password: { env: "PASSWORD" } },
      told: () =>
        server.taken.map(({ labels, annotations, endsAt }) => ({
          key: JSON.stringify(labels),
          same: JSON.stringify(labels),
          status: Date.parse(endsAt) > clock.now() ? "firing" : "resolved",
          text: [...Object.values(labels), ...Object.values(annotations)].join("\n"),
        })),
      payloads: () => server.seen.map(({ body }) => body),
    };
  },
);

describe("Alertmanager", () => {
  let server: FakeAlertmanager;
  let clock: FakeClock;
  let notifier: AlertNotifier;

  beforeEach(async () => {
    server = await new FakeAlertmanager().start();
    clock = new FakeClock();
    notifier = openAlerts(alertmanager, { url: server.url }, { clock });
  });

  afterEach(async () => {
    await notifier.close();
    await server.close();
  });

  const firing = (): readonly string[] => server.firingAt(clock.now()).map(({ labels }) => labels["severity"] ?? "");

  it("goes on firing over a restart of renewd, and ends when renewd says nothing for `lasts`", async () => {
    await notifier.notify([alertNamed("a")], NEVER);
    await clock.advance(14 * MINUTE_MS);
    expect(firing()).toEqual(["critical"]);
    await clock.advance(MINUTE_MS);
    expect(firing()).toEqual([]);
  });

  it("goes on as long as it is told again", async () => {
    for (let minute = 0; minute < 60; minute += 1) {
      await notifier.notify([alertNamed("a", { cause: "repeated" })], NEVER);
      await clock.advance(MINUTE_MS);
    }
    expect(firing()).toEqual(["critical"]);
    expect(server.alerts.size).toBe(1);
  });

  it("ends at once when it is over", async () => {
    await notifier.notify([alertNamed("a")], NEVER);
    await notifier.notify([over(alertNamed("a"))], NEVER);
    expect(firing()).toEqual([]);
    expect([...server.alerts.values()].map(({ endsAt }) => endsAt)).toEqual(["2026-07-01T08:00:00Z"]);
  });

  it("ends the alert of the lesser severity when it becomes graver, for that is another one there", async () => {
    await notifier.notify([alertNamed("a", { severity: "warning" })], NEVER);
    await notifier.notify(
      [alertNamed("a", { labelsBefore: alertNamed("a", { severity: "warning" }).labels, cause: "repeated" })],
      NEVER,
    );
    expect(firing()).toEqual(["critical"]);
    expect(server.alerts.size).toBe(2);
  });

  it("ends the alert that had other labels, and not the same one for a label that cannot be told", async () => {
    const { labels } = alertNamed("a");
    await notifier.notify([alertNamed("a")], NEVER);
    await notifier.notify([alertNamed("a", { labels: { ...labels, team: "ops" }, labelsBefore: labels })], NEVER);
    expect(server.firingAt(clock.now()).map((each) => each.labels["team"])).toEqual(["ops"]);
    const strange = { ...labels, "no-name": "x" };
    await notifier.notify([alertNamed("a", { labels, labelsBefore: strange })], NEVER);
    expect(server.taken.at(-1)?.labels).toEqual(labels);
    expect(firing()).toHaveLength(2);
  });

  it("is not refused for a clock that leapt back, nor for a label of a strange name", async () => {
    clock.jumpTo(Date.parse("2026-06-01T00:00:00Z"));
    const alert = alertNamed("a");
    await notifier.notify([over({ ...alert, labels: { ...alert.labels, "no-name": "x", empty: "" } })], NEVER);
    expect(server.taken.map(({ labels }) => labels)).toEqual([alert.labels]);
  });

  it("takes a bearer token", async () => {
    server.authorization = "Bearer b-e-a-r-e-r";
    const options = { url: server.url, bearer: { env: "TOKEN" } };
    await openAlerts(alertmanager, options, { secrets: { TOKEN: "b-e-a-r-e-r" } }).notify([alertNamed("a")], NEVER);
    expect(server.taken).toHaveLength(1);
  });

  it.each([
    [{ url: "http://u:p@h" }, "url"],
    [{ url: "http://alertmanager:9093", user: "u" }, "password"],
    [{ url: "http://localhost:9093", password: { env: "P" } }, "user"],
    [{ url: "http://alertmanager:9093", bearer: { env: "B" } }, "url"],
    [{ url: "https://h", user: "u", password: { env: "P" }, bearer: { env: "B" } }, "bearer"],
    [{ url: "https://h", user: "u:v", password: { env: "P" } }, "user"],
    [{ url: "https://h", resend: "10m" }, "lasts"],
    [{ url: "https://h", password: "hunter2" }, "password"],
  ])("refuses the options %j", (options, field) => {
    const found = refused(options);
    expect(found).toContain(`"${field}"`);
    expect(found).not.toMatch(/hunter2|u:p@/);
  });
});

function refused(options: unknown): string {
  try {
    alertmanager.options.parse(options);
    return "";
  } catch (error) {
    return String(error);
  }
}
