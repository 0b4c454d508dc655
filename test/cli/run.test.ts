import { describe, expect, it } from "vitest";
import type { App, Daemon, DaemonOptions } from "../../src/cli/app-port.ts";
import type { DomainEvent } from "../../src/core/events.ts";
import { RenewdError } from "../../src/core/errors.ts";
import { fakeApp, fakeControl, NOW, renewd, settings, tokenStatus } from "./support.ts";

type Handlers = Parameters<App["onSignals"]>[0];

/** A daemon that starts, takes signals, and stops when it is told to. */
function daemonApp(): {
  app: App;
  started: Promise<{ options: DaemonOptions; signals: Handlers }>;
  did: string[];
} {
  const did: string[] = [];
  const began = Promise.withResolvers<{ options: DaemonOptions; signals: Handlers }>();
  let signals: Handlers | undefined;
  const previous = tokenStatus().newest;
  const daemon: Daemon = {
    settings,
    control: fakeControl({ tokenStatus: () => Promise.resolve(tokenStatus({ previous })) }),
    url: "http://127.0.0.1:8080",
    signInLink: () => "http://127.0.0.1:8080/sign-in?code=once",
    reload: async () => (did.push("reload"), []),
    stop: async () => (did.push("stop"), 0),
    abort: () => void did.push("abort"),
  };
  const app = fakeApp(fakeControl(), {
    startDaemon: (given) => {
      given.onEvent({ type: "daemon:started", at: NOW, version: "1.2.3", tokens: 1 });
      given.onEvent({ type: "clock:agrees", at: NOW });
      if (signals !== undefined) setTimeout(began.resolve, 0, { options: given, signals });
      return Promise.resolve(daemon);
    },
    onSignals: (given) => {
      signals = given;
      return () => void did.push("off");
    },
  });
  return { app, started: began.promise, did };
}

const asked: DomainEvent = {
  type: "renewal:asked",
  at: NOW,
  token: "airflow",
  renewal: "r1",
  kind: "mint",
  lifetimeMs: 120_000,
};
const settled: DomainEvent = {
  type: "renewal:settled",
  at: NOW,
  token: "airflow",
  fingerprint: "5555666677778888",
  expAt: NOW + 120_000,
  result: "delivered",
};

describe("run", () => {
  it("tells on a terminal what it keeps alive, then what happens, in order", async () => {
    const { app, started } = daemonApp();
    const running = renewd(app, "run --allow-commands", true);
    const { options, signals } = await started;
    options.onEvent(asked);
    options.onEvent(settled);
    await Promise.resolve();
    signals.terminate();
    const { code, out } = await running;
    expect(code).toBe(0);
    expect(options).toMatchObject({ allowCommands: true, log: { pretty: true, quiet: true } });
    const lines = out.split("\n").map((line) => line.replace(/\d\d:\d\d:\d\d/g, "TIME"));
    expect(lines).toEqual([
      expect.stringMatching(/^renewd 1\.2\.3 keeps 1 token alive \(.*renewd\.yaml\), looking every 30 s:$/) as string,
      expect.stringMatching(/^ {2}airflow: from flowauth to .*etc\/secrets\/FLOWAPI_TOKEN$/) as string,
      "  airflow: from flowauth to aws airflow/variables/FLOWAPI_TOKEN (token)",
      "Status page (opens once; `renewd dashboard` makes another link):",
      "  http://127.0.0.1:8080/sign-in?code=once",
      "Ctrl-C stops it.",
      "TIME  the clocks agree again",
      "TIME  airflow: asked flowauth for a new token that lives 2 min",
      "TIME  airflow: the old token stays valid until TIME",
      "TIME  airflow: next renewal TIME",
    ]);
  });

  it("elsewhere writes nothing itself and never the sign-in link; the log is JSON", async () => {
    const { app, started } = daemonApp();
    const running = renewd(app, "run");
    const { options, signals } = await started;
    options.onEvent(asked);
    signals.terminate();
    expect(await running).toEqual({ code: 0, out: "", err: "" });
    expect(options.log).toEqual({ pretty: false, quiet: false });
  });

  it("--quiet leaves only warnings, on a terminal too", async () => {
    const { app, started } = daemonApp();
    const running = renewd(app, "run --quiet", true);
    const { options, signals } = await started;
    signals.terminate();
    expect((await running).out).toBe("");
    expect(options.log).toEqual({ pretty: true, quiet: true });
  });

  it("reloads, stops and aborts as the signals say, and gives them back at the end", async () => {
    const { app, started, did } = daemonApp();
    const running = renewd(app, "run");
    const { signals } = await started;
    signals.reload();
    signals.terminate();
    signals.abort();
    expect((await running).code).toBe(0);
    expect(did).toEqual(["reload", "stop", "abort", "off"]);
  });

  it("hears a signal that comes before it has started, and stops as soon as it runs", async () => {
    const { app, did } = daemonApp();
    const early: App = {
      ...app,
      onSignals: (handlers) => {
        const off = app.onSignals(handlers);
        handlers.terminate();
        return off;
      },
    };
    expect((await renewd(early, "run")).code).toBe(0);
    expect(did).toEqual(["stop", "off"]);
  });

  it("that cannot start exits by what kept it", async () => {
    const startDaemon = () => Promise.reject(new RenewdError("state_locked", "another renewd runs"));
    const { code, err } = await renewd(
      fakeApp(fakeControl(), { startDaemon, onSignals: () => () => undefined }),
      "run",
    );
    expect(code).toBe(4);
    expect(err).toContain("another renewd runs");
  });
});
