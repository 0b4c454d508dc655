const MOST_COOKIES = 16;
const MOST_COOKIE_LENGTH = 8 * 1024;

/**
 * The cookies of one session (RFC 6265, name and value only: there is one origin and redirects are not followed).
 * FlowAuth renews both of its cookies with every answer, so every answer must be taken.
 */
export class Cookies {
  readonly #values = new Map<string, string>();

  take(setCookies: readonly string[]): void {
    for (const line of setCookies) {
      const found = /^\s*([^=;\s]+)=([^;]*)/.exec(line);
      if (found?.[1] === undefined || found[2] === undefined || line.length > MOST_COOKIE_LENGTH) continue;
      if (isRemoval(line, found[2])) this.#values.delete(found[1]);
      else if (this.#values.size < MOST_COOKIES || this.#values.has(found[1]))
        this.#values.set(found[1], found[2].trim());
    }
  }

  get(name: string): string | undefined {
    return this.#values.get(name);
  }

  /** The value of the `Cookie` header. */
  get header(): string {
    return [...this.#values].map(([name, value]) => `${name}=${value}`).join("; ");
  }
}

/** Servers remove a cookie by an empty value, an age of zero or an expiry at the beginning of time. */
function isRemoval(line: string, value: string): boolean {
  return (
    value.trim() === "" || /;\s*max-age=(0|-\d+)\s*(;|$)/i.test(line) || /;\s*expires=[^;]*\b19[67]\d\b/i.test(line)
  );
}
