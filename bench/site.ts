/** The parts that answer for a fleet, on a free port of the loopback. */
import { request } from "node:http";
import { SecretText } from "../src/core/secret-text.ts";
import type { AlertSettings } from "../src/core/settings.ts";
import type { StateStore } from "../src/core/state-store.ts";
import { Controller } from "../src/engine/controller.ts";
import type { Member } from "../src/engine/fleet.ts";
import { Herald } from "../src/engine/herald.ts";
import { Sweeper } from "../src/engine/sweeper.ts";
import { createAccess } from "../src/http/access.ts";
import { EventHub } from "../src/http/event-hub.ts";
import { fleetReads } from "../src/http/fleet-reads.ts";
import { createHttpApp } from "../src/http/http-app.ts";
import { createMetrics } from "../src/http/metrics.ts";
import { type Listening, serveHttp } from "../src/http/serve.ts";
import { breathe } from "../src/runtime/breathe.ts";
import { systemClock } from "../src/runtime/clock.ts";
import { systemRandom } from "../src/runtime/random.ts";
import { FakeNotifier } from "../test/support/fake-notifier.ts";
import { engineOf } from "./fleet.ts";

const SECRET = "secret-of-the-bench";

export interface Site extends Pick<Listening, "close"> {
  readonly controller: Controller;
  readonly sweeper: Sweeper;
  readonly herald: Herald;
  readonly notifier: FakeNotifier;
  /** How many bytes are there; throws unless it is answered with 200. */
  readonly get: (path: string) => Promise<number>;
}

export async function open(state: StateStore, members: readonly Member[]): Promise<Site> {
  const engine = engineOf(members, state);
  const sweeper = new Sweeper(engine);
  const notifier = new FakeNotifier({ batchMax: 1_000 });
  const alerts: AlertSettings = {
    pageUrl: null,
    runbooks: "https://docs.example.org",
    channels: [],
    routes: [{ to: ["chat"], severity: "info", match: {} }],
  };
  const herald = new Herald({
    engine,
    instance: "bench",
    channels: () => [{ key: "chat", type: "slack", notifier }],
    alerts: () => alerts,
    troubles: () => [],
  });
  const controller = new Controller(
    engine,
    sweeper,
    () => [],
    () => herald.status(),
    breathe,
  );
  const readSecret = (): Promise<SecretText> => Promise.resolve(new SecretText(SECRET));
  const tokens = [{ name: "bench", role: "viewer", secret: { env: "BENCH" } }] as const;
  const access = createAccess({ tokens, readSecret, clock: systemClock, random: systemRandom, emit: () => undefined });
  const reads = fleetReads(controller, systemClock, breathe);
  const metrics = createMetrics(
    { status: () => reads.report() },
    { version: "bench", node: process.versions.node },
    breathe,
  );
  metrics.declare({ issuers: [], stores: [], tokens: members.map(({ declared }) => declared), alerts });
  const health = () => ({ alive: true, ready: true, reasons: [] });
  const events = new EventHub(systemClock);
  const app = createHttpApp({ control: controller, reads, health, metrics, access, events, clock: systemClock });
  const listening = await serveHttp(app, { host: "127.0.0.1", port: 0 });
  const get = (path: string): Promise<number> => bytesAt(new URL(path, listening.url));
  return { controller, sweeper, herald, notifier, get, close: () => listening.close() };
}

/** A connection each: one that is kept may be closed just when it is used again. */
function bytesAt(url: URL): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { agent: false, headers: { authorization: `Bearer ${SECRET}` } }, (answer) => {
      let bytes = 0;
      answer.on("data", (chunk: Buffer) => (bytes += chunk.length));
      answer.on("error", reject);
      answer.on("end", () => {
        if (answer.statusCode === 200) resolve(bytes);
        else reject(new Error(`${url.pathname} is answered with ${answer.statusCode}`));
      });
    });
    asked.on("error", reject);
    asked.end();
  });
}
