import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Pulse } from "../../../src/core/alert.ts";
import type { HeartbeatNotifier } from "../../../src/core/ports.ts";
import { healthchecks } from "../../../src/notifiers/healthchecks/index.ts";
import { HTTP_FAILURES, httpTrouble } from "../../contracts/notifier.ts";
import { limitsCountFrom } from "../../support/late-limits.ts";
import { NEVER, openHeartbeat } from "../../support/notifiers/alerts.ts";
import { FakeHealthchecks } from "../../support/notifiers/healthchecks.ts";

const OK: Pulse = { at: 0, ok: true, lines: [] };
const ILL: Pulse = { at: 0, ok: false, lines: ["airflow-flowapi -> ireland: expired", "<b>\r\nx"] };

describe("a dead man's switch", () => {
  let server: FakeHealthchecks;
  let secrets: Readonly<Record<string, string>>;

  beforeEach(async () => {
    server = await new FakeHealthchecks().start();
    secrets = { URL: `${server.url}${server.path}` };
  });

  afterEach(() => server.close());

  const open = (options: Readonly<Record<string, unknown>> = {}): HeartbeatNotifier =>
    openHeartbeat(healthchecks, { url: { env: "URL" }, ...options }, { secrets });

  it("is pinged while all is well, and is not while it is not", async () => {
    const notifier = open();
    expect(notifier.everyMs).toBe(60_000);
    await notifier.beat(OK, NEVER);
    await notifier.beat(ILL, NEVER);
    expect(server.pings).toEqual([{ kind: "success", method: "POST", body: "ok" }]);
    expect(server.seen).toHaveLength(1);
  });

  it("is told that something is wrong, and what, where it takes that", async () => {
    await open({ fail: true }).beat(ILL, NEVER);
    const body = "not ok\nairflow-flowapi -> ireland: expired\n<b> x";
    expect(server.pings).toEqual([{ kind: "fail", method: "POST", body }]);
  });

  it("is pinged by GET without a body where it takes nothing else; a query stays", async () => {
    server.troubles.push({ status: 200 });
    secrets = { URL: `${server.url}/api/push/abcdef?status=up&msg=OK` };
    await open({ method: "GET" }).beat(OK, NEVER);
    expect(server.seen[0]).toMatchObject({ method: "GET", path: "/api/push/abcdef?status=up&msg=OK", body: "" });
    secrets = { URL: `${server.url}${server.path}/?x=1` };
    server.troubles.push({ status: 200 });
    await open({ method: "GET", fail: true }).beat(ILL, NEVER);
    expect(server.seen[1]?.path).toBe(`${server.path}/fail?x=1`);
  });

  it("says no more than it keeps, whole characters only", async () => {
    await open().beat({ ...OK, lines: Array.from({ length: 50 }, () => "ü".repeat(999)) }, NEVER);
    const body = server.pings[0]?.body ?? "";
    expect(Buffer.byteLength(body)).toBeGreaterThan(9_900);
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(10_000);
    expect(body).not.toContain("\uFFFD");
  });

  it.each(Object.entries(HTTP_FAILURES))("throws when it fails: %s", async (how, [code]) => {
    server.troubles.push(httpTrouble(how, server, Object.values(secrets)));
    const isSilent = how === "no answer";
    using _ = isSilent ? limitsCountFrom(server.arrival) : null;
    const error = await open(isSilent ? { timeout: "200ms" } : {})
      .beat(OK, NEVER)
      .then(
        () => new Error("it did not"),
        (thrown: Error) => thrown,
      );
    expect(error).toMatchObject({ code });
    expect(error.message).not.toContain(server.path.slice(1));
  });

  it("gives up a call that is called off", async () => {
    const off = new AbortController();
    server.troubles.push("hang");
    const { arrival } = server;
    const beating = open().beat(OK, off.signal);
    void arrival.then(() => off.abort());
    await expect(beating).rejects.toMatchObject({ code: "channel_timeout" });
  });

  it("is pinged at most four times a minute", () => {
    expect(() => healthchecks.options.parse({ url: { env: "URL" }, every: "10s" })).toThrow("at least 15s");
  });
});
