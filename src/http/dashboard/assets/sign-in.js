import { ask, messageOf, showProblem, textOf } from "./ask.js";

/** Signs in with an API token, and out. What was typed goes nowhere but to this server. */
export function listenForSignIn() {
  const form = document.getElementById("sign-in");
  if (form instanceof HTMLFormElement) form.addEventListener("submit", (event) => void signIn(event, form));
  document.getElementById("sign-out")?.addEventListener("click", () => void signOut());
}

/** @param {Event} event @param {HTMLFormElement} form */
async function signIn(event, form) {
  event.preventDefault();
  const token = textOf(new FormData(form), "token");
  try {
    await ask("POST", "/sign-in", { token });
    if (window.location.pathname.startsWith("/sign-in")) window.location.replace("/");
    else window.location.reload();
  } catch (thrown) {
    showProblem(document, messageOf(thrown));
    const input = form.elements.namedItem("token");
    if (input instanceof HTMLInputElement) input.focus();
  }
}

async function signOut() {
  // Signed out or not: the page is asked for anew, and says which.
  await ask("POST", "/sign-out").catch(() => undefined);
  window.location.assign("/");
}
