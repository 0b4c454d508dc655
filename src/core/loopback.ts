/** Whether a URL's host is this machine (RFC 6761 §6.3, RFC 1122 §3.2.1.3): no network carries what is sent there in clear. */
export function isLoopback(hostname: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname);
}
