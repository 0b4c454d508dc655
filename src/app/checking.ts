import type { Settings } from "../core/settings.ts";
import { RenewdError, toRenewdError } from "../core/errors.ts";
import type { Issuer } from "../core/ports.ts";
import { ClockWatch } from "../engine/clock-watch.ts";
import type { Berth, Member } from "../engine/fleet.ts";
import { readApiToken } from "../http/bearer.ts";
import { systemClock } from "../runtime/clock.ts";
import { type Adapters, makeAdapters } from "./adapters.ts";
import { readChannelSecrets } from "./channel-secrets.ts";
import { startEmbedded } from "./embedded.ts";

const PROBE_LIMIT_MS = 60_000;

export interface ProbeResult {
  readonly kind: "issuer" | "token" | "target" | "api_token" | "channel";
  readonly name: string;
  readonly ok: boolean;
  readonly lines: readonly string[];
  readonly code: string | null;
  readonly hint: string | null;
}

/**
 * Asks every issuer and every target whether they would serve, and reads every API token and the secrets of every alert
 * channel, changing nothing. One that fails keeps no other from being asked. Of tokens only those are told that renewd
 * cannot begin with.
 */
export async function probeAll(
  settings: Settings,
  allowCommands: boolean,
  version: string,
  /** Hears of each but the tokens as it answers. */
  tell: (result: ProbeResult) => void = () => undefined,
): Promise<readonly ProbeResult[]> {
  const adapters = makeAdapters(settings, { allowCommands, version }, () => undefined, new ClockWatch(systemClock));
  let stopEmbedded = (): Promise<void> => Promise.resolve();
  try {
    stopEmbedded = await startUnlessRunning(settings, adapters, version);
    const members = [...adapters.members.values()];
    const issuers = [...adapters.issuers].map(([key, issuer]) =>
      probeIssuer(
        key,
        issuer,
        members.filter((member) => member.issuer === issuer),
      ),
    );
    const targets = members.flatMap((member) => member.berths.map((berth) => probeTarget(member, berth)));
    const apiTokens = (settings.http?.tokens ?? []).map((token) =>
      probe("api_token", token.name, async (signal) => {
        await readApiToken(token, adapters.readSecret, signal);
        return [`could be read; its role is ${token.role}`];
      }),
    );
    const channels = settings.alerts.channels.map(({ key, options }) =>
      probe("channel", key, async (signal) => {
        const read = await readChannelSecrets(options, adapters.readSecret, signal);
        return [`${read} secret(s) read; \`renewd alert-test ${key}\` calls the channel itself`];
      }),
    );
    const others = [...targets, ...apiTokens, ...channels].map(async (asked) => [await asked] as const);
    const results = [...issuers, ...others].map(async (asked) => {
      const [first, ...ofTokens] = await asked;
      tell(first);
      return [first, ...ofTokens];
    });
    return (await Promise.all(results)).flat();
  } finally {
    await stopEmbedded();
    await adapters.close();
  }
}

/** With a daemon running its embedded issuer has the port already, and is the one to ask. */
async function startUnlessRunning(
  settings: Settings,
  adapters: Adapters,
  version: string,
): Promise<() => Promise<void>> {
  try {
    return await startEmbedded(settings, version, adapters.readSecret);
  } catch (thrown) {
    if (toRenewdError(thrown).code === "settings_invalid") return () => Promise.resolve();
    throw thrown;
  }
}

/** The issuer, and the tokens of it that renewd has nothing to begin with; of these nothing where the issuer itself fails. */
async function probeIssuer(
  key: string,
  issuer: Issuer,
  members: readonly Member[],
): Promise<readonly [ProbeResult, ...ProbeResult[]]> {
  const beganAt = systemClock.now();
  const asked = await probe("issuer", key, (signal) =>
    issuer.probe(
      members.map(({ declared }) => declared.request),
      signal,
    ),
  );
  if (!asked.ok || !issuer.capabilities.lists) return [asked];
  const given = members.filter(({ declared }) => !declared.create);
  const listed = await Promise.all(
    given.map(({ declared: { key: token, name, request } }) =>
      probe("token", token, async (signal) => {
        const found = await issuer.find({ name, request, notBefore: beganAt }, signal);
        if (found.length > 0) return [];
        const message = `no token of this name (${name}) at ${key}; with \`create: false\` renewd cannot make one`;
        throw new RenewdError("token_absent", message);
      }),
    ),
  );
  return [asked, ...listed.filter(({ ok }) => !ok)];
}

function probeTarget(member: Member, berth: Berth): Promise<ProbeResult> {
  const name = `${member.declared.key}/${berth.declared.label}`;
  return probe("target", name, async (signal) => {
    await berth.place.preflight(signal);
    const seen = await berth.place.observe(signal);
    if (seen.owner === "other") throw new RenewdError("store_not_owned", `${name} is marked as somebody else's`);
    const holds = seen.state === "holds" ? `holds ${seen.token.fingerprint}` : seen.state;
    const cautions = (await berth.place.cautions?.()) ?? [];
    return [`${berth.declared.store}: could take a token; ${holds}`, ...cautions.map((each) => `beware: ${each}`)];
  });
}

async function probe(
  kind: ProbeResult["kind"],
  name: string,
  ask: (signal: AbortSignal) => Promise<readonly string[]>,
): Promise<ProbeResult> {
  const limit = new AbortController();
  const cancel = systemClock.after(PROBE_LIMIT_MS, () => limit.abort());
  try {
    return { kind, name, ok: true, lines: await ask(limit.signal), code: null, hint: null };
  } catch (thrown) {
    const { message, code, hint } = toRenewdError(thrown);
    return { kind, name, ok: false, lines: [message], code, hint };
  } finally {
    cancel();
  }
}
