import type { Kysely } from "kysely";
import type { Breaker } from "../core/breaker.ts";
import type { Instant } from "../core/duration.ts";
import type { DomainEvent } from "../core/events.ts";
import type { Incident, IncidentChanges, Subject } from "../core/incidents.ts";
import type { Issue } from "../core/issue.ts";
import type { Random } from "../core/ports.ts";
import { RenewdError } from "../core/errors.ts";
import type { TargetRecord, TokenRecord } from "../core/records.ts";
import type { Fingerprint, SecretText } from "../core/secret-text.ts";
import type {
  Agenda,
  ChannelChange,
  Described,
  DescribedRecord,
  Enrolment,
  HistoryEntry,
  IssueFate,
  Job,
  Lease,
  Ruling,
  ServiceKey,
  StateStore,
  TargetChange,
  TokenChange,
  WakeWhich,
} from "../core/state-store.ts";
import type { ChannelRecord, Telling } from "../core/telling.ts";
import * as breakers from "./breakers.ts";
import * as channels from "./channels.ts";
import { applyTargetChange } from "./change-target.ts";
import { applyTokenChange, sealOf } from "./change-token.ts";
import { describe, described } from "./describe.ts";
import { enrol } from "./enrol.ts";
import * as history from "./history.ts";
import * as incidents from "./incidents.ts";
import * as jobs from "./jobs.ts";
import * as records from "./records.ts";
import { applyRuling, dropExpired } from "./rule.ts";
import type { Sealer } from "./sealer.ts";
import type { Tables } from "./tables.ts";

/** A token and its envelope are smaller than this. */
const ROW_BYTES = 64 * 1024;

/** The state in SQL: each step is one transaction, guarded by the lease's holder and fence. */
export class SqlStateStore implements StateStore {
  readonly #db: Kysely<Tables>;
  readonly #sealer: Sealer;
  readonly #random: Random;

  constructor(db: Kysely<Tables>, sealer: Sealer, random: Random) {
    this.#db = db;
    this.#sealer = sealer;
    this.#random = random;
  }

