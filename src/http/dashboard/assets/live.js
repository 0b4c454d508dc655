import { keepingFocus } from "./focus.js";
import { morph } from "./morph.js";

/** Events come in bursts; a large fleet's page is not asked for at each. */
const SETTLE_MS = 1_000;
const SETTLE_LARGE_MS = 5_000;
const LARGE = 500;
/** Time passes without events too. */
const STALE_MS = 30_000;
const RETRY_MS = 5_000;

const TOLD = [
  "settings:loaded",
  "settings:refused",
  "sweep:failed",
  "clock:skewed",
  "clock:agrees",
  "renewal:started",
  "renewal:asked",
  "renewal:minted",
  "renewal:in-doubt",
  "renewal:nothing-made",
  "renewal:accepted",
  "renewal:adopted",
  "renewal:quarantined",
  "renewal:outlived",
  "renewal:rolled-back",
  "renewal:overruled",
  "renewal:discarded",
  "renewal:failed",
  "renewal:settled",
  "issue:foreign",
  "issue:superseded",
  "issue:set-aside",
  "token:retired",
  "token:not-retired",
  "target:delivered",
  "target:adopted",
  "target:drifted",
  "target:failed",
  "target:reloaded",
  "target:adopt-allowed",
  "service:failing",
  "service:recovered",
  "channel:failed",
  "channel:recovered",
  "person:asked",
  "incident:opened",
  "incident:resolved",
];

let timer = 0;
/** What is asked for now may have been made just before the last event. */
let toldMeanwhile = false;
let fetching = false;
let againWanted = false;

/** @type {EventSource | undefined} */
let source;
let lostAt = "";

/**
 * Listens to what happens, and makes the page anew when something did.
 * @param {number} tokens
 */
export function keepLive(tokens) {
  const settleMs = tokens > LARGE ? SETTLE_LARGE_MS : SETTLE_MS;
  listen(settleMs);
  window.setInterval(() => soon(0), Math.max(STALE_MS, 6 * settleMs));
  // A browser has six connections to one host: pages that nobody looks at take none of them.
  document.addEventListener("visibilitychange", () => {
    source?.close();
    if (document.visibilityState !== "visible") return;
    listen(settleMs);
    soon(0);
  });
}

/** At once, for who acted and wants to see it. */
export async function refreshNow() {
  if (fetching) {
    againWanted = true;
    return;
  }
  fetching = true;
  try {
    const answer = await window.fetch(window.location.href, {
      credentials: "same-origin",
      headers: { Accept: "text/html" },
    });
    if (answer.status === 401) return show("off", "Signed out: load the page again to sign in");
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const [old, now] = [document.querySelector("main"), fresh.querySelector("main")];
    if (old !== null && now !== null) keepingFocus(() => morph(old, now));
    if (fresh.title !== "") document.title = fresh.title;
  } catch {
    // The stream of events says that renewd is away.
  } finally {
    fetching = false;
    if (againWanted) {
      againWanted = false;
      soon(0);
    }
  }
}

/** @param {number} settleMs */
function listen(settleMs) {
  if (document.visibilityState !== "visible") return;
  const opened = new EventSource("/api/v1/events");
  source = opened;
  opened.addEventListener("open", () => {
    show("on", "Live");
    // What happened meanwhile was not told.
    if (lostAt !== "") soon(0);
    lostAt = "";
  });
  opened.addEventListener("error", () => {
    lostAt ||= new Date().toISOString().slice(11, 19);
    show("off", `Not connected since ${lostAt}Z`);
    if (opened.readyState !== EventSource.CLOSED) return;
    window.setTimeout(() => {
      if (source === opened) listen(settleMs);
    }, RETRY_MS);
  });
  for (const type of TOLD) {
    opened.addEventListener(type, ({ data }) => {
      if (concerns(String(data))) soon(settleMs);
    });
  }
}

/**
 * The page of one token is not made anew for what happens to another.
 * @param {string} data
 */
function concerns(data) {
  const shown = /^\/tokens\/([^/]+)$/.exec(window.location.pathname)?.[1];
  if (shown === undefined) return true;
  const { token, incident } = /** @type {{ token?: string, incident?: { token: string } }} */ (JSON.parse(data));
  const of = token ?? incident?.token ?? "";
  return of === "" || of === shown;
}

/** @param {number} afterMs */
function soon(afterMs) {
  if (afterMs === 0) window.clearTimeout(timer);
  else if (timer !== 0) {
    toldMeanwhile = true;
    return;
  }
  timer = window.setTimeout(() => {
    timer = 0;
    if (document.visibilityState === "visible") void refreshNow();
    if (toldMeanwhile) soon(afterMs === 0 ? SETTLE_MS : afterMs);
    toldMeanwhile = false;
  }, afterMs);
}

/** @param {"on" | "off"} state @param {string} text */
function show(state, text) {
  const place = document.getElementById("live");
  if (place === null || place.textContent === text) return;
  place.textContent = text;
  place.className = `live needs-js ${state}`;
}
