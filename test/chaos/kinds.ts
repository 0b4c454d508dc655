/** The kinds of issuers that a daemon is killed on; `embedded` is FlowAuth's protocol within the daemon's own process. */
export const KINDS = ["flowauth", "embedded", "arvados", "oauth2", "http"] as const;

export type Kind = (typeof KINDS)[number];

export function isKind(word: string): word is Kind {
  return KINDS.some((kind) => kind === word);
}
