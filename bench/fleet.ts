/** Ten thousand tokens in a real state, each delivered to one target, some of which are failing. */
import { DAY_MS, HOUR_MS, type Instant, MINUTE_MS } from "../src/core/duration.ts";
import type { Incident } from "../src/core/incidents.ts";
import type { AcceptedIssue } from "../src/core/records.ts";
import { SecretText } from "../src/core/secret-text.ts";
import type { StateStore } from "../src/core/state-store.ts";
import { ClockWatch } from "../src/engine/clock-watch.ts";
import type { Engine } from "../src/engine/engine.ts";
import type { Member } from "../src/engine/fleet.ts";
import { systemClock } from "../src/runtime/clock.ts";
import { systemRandom } from "../src/runtime/random.ts";
import { memberOf, WORKING_HOURS } from "../test/rehearsal/bench.ts";

/** Every so many of them lives for a day only, has windows, or has an incident open. */
const SHORT_EVERY = 10;
const WINDOWED_EVERY = 20;
const FAILING_EVERY = 20;
/** As the sweeper does. */
const WORKED_AT_ONCE = 16;

export function membersOf(count: number): readonly Member[] {
  return Array.from({ length: count }, (_, nth) =>
    memberOf({
      key: `token-${String(nth).padStart(5, "0")}`,
      lifetimeMs: nth % SHORT_EVERY === 0 ? DAY_MS : 30 * DAY_MS,
      stores: [`store-${nth % 5}`],
      policy: { jitter: { share: 0.05 }, windows: nth % WINDOWED_EVERY === 1 ? WORKING_HOURS : [] },
      target: { holdMs: HOUR_MS },
    }),
  );
}

export function engineOf(members: readonly Member[], state: StateStore): Engine {
  const fleet = {
    members: new Map(members.map((member) => [member.declared.key, member])),
    commands: { run: () => Promise.resolve() },
    readSecret: () => Promise.resolve(new SecretText("none")),
    describe: (): never => {
      throw new TypeError("nothing is described here");
    },
  };
  const watch = new ClockWatch(systemClock);
  return {
    clock: systemClock,
    random: systemRandom,
    state,
    emit: () => undefined,
    holder: "bench",
    watch,
    fleet: () => fleet,
  };
}

/** None has a token yet, nor has any been worked on. */
export async function enrol(state: StateStore, members: readonly Member[]): Promise<void> {
  const enrolments = members.map(({ declared: { key, issuer, targets } }) => ({
    key,
    issuer,
    targets: targets.map(({ label, store }) => ({ label, store })),
  }));
  await state.enrol(enrolments, systemClock.now());
}

/** What a daemon does to its state while its issuer and stores are slow: job after job is claimed, looked at and let go, each synced to the disk. */
export async function toil(state: StateStore, stop: AbortSignal): Promise<number> {
  let worked = 0;
  while (!stop.aborted) {
    const now = systemClock.now();
    for (const job of await state.due(now, WORKED_AT_ONCE)) {
      const lease = await claimed(state, job, now);
      await state.preflight();
      await state.release(lease, { wakeAt: now + MINUTE_MS, deadlineAt: now + DAY_MS }, now);
      worked += 1;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  return worked;
}

/** Each as it is after its first delivery, at some point of its life before its renewal. */
export async function fill(state: StateStore, members: readonly Member[]): Promise<void> {
  const now = systemClock.now();
  await enrol(state, members);
  for (const [nth, member] of members.entries()) await deliver(state, member, nth, now);
  for (const [nth, { declared }] of members.entries()) {
    if (nth % FAILING_EVERY !== 0) continue;
    const incident = incidentOf(declared.key, declared.targets[0]?.label ?? "", now);
    await state.tell(incident, { opened: [incident], repeated: [], resolved: [] }, []);
  }
}

async function deliver(state: StateStore, { declared }: Member, nth: number, now: Instant): Promise<void> {
  const { key, request, targets } = declared;
  const token = new SecretText(`header.${key}.signature`);
  const startAt = now - Math.floor(((nth % 97) / 97) * 0.5 * request.lifetimeMs);
  const expAt = startAt + request.lifetimeMs;
  const times = { startAt, expAt, u: (nth % 89) / 89, acceptedAt: startAt };
  const scopes = { runner: ["run"] };
  const issue: AcceptedIssue = {
    fingerprint: token.fingerprint,
    issuerId: String(nth),
    scopes,
    warnings: [],
    origin: "minted",
    ...times,
  };
  const agenda = { wakeAt: now + DAY_MS, deadlineAt: expAt - HOUR_MS };
  const own = await claimed(state, { token: key, target: null }, now);
  await state.changeToken(own, now, { accept: { issue, token } });
  await state.release(own, agenda, now);
  for (const { label } of targets) {
    const lease = await claimed(state, { token: key, target: label }, now);
    const held = {
      fingerprint: token.fingerprint,
      issuerId: String(nth),
      startAt,
      expAt,
      u: times.u,
      sinceAt: startAt,
      provedAt: now,
    };
    await state.changeTarget(lease, now, { held, ownership: "ours", observedAt: now });
    await state.release(lease, agenda, now);
  }
}

async function claimed(state: StateStore, job: Parameters<StateStore["claim"]>[0], now: Instant) {
  const lease = await state.claim(job, "bench", now, MINUTE_MS);
  if (lease === null) throw new TypeError("nobody else should hold it");
  return lease;
}

function incidentOf(token: string, target: string, now: Instant): Incident {
  return {
    token,
    target,
    reason: "target_failing",
    severity: "warning",
    message: "Failed 12 times: AccessDenied on PutSecretValue (store_denied).",
    next: "Next try in an hour, nothing to mint.",
    action: "Restore that permission.",
    dangerAt: now + DAY_MS,
    expAt: now + 2 * DAY_MS,
    openedAt: now,
    tellAgainAt: now + HOUR_MS,
    toldTimes: 0,
  };
}
