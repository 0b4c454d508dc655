/** The contract of renewd's own state. `test/contracts/state.ts` has a test for each sentence. */
import type { Breaker } from "./breaker.ts";
import type { Instant } from "./duration.ts";
import type { DomainEvent } from "./events.ts";
import type { Incident, IncidentChanges, Subject } from "./incidents.ts";
import type { AcceptedIssue, Mint, Pause, QuarantinedIssue, TargetRecord, TokenRecord, Trouble } from "./records.ts";
import type { Issue } from "./issue.ts";
import type { Fingerprint, SecretText } from "./secret-text.ts";
import type { ChannelRecord, Telling } from "./telling.ts";

/** A token (`target` null) or one of its targets: what one worker acts on at a time. */
export interface Job {
  readonly token: string;
  readonly target: string | null;
}

/** The right of one worker to act on one job until an instant. A later claim of the same job carries a higher fence. */
export interface Lease {
  readonly job: Job;
  readonly holder: string;
  readonly fence: number;
  /** How often the job had been woken when it was claimed. */
  readonly wakes: number;
}

/** Why an issue is known although it is not in use. */
export type IssueFate =
  "minted" | "accepted" | "quarantined" | "superseded" | "outlived" | "foreign" | "withdrawn" | "retiring" | "retired";

/** One step of a token, recorded in one transaction. Parts that are absent stay as they are. */
export interface TokenChange {
  /** Opens the mint (there is none), replaces it, or closes it (null). */
  readonly mint?: Mint | null;
  /** The secret that the open mint brings, sealed with it. */
  readonly chosen?: SecretText;
  /**
   * Is to be ended at the issuer: it gets the fate `retiring`, keeps its sealed text and is previous no more. Only while it is
   * previous, or retiring already, and not desired: else nothing is changed, as if the lease were lost.
   */
  readonly retiring?: { readonly fingerprint: Fingerprint; readonly trouble: Trouble | null };
  /** A retiring issue was ended, or expired: it loses its sealed text. */
  readonly retired?: Fingerprint;
  /** Targets that are to look anew at what they hold, at once. */
  readonly lookAgain?: readonly string[];
  /** The fresh token of the open mint, sealed with it. */
  readonly sealed?: { readonly fingerprint: Fingerprint; readonly token: SecretText };
  /**
   * Becomes desired; the desired one becomes previous; the one before that loses its sealed text, or with `retires` and if
   * renewd minted it, gets the fate `retiring` and keeps it. With `over`, only while that is still the desired one: else
   * nothing is changed, as if the lease were lost.
   */
  readonly accept?: {
    readonly issue: AcceptedIssue;
    readonly token: SecretText;
    readonly over?: Fingerprint | null;
    readonly retires?: boolean;
  };
  /** Gets the fate `quarantined` and keeps the sealed text that it has; one that was quarantined before loses its own. */
  readonly quarantine?: QuarantinedIssue | null;
  /** Issues that are known from now on and never adopted. */
  readonly fates?: readonly { readonly issue: Issue; readonly fate: IssueFate }[];
  readonly pause?: TokenRecord["pause"];
  readonly wish?: TokenRecord["wish"];
  readonly trouble?: TokenRecord["trouble"];
  readonly calls?: TokenRecord["calls"];
  readonly events?: readonly DomainEvent[];
}

/** What a person decides of a token's issues. Each is done only while the token is as it was seen. */
export type Ruling = { readonly events: readonly DomainEvent[] } &
  /** `from` is withdrawn and loses its sealed text, `to` is desired again, nothing is previous, no wish is open. */
  (
    | { readonly rule: "rollback"; readonly from: Fingerprint; readonly to: Fingerprint; readonly pause: Pause }
    /** What is quarantined becomes desired over `over`; with `grants` it is what a wish asked for. */
    | {
        readonly rule: "accept";
        readonly issue: AcceptedIssue;
        readonly over: Fingerprint | null;
        readonly grants: boolean;
        /** As with a token's own acceptance. */
        readonly retires?: boolean;
      }
    /** What is quarantined is dropped for good. */
    | { readonly rule: "discard"; readonly quarantined: Fingerprint }
    /** The open mint, whose outcome is not known, is closed: it made nothing of use. A chosen secret goes to the strays. */
    | { readonly rule: "give_up"; readonly mint: string }
  );

