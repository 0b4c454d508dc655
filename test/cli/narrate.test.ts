import { describe, expect, it } from "vitest";
import { painter } from "../../src/cli/format.ts";
import { namesOf } from "../../src/cli/names.ts";
import { narrate } from "../../src/cli/narrate.ts";
import { subjectOf, wordsOf } from "../../src/core/event-words.ts";
import { type DomainEvent, EVENT_LEVELS, type EventMap, type EventType } from "../../src/core/events.ts";
import { formatInstant } from "../../src/core/duration.ts";
import { NOW, settings } from "./support.ts";

const token = { token: "airflow" } as const;
const target = { ...token, target: "file" } as const;
const issue = { fingerprint: "1111222233334444", expAt: NOW + 120_000 } as const;
const failed = { code: "issuer_timeout", message: "no answer after 10 s" } as const;
const failedChannel = { code: "channel_refused", message: "HTTP 400" } as const;
const service = { service: "issuer", key: "flowauth" } as const;
const incident = {
  ...target,
  reason: "drift",
  severity: "warning",
  message: "Somebody else wrote it.",
  action: "Find them.",
  next: "It tries again.",
  dangerAt: null,
  expAt: null,
  openedAt: NOW,
  tellAgainAt: NOW + 900_000,
  toldTimes: 1,
} as const;

const FIELDS: { readonly [T in EventType]: EventMap[T] } = {
  "daemon:started": { version: "1.2.3", tokens: 1 },
  "daemon:stopping": { reason: "SIGTERM" },
  "daemon:stopped": { handedBack: 0 },
  "settings:loaded": { file: "renewd.yaml", tokens: 2, changed: 1 },
  "settings:refused": { file: "renewd.yaml", problems: ["line 3: unknown key"] },
  "sweep:failed": { code: "state_unwritable", message: "disk full" },
  "clock:skewed": { message: "The clock leapt by 1 h." },
  "clock:agrees": {},
  "renewal:started": { ...token, renewal: "r1", cause: "due", reason: "due since noon" },
  "renewal:window-overridden": { ...token, reason: "no window opens in time" },
  "renewal:preflight-failed": { ...token, failures: ["file: read-only"] },
  "renewal:asked": { ...token, renewal: "r1", kind: "renew", lifetimeMs: 120_000 },
  "renewal:minted": { ...token, ...issue, renewal: "r1" },
  "renewal:in-doubt": { ...token, ...failed, renewal: "r1" },
  "renewal:nothing-made": { ...token, renewal: "r1" },
  "renewal:accepted": { ...token, ...issue, renewal: "r1", warnings: ["lifetime_capped"] },
  "renewal:adopted": { ...token, ...issue, from: "issuer" },
  "renewal:quarantined": { ...token, ...issue, code: "token_rejected", message: "wrong key", check: "signature" },
  "renewal:outlived": { ...token, ...issue },
  "renewal:rolled-back": { ...token, ...issue, withdrawn: "5555666677778888" },
  "renewal:overruled": { ...token, ...issue, check: "scopes" },
  "renewal:discarded": { ...token, fingerprint: null },
  "renewal:failed": { ...token, ...failed, nextTryAt: NOW + 30_000 },
  "renewal:settled": { ...token, ...issue, result: "delivered" },
  "issue:foreign": { ...token, fingerprint: issue.fingerprint, message: "wrong subject" },
  "issue:superseded": { ...token, fingerprint: issue.fingerprint },
  "issue:set-aside": { ...token, fingerprint: issue.fingerprint },
  "token:retired": { ...token, fingerprint: issue.fingerprint },
  "token:not-retired": { ...token, ...failed, nextTryAt: NOW + 30_000 },
  "token:handed-out": { ...token, fingerprint: issue.fingerprint },
  "lease:lost": { resource: "airflow/file" },
  "target:delivered": { ...target, ...issue },
  "target:proved": { ...target, ...issue },
  "target:adopted": { ...target, ...issue },
  "target:drifted": { ...target, fingerprint: null },
  "target:failed": { ...target, code: "store_denied", message: "no write permission", nextTryAt: NOW + 30_000 },
  "target:reloaded": { ...target, fingerprint: issue.fingerprint },
  "target:adopt-allowed": target,
  "service:failing": { ...service, ...failed, failures: 5, probeAt: NOW },
  "service:recovered": service,
  "service:called": { ...service, call: "renew", status: "200" },
  "channel:told": { channel: "pager", firing: 2, resolved: 1 },
  "channel:failed": { channel: "pager", ...failedChannel, failures: 3, nextTryAt: NOW + 30_000 },
  "channel:recovered": { channel: "pager" },
  "api-token:refused": { apiToken: "ops", code: "secret_unreadable", message: "too short" },
  "person:asked": { ...token, what: "renew" },
  "incident:opened": { incident },
  "incident:repeated": { incident },
  "incident:resolved": { incident },
};

