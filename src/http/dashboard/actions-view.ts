/** What an operator may do to a token from its page. Each asks first; the dialogs say what it would come to. */
import { html } from "hono/html";
import type { Instant } from "../../core/duration.ts";
import { isJudgement } from "../../core/ruling.ts";
import type { TargetStatus, TokenStatus } from "../../core/status.ts";
import type { Html } from "./page.ts";
import { code } from "./parts.ts";
import { pauseDialog } from "./pause-dialog.ts";
import { renewDialog } from "./renew-dialog.ts";
import { when } from "./times.ts";

export function actionsView(token: TokenStatus, now: Instant): Html {
  return html`<div class="actions needs-js" id="actions">
      ${token.pause === null ? opener("renew", "Renew…", true) : ""}
      ${token.pause === null ? opener("pause", "Pause…") : opener("resume", "Resume…", true)}
      ${mayRollBack(token, now) ? opener("rollback", "Roll back…") : ""}
      ${mayAccept(token) ? opener("accept", "Accept what is quarantined…") : ""}
      ${mayDiscard(token) ? opener("discard", discardWord(token)) : ""}
    </div>
    <noscript>${withoutScript(token, now)}</noscript>`;
}

/** The same actions for who has no JavaScript. */
function withoutScript(token: TokenStatus, now: Instant): Html {
  const { token: key, pause, targets } = token;
  const adopts = targets.filter(({ state }) => state === "not_owned").map(({ target }) => `adopt ${key} ${target}`);
  const verbs = [
    ...(pause === null ? [`renew ${key}`, `pause ${key}`] : [`resume ${key}`]),
    ...(mayRollBack(token, now) ? [`rollback ${key}`] : []),
    ...(mayAccept(token) ? [`accept ${key}`] : []),
    ...(mayDiscard(token) ? [`discard ${key}`] : []),
    ...adopts,
  ];
  return html`<p>
      Buttons need JavaScript, which this browser does not run here. On renewd's host these commands do the same:
    </p>
    <ul class="commands">
      ${verbs.map((verb) => html`<li>${code(`renewd ${verb}`)}</li>`)}
    </ul>`;
}

/** The button that opens a dialog. */
export function opener(dialog: string, text: string, isMain = false): Html {
  return html`<button
    type="button"
    id="open-${dialog}"
    class="needs-js${isMain ? " main" : ""}"
    data-open="dialog-${dialog}"
    aria-haspopup="dialog"
  >
    ${text}
  </button>`;
}

export function dialogsView(token: TokenStatus, now: Instant): Html {
  const { targets } = token;
  return html`${renewDialog(token)} ${token.pause === null ? pauseDialog(token) : resumeDialog(token)}
  ${mayRollBack(token, now) ? rollbackDialog(token, now) : ""} ${mayAccept(token) ? acceptDialog(token, now) : ""}
  ${mayDiscard(token) ? discardDialog(token) : ""}
  ${targets.filter(({ state }) => state === "not_owned").map(({ target, store }) => adoptDialog(token, target, store))}`;
}

function mayRollBack({ newest, previous }: TokenStatus, now: Instant): boolean {
  return newest !== null && previous !== null && previous.expAt > now;
}

function mayAccept({ quarantined }: TokenStatus): boolean {
  return quarantined !== null && isJudgement(quarantined.check);
}

function mayDiscard({ quarantined, state }: TokenStatus): boolean {
  return quarantined !== null || state === "waiting_for_person" || state === "in_doubt";
}

function discardWord({ quarantined }: TokenStatus): string {
  return quarantined === null ? "Give up the lost request…" : "Discard what is quarantined…";
}

interface Confirmation {
  readonly id: string;
  readonly title: string;
  /** What is posted to, below the token's address in the API. */
  readonly call: string;
  readonly button: string;
  readonly said: string;
  readonly body: Html;
}

