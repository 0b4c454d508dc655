import { Problem, textOf } from "./ask.js";

/**
 * Who gives a time means it.
 * @param {Event} event
 */
export function chooseOwnEnd(event) {
  const typed = event.target;
  if (!(typed instanceof HTMLInputElement) || typed.name !== "until") return;
  const span = typed.form?.elements.namedItem("span");
  if (span instanceof HTMLSelectElement) span.value = "own";
}

/**
 * What `POST …/pause` takes, of what was filled in. Times are UTC, as everywhere on the page.
 * @param {FormData} filled
 */
export function pauseBody(filled) {
  const reason = textOf(filled, "reason");
  return { ...(reason !== "" && { reason }), ...until(textOf(filled, "span"), textOf(filled, "until")) };
}

/** @param {string} span @param {string} own */
function until(span, own) {
  if (span === "") return {};
  if (span !== "own") return { until: rfc3339(new Date().getTime() + Number(span) * 60_000) };
  const at = Date.parse(`${own}Z`);
  if (Number.isNaN(at)) throw new Problem("Say until when, or choose a length of time.", 0);
  return { until: rfc3339(at) };
}

/** @param {number} at */
function rfc3339(at) {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
