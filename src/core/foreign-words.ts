/** What other systems say, made fit to be repeated to a person. */
const MOST_WORDS = 200;

/** Bounded, on one line, without `sent` secrets and long unbroken runs (tokens, keys). */
export function clean(words: string, sent: readonly string[] = []): string {
  const oneLine = (text: string): string => text.replace(/[\p{C}\s]+/gu, " ");
  const said = oneLine(words);
  const plain = sent
    .filter((secret) => secret.trim() !== "")
    // One may be a part of another, of which the rest would stay.
    .toSorted((a, b) => b.length - a.length)
    .reduce((text, secret) => text.replaceAll(oneLine(secret), "[redacted]"), said)
    .replace(/[\w+/=-]{16,}(?:\.[\w+/=-]*)+|[\w+/=-]{32,}/g, "[redacted]");
  return plain.length > MOST_WORDS ? `${plain.slice(0, MOST_WORDS - 1).toWellFormed()}…` : plain.trim();
}
