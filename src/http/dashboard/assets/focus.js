/**
 * Whoever acts by the keyboard goes on where he was: what had the focus may have been moved, or be gone.
 * @param {() => void} change
 */
export function keepingFocus(change) {
  const focused = document.activeElement;
  const around = focused?.closest(".actions, article") ?? null;
  change();
  if (!(focused instanceof HTMLElement) || document.activeElement === focused) return;
  const same = focused.isConnected ? focused : document.getElementById(focused.id);
  if (same instanceof HTMLElement) same.focus({ preventScroll: true });
  else focusNear(around);
}

/** The button that opened a dialog may be gone when that is closed. */
export function focusIfLost() {
  if (document.activeElement === null || document.activeElement === document.body) focusNear(null);
}

/** @param {Element | null} around */
function focusNear(around) {
  const place = document.getElementById(around?.id ?? "") ?? document.getElementById("actions");
  const next = place?.querySelector("button") ?? place ?? document.getElementById("main");
  if (!(next instanceof HTMLElement)) return;
  next.focus({ preventScroll: true });
}

/**
 * A button that is disabled loses the focus, so one that works is only said to be.
 * @param {HTMLButtonElement} button
 * @param {boolean} works
 */
export function setBusy(button, works) {
  if (works) button.setAttribute("aria-disabled", "true");
  else button.removeAttribute("aria-disabled");
}

/** @param {HTMLButtonElement} button */
export function isBusy(button) {
  return button.getAttribute("aria-disabled") === "true";
}