const events = (Object.keys(FIELDS) as EventType[]).map((type) => ({ type, at: NOW, ...FIELDS[type] }) as DomainEvent);
const eventOf = (type: EventType): DomainEvent => ({ type, at: NOW, ...FIELDS[type] }) as DomainEvent;
const told = (type: EventType): string | undefined => narrate(eventOf(type), namesOf(settings), painter(false));

describe("every event", () => {
  it.each(events)("$type has words of its own and leaves nothing unsaid", (event) => {
    const words = wordsOf(event, formatInstant);
    expect(words.length).toBeGreaterThan(5);
    expect(words).not.toMatch(/undefined|null|NaN|\[object|[{}]/);
  });

  it.each([
    ["renewal:failed", "airflow"],
    ["target:failed", "airflow/file"],
    ["incident:opened", "airflow/file"],
    ["service:failing", "issuer flowauth"],
    ["channel:failed", "alert channel pager"],
    ["daemon:started", ""],
  ] as const)("%s is about %j", (type, subject) => expect(subjectOf(eventOf(type))).toBe(subject));

  it("of an alert channel says what it took, or why it did not", () => {
    expect(wordsOf(eventOf("channel:told"), formatInstant)).toBe("took 2 alerts and the end of 1 alert");
    expect(wordsOf(eventOf("channel:failed"), formatInstant)).toMatch(
      /^failed 3 times in a row: HTTP 400 \(channel_refused\); next try 2026-07-01T12:00:30Z\. \w/,
    );
  });

  it("of an incident says why, what comes next and what to do", () => {
    expect(wordsOf(eventOf("incident:opened"), formatInstant)).toBe(
      "needs attention (drift): Somebody else wrote it. It tries again. Find them.",
    );
  });

  it("that failed says why, when it goes on and what to do", () => {
    expect(wordsOf(eventOf("target:failed"), formatInstant)).toBe(
      "no write permission (store_denied); next try 2026-07-01T12:00:30Z. The store refused permission; grant or mend what the message names, then `renewd renew TOKEN`.",
    );
  });
});

describe("on a terminal", () => {
  it("an ordinary renewal reads as one story", () => {
    const steps = ["renewal:asked", "renewal:accepted", "target:delivered"] as const;
    const lines = steps.map((type) => told(type)?.replace(/\d\d:\d\d:\d\d/g, "TIME"));
    expect(lines).toEqual([
      "TIME  airflow: asked flowauth for a fresh token that lives 2 min",
      "TIME  airflow: verified: lives until TIME (2 min); it lives shorter than was asked for",
      expect.stringMatching(/^TIME {2}airflow: written to .*etc\/secrets\/FLOWAPI_TOKEN$/) as string,
    ]);
  });

  it("what the log says louder is not said twice, and what is for debugging not at all", () => {
    const loud = events.filter(({ type }) => EVENT_LEVELS[type] !== "info").map(({ type }) => told(type));
    expect(new Set(loud)).toEqual(new Set([undefined]));
  });

  it("a target in a service is named by its store and key", () => {
    expect(namesOf(settings).placeOf("airflow", "secret")).toBe("aws airflow/variables/FLOWAPI_TOKEN (token)");
  });
});
