import { ask, messageOf, sentence, showProblem } from "./ask.js";
import { isBusy, setBusy } from "./focus.js";
import { refreshNow } from "./live.js";

const POLL_MS = 1_000;
const POLLS_MAX = 900;

/** @typedef {{ readonly longestMs: number | null, readonly latestAt: number | null }} Limits */
/** @typedef {{ readonly form: HTMLFormElement, readonly outliveAt: number | null, limits: Limits }} Picker */

/** @typedef {{ readonly askedMs: number | null, readonly since: number, readonly isJoined: boolean }} Asked */

/** @type {Limits} */
const UNKNOWN = { longestMs: null, latestAt: null };

/**
 * The dialog was opened: asks the issuer how long a token may live, and shows what each choice comes to.
 * @param {HTMLDialogElement} dialog
 */
export function openRenewal(dialog) {
  const form = dialog.querySelector("form");
  const progress = dialog.querySelector("#renew-progress");
  if (form === null || !(progress instanceof HTMLElement)) return;
  form.hidden = false;
  progress.hidden = true;
  showProblem(progress, "");
  const { token = "", outlive = "" } = form.dataset;
  /** @type {Picker} */
  const picker = { form, outliveAt: outlive === "" ? null : Date.parse(outlive), limits: UNKNOWN };
  form.oninput = (event) => {
    const typed = event.target;
    // Who types a number means it.
    if (typed instanceof HTMLElement && (typed.matches("[name=amount]") || typed.matches("[name=unit]")))
      chooseOwn(form);
    show(picker);
  };
  show(picker);
  void learnLimits(picker, `${token}/limits`);
}

/** @param {HTMLFormElement} form */
function chooseOwn(form) {
  const own = form.querySelector("input[value=own]");
  if (own instanceof HTMLInputElement) own.checked = true;
}

/** @param {Picker} picker @param {string} path */
async function learnLimits(picker, path) {
  const place = document.getElementById("renew-limits");
  if (place === null) return;
  place.textContent = "Asking the issuer how long a token may live…";
  try {
    const said = await ask("GET", path);
    const [longest, latest] = [said["longest_seconds"], said["latest_at"]];
    picker.limits = {
      longestMs: typeof longest === "number" ? longest * 1_000 : null,
      latestAt: typeof latest === "string" ? Date.parse(latest) : null,
    };
    place.textContent = limitsText(picker.limits);
  } catch (thrown) {
    place.textContent = `The issuer did not tell how long a token may live, so it may cap what you choose. ${messageOf(thrown)}`;
  }
  offerLongest(picker);
  show(picker);
}

/** @param {Limits} limits */
function limitsText({ longestMs, latestAt }) {
  if (longestMs === null && latestAt === null)
    return "The issuer does not tell how long a token may live; it may cap what you choose.";
  const parts = [];
  if (longestMs !== null) parts.push(`at most ${lasting(longestMs)}`);
  if (latestAt !== null) parts.push(`no longer than until ${spoken(latestAt)}`);
  return `The issuer allows ${parts.join(", and ")}.`;
}

/** @param {Picker} picker */
function offerLongest({ form, limits }) {
  const place = form.querySelector("#renew-longest");
  const input = place?.querySelector("input");
  if (!(place instanceof HTMLElement) || input == null) return;
  const minutes = Math.floor(mostMs(limits) / 60_000);
  place.hidden = !Number.isFinite(minutes) || minutes < 1;
  if (place.hidden) return;
  input.value = String(minutes);
  const words = place.querySelector("span");
  if (words !== null) words.textContent = `the longest that is allowed: ${lasting(minutes * 60_000)}`;
}

/** @param {Limits} limits */
function mostMs({ longestMs, latestAt }) {
  return Math.min(longestMs ?? Infinity, latestAt === null ? Infinity : latestAt - nowAt());
}

/**
 * Bars what cannot be had, and says what the choice comes to.
 * @param {Picker} picker
 */
function show(picker) {
  const { form } = picker;
  for (const label of form.querySelectorAll("label.choice")) {
    const input = label.querySelector("input");
    const bound = label.querySelector(".bound");
    if (input === null || bound === null || input.value === "own") continue;
    const why = whyNot(minutesOf(input, form), picker);
    // What is declared is never barred: the issuer caps it and renewd says so.
    input.disabled = why !== "" && input.value !== "";
    label.classList.toggle("barred", input.disabled);
    bound.textContent = why;
    if (input.disabled && input.checked) resetChoice(form);
  }
  const outcome = document.getElementById("renew-outcome");
  const minutes = chosenMinutes(form);
  if (outcome !== null) outcome.textContent = outcomeText(minutes, picker);
}

/** @param {HTMLFormElement} form */
function resetChoice(form) {
  const declared = form.querySelector("input[name=lifetime]");
  if (declared instanceof HTMLInputElement) declared.checked = true;
}

/** @param {number | null} minutes @param {Picker} picker */
function outcomeText(minutes, picker) {
  if (minutes === null) return "The new token would have no end, if the issuer allows it.";
  if (Number.isNaN(minutes)) return "Say how long it is to live: a whole number of at least one.";
  const why = whyNot(minutes, picker);
  const end = `It would expire on ${spoken(nowAt() + minutes * 60_000)}, ${lasting(minutes * 60_000)} from now.`;
  return why === "" ? end : `${end} Beware: ${why}.`;
}

