/**
 * The last guard. No event and no error holds a token, and `SecretText` prints itself redacted; should one come in by another
 * way (inside a foreign error's text, or pasted by a person), what looks like a JWT or JWE does not go out.
 */
export function withoutTokens(text: string): string {
  return text.replaceAll(/eyJ[\w-]{4,}(?:\.[\w-]*){2,4}/g, "[redacted]");
}
