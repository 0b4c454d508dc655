import { type Breaker, CLOSED } from "../core/breaker.ts";
import type { Instant } from "../core/duration.ts";
import type { DomainEvent } from "../core/events.ts";
import type { Incident, IncidentChanges, Subject } from "../core/incidents.ts";
import type { Issue } from "../core/issue.ts";
import { newTarget, type TargetRecord, type TokenRecord } from "../core/records.ts";
import type { Fingerprint, SecretText } from "../core/secret-text.ts";
import type {
  Agenda,
  DescribedRecord,
  Enrolment,
  HistoryEntry,
  IssueFate,
  Job,
  Lease,
  ServiceKey,
  StateStore,
  TargetChange,
  TokenChange,
  WakeWhich,
} from "../core/state-store.ts";
import type { ChannelRecord, Telling } from "../core/telling.ts";
import { MemoryJobs } from "./memory-jobs.ts";
import { MemoryToken } from "./memory-token.ts";

type Known = ReadonlyMap<Fingerprint, { readonly issue: Issue; readonly fate: IssueFate }>;

/**
 * A state that lives as long as a simulation, many times as quick as one in SQL: it keeps to the contract of `StateStore`
 * as far as the engine alone goes, with settings that never change and a clock that never leaps, and keeps no history. What
 * only a person decides it does not know.
 */
export class MemoryState implements StateStore {
  readonly #jobs = new MemoryJobs();
  readonly #tokens = new Map<string, MemoryToken>();
  readonly #targets = new Map<string, Map<string, TargetRecord>>();
  readonly #breakers = new Map<string, Breaker>();
  readonly #incidents = new Map<string, Map<string, Incident>>();
  readonly #facts = new Map<string, number>();

  async enrol(tokens: readonly Enrolment[], now: Instant): Promise<readonly DomainEvent[]> {
    for (const { key, issuer, targets } of tokens) {
      const job = { token: key, target: null };
      if (this.#jobs.enrol(job, { kind: "issuer", key: issuer }, now)) this.#addToken(key);
      for (const { label, store } of targets) {
        this.#jobs.enrol({ token: key, target: label }, { kind: "store", key: store }, now);
        const labels = this.#targets.get(key) ?? new Map<string, TargetRecord>();
        this.#targets.set(key, labels.set(label, labels.get(label) ?? newTarget(key, label, now)));
      }
    }
    return [];
  }

  #addToken(key: string): void {
    const row = this.#jobs.row({ token: key, target: null });
    if (row !== undefined) this.#tokens.set(key, new MemoryToken(row));
  }

  describe(): Promise<void> {
    throw notHere();
  }

  async described(): Promise<readonly DescribedRecord[]> {
    return [];
  }

  async due(now: Instant, limit: number): Promise<readonly Job[]> {
    return this.#jobs.due(now, limit);
  }

  async nextWakeAt(): Promise<Instant | null> {
    return this.#jobs.nextWakeAt;
  }

  async wake(which: WakeWhich, now: Instant): Promise<void> {
    this.#jobs.wake(which, now);
  }

  async free(which: ServiceKey | { readonly token: string }, now: Instant): Promise<void> {
    this.#jobs.free(which, now);
  }

  async claim(job: Job, holder: string, now: Instant, ttlMs: number): Promise<Lease | null> {
    return this.#jobs.claim(job, holder, now, ttlMs);
  }

  async extend(lease: Lease, now: Instant, ttlMs: number): Promise<boolean> {
    return this.#jobs.extend(lease, now, ttlMs);
  }

  async release(lease: Lease, agenda: Agenda, now: Instant): Promise<boolean> {
    return this.#jobs.release(lease, agenda, now);
  }

  async freeLeases(): Promise<void> {
    this.#jobs.freeLeases();
  }

