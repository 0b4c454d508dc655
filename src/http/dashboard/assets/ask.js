/** What went wrong with a call, in the words of the API's problem. */
export class Problem extends Error {
  /** @param {string} message @param {number} status */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * Calls the API; answers what it answered, or throws a `Problem`.
 * @param {"GET" | "POST"} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<Record<string, unknown>>}
 */
export async function ask(method, path, body) {
  const answer = await send(method, path, body);
  /** @type {unknown} */
  const said = await answer.json().catch(() => ({}));
  const fields = /** @type {Record<string, unknown>} */ (said);
  if (answer.ok) return fields;
  if (answer.status === 401 && path !== "/sign-in") {
    throw new Problem("You are not signed in any more. Load the page again to sign in.", 401);
  }
  const words = [fields["detail"], fields["hint"]].filter((each) => typeof each === "string" && each !== "");
  throw new Problem(words.map(sentence).join(" ") || `renewd answered ${answer.status}.`, answer.status);
}

/**
 * @param {"GET" | "POST"} method
 * @param {string} path
 * @param {object | undefined} body
 */
async function send(method, path, body) {
  try {
    return await window.fetch(path, {
      method,
      credentials: "same-origin",
      redirect: "error",
      ...(method === "POST" && { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body ?? {}) }),
    });
  } catch {
    throw new Problem("renewd cannot be reached.", 0);
  }
}

/**
 * With its full stop, so that another may follow.
 * @param {unknown} words
 */
export function sentence(words) {
  const text = String(words);
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

/** @param {unknown} thrown */
export function messageOf(thrown) {
  return thrown instanceof Problem ? thrown.message : "Something went wrong on this page. Load it again.";
}

/**
 * Announced, and shown at the foot of the page.
 * @param {string} text
 */
export function say(text) {
  const said = document.getElementById("said");
  if (said !== null) said.textContent = text;
}

/**
 * @param {ParentNode} within
 * @param {string} text
 */
export function showProblem(within, text) {
  const place = within.querySelector(".problem");
  if (place !== null) place.textContent = text;
}

/**
 * What was typed or chosen under this name.
 * @param {FormData} filled
 * @param {string} name
 */
export function textOf(filled, name) {
  const value = filled.get(name);
  return typeof value === "string" ? value.trim() : "";
}