  enrol(tokens: readonly Enrolment[], now: Instant): Promise<readonly DomainEvent[]> {
    return enrol(this.#db, tokens, now);
  }

  describe(token: Described, now: Instant): Promise<void> {
    return this.#db.transaction().execute((tx) => describe(tx, token, now));
  }

  described(): Promise<readonly DescribedRecord[]> {
    return described(this.#db);
  }

  due(now: Instant, limit: number): Promise<readonly Job[]> {
    return jobs.due(this.#db, now, limit);
  }

  nextWakeAt(): Promise<Instant | null> {
    return jobs.nextWakeAt(this.#db);
  }

  wake(which: WakeWhich, now: Instant): Promise<void> {
    return jobs.wake(this.#db, which, now);
  }

  free(which: ServiceKey | { readonly token: string }, now: Instant): Promise<void> {
    return jobs.free(this.#db, which, now);
  }

  claim(job: Job, holder: string, now: Instant, ttlMs: number): Promise<Lease | null> {
    return jobs.claim(this.#db, job, holder, now, ttlMs);
  }

  extend(lease: Lease, now: Instant, ttlMs: number): Promise<boolean> {
    return jobs.extend(this.#db, lease, now, ttlMs);
  }

  release(lease: Lease, agenda: Agenda, now: Instant): Promise<boolean> {
    return jobs.release(this.#db, lease, agenda, now);
  }

  freeLeases(): Promise<void> {
    return jobs.freeLeases(this.#db);
  }

  tokens(): Promise<readonly TokenRecord[]> {
    return records.tokens(this.#db);
  }

  token(key: string): Promise<TokenRecord | undefined> {
    return records.token(this.#db, key);
  }

  targets(token: string): Promise<readonly TargetRecord[]> {
    return records.targets(this.#db, token);
  }

  allTargets(): Promise<readonly TargetRecord[]> {
    return records.targets(this.#db);
  }

  async ownersOf(fingerprint: Fingerprint): Promise<readonly string[]> {
    const rows = await this.#db.selectFrom("issues").select("token").where("fingerprint", "=", fingerprint).execute();
    return rows.map((row) => row.token);
  }

  holdersOf(fingerprint: Fingerprint): Promise<readonly TargetRecord[]> {
    return records.holders(this.#db, fingerprint);
  }

  known(token: string): Promise<ReadonlyMap<Fingerprint, { readonly issue: Issue; readonly fate: IssueFate }>> {
    return records.known(this.#db, token);
  }

  async unseal(token: string, fingerprint: Fingerprint): Promise<SecretText | undefined> {
    const sealed = await records.sealed(this.#db, token, fingerprint);
    return sealed === null ? undefined : this.#sealer.open(sealed);
  }

  async changeToken(lease: Lease, now: Instant, change: TokenChange): Promise<boolean> {
    const seal = await sealOf(this.#sealer, change);
    return this.#db.transaction().execute((tx) => applyTokenChange(tx, lease, now, change, seal));
  }

  changeTarget(lease: Lease, now: Instant, change: TargetChange): Promise<boolean> {
    return this.#db.transaction().execute((tx) => applyTargetChange(tx, lease, now, change));
  }

  ask(token: string, now: Instant, change: Pick<TokenChange, "wish" | "pause" | "events">): Promise<boolean> {
    return this.#db.transaction().execute(async (tx) => {
      const known = await records.setAsked(tx, token, change);
      if (!known) return false;
      await history.append(tx, change.events ?? []);
      await jobs.wake(tx, { token }, now);
      if (change.pause !== undefined) await jobs.wake(tx, { targetsOf: token }, now);
      return true;
    });
  }

  rule(token: string, now: Instant, ruling: Ruling): Promise<boolean> {
    return this.#db.transaction().execute((tx) => applyRuling(tx, token, now, ruling));
  }

  dropExpired(now: Instant): Promise<void> {
    return dropExpired(this.#db, now);
  }

  allowAdoption(token: string, target: string, now: Instant, events: readonly DomainEvent[]): Promise<boolean> {
    return this.#db.transaction().execute(async (tx) => {
      const known = await records.grant(tx, token, target);
      if (!known) return false;
      await history.append(tx, events);
      await jobs.wake(tx, { targetsOf: token }, now);
      return known;
    });
  }

  async stray(token: string, issue: Issue, text: SecretText, now: Instant): Promise<void> {
    const sealed = await this.#sealer.seal(text);
    await this.#db
      .insertInto("strays")
      .values({ token, issue_json: JSON.stringify(issue), sealed, at: now })
      .execute();
  }

  settle(token: string, fingerprint: Fingerprint, now: Instant): Promise<boolean> {
    return records.settle(this.#db, token, fingerprint, now);
  }

  breaker(service: ServiceKey): Promise<Breaker> {
    return breakers.read(this.#db, service);
  }

  changeBreaker<T>(
    service: ServiceKey,
    change: (breaker: Breaker) => { readonly breaker: Breaker; readonly answer: T },
  ): Promise<T> {
    return breakers.change(this.#db, service, change);
  }

  incidents(subject?: Subject): Promise<readonly Incident[]> {
    return incidents.open(this.#db, subject);
  }

  tell(subject: Subject, changes: IncidentChanges, events: readonly DomainEvent[]): Promise<void> {
    return this.#db.transaction().execute(async (tx) => {
      await incidents.apply(tx, changes);
      if (subject.token !== "") await history.append(tx, events);
    });
  }

  tellings(): Promise<readonly Telling[]> {
    return channels.tellings(this.#db);
  }

  channels(): Promise<ReadonlyMap<string, ChannelRecord>> {
    return channels.channels(this.#db);
  }

  noteChannel(channel: string, change: ChannelChange): Promise<void> {
    return this.#db.transaction().execute((tx) => channels.note(tx, channel, change));
  }

  forgetChannel(channel: string): Promise<void> {
    return this.#db.transaction().execute((tx) => channels.forget(tx, channel));
  }

  history(token: string, limit: number): Promise<readonly HistoryEntry[]> {
    return history.read(this.#db, token, limit);
  }

  async fact(name: string): Promise<number | undefined> {
    const row = await this.#db.selectFrom("facts").select("value").where("name", "=", name).executeTakeFirst();
    return row?.value;
  }

  async setFact(name: string, value: number): Promise<void> {
    await this.#db
      .insertInto("facts")
      .values({ name, value })
      .onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
      .execute();
  }

  /** A row as large as a sealed token is written and taken back in one transaction, synced to the disk; it is never there to be seen. */
  async preflight(): Promise<void> {
    const token = `preflight ${this.#random.hex(8)}`;
    try {
      await this.#db.transaction().execute(async (tx) => {
        const row = { token, issue_json: "{}", sealed: "x".repeat(ROW_BYTES), at: 0 };
        await tx.insertInto("strays").values(row).execute();
        await tx.deleteFrom("strays").where("token", "=", token).execute();
      });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : "";
      throw new RenewdError("state_unwritable", `the state cannot take a row: ${why}`, { cause });
    }
  }

  async close(): Promise<void> {
    await this.#db.destroy();
  }
}