/** @param {number | null} minutes @param {Picker} picker */
function whyNot(minutes, { limits, outliveAt }) {
  const lifeMs = minutes === null ? Infinity : minutes * 60_000;
  if (lifeMs > mostMs(limits)) return "longer than the issuer allows";
  // Whole seconds, and one to spare, are what an expiry is counted in.
  if (outliveAt !== null && nowAt() + lifeMs < outliveAt + 1_000) return "no gain: the token in use lives longer";
  return "";
}

/**
 * Null: as declared, without an end.
 * @param {HTMLFormElement} form
 */
function chosenMinutes(form) {
  const chosen = form.querySelector("input[name=lifetime]:checked");
  return chosen instanceof HTMLInputElement ? minutesOf(chosen, form) : null;
}

/** @param {HTMLInputElement} input @param {HTMLFormElement} form */
function minutesOf(input, form) {
  if (input.value === "own") {
    const filled = new FormData(form);
    const amount = Number(filled.get("amount"));
    return Number.isInteger(amount) && amount > 0 ? amount * Number(filled.get("unit")) : Number.NaN;
  }
  if (input.value !== "") return Number(input.value);
  const declared = form.dataset["declaredMinutes"] ?? "";
  return declared === "" ? null : Number(declared);
}

/**
 * Asks for the renewal, and tells how it goes until it is over or nobody looks any more.
 * @param {Event} event
 * @param {HTMLFormElement} form
 */
export async function startRenewal(event, form) {
  event.preventDefault();
  const dialog = form.closest("dialog");
  const button = form.querySelector("button[type=submit]");
  if (dialog === null || !(button instanceof HTMLButtonElement) || isBusy(button)) return;
  const chosen = form.querySelector("input[name=lifetime]:checked");
  const minutes = chosenMinutes(form);
  showProblem(form, Number.isNaN(minutes) ? "Say how long it is to live: a whole number of at least one." : "");
  if (Number.isNaN(minutes) || !(chosen instanceof HTMLInputElement)) return;
  setBusy(button, true);
  try {
    const ticket = await ask(
      "POST",
      `${form.dataset["token"]}/renew`,
      chosen.value === "" ? {} : { lifetime_minutes: minutes },
    );
    const made = "The newest token was in no target yet: that one is delivered. ";
    const under = "A renewal was under way already; this is how it goes. ";
    const joined = ticket["joined"] !== true ? "" : ticket["made_at"] === undefined ? under : made;
    const askedMs = chosen.value === "" || minutes === null ? null : minutes * 60_000;
    const asked = { askedMs, since: Date.parse(String(ticket["since"])), isJoined: ticket["joined"] === true };
    await follow(dialog, form, { path: String(ticket["renewal"]), before: joined, asked });
  } catch (thrown) {
    showProblem(form.hidden ? (dialog.querySelector("#renew-progress") ?? form) : form, messageOf(thrown));
  } finally {
    setBusy(button, false);
  }
}

/**
 * What to add where a lifetime was chosen and clearly less was given, as `renewd renew` tells it.
 * @param {Asked} asked
 * @param {number} expAt
 */
function shortText({ askedMs, since, isJoined }, expAt) {
  if (askedMs === null) return "";
  const givenMs = expAt - since;
  if (askedMs - givenMs <= Math.min(65_000, Math.max(askedMs / 100, 5_000))) return "";
  const who = isJoined ? "the renewal that was under way" : "the issuer";
  return ` Asked for ${lasting(askedMs)}, ${who} gave ${lasting(givenMs)}.`;
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {HTMLFormElement} form
 * @param {{ readonly path: string, readonly before: string, readonly asked: Asked }} renewal
 */
async function follow(dialog, form, { path, before, asked }) {
  const progress = dialog.querySelector("#renew-progress");
  const standing = dialog.querySelector("#renew-standing");
  if (!(progress instanceof HTMLElement) || standing === null) return;
  form.hidden = true;
  progress.hidden = false;
  standing.textContent = `${before}It is asked for.`;
  progress.querySelector("button")?.focus();
  for (let polls = 0; polls < POLLS_MAX && dialog.open; polls += 1) {
    const said = await ask("GET", path);
    if (said["state"] === "delivered") {
      const expAt = Date.parse(String(said["exp_at"]));
      standing.textContent = `Delivered: ${String(said["fingerprint"])} is in every target and expires on ${spoken(expAt)}.${shortText(asked, expAt)}`;
      return refreshNow();
    }
    if (said["state"] === "failed") {
      standing.textContent = "";
      showProblem(progress, `It failed: ${sentence(said["detail"])} ${String(said["hint"])}`);
      return refreshNow();
    }
    const text = `${before}Under way: ${String(said["detail"])}.`;
    if (standing.textContent !== text) standing.textContent = text;
    await new Promise((resolve) => void window.setTimeout(resolve, POLL_MS));
  }
  if (dialog.open) standing.textContent = "It is still under way. The page goes on showing how it stands.";
}

function nowAt() {
  return new Date().getTime();
}

/** @param {number} at */
function spoken(at) {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")}Z`;
}

/** @param {number} ms */
function lasting(ms) {
  let rest = Math.round(ms / 60_000);
  const parts = [];
  for (const [unit, size] of /** @type {const} */ ([
    ["d", 1_440],
    ["h", 60],
    ["min", 1],
  ])) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0 && parts.length < 2) parts.push(`${count} ${unit}`);
  }
  return parts.join(" ") || "less than a minute";
}