  async tokens(): Promise<readonly TokenRecord[]> {
    return [...this.#tokens.values()].map(({ record }) => record).sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async token(key: string): Promise<TokenRecord | undefined> {
    return this.#tokens.get(key)?.record;
  }

  async targets(token: string): Promise<readonly TargetRecord[]> {
    const all = [...(this.#targets.get(token)?.values() ?? [])];
    return all.map((each) => this.#withJob(each)).sort((a, b) => (a.label < b.label ? -1 : 1));
  }

  async allTargets(): Promise<readonly TargetRecord[]> {
    const tokens = [...this.#targets.keys()].sort();
    return (await Promise.all(tokens.map((token) => this.targets(token)))).flat();
  }

  #withJob(target: TargetRecord): TargetRecord {
    const row = this.#jobs.row({ token: target.token, target: target.label });
    return row === undefined ? target : { ...target, trouble: row.trouble, calls: row.calls };
  }

  async ownersOf(fingerprint: Fingerprint): Promise<readonly string[]> {
    return [...this.#tokens].filter(([, token]) => token.knows(fingerprint)).map(([key]) => key);
  }

  async holdersOf(fingerprint: Fingerprint): Promise<readonly TargetRecord[]> {
    const isThere = ({ held, drift }: TargetRecord): boolean =>
      held?.fingerprint === fingerprint || drift?.fingerprint === fingerprint;
    return (await this.allTargets()).filter(isThere);
  }

  async known(token: string): Promise<Known> {
    return this.#tokens.get(token)?.known ?? new Map();
  }

  async unseal(token: string, fingerprint: Fingerprint): Promise<SecretText | undefined> {
    return this.#tokens.get(token)?.unseal(fingerprint);
  }

  async changeToken(lease: Lease, now: Instant, change: TokenChange): Promise<boolean> {
    const key = lease.job.token;
    const token = this.#tokens.get(key);
    const row = this.#jobs.held(lease, now);
    if (token === undefined || row === undefined || !token.admits(change)) return false;
    token.apply(change, now);
    if (change.trouble !== undefined) row.trouble = change.trouble;
    if (change.calls !== undefined) row.calls = change.calls;
    for (const label of change.lookAgain ?? []) this.#changeTarget(key, label, { observedAt: null });
    if (change.accept !== undefined || (change.lookAgain ?? []).length > 0) this.#jobs.wake({ targetsOf: key }, now);
    return true;
  }

  async changeTarget(lease: Lease, now: Instant, change: TargetChange): Promise<boolean> {
    const row = this.#jobs.held(lease, now);
    if (row === undefined) return false;
    if (change.trouble !== undefined) row.trouble = change.trouble;
    if (change.calls !== undefined) row.calls = change.calls;
    this.#changeTarget(lease.job.token, lease.job.target ?? "", change);
    return true;
  }

  #changeTarget(token: string, label: string, change: TargetChange): void {
    const labels = this.#targets.get(token);
    const before = labels?.get(label);
    if (before === undefined) return;
    const { held = before.held, ownership = before.ownership, delivery = before.delivery } = change;
    const { drift = before.drift, lastDrift = before.lastDrift, observedAt = before.observedAt } = change;
    labels?.set(label, { ...before, held, ownership, delivery, drift, lastDrift, observedAt });
  }

  async ask(token: string, now: Instant, change: Pick<TokenChange, "wish" | "pause">): Promise<boolean> {
    const known = this.#tokens.get(token);
    if (known === undefined) return false;
    if (change.wish !== undefined) known.wish = change.wish;
    if (change.pause !== undefined) known.pause = change.pause;
    this.#jobs.wake({ token }, now);
    if (change.pause !== undefined) this.#jobs.wake({ targetsOf: token }, now);
    return true;
  }

  rule(): Promise<boolean> {
    throw notHere();
  }

  async dropExpired(now: Instant): Promise<void> {
    for (const token of this.#tokens.values()) token.dropExpired(now);
  }

  allowAdoption(): Promise<boolean> {
    throw notHere();
  }

  async stray(): Promise<void> {
    // Nobody reads strays but a person.
  }

  async settle(token: string, fingerprint: Fingerprint, now: Instant): Promise<boolean> {
    return this.#tokens.get(token)?.settle(fingerprint, now) ?? false;
  }

  async breaker(service: ServiceKey): Promise<Breaker> {
    return this.#breakers.get(serviceId(service)) ?? CLOSED;
  }

  async changeBreaker<T>(
    service: ServiceKey,
    change: (breaker: Breaker) => { readonly breaker: Breaker; readonly answer: T },
  ): Promise<T> {
    // Read and replaced at once: nobody else has a turn in between.
    const { breaker, answer } = change(this.#breakers.get(serviceId(service)) ?? CLOSED);
    if (breaker.failures === 0) this.#breakers.delete(serviceId(service));
    else this.#breakers.set(serviceId(service), breaker);
    return answer;
  }

  async incidents(subject?: Subject): Promise<readonly Incident[]> {
    if (subject !== undefined) return [...(this.#incidents.get(subjectId(subject))?.values() ?? [])].sort(byReason);
    return [...this.#incidents.values()].flatMap((all) => [...all.values()]);
  }

  async tell(subject: Subject, { opened, repeated, resolved, reworded = [] }: IncidentChanges): Promise<void> {
    const open = this.#incidents.get(subjectId(subject)) ?? new Map<string, Incident>();
    for (const incident of [...opened, ...repeated, ...reworded]) open.set(incident.reason, incident);
    for (const { reason } of resolved) open.delete(reason);
    if (open.size === 0) this.#incidents.delete(subjectId(subject));
    else this.#incidents.set(subjectId(subject), open);
  }

  async tellings(): Promise<readonly Telling[]> {
    return [];
  }

  async channels(): Promise<ReadonlyMap<string, ChannelRecord>> {
    return new Map();
  }

  async noteChannel(): Promise<void> {
    // Nobody is told of what did not happen.
  }

  async forgetChannel(): Promise<void> {
    // There is none.
  }

  async history(): Promise<readonly HistoryEntry[]> {
    return [];
  }

  async fact(name: string): Promise<number | undefined> {
    return this.#facts.get(name);
  }

  async setFact(name: string, value: number): Promise<void> {
    this.#facts.set(name, value);
  }

  async preflight(): Promise<void> {
    // There is always room.
  }

  async close(): Promise<void> {
    // Nothing is open.
  }
}

function serviceId({ kind, key }: ServiceKey): string {
  return `${kind}/${key}`;
}

function subjectId({ token, target }: Subject): string {
  return `${token}/${target}`;
}

function byReason(a: Incident, b: Incident): number {
  return a.reason < b.reason ? -1 : 1;
}

function notHere(): TypeError {
  return new TypeError("nobody decides anything in a simulation");
}