/** One step of a target, recorded in one transaction. */
export interface TargetChange extends Partial<Omit<TargetRecord, "token" | "label" | "firstSeenAt">> {
  readonly events?: readonly DomainEvent[];
}

/** What the sweep's index says of a job. */
export interface Agenda {
  readonly wakeAt: Instant;
  /** Work is done earliest deadline first; null comes last. */
  readonly deadlineAt: Instant | null;
}

export interface HistoryEntry {
  readonly at: Instant;
  readonly type: string;
  readonly target: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A declared token as the state needs to know it. Under one key or label another identity is another token or place. */
export interface Enrolment {
  readonly key: string;
  readonly issuer: string;
  readonly identity?: string;
  readonly targets: readonly { readonly label: string; readonly store: string; readonly identity?: string }[];
}

/** What a token is, that `create-token` made and no setting declares. */
export interface Described {
  /** Of its own kind: no declared token can have it. */
  readonly key: string;
  readonly issuer: string;
  readonly name: string;
  readonly comment: string | null;
  /** Whose it is, where the issuer has others' tokens too. */
  readonly subject: string | null;
  readonly roles: readonly string[];
}

export interface DescribedRecord {
  readonly about: Described;
  readonly record: TokenRecord;
  readonly others: readonly Issue[];
}

/**
 * Every write is durable (synced) when its promise resolves. Writes that take a lease change nothing and answer false
 * when the lease was lost meanwhile: another holder, a higher fence, or `now` past its end.
 */
export interface StateStore {
  /**
   * Makes rows for what is declared and new, due at once; what is no longer declared is no longer due. What is declared with
   * another identity than before begins anew: nothing is believed of it that was learnt of the other, and an open request of
   * it is set aside: what is sealed of it goes to the strays. Deletes nothing. Answers what there is to tell.
   */
  enrol(tokens: readonly Enrolment[], now: Instant): Promise<readonly DomainEvent[]>;
  /** Makes the rows of a token that no setting declares: never due by itself, worked on when a person asks. */
  describe(token: Described, now: Instant): Promise<void>;
  /** Every token that was described, with its record, and what was made of it before: others that nobody ended. */
  described(): Promise<readonly DescribedRecord[]>;
  /** Enrolled jobs whose `wakeAt` has come, earliest deadline first, then in order of their keys. */
  due(now: Instant, limit: number): Promise<readonly Job[]>;
  /** The earliest `wakeAt` of all enrolled jobs. */
  nextWakeAt(): Promise<Instant | null>;
  /** Makes jobs due now: all, a token, its targets, or those of the tokens that use a service. */
  wake(which: WakeWhich, now: Instant): Promise<void>;
  /**
   * Ends backoffs and makes those jobs due: of a service that is well again, the jobs whose last failure was the service's; of a
   * token that a person asks for, or whose settings changed, its own and its targets', with room for one try in their hour.
   */
  free(which: ServiceKey | { readonly token: string }, now: Instant): Promise<void>;

  /** Null while somebody holds it. A lease that ends later than any can rightly do (30 min) was written by a clock that leapt, and is void. */
  claim(job: Job, holder: string, now: Instant, ttlMs: number): Promise<Lease | null>;
  /** Moves its end; false when it was lost. */
  extend(lease: Lease, now: Instant, ttlMs: number): Promise<boolean>;
  /** Ends it and notes when to look again. When it was woken meanwhile it is due now. */
  release(lease: Lease, agenda: Agenda, now: Instant): Promise<boolean>;
  /** Ends every lease; for a store that only one daemon can open. */
  freeLeases(): Promise<void>;

