/** What each error code means, for people: docs/failure-modes.md says the same, and a test compares the two. */
import type { ErrorCode } from "./errors.ts";

/** Each without a capital and a full stop, to stand in a sentence. */
export interface ToldError {
  readonly cause: string;
  /** What renewd does by itself. */
  readonly renewd: string;
  /** What a person does. */
  readonly you: string;
}

const told = (cause: string, renewd: string, you: string): ToldError => ({ cause, renewd, you });

const CHANNEL =
  "tries again after 15 s, then ever later up to 10 min; nothing that the channel is to be told is forgotten; the other channels are told that it fails";

export const TOLD_ERRORS: Readonly<Record<ErrorCode, ToldError>> = {
  issuer_unreachable: told(
    "no connection to the issuer",
    "nothing was sent, so nothing was made; goes on trying",
    "check the issuer's `url`, DNS, proxy and firewall",
  ),
  issuer_timeout: told(
    "the issuer is slow or hangs",
    "if a token had been asked for, looks first for what was made",
    "check its health, or raise `timeout` of the issuer",
  ),
  issuer_tls: told(
    "the issuer's certificate was refused",
    "sends nothing over such a connection",
    "check the certificate's name and dates, or give its authority as `ca`",
  ),
  issuer_error: told(
    "the issuer answered with a server error",
    "as for a timeout",
    "look at the issuer's logs at the time of the event",
  ),
  issuer_throttled: told(
    "the issuer asks for fewer calls",
    "waits as long as it says, up to an hour",
    "nothing, unless it goes on: then see who else calls it",
  ),
  issuer_redirected: told(
    "the issuer answered with a redirect, which is never followed",
    "sends nothing to the other address, and asks at `url` again slowly",
    "set `url` to where the issuer really lives",
  ),
  issuer_answer_invalid: told(
    "the answer is not what the issuer's protocol says",
    "believes nothing of it",
    "check that `url` leads to the issuer and not to a proxy's page",
  ),
  issuer_answer_too_large: told(
    "the answer is larger than `max_response`",
    "reads no further",
    "raise `max_response` if the answer is right",
  ),
  sign_in_refused: told(
    "the issuer refused what renewd signs in with: user name and password, or token",
    "asks for no other token with it either, so that the account is not locked",
    "correct them, then `renewd renew TOKEN`",
  ),
  two_factor_required: told("the account has two-factor authentication", "cannot sign in", "give its secret as `totp`"),
  two_factor_refused: told(
    "the two-factor code was refused",
    "tries with the next code",
    "check the `totp` secret, that both clocks are right, and that nobody else signs in with the same codes",
  ),
  session_refused: told(
    "the issuer did not accept a session that it had just opened",
    "signs in anew",
    "look for a proxy that drops cookies or the Referer",
  ),
  server_unknown: told(
    "the issuer knows no server of this name, or the account has no role on it",
    "asks for nothing",
    "check `request.server`",
  ),
  token_absent: told(
    "the issuer has no token of this name, and the settings do not let renewd make the first",
    "looks again; one that appears is taken up",
    "mint one by hand, or set `create: true`",
  ),
  token_not_owned: told(
    "the token belongs to another account of the issuer",
    "leaves it alone",
    "sign in as its owner",
  ),
  roles_unrecorded: told(
    "the issuer recorded no roles for the token, so it cannot be renewed",
    "looks for one that has them",
    "mint it anew there, or set `create: true`",
  ),
  roles_not_held: told(
    "the account no longer holds the roles",
    "asks again slowly",
    "have them assigned again at the issuer",
  ),
  lifetime_refused: told(
    "the issuer allows no such lifetime",
    "asks for no other by itself",
    "shorten `request.lifetime`, or raise the server's and roles' limits",
  ),
  expiry_cap_passed: told(
    "a latest expiry set on the server or a role is past",
    "asks again slowly",
    "have an administrator of the issuer move it",
  ),
  request_refused: told(
    "the issuer refused the request",
    "asks again slowly",
    "go by the issuer's words; they are in the message",
  ),
  outcome_unknown: told(
    "the answer was lost, so that a token may or may not have been made",
    "looks for it before it asks again, or makes the very same request again where that makes no second token, until what it asks for would have expired; where neither is possible and asking anew is harmful, it waits for you",
    "nothing, unless `status` says so. If it goes on failing, say because the issuer cannot serve this very request, `renewd discard TOKEN` gives it up",
  ),
  key_unreachable: told(
    "the key to verify with could not be read",
    "keeps the fresh token sealed, writes nothing, mints nothing more. A token of the issuer's list that cannot be proved holds up a renewal as well, but only until it is urgent (`latest`; for the first token, until `repair` is over)",
    "check `public_keys` or the key's address",
  ),
  not_yet_valid: told(
    "the token is not valid yet by our clock",
    "waits until it is",
    "check the clocks of renewd's host and of the issuer",
  ),
  token_rejected: told(
    "the fresh token failed verification",
    "quarantines it; the old one stays in use; asks again slowly",
    "`renewd history TOKEN` says which check failed; if the change at the issuer is rightful, `renewd accept TOKEN`; else mend it there and `renewd discard TOKEN`",
  ),
  no_progress: told(
    "the issuer gave nothing that lives longer than the token in use",
    "keeps the old one",
    "look for a latest expiry on its server or roles",
  ),
  token_differs: told(
    "the issuer has a token with the chosen secret already, of another account or with other powers",
    "leaves it alone",
    "choose another secret, or ask for what the token is",
  ),
  client_refused: told(
    "an OAuth2 server refused the client's id, its secret or key, or the way they are sent",
    "asks again slowly, with the secret read anew",
    "correct `client_id`, the secret or `auth`, then `renewd renew TOKEN`",
  ),
  still_in_use: told(
    "an old token is to be ended, and a target does not hold the newest, or another token or a target that is no longer declared has the old one",
    "puts its own target right, looks again slowly, and ends the old one once nobody has it; at a target that is no longer declared it waits until the token would have expired",
    "take it out where the message says, or leave it",
  ),
  secret_unreadable: told(
    "a password, key or token file could not be read",
    "reads it anew at each try",
    "check the path and its permissions",
  ),
  store_unreachable: told(
    "no connection to the store",
    "goes on trying; the newest token waits sealed",
    "check the store's endpoint, DNS, proxy and credentials",
  ),
  store_timeout: told(
    "the store is slow or hangs",
    "looks at the target before it writes again",
    "check the store's health",
  ),
  store_error: told("the store answered with a server error", "goes on trying", "nothing, unless it goes on"),
  store_throttled: told(
    "the store asks for fewer calls",
    "backs off",
    "nothing, unless it goes on: then see who else calls it",
  ),
  store_credentials: told(
    "the store's credentials are missing or expired",
    "reads them anew at each try",
    "renew them",
  ),
  store_denied: told(
    "the store refused permission",
    "tries again slowly",
    "grant or mend what the message names, then `renewd renew TOKEN`",
  ),
  store_absent: told(
    "the secret does not exist",
    "creates none unasked",
    "create it, or set `create: true` on the target",
  ),
  store_not_owned: told(
    "the target holds something that renewd did not put there",
    "writes nothing",
    "check it, then `renewd adopt TOKEN TARGET`",
  ),
  store_conflict: told(
    "somebody else wrote the target between our look and our write",
    "looks again",
    "nothing, unless it goes on: then find the other writer",
  ),
  store_quota: told(
    "the disk is full, or a quota of the store is used up: versions, size or write rate",
    "tries again slowly",
    "free space on the volume of a file; elsewhere delete old versions, or wait",
  ),
  store_too_large: told(
    "the text is larger than the store takes",
    "writes nothing",
    "choose another store or fewer scopes",
  ),
  store_unavailable: told(
    "the secret is deleted, rotated by something else or managed by a service",
    "leaves it alone",
    "undo that or point elsewhere",
  ),
  store_key_unusable: told(
    "the store's encryption key is disabled or not permitted",
    "tries again slowly",
    "enable it or grant its use",
  ),
  store_mismatch: told(
    "what was read back is not what was written",
    "does not promote it",
    "look for another writer of the same secret",
  ),
  store_not_visible: told(
    "the write is not visible although `propagation` is over",
    "looks again, then writes again",
    "check replicas and caches; raise `propagation` if they are rightly slower",
  ),
  store_invalid: told(
    "the target cannot take a token as declared",
    "leaves its text as it was",
    "go by the message, which says why",
  ),
  channel_unreachable: told("no connection to an alert channel", CHANNEL, "check its address, DNS, proxy and firewall"),
  channel_timeout: told("the alert channel is slow or hangs", CHANNEL, "check its health, or raise its `timeout`"),
  channel_tls: told("the alert channel's certificate was refused", CHANNEL, "check its name and dates, or give `ca`"),
  channel_error: told("the alert channel answered with a server error", CHANNEL, "look at the channel's own status"),
  channel_throttled: told(
    "the alert channel asks for fewer calls",
    "waits as long as it says, an hour at most",
    "nothing; if it goes on, route less to it",
  ),
  channel_credentials: told(
    "the alert channel refused its key, password or address",
    CHANNEL,
    "correct it, then `renewd alert-test`",
  ),
  channel_refused: told(
    "the alert channel refused what it was told",
    "tells it all else as ever, and this one again within ten minutes; when it refuses everything, what is new once a minute",
    "its words are in the message",
  ),
  channel_partly: told(
    "the alert channel took it for some of its recipients only",
    "counts it as told, so that these do not get it again; the other channels are told who is not reached",
    "correct or remove the recipients that the message names, then `renewd alert-test`",
  ),
  reload_failed: told(
    "the reload hook failed",
    "tells it again; the target counts as done only then",
    "see its exit status and output in the event",
  ),
  state_unwritable: told(
    "renewd's own state cannot take a row: the disk is full or read-only",
    "mints nothing, for it could not remember it, and tries again at each tick. It stays alive; `GET /readyz` says `sweep_failing`",
    "free space or mend permissions",
  ),
  state_locked: told(
    "another renewd uses this state file",
    "the second one ends; the first goes on",
    "stop the first, or speak to it with the same settings file",
  ),
  state_key: told(
    "the key that seals the state is missing or is another",
    "refuses to start and changes nothing",
    "put the right one back; if it is lost, the state is: see the way back",
  ),
  state_unreadable: told(
    "the state file cannot be read",
    "refuses to start and changes nothing",
    "restore it from a backup, or move it away and start anew: see the way back",
  ),
  settings_invalid: told(
    "the settings file has mistakes",
    "refuses it; a running daemon keeps the old settings, and the verbs that speak to one still do",
    "mend them; `renewd check` shows the places",
  ),
  commands_not_allowed: told(
    "the settings run a command",
    "runs none unasked",
    "give `--allow-commands` at the daemon's start, if you trust whoever writes the settings",
  ),
  unknown_token: told(
    "a verb named a token or target that is not declared",
    "tells the nearest name",
    "`renewd status` lists them",
  ),
  would_not_gain: told(
    "`renew` asked for a life that ends no later than the token in use; also when the settings ask for less by the time it is tried",
    "asks for nothing; a newer token that it finds first grants the wish",
    "ask for a longer lifetime",
  ),
  token_paused: told("`renew` named a paused token", "does not touch it", "`renewd resume TOKEN` first"),
  nothing_to_roll_back: told(
    "no earlier token is kept that still lives, or the issuer revoked it when it made the newer one",
    "changes nothing",
    "see `previous` in `renewd status TOKEN`; `renewd renew TOKEN` makes a newer one",
  ),
  nothing_quarantined: told(
    "`accept` or `discard` named a token of which nothing waits for a decision",
    "changes nothing",
    "see `renewd status TOKEN`",
  ),
  not_acceptable: told(
    "what is quarantined failed more than a judgement, has expired, is not valid yet, or is older than the token in use",
    "keeps it quarantined",
    "mend the cause; `renewd discard TOKEN` lets renewd ask anew",
  ),
  daemon_unreachable: told(
    "no daemon answers, or one that is stopped or hangs does not within ten seconds",
    "the verb changes nothing",
    "start it, or check that it runs on the same settings file",
  ),
  output_lost: told(
    "`create-token` made or found the token and could not write it to stdout (disk full, pipe closed)",
    "keeps the token; exit 3",
    "make room or mend what reads stdout; the same call with `--reuse` hands it out",
  ),
  usage: told("a verb was called wrongly", "changes nothing", "see `renewd VERB --help`"),
  bug: told(
    "a mistake in renewd",
    "tries again slowly; its text is kept out of logs, for it may hold anything",
    "please report it with the event's details",
  ),
};
