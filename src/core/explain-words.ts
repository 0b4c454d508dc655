/** What incidents, states and checks mean, for people. The compiler keeps each list whole. */
import type { IncidentReason } from "./incidents.ts";
import type { Check } from "./records.ts";
import type { TargetState, TokenState } from "./status.ts";

export interface Told {
  readonly meaning: string;
  /** What renewd does by itself. */
  readonly renewd: string;
  /** What a person does. */
  readonly you: string;
}

const GOES_ON = "Goes on by itself.";
const NOTHING = "Nothing.";
const BY_CODE = "What the error code in its message says: `renewd explain CODE`.";

const told = (meaning: string, renewd: string = GOES_ON, you: string = NOTHING): Told => ({ meaning, renewd, you });

export const TOLD_INCIDENTS: Readonly<Record<IncidentReason, Told>> = {
  late: told(
    "The token was not renewed by `latest`, the last instant that leaves `repair` before the deadline. Readers are still safe.",
    "Goes on trying, whatever its windows say. The incident turns critical in the second half of the time that was left.",
    "See the other incidents, and `renewd plan` for what holds it up.",
  ),
  deadline_missed: told(
    "Readers get a token that lives shorter than they need: the promise is broken for them.",
    "Goes on trying.",
    "Mend what the other incidents name; `renewd renew TOKEN` tries at once.",
  ),
  expired: told(
    "The newest token, or the one in a target, has expired: consumers are refused.",
    "Goes on trying, every 15 min as far as its 12 calls an hour allow.",
    "Mend what the other incidents name, now; `renewd renew TOKEN` tries at once.",
  ),
  issuer_failing: told(
    "The renewal fails at the issuer; the message has the error code.",
    "Keeps the old token in use and goes on trying.",
    BY_CODE,
  ),
  token_absent: told(
    "The issuer has no token of this name, and the settings do not let renewd make one.",
    "Looks again; a token that appears is taken up.",
    "Mint one by hand, or set `create: true`.",
  ),
  target_failing: told(
    "A target cannot be read or written; the message has the error code. Without a target: none of the token's could take a fresh one, so none is asked for yet.",
    "Serves the other targets and goes on trying this one; nothing needs to be minted for it.",
    BY_CODE,
  ),
  never_delivered: told(
    "A target has held no token of ours since it was declared, for longer than `repair`.",
    "Goes on trying.",
    "See its failures in `renewd status TOKEN`.",
  ),
  quarantined: told(
    "The fresh token failed a check and stays out of every target.",
    "Keeps the old token in use and asks for another slowly.",
    "If the change at the issuer is rightful, `renewd accept TOKEN`; else mend it there and `renewd discard TOKEN`.",
  ),
  roles_lost: told(
    "renewd's account no longer holds the roles of the token, so the issuer refuses to renew it.",
    "Keeps the old token in use and asks again slowly.",
    "Have them assigned again at the issuer, then `renewd renew TOKEN`.",
  ),
  outcome_unknown: told(
    "A request's answer was lost. As a warning: it cannot be seen yet what it made. Critical: the issuer has no list and revokes the old token when it makes one, so nobody but a person can tell.",
    "As a warning: goes on trying. Critical: asks for nothing more.",
    "Look at the issuer. A token that you find there and put into a target is taken up; `renewd discard TOKEN` gives the request up, so that renewd asks anew.",
  ),
  no_progress: told(
    "The issuer gives nothing that lives longer than the token in use.",
    "Keeps the old token and asks again slowly.",
    "Look for a latest expiry on its server or roles.",
  ),
  lifetime_capped: told(
    "The token lives shorter than its settings ask for.",
    "Renews in time for the shorter life.",
    "Lower `request.lifetime`, or have the limits of the server and roles raised.",
  ),
  scopes_gained: told(
    "The renewed token may do more than the one before; for information.",
    "Uses the token as it is.",
    "Check the roles at the issuer.",
  ),
  roles_differ: told(
    "The token has other roles than the settings name.",
    "Goes on renewing it with the roles that it has.",
    "Mint one with the right roles, set `create: true`, or mend `request.roles`.",
  ),
  not_retired: told(
    "An old token could not be ended at the issuer, as `retire: true` wants; for information. It works until it expires.",
    "Goes on trying; no renewal waits for that.",
    "See the cause named by its error code.",
  ),
  drift: told(
    "Somebody else wrote one of our targets. It stays told for two looks after it was put right.",
    "Puts the newest token back.",
    "Find the other writer.",
  ),
  not_owned: told(
    "A target holds a value that is not ours.",
    "Writes nothing there.",
    "Look at the value; if renewd may replace it, `renewd adopt TOKEN TARGET`.",
  ),
  paused_past_deadline: told(
    "A paused token is too old for its readers.",
    "Nothing while it is paused.",
    "`renewd resume TOKEN`.",
  ),
  settings_refused: told(
    "The settings file as it is now was refused.",
    "Keeps the old settings in force and reads the file again when it changes.",
    "`renewd check` shows the places; mend them.",
  ),
  clock_skewed: told(
    "The wall clock leapt against the time since the host's start.",
    "Overrides no window until the clocks agree again.",
    "Check the host's time service.",
  ),
  scheduler_stalled: told(
    "The daemon lives, and for three ticks, or a minute where these are shorter, it has not looked at its tokens, no look ended well, or work on some of them failed in a way that could not be recorded.",
    "Looks again at the next tick, if it can.",
    "Look at the host's load and at the log; restart renewd if it stays so.",
  ),
  daemon_absent: told(
    "Told at a start: no renewd ran for more than ten minutes (three ticks where these are longer), and tokens came due meanwhile.",
    "Renews them; then it is over.",
    "Find out why, and let a dead man's switch tell you of the next time.",
  ),
  channel_failing: told(
    "An alert channel could not be told, three times or for a cause that only a person can mend; the message has the error code.",
    "Tells the other channels and goes on trying this one.",
    "What the error code says; `renewd alert-test CHANNEL` tries it.",
  ),
  state_failing: told(
    "renewd's own state cannot be read or written, so that nothing is begun. It cannot be recorded either: alert channels and the log tell it, `status` and the metrics do not.",
    "Tries again at each tick.",
    "What the error code in the message says: `renewd explain CODE`.",
  ),
};