  tokens(): Promise<readonly TokenRecord[]>;
  token(key: string): Promise<TokenRecord | undefined>;
  targets(token: string): Promise<readonly TargetRecord[]>;
  allTargets(): Promise<readonly TargetRecord[]>;
  /** The keys of the tokens that this issue is known of. */
  ownersOf(fingerprint: Fingerprint): Promise<readonly string[]>;
  /** The targets, declared or not any more, in which this text was last seen. */
  holdersOf(fingerprint: Fingerprint): Promise<readonly TargetRecord[]>;
  /** All issues known of a token; those that are neither in use nor retiring are forgotten two days after their expiry. */
  known(token: string): Promise<ReadonlyMap<Fingerprint, { readonly issue: Issue; readonly fate: IssueFate }>>;
  /** The sealed text of the fresh, desired, previous, a retiring or the quarantined issue, or of the open mint's chosen secret; undefined for any other. Throws `state_key` when no key opens it. */
  unseal(token: string, fingerprint: Fingerprint): Promise<SecretText | undefined>;

  changeToken(lease: Lease, now: Instant, change: TokenChange): Promise<boolean>;
  changeTarget(lease: Lease, now: Instant, change: TargetChange): Promise<boolean>;
  /** What a person asks for needs no lease: a wish, a pause, leave to adopt. Wakes the token. False when there is no such token. */
  ask(token: string, now: Instant, change: Pick<TokenChange, "wish" | "pause" | "events">): Promise<boolean>;
  /**
   * Records in one transaction what a person decided, without a lease; the token's failures are over, except with a rollback.
   * Wakes the token and its targets, which look anew at what they hold. False, and nothing changed, when the token is not
   * as it was seen or the sealed text that is to be used is gone.
   */
  rule(token: string, now: Instant, ruling: Ruling): Promise<boolean>;
  /** Takes the sealed text from what is quarantined and expired. */
  dropExpired(now: Instant): Promise<void>;
  allowAdoption(token: string, target: string, now: Instant, events: readonly DomainEvent[]): Promise<boolean>;
  /** Keeps, sealed, what was minted under a lease that was lost: appended, never read by the loop. */
  stray(token: string, issue: Issue, text: SecretText, now: Instant): Promise<void>;

  /** Notes that this issue was proved to be in all targets; true unless it was the last one of which that was said. */
  settle(token: string, fingerprint: Fingerprint, now: Instant): Promise<boolean>;

  breaker(service: ServiceKey): Promise<Breaker>;
  /** Reads and replaces in one transaction. */
  changeBreaker<T>(
    service: ServiceKey,
    change: (breaker: Breaker) => { readonly breaker: Breaker; readonly answer: T },
  ): Promise<T>;

  incidents(subject?: Subject): Promise<readonly Incident[]>;
  /** Needs no lease: the changes of one subject are idempotent. */
  tell(subject: Subject, changes: IncidentChanges, events: readonly DomainEvent[]): Promise<void>;

  /** What every alert channel was last told of what it was not told to be over. */
  tellings(): Promise<readonly Telling[]>;
  /** How each channel fares of which anything is known. */
  channels(): Promise<ReadonlyMap<string, ChannelRecord>>;
  /** Records in one transaction how a call to a channel went. */
  noteChannel(channel: string, change: ChannelChange): Promise<void>;
  /** Nothing is known of it any more, nor of what it was told. */
  forgetChannel(channel: string): Promise<void>;

  history(token: string, limit: number): Promise<readonly HistoryEntry[]>;
  /** Small facts of the daemon: the last sweep, the clock last seen. */
  fact(name: string): Promise<number | undefined>;
  setFact(name: string, value: number): Promise<void>;
  /** Could a token-sized row be stored now, synced? Throws `state_unwritable`. */
  preflight(): Promise<void>;
  close(): Promise<void>;
}

export interface ChannelChange {
  readonly record: ChannelRecord;
  /** Told now; takes the place of what was told of the same incident before. */
  readonly told?: readonly Telling[];
  /** Told to be over. */
  readonly over?: readonly Incident[];
}

export interface ServiceKey {
  readonly kind: "issuer" | "store";
  readonly key: string;
}

export type WakeWhich =
  | { readonly all: true }
  | { readonly token: string }
  | { readonly targetsOf: string }
  /** Of the tokens that use it, and of all their targets, those that would look within the hour: nobody is held back longer. */
  | { readonly service: ServiceKey };
