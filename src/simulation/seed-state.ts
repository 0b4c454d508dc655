import type { Instant } from "../core/duration.ts";
import type { AcceptedIssue } from "../core/records.ts";
import type { Job, Lease, StateStore } from "../core/state-store.ts";
import type { Member } from "../engine/fleet.ts";
import type { SimToken } from "./sim-issuer.ts";
import { SimPlace } from "./sim-place.ts";
import type { Times, TokenStart } from "./start.ts";

const HOLDER = "beginning";
const TTL_MS = 60_000;

type MakeToken = (key: string, times: Times, roles: readonly string[]) => SimToken;

/** Records how each token stands, as the engine would have; what each target holds is put there too. */
export async function seed(
  state: StateStore,
  members: ReadonlyMap<string, Member>,
  starts: ReadonlyMap<string, TokenStart>,
  now: Instant,
  make: MakeToken,
): Promise<void> {
  const enrolments = [...members.values()].map(({ declared: { key, identity, issuer, targets } }) => {
    return { key, identity, issuer, targets: targets.map(({ label, store }) => ({ label, store })) };
  });
  await state.enrol(enrolments, now);
  for (const [key, member] of members) {
    const start = starts.get(key);
    if (start !== undefined) await seedToken(state, member, start, now, make);
  }
}

async function seedToken(
  state: StateStore,
  { declared, berths }: Member,
  start: TokenStart,
  now: Instant,
  make: MakeToken,
): Promise<void> {
  const { newest, held, roles, pause, endedAt } = start;
  const older = [...new Set([...held.values()].filter((times) => times !== null && !isSame(times, newest)))];
  const tokens = new Map<string, SimToken>();
  // The order in which they are made is that of their ids.
  for (const times of [...older.filter((each) => each !== null), newest]) {
    if (tokens.has(nameOf(times))) continue;
    const token = make(declared.key, times, roles);
    tokens.set(nameOf(times), token);
    await record(state, { token: declared.key, target: null }, now, (lease) => {
      const issue = acceptedOf(token, newest.u, roles, now);
      return state.changeToken(lease, now, { accept: { issue, token: token.text } });
    });
  }
  for (const { declared: target, place } of berths) {
    const times = held.get(target.label);
    const token = times == null ? undefined : tokens.get(nameOf(times));
    if (token === undefined) continue;
    if (place instanceof SimPlace) place.fill(token);
    const { fingerprint, issuerId, startAt, expAt, u } = acceptedOf(token, newest.u, roles, now);
    const seen = { fingerprint, issuerId, startAt, expAt, u, sinceAt: startAt, provedAt: now };
    await record(state, { token: declared.key, target: target.label }, now, (lease) =>
      state.changeTarget(lease, now, { held: seen, ownership: "ours", observedAt: now }),
    );
  }
  // What was recorded of it stays as it is: nobody told the daemon.
  if (endedAt !== null) for (const token of tokens.values()) token.expAt = Math.min(token.expAt, endedAt);
  if (pause !== null) await state.ask(declared.key, now, { pause });
}

async function record(
  state: StateStore,
  job: Job,
  now: Instant,
  change: (lease: Lease) => Promise<boolean>,
): Promise<void> {
  const lease = await state.claim(job, HOLDER, now, TTL_MS);
  if (lease === null || !(await change(lease))) throw new TypeError("the beginning could not be recorded");
  await state.release(lease, { wakeAt: now, deadlineAt: null }, now);
}

function acceptedOf(token: SimToken, u: number, roles: readonly string[], now: Instant): AcceptedIssue {
  return {
    fingerprint: token.text.fingerprint,
    issuerId: token.id,
    startAt: token.startAt,
    expAt: token.expAt,
    u,
    scopes: Object.fromEntries(roles.map((role) => [role, []])),
    warnings: [],
    origin: "minted",
    acceptedAt: Math.min(token.startAt, now),
  };
}

function isSame(a: Times, b: Times): boolean {
  return a.startAt === b.startAt && a.expAt === b.expAt;
}

function nameOf({ startAt, expAt }: Times): string {
  return `${startAt}-${expAt}`;
}
