import type { Generated } from "kysely";

/** The tables as kysely sees them. Instants are epoch ms; columns that end in `_json` hold one value of core/records as JSON. */
export interface Tables {
  /** A token (`target` is "") or one of its targets: when to look, who works on it, how it fares. */
  jobs: {
    token: string;
    target: string;
    service_kind: string;
    service_key: string;
    /** Which token at which issuer, or which secret in which store. */
    identity: Generated<string>;
    enrolled: number;
    first_seen_at: number;
    wake_at: number;
    deadline_at: number | null;
    wakes: Generated<number>;
    lease_holder: string | null;
    lease_until: number | null;
    fence: Generated<number>;
    trouble_json: string | null;
    calls_json: Generated<string>;
  };
  tokens: {
    key: string;
    desired: string | null;
    previous: string | null;
    quarantined_json: string | null;
    pause_json: string | null;
    wish_json: string | null;
    settled: string | null;
    last_success_at: number | null;
    /** What it is, where no setting declares it. */
    about_json: string | null;
  };
  targets: {
    token: string;
    label: string;
    held_json: string | null;
    ownership: Generated<string>;
    delivery_json: string | null;
    drift_json: string | null;
    last_drift_json: string | null;
    observed_at: number | null;
  };
  /** At most one open mint per token: a unique index over the rows that are not closed. */
  mints: {
    id: string;
    token: string;
    data_json: string;
    /** JWE of the chosen secret, while the mint is open. */
    sealed: string | null;
    opened_at: number;
    closed_at: number | null;
  };
  issues: {
    token: string;
    fingerprint: string;
    issuer_id: string | null;
    start_at: number;
    exp_at: number;
    u: number;
    fate: string;
    /** What acceptance found: scopes, warnings, origin, instant. */
    accepted_json: string | null;
    /** JWE; only while the issue is fresh, desired, previous, retiring or quarantined. */
    sealed: string | null;
    /** The failures in a row to end it. */
    retirement_json: string | null;
    recorded_at: number;
  };
  incidents: { token: string; target: string; reason: string; data_json: string };
  /** The last that an alert channel was told of an incident; until it was told that it is over. */
  tellings: { channel: string; token: string; target: string; reason: string; data_json: string };
  channels: { key: string; data_json: string };
  history: { id: Generated<number>; token: string; target: string | null; at: number; type: string; data_json: string };
  strays: { id: Generated<number>; token: string; issue_json: string; sealed: string; at: number };
  breakers: { kind: string; key: string; data_json: string };
  facts: { name: string; value: number };
  /** Proves that a key is one of those that seal this state. */
  key_checks: { kid: string; sealed: string };
}