function confirmDialog({ token }: TokenStatus, asked: Confirmation): Html {
  const { id, title, call, button, said, body } = asked;
  return html`<dialog id="dialog-${id}" aria-labelledby="title-${id}">
    <form class="call" data-call="/api/v1/tokens/${token}/${call}" data-said="${said}">
      <h2 id="title-${id}">${title}</h2>
      <div class="facts-now">${body}</div>
      <p class="problem" role="alert"></p>
      <div class="buttons">
        <button type="submit" class="main">${button}</button>
        <button type="button" data-close>Cancel</button>
      </div>
    </form>
  </dialog>`;
}

function resumeDialog(token: TokenStatus): Html {
  const body = html`<p>Renewals and deliveries of ${token.token} go on at once.</p>`;
  const words = { title: `Resume ${token.token}?`, button: "Resume", said: `${token.token} is resumed.` };
  return confirmDialog(token, { id: "resume", call: "resume", ...words, body });
}

function rollbackDialog(token: TokenStatus, now: Instant): Html {
  const { newest, previous, targets } = token;
  if (newest === null || previous === null) return html``;
  const body = html`<p>
      Withdrawn for good: ${code(newest.fingerprint)}, which expires ${when(newest.expAt, now)}. It is never used again.
    </p>
    <p>Put back: ${code(previous.fingerprint)}, which expires ${when(previous.expAt, now)}.</p>
    ${targets.length === 0 ? html`<p>It has no target.</p>` : changesView(token, previous.fingerprint)}
    <p>Then ${token.token} is paused, until somebody resumes it.</p>`;
  const words = {
    title: `Roll ${token.token} back?`,
    button: "Roll back",
    said: `${token.token} is rolled back and paused.`,
  };
  return confirmDialog(token, { id: "rollback", call: "rollback", ...words, body });
}

/** What each target holds, and what it will hold. */
function changesView({ newest, targets }: TokenStatus, to: string): Html {
  const change = ({ target, held, state }: TargetStatus): Html | string => {
    if (state === "not_owned") return html`${target} is not renewd's, and stays as it is`;
    if (held === null) return html`${target}: from nothing to ${code(to)}`;
    if (held.fingerprint === to) return html`${target} holds ${code(to)} already`;
    const which = held.fingerprint === newest?.fingerprint ? "" : ", an older one,";
    return html`${target}: from ${code(held.fingerprint)}${which} to ${code(to)}`;
  };
  return html`<ul class="changes">
    ${targets.map((target) => html`<li>${change(target)}</li>`)}
  </ul>`;
}

function acceptDialog(token: TokenStatus, now: Instant): Html {
  const { quarantined } = token;
  if (quarantined === null) return html``;
  const body = html`<p>
    ${code(quarantined.fingerprint)} failed verification: ${quarantined.message} (${quarantined.check}). Accepted, it is
    delivered to every target all the same, and expires ${when(quarantined.expAt, now)}.
  </p>`;
  const words = {
    title: "Accept what is quarantined?",
    button: "Accept",
    said: "It is accepted and will be delivered.",
  };
  return confirmDialog(token, { id: "accept", call: "accept", ...words, body });
}

function discardDialog(token: TokenStatus): Html {
  const { quarantined } = token;
  const body =
    quarantined === null
      ? html`<p>
          The answer to the last request was lost. Given up, renewd asks anew; if that request made a token after all,
          it stays at the issuer until it expires.
        </p>`
      : html`<p>${code(quarantined.fingerprint)} is dropped for good, and renewd asks for another.</p>`;
  const words = { title: "Discard it?", button: "Discard", said: "It is discarded; renewd asks anew." };
  return confirmDialog(token, { id: "discard", call: "discard", ...words, body });
}

function adoptDialog(token: TokenStatus, target: string, store: string): Html {
  const body = html`<p>
    ${target} in ${store} holds a value that renewd did not write. With your word renewd replaces it by the newest token
    of ${token.token}. What is there now is lost, unless the store keeps it.
  </p>`;
  const words = {
    title: `Let renewd write ${target}?`,
    button: "Let renewd write it",
    said: `renewd may write ${target}.`,
  };
  return confirmDialog(token, { id: `adopt-${target}`, call: `targets/${target}/adopt`, ...words, body });
}
