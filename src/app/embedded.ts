import { dirname, resolve } from "node:path";
import type { ReadSecret } from "../core/ports.ts";
import type { DeclaredService, Settings } from "../core/settings.ts";
import type { EmbeddedOptions } from "../issuers/flowauth/embedded.ts";
import { startIssuerServer } from "../issuer-server/index.ts";
import { systemClock } from "../runtime/clock.ts";
import { systemRandom } from "../runtime/random.ts";

/** Starts the server of each `type: embedded`; it is then spoken to like any FlowAuth. Answers how to stop them. */
export async function startEmbedded(
  settings: Settings,
  version: string,
  readSecret: ReadSecret,
): Promise<() => Promise<void>> {
  const running: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    await Promise.allSettled(running.map((close) => close()));
  };
  try {
    for (const service of settings.issuers) {
      if (service.type === "embedded") running.push(await startOne(service, settings, version, readSecret));
    }
  } catch (thrown) {
    await stop();
    throw thrown;
  }
  return stop;
}

async function startOne(
  service: DeclaredService,
  settings: Settings,
  version: string,
  readSecret: ReadSecret,
): Promise<() => Promise<void>> {
  const { listen, db, seed } = service.options as EmbeddedOptions;
  const users = await Promise.all(
    seed.users.map(async ({ password, ...user }) => ({
      ...user,
      ...(password === undefined ? {} : { password: await readSecret(password, new AbortController().signal) }),
    })),
  );
  const server = await startIssuerServer({
    dbFile: resolve(dirname(settings.file), db),
    host: listen.host,
    port: listen.port,
    seed: { servers: seed.servers, roles: seed.roles, users },
    version,
    clock: systemClock,
    random: systemRandom,
  });
  return () => server.close();
}
