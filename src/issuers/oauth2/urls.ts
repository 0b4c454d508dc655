/** Addresses to which a client's secret may go. */
import { isLoopback } from "../../core/loopback.ts";

/** https, or plain http to this machine: no network carries it. No user (it would be a secret in a URL) and no fragment. */
export function isFit(text: string): boolean {
  const url = URL.parse(text);
  if (url === null || url.username !== "" || url.password !== "" || url.hash !== "") return false;
  return url.protocol === "https:" || isPlain(text);
}

/** Plain http to loopback. */
export function isPlain(text: string): boolean {
  const url = URL.parse(text);
  return url?.protocol === "http:" && isLoopback(url.hostname);
}
