import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import { describe, expect, it, vi } from "vitest";
import { AlertSinks, CHANNEL_SECRETS, type Heard } from "../support/alert-sink.ts";
import type { FakeFlowAuth } from "../support/flowauth/server.ts";
import { FakeHealthchecks } from "../support/notifiers/healthchecks.ts";
import { type Renewd, until } from "../support/process.ts";
import { Relay } from "../support/relay.ts";
import { Fleet } from "./alerts-fleet.ts";
import { newPlace, PATIENT, type Place } from "./place.ts";
import { settingsOf, type Wanted } from "./settings.ts";
import { startStandIn } from "./stand-in.ts";

// They run side by side, and each starts several processes.
vi.setConfig(PATIENT);
const CAN_LIMIT = existsSync("/usr/bin/prlimit");

/** A daemon of one token, its issuer and channels. */
class Site implements AsyncDisposable {
  readonly place: Place;
  readonly sinks: AlertSinks;
  readonly flowauth: FakeFlowAuth;
  daemon!: Renewd;

  constructor(place: Place, sinks: AlertSinks, flowauth: FakeFlowAuth) {
    [this.place, this.sinks, this.flowauth] = [place, sinks, flowauth];
  }

  static async build(): Promise<Site> {
    const [place, sinks] = await Promise.all([newPlace(), new AlertSinks().start()]);
    for (const [name, secret] of Object.entries(CHANNEL_SECRETS)) await place.write(name, secret);
    return new Site(place, sinks, await startStandIn(place));
  }

  /** `change` edits the settings' text. */
  async settings(wanted: Partial<Wanted> = {}, change = (text: string): string => text): Promise<void> {
    const more = `alerts:\n  channels:\n${this.sinks.channels}\n${wanted.more ?? ""}`;
    await this.place.settings(change(settingsOf(this.place, { url: this.flowauth.url, ...wanted, more })));
  }

  async start(): Promise<void> {
    this.daemon = await this.place.daemon();
  }

  /** What the webhook was last told of it. */
  last(subject: string): Heard | undefined {
    return this.sinks.of(`renewd/e2e/${subject}`).at(-1);
  }

  async told(subject: string, status: Heard["status"]): Promise<Heard> {
    return until(`${subject} is told to be ${status}`, () => {
      const last = this.last(subject);
      return last?.status === status ? last : undefined;
    });
  }

  causes(subject: string): readonly string[] {
    return this.sinks.of(`renewd/e2e/${subject}`).map(({ cause }) => cause);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.place[Symbol.asyncDispose]();
    await this.flowauth.close();
    await this.sinks[Symbol.asyncDispose]();
  }
}

const SETTINGS = "/settings/settings_refused";
const HOOK = "/channel hook/channel_failing";

