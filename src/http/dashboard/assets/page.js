/** The dashboard's own script. Whatever there is to read is read without it; it acts, and keeps the page up to date. */
import { listenForActions } from "./actions.js";
import { keepLive } from "./live.js";
import { listenForSignIn } from "./sign-in.js";

document.documentElement.classList.add("js");
listenForActions();
listenForSignIn();
if (document.body.dataset["live"] !== "") keepLive(Number(document.body.dataset["live"]));
