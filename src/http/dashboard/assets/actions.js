import { ask, messageOf, say, showProblem } from "./ask.js";
import { focusIfLost, isBusy, setBusy } from "./focus.js";
import { refreshNow } from "./live.js";
import { chooseOwnEnd, pauseBody } from "./pause.js";
import { openRenewal, startRenewal } from "./renew.js";

/** One set of ears for the whole page, so that what is made anew is heard too. */
export function listenForActions() {
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (button === null) return;
    const name = button.dataset["open"];
    if (name !== undefined) open(name);
    if (button.dataset["close"] !== undefined) button.closest("dialog")?.close();
  });
  document.addEventListener("input", chooseOwnEnd);
  document.addEventListener("close", focusIfLost, true);
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement)) return;
    if (form.id === "renew") void startRenewal(event, form);
    else if (form.classList.contains("call")) void call(event, form);
  });
}

/** @param {string} id */
function open(id) {
  const dialog = document.getElementById(id);
  if (!(dialog instanceof HTMLDialogElement) || dialog.open) return;
  say("");
  showProblem(dialog, "");
  dialog.showModal();
  if (id === "dialog-renew") openRenewal(dialog);
}

/**
 * What a dialog asked for and a person confirmed. Where it has changed since what it would come to, that is shown first.
 * @param {Event} event
 * @param {HTMLFormElement} form
 */
async function call(event, form) {
  event.preventDefault();
  const dialog = form.closest("dialog");
  const button = form.querySelector("button[type=submit]");
  const { call: path, said } = form.dataset;
  if (dialog === null || path === undefined || !(button instanceof HTMLButtonElement) || isBusy(button)) return;
  setBusy(button, true);
  showProblem(form, "");
  try {
    if (await hasChanged(dialog)) {
      showProblem(form, "What this comes to has changed meanwhile. Read it again before you go on.");
      return;
    }
    const answer = await ask("POST", path, form.id === "pause" ? pauseBody(new FormData(form)) : {});
    dialog.close();
    const warnings = Array.isArray(answer["warnings"]) ? answer["warnings"].map(String) : [];
    const done = answer["was_paused"] === false ? "It was not paused: nothing was changed." : (said ?? "Done.");
    say([done, ...warnings].join(" "));
    await refreshNow();
  } catch (thrown) {
    showProblem(form, messageOf(thrown));
  } finally {
    setBusy(button, false);
  }
}

/** @param {HTMLDialogElement} dialog */
async function hasChanged(dialog) {
  const shown = dialog.querySelector(".facts-now");
  if (shown === null) return false;
  const answer = await window.fetch(window.location.href, { credentials: "same-origin" });
  if (!answer.ok) return false;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = fresh.getElementById(dialog.id)?.querySelector(".facts-now");
  if (now === null || now === undefined) return false;
  if (factsOf(now) === factsOf(shown)) return false;
  shown.replaceChildren(...now.childNodes);
  return true;
}

/**
 * Which tokens it speaks of; how long they still live changes by itself.
 * @param {Element} element
 */
function factsOf(element) {
  return [...element.querySelectorAll("code")].map(({ textContent }) => textContent).join(" ");
}
