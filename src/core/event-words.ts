import { DAY_MS, formatDuration, type Instant, NEVER_AT } from "./duration.ts";
import type { DomainEvent, EventType, RenewalResult } from "./events.ts";
import { ERRORS } from "./errors.ts";
import type { Incident } from "./incidents.ts";

/** Whatever asks for more asks for no end. */
const LONGEST_MS: number = 36_530 * DAY_MS;

/** How the words show an instant: as local time to somebody who watches, as RFC 3339 in a history. */
export type ShowInstant = (at: Instant) => string;

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? "" : "s"}`;
}

/** What is noticed of a token that passes all the same, as `Warning` names it. */
const WARNINGS: Readonly<Record<string, string>> = {
  lifetime_capped: "it lives shorter than was asked for",
  scopes_gained: "it may do more than the one before",
};

const RESULTS: Readonly<Record<RenewalResult, string>> = {
  delivered: "is in all targets",
  adopted: "is in all targets; it was found, not asked for",
  capped: "is in all targets; it lives shorter than was asked for",
  quarantined: "failed verification",
  no_progress: "gained nothing",
  failed: "failed",
};

const ASKED: Readonly<Record<string, string>> = {
  renew: "for a renewal",
  pause: "to pause it",
  resume: "to resume it",
  "create-token": "for a token by create-token",
};

type Say<T extends EventType> = (event: Extract<DomainEvent, { type: T }>, at: ShowInstant) => string;

const WORDS: { readonly [T in EventType]: Say<T> } = {
  "daemon:started": ({ version, tokens }) => `renewd ${version} started with ${count(tokens, "token")}`,
  "daemon:stopping": ({ reason }) => `stopping: ${reason}; finishing or handing back what is under way`,
  "daemon:stopped": ({ handedBack }) =>
    `stopped${handedBack === 0 ? "" : `; ${handedBack} unfinished, taken up at the next start`}`,
  "settings:loaded": ({ file, tokens, changed }) =>
    `settings loaded from ${file}: ${count(tokens, "token")}, ${changed} changed`,
  "settings:refused": ({ file, problems }) =>
    `${file} is refused, the old settings stay in force: ${problems.join("; ")}`,
  "sweep:failed": ({ code, message }) => `a look at what is due failed: ${message} (${code})`,
  "clock:skewed": ({ message }) => message,
  "clock:agrees": () => "the clocks agree again",

  "renewal:started": ({ reason }) => `renewal started: ${reason}`,
  "renewal:window-overridden": ({ reason }) => `its window is overridden: ${reason}`,
  "renewal:preflight-failed": ({ failures }) => `a target could not take a token now: ${failures.join("; ")}`,
  "renewal:asked": ({ kind, lifetimeMs }) =>
    `asked for a ${kind === "renew" ? "fresh" : "new"} token ${lifeWords(lifetimeMs)}`,
  "renewal:minted": ({ fingerprint }) => `got token ${fingerprint}`,
  "renewal:in-doubt": ({ message, code }) =>
    `the answer was lost, so it is not known whether a token was made: ${message} (${code})`,
  "renewal:nothing-made": () => "the lost request had made nothing",
  "renewal:accepted": ({ at: now, expAt, warnings }, at) =>
    `verified: ${expAt === NEVER_AT ? "has no end" : `lives until ${at(expAt)} (${formatDuration(expAt - now)})`}${warnings.map((kind) => `; ${WARNINGS[kind] ?? kind}`).join("")}`,
  "renewal:adopted": ({ fingerprint, from, expAt }, at) =>
    `took up token ${fingerprint} found at the ${from}: ${expAt === NEVER_AT ? "has no end" : `lives until ${at(expAt)}`}`,
  "renewal:quarantined": ({ fingerprint, check, message }) =>
    `token ${fingerprint} failed verification (${check}: ${message}); it is quarantined, the old one stays`,
  "renewal:outlived": ({ fingerprint }) => `token ${fingerprint} can no longer serve; asking for another`,
  "renewal:rolled-back": ({ fingerprint, withdrawn, expAt }, at) =>
    `a person rolled back: token ${withdrawn} is withdrawn, ${fingerprint} is used again, which lives until ${at(expAt)}`,
  "renewal:overruled": ({ fingerprint, check, expAt }, at) =>
    `a person accepted token ${fingerprint} in spite of its ${check}: lives until ${at(expAt)}`,
  "renewal:discarded": ({ fingerprint }) =>
    fingerprint === null
      ? "a person said that the lost request made nothing of use"
      : `a person discarded the quarantined token ${fingerprint}`,
  "renewal:failed": ({ message, code, nextTryAt }, at) =>
    `${message} (${code}); next try ${at(nextTryAt)}. ${ERRORS[code].hint}`,
  "renewal:settled": ({ fingerprint, result }) => `token ${fingerprint} ${RESULTS[result] ?? result}`,
  "issue:foreign": ({ fingerprint, message }) => `the issuer lists token ${fingerprint}, which is ignored: ${message}`,
  "issue:superseded": ({ fingerprint }) => `token ${fingerprint} is superseded`,
  "issue:set-aside": ({ fingerprint }) =>
    `an open request was given up, and what it may have made is not used${fingerprint === null ? "" : `; ${fingerprint}, its token or the secret chosen for it, stays sealed in the state`}`,
  "token:retired": ({ fingerprint }) => `the old token ${fingerprint} was ended at the issuer`,
  "token:not-retired": ({ message, code, nextTryAt }, at) =>
    `the old token could not be ended: ${message} (${code}); ${nextTryAt === null ? "it is left to expire" : `next try ${at(nextTryAt)}`}`,
  "token:handed-out": ({ fingerprint }) => `token ${fingerprint} was handed out to a person`,
  "lease:lost": ({ resource }) => `the right to work on ${resource} was lost`,

  "target:delivered": ({ fingerprint }) => `token ${fingerprint} written and read back`,
  "target:proved": ({ fingerprint }) => `seen to hold token ${fingerprint}`,
  "target:adopted": ({ fingerprint }) => `holds token ${fingerprint}, which was taken up`,
  "target:drifted": ({ fingerprint }) => `holds another value${fingerprint === null ? "" : ` (${fingerprint})`}`,
  "target:failed": ({ message, code, nextTryAt }, at) =>
    `${message} (${code}); next try ${at(nextTryAt)}. ${ERRORS[code].hint}`,
  "target:reloaded": ({ fingerprint }) => `its consumer was told of token ${fingerprint}`,
  "target:adopt-allowed": () => "a person allowed renewd to write it",

  "service:failing": ({ message, code, failures }) =>
    `failed ${count(failures, "time")} in a row: ${message} (${code})`,
  "service:recovered": () => "answers again",
  "service:called": ({ call, status }) => `${call}: ${status}`,

  "channel:told": ({ firing, resolved }) =>
    `took ${[firing > 0 ? count(firing, "alert") : "", resolved > 0 ? `the end of ${count(resolved, "alert")}` : ""].filter(Boolean).join(" and ") || "what it was told"}`,
  "channel:failed": ({ message, code, failures, nextTryAt }, at) =>
    `failed ${count(failures, "time")} in a row: ${message} (${code})${nextTryAt === null ? "" : `; next try ${at(nextTryAt)}`}. ${ERRORS[code].hint}`,
  "channel:recovered": () => "takes alerts again",

  "api-token:refused": ({ apiToken, message, code }) =>
    `the API token ${apiToken} lets nobody in: ${message} (${code}). ${ERRORS[code].hint}`,
  "person:asked": ({ what }) => `a person asked ${ASKED[what] ?? `for this: ${what}`}`,

  "incident:opened": ({ incident }) => incidentWords("needs attention", incident),
  "incident:repeated": ({ incident }) => incidentWords("still needs attention", incident),
  "incident:resolved": ({ incident }) => `is well again (${incident.reason})`,
};

export function lifeWords(lifetimeMs: number): string {
  return lifetimeMs > LONGEST_MS ? "without an end" : `that lives ${formatDuration(lifetimeMs)}`;
}

/** What happened, in plain words and without what it happened to. */
export function wordsOf(event: DomainEvent, at: ShowInstant): string {
  // The table has one entry per type, each for the fields of that type; only the compiler cannot pair the two.
  const say = WORDS[event.type] as (event: DomainEvent, at: ShowInstant) => string;
  return say(event, at);
}

/** What it happened to: `token`, `token/target`, `issuer x`, `alert channel x`, or "" for the daemon itself. */
export function subjectOf(event: DomainEvent): string {
  if ("incident" in event) return joined(event.incident.token, event.incident.target);
  if ("channel" in event) return `alert channel ${event.channel}`;
  if ("service" in event) return `${event.service} ${event.key}`;
  if ("target" in event) return joined(event.token, event.target);
  return "token" in event ? event.token : "";
}

function joined(token: string, target: string): string {
  return target === "" || token === "" ? token : `${token}/${target}`;
}

/** An entry of the history that an earlier version wrote does not say what comes next. */
function incidentWords(what: string, { reason, message, next, action }: Incident): string {
  return `${what} (${reason}): ${[message, next, action].filter((text: string | undefined) => text).join(" ")}`;
}
