/** The host and port that a request came in on, as the connection says it; undefined parts are not known. */
export interface LocalAddress {
  readonly address: string | undefined;
  readonly port: number | undefined;
}

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/**
 * Whether a `Host` header names this server, so that a foreign page cannot reach it through a name of its own that it
 * points here (DNS rebinding). Known are the address that the connection came in on with its port, the declared names
 * with any port, and the loopback's names with any port, which no foreign page can own and which tunnels need.
 */
export function isKnownHost(host: string | undefined, local: LocalAddress, names: readonly string[]): boolean {
  const parts = host === undefined ? null : /^(\[[0-9a-f:.]+\]|[^:[\]\s/@]+)(?::(\d{1,5}))?$/i.exec(host);
  const name = parts?.[1]?.toLowerCase();
  if (name === undefined) return false;
  if (LOOPBACK.has(name) || names.some((each) => bracketed(each.toLowerCase()) === name)) return true;
  if (local.address === undefined || local.port === undefined) return false;
  return name === bracketed(plainAddress(local.address)) && Number(parts?.[2] ?? 80) === local.port;
}

/** Absent (no browser sends a changing request without it), or of the very host that was called; the scheme may be a proxy's. */
export function isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
  if (origin === undefined) return true;
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  return (
    url !== undefined && (url.protocol === "http:" || url.protocol === "https:") && url.host === host?.toLowerCase()
  );
}

/** An IPv4 caller of a socket that listens on all addresses. */
function plainAddress(address: string): string {
  return address.toLowerCase().replace(/^::ffff:(?=\d+\.)/, "");
}

/** As it stands in a URL. */
export function bracketed(address: string): string {
  return address.includes(":") && !address.startsWith("[") ? `[${address}]` : address;
}