describe.concurrent("what goes wrong with renewd itself", () => {
  it("settings that are refused are told of, also where a channel fails, which is told of through the others", async () => {
    await using site = await Site.build();
    await site.settings();
    await site.start();
    await site.daemon.event("renewal:settled");
    site.sinks.hook.key = "another key than renewd's";
    await site.settings({}, (text) => `${text}surprise: true\n`);
    const named = (reason: string) => site.sinks.manager.taken.find(({ labels }) => labels["reason"] === reason);
    const refused = await until("Alertmanager hears of the settings", () => named("settings_refused"));
    expect(refused.annotations["description"]).toMatch(/^renewd itself: settings\n.*\nWhy: .*surprise/);
    const failing = await until("Alertmanager hears of the webhook", () => named("channel_failing"));
    expect(failing.labels).toMatchObject({ channel: "hook", instance: "e2e", severity: "warning" });
    expect(failing.annotations["why"]).toMatch(/hook has not been told since .*\(channel_credentials\)/);

    site.sinks.hook.key = CHANNEL_SECRETS["hook.key"];
    await site.told(SETTINGS, "firing");
    await site.settings();
    await site.told(SETTINGS, "resolved");
    await until("all is over", () => site.sinks.manager.firingAt(Date.now()).length === 0);
    expect(site.causes(SETTINGS)).toEqual(["opened", "resolved"]);
    expect(site.causes(HOOK)).toEqual([]);
  });

  it("a channel that was down hears what is still true, and what is over meanwhile not at all", async () => {
    await using site = await Site.build();
    await site.settings();
    await site.start();
    await site.daemon.event("renewal:settled");
    site.sinks.hook.troubles.push({ status: 503 });
    await site.settings({}, (text) => `${text}surprise: true\n`);
    await site.daemon.event("channel:failed", { where: ({ channel }) => channel === "hook" });
    await site.settings({ create: false }, (text) => text.replace("roles: [runner, viewer]", "roles: [viewer]"));
    const differs = await site.told("airflow-flowapi//roles_differ", "firing");
    expect(differs.lines).toMatchObject({
      who: "airflow-flowapi -> airflow",
      why: "The token has the roles runner, viewer; the settings say viewer.",
      next: "Renewals go on with the roles that it has.",
    });
    expect(site.causes(SETTINGS)).toEqual([]);
    await site.daemon.kill();
    await site.start();
    await site.settings();
    await site.told("airflow-flowapi//roles_differ", "resolved");
    expect(site.causes("airflow-flowapi//roles_differ")).toEqual(["opened", "resolved"]);
  });

  it.skipIf(!CAN_LIMIT)(
    "a state that cannot be written is told of past it, once, and a death in between leaves no alert open",
    async () => {
      await using site = await Site.build();
      await site.settings();
      await site.start();
      await site.daemon.event("renewal:settled");
      await limitFiles(site.daemon.pid, "1");
      const { lines, severity } = await site.told("/state/state_failing", "firing");
      expect(severity).toBe("critical");
      expect(lines.who).toBe("renewd itself: state");
      expect(lines.why).toMatch(/no renewal and no delivery is begun: .*\(state_unwritable\)/);
      expect(lines.you).toMatch(/free space or mend permissions/);
      await limitFiles(site.daemon.pid, "unlimited");
      const from = site.daemon.log.length;
      await until("the state can be written", () => sweptSince(site.place, Date.now() - 5_000));
      await site.settings({}, (text) => `${text}surprise: true\n`);
      await site.daemon.event("channel:told", { from, where: ({ channel }) => channel === "hook" });
      await site.daemon.kill();
      await site.settings();
      await site.start();
      await site.told("/state/state_failing", "resolved");
      expect(site.causes("/state/state_failing")).toEqual(["opened", "resolved"]);
    },
  );

  it("that no renewd ran while a token came due is told at its start, and over once that is renewed", async () => {
    await using fleet = await Fleet.launch([{ token: "left-alone" }]);
    const { place, sinks } = fleet;
    const last = (): Heard | undefined => sinks.of("renewd/e2e//daemon/daemon_absent").at(-1);
    await fleet.declare();
    await fleet.held("left-alone", "reader");
    const due = (await fleet.status())[0]?.schedule?.renew_at ?? "";
    await fleet.relay("left-alone").stop();
    await fleet.daemon.stop();
    setBack(place, 20 * 60_000);
    await until("it came due", () => Date.now() > Date.parse(due), 90_000);
    await fleet.restart();
    const opened = await until("it is told", last);
    expect(opened).toMatchObject({ cause: "opened", severity: "warning" });
    expect(opened.lines.why).toMatch(/^No renewd ran from .* \(2[0-4] min.*\); meanwhile came due: left-alone\.$/);
    await fleet.relay("left-alone").start();
    await fleet.act("left-alone/renew");
    await until("it is over", () => last()?.status === "resolved");
  });

  it("a dead man's switch is pinged while readers are safe, over a restart too, and not from the deadline on", async () => {
    await using site = await Site.build();
    await using health = await new FakeHealthchecks().start();
    const relay = await new Relay(site.flowauth.url).start();
    const expAt = Date.now() + 10 * 60_000;
    await site.flowauth.addRow({ name: "airflow-flowapi", issuedAt: expAt - 60 * 60_000, expAt });
    await site.place.write("ping.url", health.url + health.path);
    const beat = "    switch: { type: healthchecks, url: { file: ../ping.url }, every: 15s, fail: true }";
    const declare = (hold: string): Promise<void> =>
      site.settings({ url: relay.url, hold, renewBefore: "30s" }, (text) =>
        text.replace("  channels:\n", `  channels:\n${beat}\n`),
      );
    await declare("10s");
    await site.start();
    await site.daemon.event("renewal:settled");
    await relay.stop();
    const from = health.pings.length;
    await site.daemon.kill();
    await site.start();
    await until("it is pinged", () => health.pings.length > from);
    expect(health.pings[from]).toMatchObject({ kind: "success" });
    // Readers that use it for as long as it lived at the beginning were to read another one before now.
    await declare("10m");
    await until("the deadline is over", () => health.pings.at(-1)?.kind === "fail");
    expect(health.pings.at(-1)?.body).toMatch(/airflow-flowapi -> airflow: since .* too short a token/);
    await relay.start();
    await site.place.run("renew", "airflow-flowapi");
    // The first beat comes at once.
    await site.daemon.kill();
    await site.start();
    await until("all is well again", () => health.pings.at(-1)?.kind === "success");
    await relay.stop();
  });
});

/** No file that the process writes may grow beyond so many bytes; what it writes beyond fails. */
async function limitFiles(pid: number, most: string): Promise<void> {
  await promisify(execFile)("prlimit", ["--pid", String(pid), `--fsize=${most}:`]);
}

function sweptSince(place: Place, at: number): boolean {
  const database = new Database(place.stateFile, { readonly: true });
  try {
    const row = database.prepare("select value from facts where name = 'last_sweep_at'").get() as { value: number };
    return row.value > at;
  } finally {
    database.close();
  }
}

/** As if the last sweep had been so long ago. */
function setBack(place: Place, ms: number): void {
  const database = new Database(place.stateFile);
  database.prepare("update facts set value = value - ? where name = 'last_sweep_at'").run(ms);
  database.close();
}