export const TOLD_TOKEN_STATES: Readonly<Record<TokenState, Told>> = {
  ok: told("Verified, in every target, not due.", "Waits until it is due."),
  first: told("No verified token is known yet.", "Takes up or makes the first one."),
  due: told("It is time to renew it.", "Renews it."),
  renewing: told("The issuer is being asked."),
  undelivered: told("The newest token is verified and in no target yet, or something is left to do at one."),
  delivered_in_part: told(
    "Some targets hold the newest token and others do not; `renewd status TOKEN` names them.",
    "Tries those that lack it again.",
    "What is said of the target.",
  ),
  in_doubt: told("An answer was lost.", "Looks for what was made before it asks again."),
  waiting_for_person: told(
    "An answer was lost for good.",
    "Asks for nothing more.",
    "See `renewd explain outcome_unknown`; `renewd discard TOKEN`.",
  ),
  verifying: told("A fresh token was made and is being proved."),
  failing: told("The last try failed.", "Tries again.", "What the error code says, if it goes on."),
  quarantined: told(
    "The fresh token failed a check.",
    "Keeps the old one in use.",
    "`renewd accept TOKEN` or `renewd discard TOKEN`.",
  ),
  paused: told(
    "Paused by a person.",
    "Nothing; after a rollback targets are put right all the same.",
    "`renewd resume TOKEN`.",
  ),
  late: told("Past `latest` or the deadline.", "Goes on trying.", "What its incidents say."),
  expired: told("The newest token is past its end.", "Goes on trying.", "What its incidents say, now."),
};

export const TOLD_TARGET_STATES: Readonly<Record<TargetState, Told>> = {
  ok: told("Proved to hold the newest token.", "Looks at it now and then."),
  empty: told("Nothing of ours has been seen there yet."),
  behind: told("It holds an older token; the newest is on its way."),
  confirming: told("Written, to be seen as its consumer sees it."),
  notifying: told("In place; the reload hook is still to be told."),
  withdrawn: told("It holds a token that was rolled back.", "Puts the one in use back, older though it is."),
  failing: told("The last try failed.", "Tries again.", "What the error code says, if it goes on."),
  drift: told("Somebody else wrote it.", "Puts the newest token back.", "Find the other writer."),
  not_owned: told(
    "It holds something that is not ours.",
    "Writes nothing there.",
    "`renewd adopt TOKEN TARGET`, if renewd may replace it.",
  ),
  late: told(
    "Its readers get less than they need, or nothing has reached it for longer than `repair`.",
    "Goes on trying.",
    "What its failures say.",
  ),
  expired: told("The token in it is past its end.", "Goes on trying.", "What its failures say, now."),
};

const NEVER_ACCEPTED =
  "Find out who answers in the issuer's name; then `renewd discard TOKEN`. It can never be accepted.";
const A_JUDGEMENT = "If the change is rightful, `renewd accept TOKEN`; else mend it and `renewd discard TOKEN`.";
const QUARANTINES = "Quarantines the fresh token; the old one stays in use.";

/** What a fresh token is held to before it reaches any target. */
export const TOLD_CHECKS: Readonly<Record<Check, Told>> = {
  form: told("It can be read as a token of this kind at all.", QUARANTINES, NEVER_ACCEPTED),
  algorithm: told("It is signed by an algorithm that is allowed.", QUARANTINES, NEVER_ACCEPTED),
  signature: told("Its signature is the issuer's.", QUARANTINES, NEVER_ACCEPTED),
  active: told("The issuer, asked, says that it is in force.", QUARANTINES, NEVER_ACCEPTED),
  subject: told("It is of the account that it was asked for.", QUARANTINES, NEVER_ACCEPTED),
  audience: told("It is for the server that it was asked for.", QUARANTINES, NEVER_ACCEPTED),
  expiry: told(
    "It has an expiry ahead, begins about now, and does not live far longer than was asked for.",
    QUARANTINES,
    A_JUDGEMENT,
  ),
  roles: told("It has every role that the settings name, and with `create: true` no other.", QUARANTINES, A_JUDGEMENT),
  scopes: told("It may do whatever the one before may.", QUARANTINES, A_JUDGEMENT),
  progress: told("It lives longer than the one in use.", QUARANTINES, A_JUDGEMENT),
};
