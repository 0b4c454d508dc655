/** Debian's Alertmanager, told by renewd: what it shows in its API, and what it tells a receiver of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Alert } from "../../src/core/alert.ts";
import { alertmanager } from "../../src/notifiers/alertmanager/index.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { alertNamed, NEVER, openAlerts, over } from "../support/notifiers/alerts.ts";
import { clientUnderTest } from "./peer.ts";

interface Shown {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly generatorURL: string;
  readonly fingerprint: string;
}

const PATIENCE_MS = 20_000;
const LASTS_MS = 900_000;

/** What Alertmanager told its receiver: `firing a`, `resolved a`. */
const received: string[] = [];
let receiver: Server;
let server: ChildProcess;
let folder: string;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "renewd-alertmanager-"));
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { alerts } = JSON.parse(Buffer.concat(chunks).toString()) as {
        readonly alerts: readonly { readonly status: string; readonly labels: Shown["labels"] }[];
      };
      received.push(...alerts.map(({ status, labels }) => `${status} ${labels["token"]}`));
      response.end();
    });
  });
  const hook = await listen(receiver);
  const free = createServer();
  const port = await listen(free);
  free.close();
  await once(free, "close");
  url = `http://127.0.0.1:${port}`;
  const settings = {
    route: {
      receiver: "hook",
      group_by: ["token"],
      group_wait: "50ms",
      group_interval: "100ms",
      repeat_interval: "1h",
    },
    receivers: [{ name: "hook", webhook_configs: [{ url: `http://127.0.0.1:${hook}/`, send_resolved: true }] }],
  };
  await writeFile(join(folder, "alertmanager.yml"), JSON.stringify(settings));
  server = spawn(
    join(clientUnderTest().bin, "prometheus-alertmanager"),
    [
      `--config.file=${join(folder, "alertmanager.yml")}`,
      `--storage.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--cluster.listen-address=",
    ],
    { stdio: "ignore" },
  );
  await once(server, "spawn");
  await eventually(async () => (await fetch(`${url}/-/ready`)).ok);
});

afterAll(async () => {
  server.kill("SIGTERM");
  if (server.exitCode === null) await once(server, "exit");
  receiver.close();
  await rm(folder, { recursive: true, force: true });
});

describe("Debian's Alertmanager", () => {
  const clock = new FakeClock();
  const started = (label: string, changes: Partial<Alert> = {}): Alert =>
    alertNamed(label, { openedAt: Date.now() - 60_000, ...changes });
  const tell = (...alerts: readonly Alert[]): Promise<void> => {
    clock.jumpTo(Date.now());
    return notifier().notify(alerts, NEVER);
  };
  const notifier = () => openAlerts(alertmanager, { url }, { clock });

  it("shows what fires, with its labels and the five lines", async () => {
    const alert = started("shows");
    await tell(alert);
    const [shown] = await eventually(() => active("shows"));
    expect(shown?.labels).toEqual(alert.labels);
    expect(shown?.annotations["summary"]).toContain("shows -> ireland: readers from 02:45Z");
    expect(shown?.annotations["description"]).toContain("You: Restore that permission");
    expect(shown?.annotations["runbook_url"]).toBe(alert.runbookUrl);
    expect(shown?.generatorURL).toBe(alert.pageUrl);
  });

  it("keeps one alert of what is told again, tells it once, and tells its end", async () => {
    const alert = started("again");
    await tell(alert);
    const [first] = await eventually(() => active("again"));
    await eventually(() => Promise.resolve(received.includes("firing again")));
    await tell({ ...alert, cause: "repeated" });
    expect((await active("again"))?.map(({ fingerprint }) => fingerprint)).toEqual([first?.fingerprint]);
    await tell({ ...over(alert), resolvedAt: Date.now() });
    await eventually(() => Promise.resolve(received.includes("resolved again")));
    expect(await active("again")).toBeNull();
    expect(received.filter((each) => each.endsWith(" again"))).toEqual(["firing again", "resolved again"]);
  });

  it("shows the graver alert alone when an incident becomes graver", async () => {
    const before = started("graver", { severity: "warning" });
    await tell(before);
    await eventually(() => active("graver"));
    await tell(started("graver", { labelsBefore: before.labels, cause: "repeated" }));
    const severities = async (): Promise<readonly unknown[]> =>
      ((await active("graver")) ?? []).map(({ labels }) => labels["severity"]);
    await eventually(async () => (await severities()).join() === "critical");
  });

  it("ends by itself what renewd says nothing more of", async () => {
    clock.jumpTo(Date.now() - LASTS_MS + 2_000);
    await notifier().notify([started("silent", { openedAt: Date.now() - LASTS_MS })], NEVER);
    await eventually(() => active("silent"));
    await eventually(async () => (await active("silent")) === null);
  });

  it("takes hostile labels and words", async () => {
    const words = "<!channel>\r\n\u202E\u0000 & \uD83D ".repeat(10_000);
    const { labels, lines } = started("hostile");
    await tell(
      started("hostile", { labels: { ...labels, team: words, "no-name": "x" }, lines: { ...lines, why: words } }),
    );
    await eventually(() => active("hostile"));
  });
});

/** What fires of this token now; null when nothing does. */
async function active(token: string): Promise<readonly Shown[] | null> {
  const answer = await fetch(`${url}/api/v2/alerts?filter=${encodeURIComponent(`token="${token}"`)}`);
  const shown = (await answer.json()) as readonly Shown[];
  return shown.length === 0 ? null : shown;
}

/** What `look` answers once it answers something. */
async function eventually<T>(look: () => Promise<T | null | false>): Promise<T> {
  for (const until = Date.now() + PATIENCE_MS; Date.now() < until; await sleep(50)) {
    const found = await look().catch(() => null);
    if (found !== null && found !== false) return found;
  }
  throw new Error(`not within ${PATIENCE_MS / 1_000} s; Alertmanager told: ${received.join(", ")}`);
}

async function listen(each: Server): Promise<number> {
  each.listen(0, "127.0.0.1");
  await once(each, "listening");
  return (each.address() as AddressInfo).port;
}
