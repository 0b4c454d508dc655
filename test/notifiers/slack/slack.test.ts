import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Alert } from "../../../src/core/alert.ts";
import type { AlertNotifier } from "../../../src/core/ports.ts";
import { slack } from "../../../src/notifiers/slack/index.ts";
import { HTTP_FAILURES, httpSubject, notifierContract } from "../../contracts/notifier.ts";
import { alertNamed, NEVER, openAlerts, over } from "../../support/notifiers/alerts.ts";
import { FakeSlack } from "../../support/notifiers/slack.ts";

/** As Slack shows it. */
const shown = (texts: readonly string[]): string =>
  texts.join("\n").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

notifierContract(
  "Slack",
  { capabilities: { resendMs: null, keepsUntilEnd: false, batchMax: 50, intervalMs: 1_000 }, failures: HTTP_FAILURES },
  async () => {
    const server = await new FakeSlack().start();
    return {
      ...httpSubject(server, { URL: `${server.url}${server.path}` }),
      type: slack,
      options: { url: { env: "URL" } },
      told: () =>
        server.messages.map((message) => ({
          key: null,
          same: null,
          status: message.text.includes("RESOLVED") ? "resolved" : "firing",
          text: shown(FakeSlack.textsOf(message)),
        })),
      payloads: () => server.seen.map(({ body }) => body),
    };
  },
);

describe("Slack", () => {
  let server: FakeSlack;
  let notifier: AlertNotifier;

  beforeEach(async () => {
    server = await new FakeSlack().start();
    notifier = openAlerts(slack, { url: { env: "URL" } }, { secrets: { URL: `${server.url}${server.path}` } });
  });

  afterEach(async () => {
    await notifier.close();
    await server.close();
  });

  const tell = async (...alerts: readonly Alert[]): Promise<string> => {
    await notifier.notify(alerts, NEVER);
    const message = server.messages.at(-1);
    return message === undefined ? "" : FakeSlack.textsOf(message).join("\n");
  };

  it("shows by colour what is grave and what is over", async () => {
    await tell(alertNamed("a"));
    await tell(alertNamed("a", { severity: "warning" }));
    await tell(over(alertNamed("a")));
    const colours = server.messages.map(({ attachments }) => attachments[0]?.color);
    expect(new Set(colours).size).toBe(3);
    expect(server.messages.at(-1)?.text).toMatch(/^:white_check_mark: \*RESOLVED\* a -&gt; ireland: over since 08:00Z/);
  });

  it("has the gravest first when many come at once, what is over last, and counts them all", async () => {
    const many = Array.from({ length: 12 }, (_, index) => alertNamed(`calm-${index}`, { severity: "info" }));
    const text = await tell(over(alertNamed("done")), ...many, alertNamed("grave"));
    expect(text.split("\n")[0]).toBe("*renewd/prod*: 1 critical, 12 info, 1 resolved");
    expect(text.indexOf("grave")).toBeLessThan(text.indexOf("calm-0"));
    const [listed = ""] = text.split("\n").slice(-4);
    expect(listed).toBe(":information_source: *INFO* calm-9 -&gt; ireland (target failing)");
    expect(text.split("\n").at(-1)).toBe(":white_check_mark: *RESOLVED* done -&gt; ireland (target failing)");
  });

  it("names each of as many as it takes, however long their names are", async () => {
    const lines = { ...alertNamed("a").lines, why: "&".repeat(2_000), you: "&".repeat(2_000) };
    const names = Array.from({ length: 50 }, (_, index) => `${index}-${"&".repeat(250)}`);
    const text = await tell(...names.map((name) => alertNamed("a", { lines: { ...lines, who: name } })));
    for (const name of names) expect(text).toContain(` ${name.slice(0, 10).replaceAll("&", "&amp;")}`);
    expect(text.match(/\(target failing\)/g)).toHaveLength(40);
  });

  it("calls nobody by words that came from elsewhere, and makes no links of them", async () => {
    const words = "<!channel> <!here|x> <@U012AB3CD> @channel @here <https://evil.example.org|click> & ok";
    const { lines } = alertNamed("a");
    const text = await tell(alertNamed("a", { lines: { ...lines, who: words, why: words } }));
    expect(text).not.toMatch(/<[!@]|<https:\/\/evil/);
    expect(text).not.toMatch(/@(?:channel|here|everyone)/);
    expect(text).toContain("&lt;!channel&gt;");
    expect(text).toContain("&amp; ok");
    expect(server.seen[0]?.body).toContain('"link_names":false');
  });

  it("cuts words of nothing but escapes without cutting an escape", async () => {
    const words = "&<>".repeat(1_000);
    const { lines } = alertNamed("a");
    const text = await tell(alertNamed("a", { lines: { ...lines, why: words, next: words, you: words } }));
    expect(text).not.toMatch(/&(?!amp;|lt;|gt;)/);
  });

  it("is not sent over plain http to another machine", async () => {
    const far = openAlerts(slack, { url: { env: "URL" } }, { secrets: { URL: "http://hooks.example.org/services/x" } });
    await expect(far.notify([alertNamed("a")], NEVER)).rejects.toMatchObject({ code: "channel_credentials" });
  });

  it("says of a text that is no address nothing but that", async () => {
    const wrong = openAlerts(slack, { url: { env: "URL" } }, { secrets: { URL: "xoxb-not-an-address" } });
    const failed = wrong.notify([alertNamed("a")], NEVER);
    await expect(failed).rejects.toMatchObject({ code: "channel_credentials" });
    await expect(failed).rejects.not.toThrow("xoxb");
  });

  it("waits as long as it is told to", async () => {
    server.troubles.push({ status: 429, headers: { "retry-after": "30" } });
    await expect(tell(alertNamed("a"))).rejects.toMatchObject({ code: "channel_throttled", retryAfterMs: 30_000 });
    server.troubles.push({ status: 429, headers: { "retry-after": "Wed, 01 Jul 2026 08:01:00 GMT" } });
    await expect(tell(alertNamed("a"))).rejects.toMatchObject({ retryAfterMs: 60_000 });
  });
});
